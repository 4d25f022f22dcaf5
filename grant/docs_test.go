package grant_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/postern-dev/postern/grant"
)

var update = flag.Bool("update", false, "write the derived blocks of docs/grants.md")

const docs = "../docs/grants.md"

// Every ```toml block is followed by its words and its bytes, which are derived.
func TestTheDocumentationIsTrue(t *testing.T) {
	b, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	got := string(b)
	want := section(t, section(t, blocks(t, got), "contracts", contractTable()), "findings", findingTable())
	if *update {
		if err := os.WriteFile(docs, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		x, y := strings.Split(got, "\n"), strings.Split(want, "\n")
		for i := range min(len(x), len(y)) {
			if x[i] != y[i] {
				t.Fatalf("%s, line %d (go test ./grant -run Documentation -update writes it)\n is %s\nwant %s", docs, i+1, x[i], y[i])
			}
		}
		t.Fatalf("%s: %d lines, want %d", docs, len(x), len(y))
	}
	for _, kind := range []grant.Kind{grant.KindCall, grant.KindGas, grant.KindRateLimit, grant.KindTimestamp, grant.KindSignatureCaller, grant.KindSudo} {
		if !strings.Contains(got, fmt.Sprintf("kind = %q", kind)) {
			t.Errorf("%s says nothing about %s", docs, kind)
		}
	}
}

// blocks writes what follows each ```toml block.
func blocks(t *testing.T, text string) string {
	t.Helper()
	const open, end = "```toml\n", "\n```\n"
	parts := strings.Split(text, open)
	for i := 1; i < len(parts); i++ {
		file, rest, ok := strings.Cut(parts[i], end)
		if !ok {
			t.Fatal("a block does not end")
		}
		for _, derived := range []string{"\n```text\n", "\n```hex\n"} {
			if after, is := strings.CutPrefix(rest, derived); is {
				if _, rest, ok = strings.Cut(after, end); !ok {
					t.Fatal("a block does not end")
				}
			}
		}
		g := mustFile(t, file)
		words := strings.Join(grant.Words(g, grant.Style{}), "\n")
		var hex []string
		for _, p := range g.Policies {
			e, err := grant.KernelEntry(p)
			if err != nil {
				t.Fatal(err)
			}
			hex = append(hex, fmt.Sprintf("flag %x contract %x data", e[:2], e[2:22]))
			for d := e[22:]; len(d) > 0; d = d[min(32, len(d)):] {
				hex = append(hex, fmt.Sprintf("%x", d[:min(32, len(d))]))
			}
		}
		parts[i] = file + end + "\n```text\n" + words + end + "\n```hex\n" + strings.Join(hex, "\n") + end + rest
	}
	return strings.Join(parts, open)
}

func section(t *testing.T, text, name, content string) string {
	t.Helper()
	before, rest, ok := strings.Cut(text, "<!-- "+name+" -->\n")
	_, after, ok2 := strings.Cut(rest, "<!-- end -->")
	if !ok || !ok2 {
		t.Fatalf("no section %s", name)
	}
	return before + "<!-- " + name + " -->\n" + content + "<!-- end -->" + after
}

func contractTable() string {
	var b strings.Builder
	b.WriteString("| policy | version | contract | what it does that its name does not say |\n|---|---|---|---|\n")
	for _, c := range grant.KernelContracts() {
		version := c.Version
		if version == "" {
			version = "–"
		}
		fmt.Fprintf(&b, "| %s | %s | `%s` | %s |\n", c.Kind, version, c.Address, strings.Join(c.Faults, "; "))
	}
	return b.String()
}

func findingTable() string {
	var b strings.Builder
	b.WriteString("| code | why |\n|---|---|\n")
	for _, code := range grant.Codes() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", code, code.Why())
	}
	return b.String()
}
