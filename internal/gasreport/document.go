// docs/gas.md: tables between markers, in a text that people write.

package gasreport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Snapshot is contracts/gas.json: gas by name, by rules.
type Snapshot map[Rules]map[string]uint64

// ParseSnapshot reads it.
func ParseSnapshot(b []byte) (Snapshot, error) {
	var s Snapshot
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("contracts/gas.json: %w", err)
	}
	return s, nil
}

// ErrMarkers says that a document has not the markers that sections stand between, each pair once.
var ErrMarkers = errors.New("the markers of generated sections are not all there, once each")

// Render gives the document anew, with every generated section as the figures have it, and the plot.
func Render(document []byte, r *Report, s Snapshot) (text, picture []byte, err error) {
	for _, section := range []struct {
		name  string
		write func(*Report, Snapshot) (string, error)
	}{
		{"aims", aims}, {"raw", func(r *Report, _ Snapshot) (string, error) { return verifiers(r, Raw), nil }},
		{"webauthn", func(r *Report, _ Snapshot) (string, error) { return verifiers(r, WebAuthn), nil }},
		{"refused", refusals}, {"all-in", transactions}, {"break-even", breakEven},
	} {
		text, err := section.write(r, s)
		if err != nil {
			return nil, nil, fmt.Errorf("section %s: %w", section.name, err)
		}
		if document, err = replace(document, section.name, text); err != nil {
			return nil, nil, err
		}
	}
	picture, err = draw(r)
	return document, picture, err
}

// replace puts text between the markers of a section.
func replace(document []byte, name, text string) ([]byte, error) {
	begin, end := []byte("<!-- generated: "+name+" -->\n"), []byte("<!-- end: "+name+" -->")
	from, to := bytes.Index(document, begin), bytes.Index(document, end)
	if from < 0 || to < from || bytes.Count(document, begin) != 1 || bytes.Count(document, end) != 1 {
		return nil, fmt.Errorf("%s: %w", name, ErrMarkers)
	}
	return slices.Concat(document[:from+len(begin)], []byte(text), document[to:]), nil
}

// grid is a table of Markdown.
type grid struct{ b strings.Builder }

// newGrid begins a table; columns whose title begins with ">" are aligned to the right.
func newGrid(columns ...string) *grid {
	g := new(grid)
	rule := make([]string, len(columns))
	for i, c := range columns {
		rule[i] = "---"
		if title, right := strings.CutPrefix(c, ">"); right {
			columns[i], rule[i] = title, "---:"
		}
	}
	g.row(columns...)
	g.row(rule...)
	return g
}

func (g *grid) row(cells ...string) { g.b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }

func (g *grid) String() string { return g.b.String() }

// bold is ours.
func bold(ours bool, text string) string {
	if ours && text != "–" {
		return "**" + text + "**"
	}
	return text
}

// Where things are, from the module's root.
const (
	Figures  = "docs/gas.json"
	markdown = "docs/gas.md"
	plot     = "docs/gas.svg"
	snapshot = "contracts/gas.json"
)

// Files are the document and the plot as the figures below root have them, by path.
func Files(root string) (map[string][]byte, error) {
	read := map[string][]byte{}
	for _, name := range []string{Figures, markdown, snapshot} {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil, err
		}
		read[name] = b
	}
	report, err := Parse(read[Figures])
	if err != nil {
		return nil, err
	}
	gas, err := ParseSnapshot(read[snapshot])
	if err != nil {
		return nil, err
	}
	text, picture, err := Render(read[markdown], report, gas)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{filepath.Join(root, markdown): text, filepath.Join(root, plot): picture}, nil
}
