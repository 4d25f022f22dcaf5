package guard

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../../"

// Each statement of README's Go code stands in the example that compiles, errors handled there or not.
func TestReadmeCodeIsTheCompiledExample(t *testing.T) {
	readme := read(t, "README.md")
	example := squeeze(read(t, "account/example_test.go"))
	_, code, found := strings.Cut(readme, "```go\n")
	code, _, closed := strings.Cut(code, "```")
	if !found || !closed {
		t.Fatal("README has no Go code")
	}
	for _, line := range strings.Split(code, "\n") {
		line, _, _ = strings.Cut(line, " //")
		line = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(line), "_, err = "), "_, err := ")
		if line = squeeze(line); line != "" && !strings.Contains(example, line) {
			t.Errorf("README says %q, account/example_test.go does not", line)
		}
	}
}

// Every relative link of the documentation leads to a file.
func TestLinksInTheDocumentationLeadSomewhere(t *testing.T) {
	pages, err := filepath.Glob(root + "docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	pages = append(pages, root+"README.md", root+"SECURITY.md", root+"CHANGELOG.md")
	link := regexp.MustCompile(`(?:\]\(|src=")([^)"#]+)`)
	seen := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			seen++
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", page, m[1], err)
			}
		}
	}
	if seen == 0 {
		t.Error("no link found: the pattern is broken")
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(root + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
