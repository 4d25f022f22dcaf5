package recovery

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the derived parts of docs/recovery.md, docs/recovery.svg and testdata")

// golden compares with a file, or writes it.
func golden(t *testing.T, path string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	x, y := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			t.Fatalf("%s, line %d (go test ./recovery -update writes it)\n is %s\nwant %s", path, i+1, x[i], y[i])
		}
	}
	t.Fatalf("%s: %d lines, want %d (go test ./recovery -update writes it)", path, len(x), len(y))
}

// between replaces what stands between two marks.
func between(t *testing.T, text, open, end, content string) string {
	t.Helper()
	before, rest, ok := strings.Cut(text, open)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("no %q", open)
	}
	return before + open + content + end + after
}

func TestTheDocumentationIsTrue(t *testing.T) {
	r := mustAudit(t, demo(t))
	const doc = "../docs/recovery.md"
	b, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	text := between(t, string(b), "```toml\n", "```\n", string(readDemo(t)))
	text = between(t, text, "```text\n", "```\n", strings.Join(r.Words(), "\n")+"\n")
	text = between(t, text, "<!-- events -->\n", "<!-- end -->", eventTable())
	text = between(t, text, "<!-- findings -->\n", "<!-- end -->", findingTable())
	golden(t, doc, []byte(text))
	golden(t, "../docs/recovery.svg", r.SVG())
}

func TestGoldenReports(t *testing.T) {
	one, two := onePhone(), guarded()
	one.Can = everything
	for name, a := range map[string]*Account{"one-phone": one, "guarded": two} {
		r := mustAudit(t, a)
		golden(t, "testdata/"+name+".svg", r.SVG())
		golden(t, "testdata/"+name+".txt", []byte(strings.Join(r.Words(), "\n")+"\n"))
		b, err := r.JSON()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "testdata/"+name+".json", b)
	}
}

func eventTable() string {
	words := map[EventKind]string{
		DevicesLost: "all devices are lost, recovery secrets are known", DevicesAndSecrets: "all devices are lost, recovery secrets are forgotten",
		EcosystemLeft: "you leave it and take nothing along", EcosystemMoved: "you leave it and move the passkeys that can be moved",
		SignerLost: "a signer is lost; somebody cannot or will not sign", SignerTaken: "a signer is stolen; somebody turns against you",
		GuardiansLost: "*k* guardians cannot or will not sign", GuardiansCollude: "*k* guardians turn against you",
	}
	of := map[EventKind]DomainKind{EcosystemLeft: DomainEcosystem, EcosystemMoved: DomainEcosystem}
	for kind, list := range domainEvents {
		for _, e := range list {
			of[e.kind], words[e.kind] = kind, strings.TrimSpace(strings.ReplaceAll(e.words, "%s", "it"))
		}
	}
	kinds := make([]EventKind, len(eventOrder))
	for k, i := range eventOrder {
		kinds[i] = k
	}
	var b strings.Builder
	b.WriteString("| event | of each | what happens |\n|---|---|---|\n")
	for _, k := range kinds {
		domain := string(of[k])
		if domain == "" {
			domain = "–"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k, domain, words[k])
	}
	return b.String()
}

func findingTable() string {
	codes := make([]string, 0, len(why))
	for c := range why {
		codes = append(codes, string(c))
	}
	slices.Sort(codes)
	var b strings.Builder
	b.WriteString("| code | about |\n|---|---|\n")
	for _, c := range codes {
		fmt.Fprintf(&b, "| `%s` | %s |\n", c, Code(c).Why())
	}
	return b.String()
}
