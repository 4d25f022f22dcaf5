package provider

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/postern-dev/postern/passkey"
)

func aaguid(t testing.TB, s string) passkey.AAGUID {
	t.Helper()
	id, err := passkey.ParseAAGUID(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// The table holds what it must, and every key is in the one form that Lookup uses.
func TestBuiltinTable(t *testing.T) {
	for text, p := range builtin {
		if id := aaguid(t, text); id.String() != text || id.IsZero() {
			t.Errorf("%s is not in lower case, or zero", text)
		}
		if !label(p.Name) || !label(p.Group) || p.Syncs > SyncNo {
			t.Errorf("%s: %+v", text, p)
		}
	}
	for text, want := range map[string]Provider{
		"fbfc3007-154e-4ecc-8c0b-6e020557d7bd": {"Apple Passwords", "Apple", SyncYes},
		"EA9B8D66-4D01-1D21-3CE4-B6B48CB575D4": {"Google Password Manager", "Google", SyncYes},
		"08987058-cadc-4b81-b6e1-30de50dcbe96": {"Windows Hello", "Microsoft", SyncNo},
	} {
		if p, ok := Lookup(aaguid(t, text)); !ok || p != want {
			t.Errorf("%s: %+v, %t", text, p, ok)
		}
	}
	if p, ok := Lookup(passkey.AAGUID([]byte("SAMSUNG\x00\x00\x00\x00\x00\x00\x00\x00\x00"))); !ok || p.Group != "Samsung" {
		t.Error(p, ok)
	}
	if p, ok := Lookup(passkey.AAGUID{}); ok {
		t.Errorf("the zero AAGUID is %+v", p)
	}
}

func TestLoadedTableGoesFirst(t *testing.T) {
	const apple, mine = "fbfc3007-154e-4ecc-8c0b-6e020557d7bd", "00112233-4455-6677-8899-aabbccddeeff"
	table, err := Load(strings.NewReader(`{"` + apple + `":{"name":"iCloud"},"` + strings.ToUpper(mine) + `":{"name":"Acme key","group":"Acme","syncs":false,"icon_dark":"data:"}}`))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]Provider{
		apple:                                  {"iCloud", "iCloud", SyncUnknown},
		mine:                                   {"Acme key", "Acme", SyncNo},
		"bada5566-a7aa-401f-bd96-45619a55120d": {"1Password", "1Password", SyncYes},
	} {
		if p, ok := table.Lookup(aaguid(t, text)); !ok || p != want {
			t.Errorf("%s: %+v, %t", text, p, ok)
		}
	}
	if _, ok := table.Lookup(passkey.AAGUID{1}); ok {
		t.Error("an unknown AAGUID was found")
	}
	if p, ok := (*Table)(nil).Lookup(aaguid(t, apple)); !ok || p.Name != "Apple Passwords" {
		t.Error(p, ok)
	}
	if SyncYes.String()+SyncNo.String()+SyncUnknown.String() != "yesnounknown" {
		t.Error("words of Sync")
	}
}

func TestLoadRefuses(t *testing.T) {
	const id = "00112233-4455-6677-8899-aabbccddeeff"
	var many strings.Builder
	for i := range MaxEntries + 1 {
		fmt.Fprintf(&many, `,"00000000-0000-0000-0000-0001%08x":{"name":"x"}`, i)
	}
	for name, in := range map[string]string{
		"nothing":        "",
		"a list":         "[]",
		"trailing":       "{}{}",
		"not an AAGUID":  `{"x":{"name":"y"}}`,
		"zero AAGUID":    `{"00000000-0000-0000-0000-000000000000":{"name":"y"}}`,
		"no name":        `{"` + id + `":{}}`,
		"long name":      `{"` + id + `":{"name":"` + strings.Repeat("x", MaxName+1) + `"}}`,
		"line break":     `{"` + id + `":{"name":"a\nb"}}`,
		"direction mark": `{"` + id + `":{"name":"a\u202eb"}}`,
		"long group":     `{"` + id + `":{"name":"a","group":"` + strings.Repeat("x", MaxName+1) + `"}}`,
		"syncs text":     `{"` + id + `":{"name":"a","syncs":"yes"}}`,
		"twice the same": `{"` + id + `":{"name":"a"},"` + id + `":{"name":"b"}}`,
		"no end":         `{"` + id + `":{"name":"a"}`,
		"bad entry":      `{"` + id + `":[]}`,
		"twice":          `{"` + id + `":{"name":"a"},"` + strings.ToUpper(id) + `":{"name":"b"}}`,
		"too many":       "{" + many.String()[1:] + "}",
		"too large":      strings.Repeat(" ", MaxFile+1),
	} {
		if table, err := Load(strings.NewReader(in)); !errors.Is(err, ErrFile) || table != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Load(iotest.ErrReader(io.ErrUnexpectedEOF)); !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, ErrFile) {
		t.Error(err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(`{"00112233-4455-6677-8899-aabbccddeeff":{"name":"Acme","syncs":true}}`)
	f.Fuzz(func(t *testing.T, s string) {
		table, err := Load(strings.NewReader(s))
		if (table == nil) != (err != nil) {
			t.Fatal("value and error")
		}
		if err == nil {
			for id, p := range table.own {
				if id.IsZero() || !label(p.Name) || !label(p.Group) {
					t.Fatalf("%s: %+v", id, p)
				}
			}
		}
	})
}
