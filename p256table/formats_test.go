package p256table

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// What docs/formats.md says of tables is what the package does.
func TestTheFormatsAreTheDocumentedOnes(t *testing.T) {
	text, err := os.ReadFile("../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## Tables of P-256 keys\n")
	section, _, _ = strings.Cut(section, "\n## ")
	_, example, foundExample := strings.Cut(section, "```table\n")
	if !found || !foundExample {
		t.Fatal("docs/formats.md has no section on tables, or no example in it")
	}
	example, _, _ = strings.Cut(example, "```")
	field := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^(\w+): +([0-9a-f]{64})$`).FindAllStringSubmatch(example, -1) {
		field[m[1]] = m[2]
	}
	k, err := ParseKey(field["x"], field["y"])
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Formats() {
		code, err := Build(f, k)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(code); field[f.String()] != hex.EncodeToString(sum[:]) {
			t.Errorf("the example of %v should be %x", f, sum)
		}
		if f == FCL {
			if !strings.Contains(section, "0x"+hex.EncodeToString([]byte(fclLabel))) {
				t.Error("FCL's label is missing")
			}
			continue
		}
		l := layouts[f]
		a, e := l.exponent(1, 0), l.exponent(0, 1)
		row := fmt.Sprintf("| 0x%02x | `%v` | %d | %d | %d | %d | %d | %s | %s |", byte(f), f, l.teeth, l.blocks, a, e, f.Points(), thousands(64*f.Points()), thousands(f.Size()))
		if !strings.Contains(section, row) {
			t.Errorf("the table of formats should have the row %s", row)
		}
	}
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}
