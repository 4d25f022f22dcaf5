package textfile_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/postern-dev/postern/internal/textfile"
)

// show writes a value in one canonical form.
func show(n *textfile.Node) string {
	switch n.Form {
	case textfile.String:
		return fmt.Sprintf("%q", n.Text)
	case textfile.Bare:
		return n.Text
	case textfile.List:
		var out []string
		for _, x := range n.List {
			out = append(out, show(x))
		}
		return "[" + strings.Join(out, " ") + "]"
	}
	var out []string
	for _, k := range n.Keys {
		out = append(out, k+":"+show(n.Values[k]))
	}
	return "{" + strings.Join(out, " ") + "}"
}

func TestTextsMeanWhatTheySay(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "{}",
		"a = 1 # one":                          "{a:1}",
		"a = 'x\\n'\nb = \"x\\n\\u00e4\"":      `{a:"x\\n" b:"x\nä"}`,
		"a = [1, [2], { b = true, c = [] },]":  "{a:[1 [2] {b:true c:[]}]}",
		"[a]\nb = 1\n[a.c]\nd = 2026-01-02":    "{a:{b:1 c:{d:2026-01-02}}}",
		"[[a]]\nb = 1\n[[a]]\n[a.c]\nd = -1.5": "{a:[{b:1} {c:{d:-1.5}}]}",
		"\"a b\" = 1":                          "{a b:1}",
		` {"a": [1, "x", {"b": false}]} `:      `{a:[1 "x" {b:false}]}`,
	} {
		n, err := textfile.Parse([]byte(text))
		if err != nil || show(n) != want {
			t.Errorf("%q: %v, %v, want %s", text, n, err, want)
		}
	}
}

func TestMistakesAreFoundWhereTheyAre(t *testing.T) {
	for text, at := range map[string][2]int{
		"a = 1\na = 2":                    {2, 1},
		"a":                               {1, 2},
		"a = ":                            {1, 5},
		"a = \"x":                         {1, 7},
		"a = 1 b = 2":                     {1, 7},
		"[a]\n[a]":                        {2, 2},
		"a = 1\n[a]":                      {2, 2},
		"a = [1]\n[[a]]":                  {2, 3},
		"[[a]]\n[a]\n":                    {2, 2},
		"[a":                              {1, 3},
		"a = \"\"\"x\"\"\"":               {1, 5},
		"a = \"\\x41\"":                   {1, 11},
		"a = [1 2]":                       {1, 8},
		`{"a": 1,}`:                       {1, 9},
		`{"a": 1} x`:                      {1, 10},
		`{a: 1}`:                          {1, 2},
		"ä = 1":                           {1, 1},
		"\xff":                            {0, 0},
		strings.Repeat(" ", 1<<19):        {0, 0},
		"a = " + strings.Repeat("[", 100): {1, 18},
	} {
		_, err := textfile.Parse([]byte(text))
		var e *textfile.Error
		if !errors.As(err, &e) || e.Hint() == "" || [2]int{e.Line, e.Column} != at {
			if len(text) > 99 {
				text = text[:99]
			}
			t.Errorf("%q: %v at %+v, want %v", text, err, e, at)
		}
	}
}

// What is read, and written as JSON, is read again as the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte("a = [1, 'x', { b = true }]\n[c]\nd = \"\\u00e4\"\n[[e]]\nf = 1\n"))
	f.Add([]byte(`{"a": [1, "x", {"b": false}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := textfile.Parse(data)
		if err != nil {
			if n != nil || !errors.As(err, new(*textfile.Error)) {
				t.Fatalf("%v", err)
			}
			return
		}
		again, err := textfile.Parse([]byte(write(n)))
		if err != nil || show(again) != show(n) {
			t.Fatalf("%v\n%s\n%s", err, show(n), write(n))
		}
	})
}

// write is a value as JSON that this package reads: dates stand there bare.
func write(n *textfile.Node) string {
	quote := func(s string) string {
		var b strings.Builder
		for _, r := range s {
			switch {
			case r == '"' || r == '\\':
				b.WriteString(`\` + string(r))
			case r < ' ':
				fmt.Fprintf(&b, `\u%04x`, r)
			default:
				b.WriteRune(r)
			}
		}
		return `"` + b.String() + `"`
	}
	var out []string
	switch n.Form {
	case textfile.String:
		return quote(n.Text)
	case textfile.Bare:
		return n.Text
	case textfile.List:
		for _, x := range n.List {
			out = append(out, write(x))
		}
		return "[" + strings.Join(out, ",") + "]"
	}
	for _, k := range n.Keys {
		out = append(out, quote(k)+":"+write(n.Values[k]))
	}
	return "{" + strings.Join(out, ",") + "}"
}
