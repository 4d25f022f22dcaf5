package main

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/postern-dev/postern/account/guardian"
)

// What the wallet page saves is read, what was changed is refused, and other files are left to others.
func TestStopFiles(t *testing.T) {
	const acct = "0x00000000000000000000000000000000000AcC00"
	good := `{"format":"postern-stop-1","chainId":"31337","module":"` + guardian.Module.Hex() + `","account":"` + acct + `","nonce":"55340232221128654848","signature":"0x0102"}` + "\n"
	for name, c := range map[string]struct {
		text string
		code string // of the refusal
		none bool   // it is something else
	}{
		"as the page has it":   {text: good},
		"in another case":      {text: strings.Replace(good, guardian.Module.Hex(), strings.ToLower(guardian.Module.Hex()), 1)},
		"another module":       {text: strings.Replace(good, guardian.Module.Hex(), acct, 1), code: "bad-file"},
		"more":                 {text: strings.Replace(good, `{`, `{"more":1,`, 1), code: "bad-file"},
		"a brace more":         {text: good + "}", code: "bad-file"},
		"two":                  {text: good + good, code: "bad-file"},
		"unsigned":             {text: strings.Replace(good, "0x0102", "0x", 1), code: "bad-file"},
		"a nonce that is none": {text: strings.Replace(good, `"nonce":"`, `"nonce":"-`, 1), code: "bad-file"},
		"cut off":              {text: good[:len(good)-20], code: "bad-file"},
		"a file of guardians":  {text: `{"format":"postern-recovery-1"}`, none: true},
		"long":                 {text: good + strings.Repeat(" ", maxStop), none: true},
		"empty":                {none: true},
	} {
		path := filepath.Join(t.TempDir(), "stop.json")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := (&call{}).stopAt([]string{path})
		switch {
		case c.code != "":
			if err == nil || explain(err).Code != c.code {
				t.Errorf("%s: %+v, %v", name, f, err)
			}
		case err != nil || (f == nil) != c.none:
			t.Errorf("%s: %+v, %v", name, f, err)
		case f != nil && (f.Account.Hex() != acct || f.Nonce != "55340232221128654848" || f.ChainID != "31337"):
			t.Errorf("%s: %+v", name, f)
		}
	}
	for _, other := range []string{"-", acct, "no-such-file"} {
		if f, err := (&call{}).stopAt([]string{other}); f != nil || err != nil {
			t.Errorf("%s: %+v, %v", other, f, err)
		}
	}
}

// Nothing makes the reader panic, and what it takes is written and read again as the same.
func FuzzStopFile(f *testing.F) {
	f.Add([]byte(`{"format":"postern-stop-1","chainId":"31337","module":"` + guardian.Module.Hex() + `","account":"0x00000000000000000000000000000000000AcC00","nonce":"55340232221128654848","signature":"0x0102"}`))
	f.Add([]byte(`{"format":"postern-stop-1"}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		read, err := parseStop(text, "stop.json")
		if err != nil {
			if explain(err).Code != "bad-file" {
				t.Fatal(err)
			}
			return
		}
		var b bytes.Buffer
		if err := printJSON(&b, read); err != nil {
			t.Fatal(err)
		}
		if again, err := parseStop(b.Bytes(), "stop.json"); err != nil || !reflect.DeepEqual(again, read) {
			t.Fatalf("%+v, %v, want %+v", again, err, read)
		}
	})
}
