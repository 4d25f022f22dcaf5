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

// Every test that docs/p256.md rests a claim on is there.
func TestTestsNamedInTheDocumentationExist(t *testing.T) {
	there := map[string]bool{}
	for _, folder := range []string{"internal/p256gen", "internal/p256gen/builder", "p256table", "p256hint", "contracts"} {
		files, err := filepath.Glob(root + folder + "/*_test.go")
		if err != nil || len(files) == 0 {
			t.Fatal(folder, err)
		}
		for _, file := range files {
			for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)`).FindAllStringSubmatch(read(t, strings.TrimPrefix(file, root)), -1) {
				there[m[1]] = true
			}
		}
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(read(t, "docs/p256.md"), -1)
	if len(named) < 50 {
		t.Fatalf("%d tests are named", len(named))
	}
	for _, m := range named {
		if !there[m[1]] {
			t.Errorf("docs/p256.md names %s, which is nowhere", m[1])
		}
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
