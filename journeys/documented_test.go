package journeys_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/postern-dev/postern/journeys"
)

var update = flag.Bool("update", false, "write figures of walks into docs/journeys.md and README.md")

// documented compares the figures in the documents with those of a walk, or writes them.
func documented(t *testing.T, steps []journeys.Step) {
	t.Helper()
	gas := func(name string) string {
		for _, s := range steps {
			if s.Name == name && s.Gas != nil {
				return commas(*s.Gas)
			}
		}
		t.Fatalf("no gas of %q", name)
		return ""
	}
	plain, hints := gas("send, without a table and without hints"), gas("send, without a table")
	table, native := gas("send, by the table"), gas("send, verified by P256VERIFY")
	replace(t, "../README.md", "payment", fmt.Sprintf(`| without a table, no hints | without a table | 4 KB table | P256VERIFY |
|---:|---:|---:|---:|
| %s | %s | %s | %s |
`, plain, hints, table, native))
	replace(t, "../docs/journeys.md", "payments", fmt.Sprintf(`| how signatures are verified | gas of a payment |
|---|---:|
| P256VERIFY | %s |
| 4 KB table, with the hint | %s |
| 4 KB table, hint left out | %s |
| no table, with hints | %s |
| no table, hints left out | %s |

| once | gas | who may |
|---|---:|---|
| create the account, without a table (an operation) | %s | the passkey |
| build the 4 KB table and use it (a transaction) | %s | anybody |
| rotate the passkey with its table (an operation) | %s | the account |
| ask for P256VERIFY again (a transaction) | %s | anybody |
`, native, table, gas("send, by the table and without the hint"), hints, plain,
		gas("create the account, verified without a table"), gas("a stranger has the table built"),
		gas("rotate the passkey with its table"), gas("a stranger has the account ask again")))
}

// replace compares a generated part of a document, or writes it. Zero bytes in keys and fees
// make a difference of some hundred gas, which is none here.
func replace(t *testing.T, file, name, want string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- generated: "+name+" -->\n", "<!-- end: "+name+" -->\n"
	head, rest, ok1 := strings.Cut(string(b), begin)
	got, tail, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no generated part %q", file, name)
	}
	if alike(got, want) {
		return
	}
	if !*update {
		t.Errorf("%s, %s: it has\n%s\nmeasured:\n%s\nrun: go test ./journeys -run %s -update", file, name, got, want, t.Name())
		return
	}
	if err := os.WriteFile(file, []byte(head+begin+want+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

var figure = regexp.MustCompile(`\d{1,3}(,\d{3})+`)

// alike tells whether two texts differ in figures only, and by no more than signatures do: without a table they take up
// to 400 gas more or less, and calldata has more or fewer zeros.
func alike(a, b string) bool {
	if figure.ReplaceAllString(a, "#") != figure.ReplaceAllString(b, "#") {
		return false
	}
	x, y := figure.FindAllString(a, -1), figure.FindAllString(b, -1)
	for i := range x {
		m, errM := strconv.Atoi(strings.ReplaceAll(x[i], ",", ""))
		n, errN := strconv.Atoi(strings.ReplaceAll(y[i], ",", ""))
		if errM != nil || errN != nil || max(m, n)-min(m, n) > 1_000 {
			return false
		}
	}
	return true
}

func commas(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
