package textfile_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/postern-dev/postern/internal/textfile"
)

// read takes a small file apart as its readers do.
func read(text string) error {
	root, err := textfile.Parse([]byte(text))
	if err != nil {
		return err
	}
	r := &textfile.Reader{}
	t := r.Table(root, "")
	t.Version(1)
	for _, n := range t.Nodes("tier", 2) {
		tier := r.Table(n, "tier")
		tier.Text(tier.Must("name", "give it one"), tier.At("name"), 8)
		tier.Number(tier.Take("threshold"), tier.At("threshold"))
		tier.Done()
	}
	t.Done()
	return r.Err()
}

func TestATableIsReadStrictly(t *testing.T) {
	if err := read("version = 1\n[[tier]]\nname = \"family\"\nthreshold = 2\n"); err != nil {
		t.Fatal(err)
	}
	if err := read(`{"version":1,"tier":[{"name":"ok"}]}`); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, field string }{
		{"", "version"},
		{"version = 2", "version"},
		{"version = \"1\"", "version"},
		{"version = 1\ntier = 3", "tier"},
		{"version = 1\ntier = [1]", "tier"},
		{"version = 1\ntier = [{name=\"a\"},{name=\"a\"},{name=\"a\"}]", "tier"},
		{"version = 1\n[[tier]]\n", "tier, name"},
		{"version = 1\n[[tier]]\nname = 1", "tier, name"},
		{"version = 1\n[[tier]]\nname = \"\"", "tier, name"},
		{"version = 1\n[[tier]]\nname = \"much too long\"", "tier, name"},
		{"version = 1\n[[tier]]\nname = \"a\u202eb\"", "tier, name"},
		{"version = 1\n[[tier]]\nname = \"a\\nb\"", "tier, name"},
		{"version = 1\n[[tier]]\nname = \"a\"\nthreshold = -1", "tier, threshold"},
		{"version = 1\n[[tier]]\nname = \"a\"\nthreshold = 18446744073709551616", "tier, threshold"},
		{"version = 1\n[[tier]]\nname = \"a\"\nother = 1", "tier, other"},
		{"version = 1\nother = 1", "other"},
	} {
		err := read(c.text)
		var e *textfile.Error
		if !errors.As(err, &e) || e.Field != c.field || e.Way == "" {
			t.Errorf("%q: %v", c.text, err)
		}
	}
}

func TestTheFirstErrorOfATableCounts(t *testing.T) {
	err := read("version = 1\n[[tier]]\nname = 1\nthreshold = \"x\"\nother = 1\n")
	var e *textfile.Error
	if !errors.As(err, &e) || e.Line != 3 {
		t.Fatalf("%v", err)
	}
	root, err := textfile.Parse([]byte("a = 1"))
	if err != nil {
		t.Fatal(err)
	}
	r := &textfile.Reader{}
	r.Place(root.Values["a"], "a", errors.New("no good"))
	r.Refuse(root, "b", "", "later")
	if err := r.Err(); err == nil || !strings.Contains(err.Error(), "no good") || !errors.As(err, &e) || e.Hint() == "" {
		t.Fatalf("%v", err)
	}
}
