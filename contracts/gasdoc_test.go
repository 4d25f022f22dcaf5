package contracts_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// gasRow is a row of the account's section of docs/gas.md: a figure's name, what it is by Osaka's and by Cancun's rules,
// and what it was before, which stays.
var gasRow = regexp.MustCompile("(?m)^\\| `([a-z0-9.+]+)` \\| ([0-9,]+) \\| ([0-9,–]+) \\| ([0-9,]+) \\|")

// TestGasInTheDocumentIsTheSnapshots compares the account's section of docs/gas.md with gas.json, or writes it anew:
// it stands behind the test that writes the snapshot.
func TestGasInTheDocumentIsTheSnapshots(t *testing.T) {
	var snapshot map[string]figures
	file, err := os.ReadFile("gas.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(file, &snapshot); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../docs/gas.md")
	if err != nil {
		t.Fatal(err)
	}
	before, section, ok := strings.Cut(string(text), "\n## The account\n")
	if !ok {
		t.Fatal("no section on the account")
	}
	rows := 0
	section = gasRow.ReplaceAllStringFunc(section, func(row string) string {
		rows++
		r := gasRow.FindStringSubmatch(row)
		osaka, ok := snapshot["osaka"][r[1]]
		if !ok {
			t.Errorf("no figure %s", r[1])
		}
		return fmt.Sprintf("| `%s` | %s | %s | %s |", r[1], thousands(osaka), r[3], thousands(snapshot["cancun"][r[1]]))
	})
	if rows < 15 {
		t.Errorf("%d rows", rows)
	}
	want := before + "\n## The account\n" + section
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatal("docs/gas.md does not say what gas.json says: run with -update")
	}
	if err := os.WriteFile("../docs/gas.md", []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// thousands writes a number with commas.
func thousands(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
