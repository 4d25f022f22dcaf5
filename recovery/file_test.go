package recovery

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern-dev/postern/passkey"
)

func readDemo(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/demo.toml")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func demo(t testing.TB) *Account {
	t.Helper()
	f, err := ParseFile(readDemo(t))
	if err != nil {
		t.Fatal(err)
	}
	a, err := f.Account()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAFileSaysWhatItSays(t *testing.T) {
	a := demo(t)
	family := a.Routes[1]
	if a.Name != "Ann's account" || len(a.Signers) != 5 || len(a.Can) != 4 || family.Delay != 7*day || family.Expiry != 30*day || len(family.Cancel) != 2 || !sameQuorum(family.Cancel[1], family.Quorum) {
		t.Errorf("%+v", a)
	}
	if s := a.Signers[0]; s.Cloud != Known("icloud", Stated) || s.Exportable.Source != Unknown || !slices.Equal(s.Devices.Value, []string{"iphone", "macbook"}) {
		t.Errorf("%+v", s)
	}
	if len(Check(a)) > 0 {
		t.Errorf("%+v", Check(a))
	}
}

const small = `version = 1
[[domain]]
id = "cloud"
kind = "cloud"
secret = false
[[signer]]
id = "a"
kind = "passkey"
cloud = "cloud"
[[signer]]
id = "b"
kind = "contract"
threshold = 2
members = { a = 2 }
[[route]]
id = "own"
use = "operate"
threshold = 1
members = ["a", "b"]
`

func TestJSONAndTOMLSayTheSame(t *testing.T) {
	f, err := ParseFile([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	g, err := ParseFile([]byte(`{"version": 1, "domain": [{"id": "cloud", "kind": "cloud", "secret": false}],
		"signer": [{"id": "a", "kind": "passkey", "cloud": "cloud"}, {"id": "b", "kind": "contract", "threshold": 2, "members": {"a": 2}}],
		"route": [{"id": "own", "use": "operate", "threshold": 1, "members": ["a", "b"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	x, _ := json.Marshal(f.account)
	y, _ := json.Marshal(g.account)
	if string(x) != string(y) {
		t.Errorf("%s\n%s", x, y)
	}
	if s := f.account.Domains[0].Secret; s != Known("", Stated) {
		t.Errorf("secret = false is %+v", s)
	}
}

// Each mistake is refused where it stands, with a way out.
func TestMistakesInFilesAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string
		line     int
	}{
		"no version":      {"version = 1", "", 1},
		"newer version":   {"version = 1", "version = 2", 1},
		"unknown name":    {"secret = false", "secrte = false", 5},
		"unknown domain":  {`kind = "cloud"`, `kind = "sky"`, 2},
		"unknown signer":  {`kind = "passkey"`, `kind = "key"`, 8},
		"signer twice":    {`id = "b"`, `id = "a"`, 10},
		"no id":           {`id = "b"`, ``, 10},
		"empty id":        {`id = "b"`, `id = ""`, 11},
		"hidden text":     {`id = "b"`, `id = "b\u202e"`, 11},
		"number as text":  {"threshold = 2", `threshold = "2"`, 13},
		"negative number": {"threshold = 2", "threshold = -2", 13},
		"no threshold":    {"threshold = 2", "", 10},
		"no members":      {"members = { a = 2 }", "", 10},
		"weight as text":  {"members = { a = 2 }", `members = { a = "2" }`, 14},
		"bad use":         {`use = "operate"`, `use = "steal"`, 15},
		"bad duration":    {`use = "operate"`, `use = "recover"` + "\n" + `delay = "soon"`, 18},
		"no such route":   {`use = "operate"`, `use = "recover"` + "\n" + `cancel = ["x"]`, 18},
		"neither":         {"secret = false", "offline = 1", 5},
		"not a list":      {`members = ["a", "b"]`, "members = 1", 19},
		"twice":           {`id = "own"`, `id = "own"` + "\n" + `id = "own"`, 17},
	} {
		text := strings.Replace(small, c.old, c.new, 1)
		_, err := ParseFile([]byte(text))
		var e *Error
		if !errors.As(err, &e) || e.Line != c.line || e.Column < 1 || e.Code != BadFile || e.Hint() == "" || e.Field == "" && name != "twice" {
			t.Errorf("%s: %v (%+v)", name, err, e)
		}
	}
	for name, text := range map[string]string{"nothing": "", "too long": strings.Repeat("#", 1<<19), "no text": "\xff", "json end": `{"version": 1}}`, "a list": "[1]"} {
		if _, err := ParseFile([]byte(text)); !errors.As(err, new(*Error)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Problems are named as the file names things, and a file of another kind by its kind.
func TestMistakesAreNamedAsTheFileNamesThem(t *testing.T) {
	f, err := ParseFile([]byte(strings.Replace(small, "cloud = \"cloud\"\n", "cloud = \"cloud\"\nrp-id = \"nowhere\"\n", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Account(); err == nil || !strings.Contains(err.Error(), "signer a, rp-id") {
		t.Errorf("%v", err)
	}
	if _, err := ParseFile([]byte(`{"format": "postern-recovery-1"}`)); err == nil || !strings.Contains(err.Error(), "another kind, postern-recovery-1") {
		t.Errorf("%v", err)
	}
	if _, err := ParseFile([]byte(`{"format": 1}`)); err == nil || !strings.Contains(err.Error(), "format") {
		t.Errorf("%v", err)
	}
}

func TestAFileWithoutRoutesIsNoAccount(t *testing.T) {
	f, err := ParseFile([]byte("version = 1\n[[signer]]\nid = \"a\"\napart = true\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Account(); !errors.As(err, new(*Error)) {
		t.Errorf("%v", err)
	}
}

// What is read from a chain, and what its owner says about it.
func chainAccount() *Account {
	return &Account{
		Signers: []Signer{
			{ID: "0xabcd", Kind: KindHot, Key: "0xAbCd"},
			{ID: "passkey 1", Kind: KindPasskey, Key: "0x01", RPID: Known("wallet.example", Chain), Passkey: &Passkey{Uses: []Sighting{{Flags: passkey.FlagUP | passkey.FlagBE | passkey.FlagBS}}}},
		},
		Domains: []Domain{{ID: "wallet.example", Kind: DomainRPID}},
		Routes:  []Route{{ID: "own", Use: Operate, Quorum: Any(1, "0xabcd", "passkey 1")}},
	}
}

func TestStatementsAreAdded(t *testing.T) {
	before := chainAccount()
	f, err := ParseFile([]byte(`version = 1
[[domain]]
id = "ledger"
kind = "device"
[[domain]]
id = "wallet.example"
kind = "rp-id"
name = "the wallet's domain"
[[domain]]
id = "1p"
kind = "cloud"
[[signer]]
id = "0xABCD"
name = "Ledger"
kind = "hardware"
devices = "ledger"
[[signer]]
id = "second"
key = "0x01"
cloud = "1p"
`))
	if err != nil {
		t.Fatal(err)
	}
	a, err := f.Apply(before)
	if err != nil {
		t.Fatal(err)
	}
	if s := a.Signers[0]; s.Name != "Ledger" || s.Kind != KindHardware || s.ID != "0xabcd" || !slices.Equal(s.Devices.Value, []string{"ledger"}) {
		t.Errorf("%+v", s)
	}
	if s := a.Signers[1]; s.ID != "passkey 1" || s.Cloud != Known("1p", Stated) || s.RPID.Source != Chain {
		t.Errorf("%+v", s)
	}
	if len(a.Domains) != 3 || a.Domains[0].Name != "the wallet's domain" {
		t.Errorf("%+v", a.Domains)
	}
	if before.Signers[0].Name != "" || before.Domains[0].Name != "" {
		t.Error("the account itself was changed")
	}
}

func TestStatementsCannotReplaceWhatIsKnown(t *testing.T) {
	const head = "version = 1\n[[domain]]\nid = \"other.example\"\nkind = \"rp-id\"\n"
	for name, text := range map[string]string{
		"another RP ID":         head + "[[signer]]\nid = \"passkey 1\"\nrp-id = \"other.example\"\n",
		"in no cloud account":   "version = 1\n[[signer]]\nid = \"passkey 1\"\ncloud = false\n",
		"another kind":          "version = 1\n[[signer]]\nid = \"passkey 1\"\nkind = \"seed\"\n",
		"no such signer":        "version = 1\n[[signer]]\nid = \"x\"\napart = true\n",
		"who signs":             small,
		"a domain's kind":       "version = 1\n[[domain]]\nid = \"wallet.example\"\nkind = \"device\"\n",
		"no such cloud account": "version = 1\n[[signer]]\nid = \"passkey 1\"\ncloud = \"x\"\n",
	} {
		f, err := ParseFile([]byte(text))
		if err != nil {
			t.Fatal(name, err)
		}
		_, err = f.Apply(chainAccount())
		var e *Error
		if !errors.As(err, &e) || e.Hint() == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The template asks what the report asks, and is a file itself: as it is, and filled in.
func TestTheTemplateIsAFile(t *testing.T) {
	a := chainAccount()
	text := mustAudit(t, a).Template()
	f, err := ParseFile([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	b, err := f.Apply(a)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(mustAudit(t, a).Words(), mustAudit(t, b).Words()) {
		t.Error("without answers the report is another one")
	}
	filled := strings.NewReplacer("# exportable", "exportable", "# devices = [\"…\"]", "devices = []").Replace(text)
	if f, err = ParseFile([]byte(filled)); err != nil {
		t.Fatal(err)
	}
	if s := f.account.Signers; len(s) != 2 || !is(s[1].Exportable) || !s[0].Devices.Relied() {
		t.Errorf("%+v\n%s", s, filled)
	}
	named := strings.NewReplacer("# devices = [\"…\"]", "devices = [\"my phone\"]").Replace(text)
	if f, err = ParseFile([]byte(named)); err != nil {
		t.Fatal(err)
	}
	var e *Error
	if _, err := f.Apply(a); !errors.As(err, &e) || !strings.Contains(e.Hint(), `[[domain]] with id = "my phone" and kind = "device"`) {
		t.Errorf("a name that nothing describes: %v", err)
	}
	described := strings.NewReplacer("# [[domain]]", "[[domain]]", "# id =", "id =", "# kind =", "kind =").Replace(named)
	if f, err = ParseFile([]byte(described)); err != nil {
		t.Fatalf("%v\n%s", err, described)
	}
	if _, err := f.Apply(a); err != nil {
		t.Errorf("described as the template shows: %v", err)
	}
	for about := range asks {
		if fills[about] == "" {
			t.Errorf("nothing to fill in for %s", about)
		}
	}
}

func TestSpansAreReadAgain(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 15))
	for range 2000 {
		d := time.Duration(r.Int64N(int64(MaxDelay))).Truncate(time.Second)
		if r.IntN(2) == 0 {
			d = d.Truncate(day)
		}
		got, ok := ParseSpan(Span(d))
		if !ok || Span(got) != Span(d) || got > d || d-got >= day && d >= day {
			t.Fatalf("%s is %q is %s", d, Span(d), got)
		}
	}
	for text, want := range map[string]time.Duration{"7 days": 7 * day, "1 day 12 hours": 36 * time.Hour, "36 hours": 36 * time.Hour, "90 minutes": 90 * time.Minute, "at once": 0} {
		if got, ok := ParseSpan(text); !ok || got != want {
			t.Errorf("%q is %s", text, got)
		}
	}
	for _, text := range []string{"", "7", "days", "7days", "0 days", "-1 days", "1 hour 1 day", "1 day 1 day", "1.5 days", "99999999999 days", "36501 days", "7 moons", "1 dayss"} {
		if got, ok := ParseSpan(text); ok {
			t.Errorf("%q is %s", text, got)
		}
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add(readDemo(f))
	f.Add([]byte(small))
	f.Add([]byte(`{"version":1,"route":[{"id":"a","use":"operate","threshold":0,"members":{}}]}`))
	f.Add([]byte("version=1\n[[domain]]\nid='a'\nkind='device'\nin=['a']\n[[route]]\nid='r'\nuse='recover'\nthreshold=1\nmembers=[]\ndelay='1 day'\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := ParseFile(data)
		if err != nil {
			if file != nil || !errors.As(err, new(*Error)) {
				t.Fatalf("%v", err)
			}
			return
		}
		if a, err := file.Account(); err == nil {
			r, err := Audit(a)
			if err != nil {
				if !errors.As(err, new(*TooLargeError)) {
					t.Fatalf("%v", err)
				}
				return
			}
			r.Words()
			r.SVG()
			if _, err := ParseFile([]byte(r.Template())); err != nil {
				t.Fatalf("%v\n%s", err, r.Template())
			}
		}
		file.Apply(chainAccount())
	})
}
