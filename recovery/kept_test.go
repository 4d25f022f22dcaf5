package recovery

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
)

// What can be computed may be left out: pages do, to stay within the limit of a request.
func TestWhatServersKeepReadsWithoutTheWords(t *testing.T) {
	all, err := KeptJSON([]Kept{kept(t, "wallet.example", 1)})
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Format   string           `json:"format"`
		Passkeys []map[string]any `json:"passkeys"`
	}
	if err := json.Unmarshal(all, &file); err != nil {
		t.Fatal(err)
	}
	for _, computed := range []string{"class", "examples", "changes", "events"} {
		if _, there := file.Passkeys[0][computed]; !there {
			t.Errorf("no %s in %s", computed, all)
		}
		delete(file.Passkeys[0], computed)
	}
	short, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := ParseKept(all)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParseKept(short); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

// kept is a passkey as a server keeps it, every field filled in.
func kept(t testing.TB, rpID string, last byte) Kept {
	t.Helper()
	key := softkey.New(softkey.WithSeed([]byte{last}))
	if _, err := key.Create([]byte(`{"rp":{"id":"`+rpID+`","name":"x"},"user":{"id":"AAAAAAAAAAAAAAAAAAAAAA","name":"a","displayName":"a"},"challenge":"AAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`), "https://"+rpID); err != nil {
		t.Fatal(err)
	}
	c := key.Credentials()[0]
	at := time.Date(2026, 3, 4, 5, 6, 7, 8e6, time.UTC)
	return Kept{
		RPID: rpID, ID: c.ID, Key: c.Key, Name: "Zoë’s “phone”", Created: at, LastUse: at.Add(2 * time.Hour),
		Facts: Passkey{
			AAGUID: Known(passkey.AAGUID{1, 15: 2}, Claimed), Provider: "A provider", Group: "A group",
			Transports: []string{"internal", "hybrid"}, Attachment: "platform", Discoverable: Known(true, Claimed),
			Uses: []Sighting{{at, passkey.FlagUP | passkey.FlagUV | passkey.FlagBE | passkey.FlagBS, 0}, {at.Add(2 * time.Hour), passkey.FlagUP | passkey.FlagBE, 4_000_000_000}},
		},
		Events: []KeptEvent{{at, "registered", "it was registered"}},
	}
}

func TestWhatServersKeepReadsAsItWasWritten(t *testing.T) {
	one, two := kept(t, "wallet.example", 1), kept(t, "second.example", 2)
	two.Name, two.LastUse, two.Facts, two.Created = "", time.Time{}, Passkey{}, one.Created.Add(time.Hour)
	three := one
	three.Facts.AAGUID.Source, three.Created = Attested, one.Created.Add(2*time.Hour)
	b, err := KeptJSON([]Kept{two, three, one})
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseKept(b)
	if err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	want := []Kept{one, two, three}
	for i := range want {
		want[i].Events = nil // for people
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
	for _, text := range []string{"postern-passkeys-1", "syncable, discoverable (claimed)", "no longer backed up", "it was registered", "falls with the cloud account"} {
		if !strings.Contains(string(b), text) {
			t.Errorf("no %q in %s", text, b)
		}
	}
}

func TestTextsThatWouldNotShowAreLeftOut(t *testing.T) {
	k := kept(t, "wallet.example", 1)
	k.Name, k.Facts.Provider, k.Facts.Transports = "a\u202eb", strings.Repeat("x", 200), []string{"usb", "\x00"}
	b, err := KeptJSON([]Kept{k})
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseKept(b)
	if err != nil || got[0].Name != "" || got[0].Facts.Provider != "" || len(got[0].Facts.Transports) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestWhatServersKeepIsReadStrictly(t *testing.T) {
	good, err := KeptJSON([]Kept{kept(t, "wallet.example", 1)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseKept(good); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string][2]string{
		"another format":     {`postern-passkeys-1`, `postern-passkeys-2`},
		"an unknown name":    {`"rpId"`, `"rpid"`},
		"twice":              {`"attachment": "platform",`, `"attachment": "platform", "attachment": "platform",`},
		"no key":             {`"pubkey": "MFkw`, `"pubkey": "AAAA`},
		"a padded ID":        {`",` + "\n" + `      "pubkey"`, `=",` + "\n" + `      "pubkey"`},
		"unknown word":       {`"claimed"`, `"sworn"`},
		"no AAGUID":          {`"01000000-`, `"x1000000-`},
		"flags":              {`UP|BE"`, `BE|UP"`},
		"unknown flags":      {`UP|BE"`, `UP|XX"`},
		"BS without BE":      {`"UP|BE"`, `"UP|BS"`},
		"a huge counter":     {`4000000000`, `4294967296`},
		"a negative counter": {`4000000000`, `-1`},
		"time":               {`"2026-03-04T05:06:07.008Z"`, `"yesterday"`},
		"ancient time":       {`"2026-03-04T05:06:07.008Z"`, `"0026-03-04T05:06:07.008Z"`},
		"not true":           {`"discoverable": true`, `"discoverable": "true"`},
		"a name of lines":    {`Zoë’s`, `Zoë\n`},
		"a tail":             {"\n}", "\n}}"},
	} {
		bad := strings.Replace(string(good), c[0], c[1], 1)
		if bad == string(good) {
			t.Fatalf("%s: nothing was changed in %s", name, good)
		}
		got, err := ParseKept([]byte(bad))
		if e := (*Error)(nil); !errors.As(err, &e) || got != nil || e.Code != BadFile {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	many := `{"format":"postern-passkeys-1","passkeys":[` + strings.Repeat(`{},`, MaxKept) + `{}]}`
	if _, err := ParseKept([]byte(many)); err == nil {
		t.Error("too many")
	}
}

func TestFactsGoToTheSignersOfTheSameKey(t *testing.T) {
	mine, other := kept(t, "wallet.example", 1), kept(t, "wallet.example", 2)
	account := &Account{
		Source: Chain,
		Signers: []Signer{
			{ID: "one", Kind: KindPasskey, Key: strings.ToUpper(keyText(mine.Key)[2:])},
			{ID: "two", Kind: KindPasskey, Key: keyText(kept(t, "wallet.example", 3).Key)},
			{ID: "three", Kind: KindHot, Key: keyText(other.Key)},
		},
		Routes: []Route{{ID: "own", Use: Operate, Quorum: Any(1, "one", "two", "three")}},
	}
	account.Signers[0].Key = "0x" + account.Signers[0].Key
	got := WithPasskeys(account, other, mine, mine)
	if len(account.Domains) != 0 || account.Signers[0].Passkey != nil {
		t.Fatal("the account that was given changed")
	}
	s := got.Signers[0]
	if s.Passkey == nil || s.Passkey.Provider != "A provider" || s.RPID != Known("wallet.example", Signed) || !s.LastUse.Equal(mine.LastUse) {
		t.Fatalf("%+v", s)
	}
	if len(got.Domains) != 1 || got.Domains[0].ID != "wallet.example" || got.Domains[0].Kind != DomainRPID {
		t.Fatalf("%+v", got.Domains)
	}
	for _, s := range got.Signers[1:] {
		if s.Passkey != nil || s.RPID.Source != Unknown {
			t.Fatalf("facts of somebody else: %+v", s)
		}
	}
	r := mustAudit(t, got)
	if r.Signers[0].Class != "syncable, discoverable (claimed)" || len(r.Signers[0].Changes) == 0 {
		t.Fatalf("%+v", r.Signers[0])
	}
	if !strings.Contains(strings.Join(r.Words(), "\n"), "bound to wallet.example (signed)") {
		t.Fatal("the RP ID is not in the words")
	}

	// Told of twice, the later word counts.
	later := mine
	later.LastUse, later.Facts.Provider = mine.LastUse.Add(time.Hour), "Another provider"
	for _, order := range [][]Kept{{mine, later}, {later, mine}} {
		if s := WithPasskeys(account, order...).Signers[0]; s.Passkey.Provider != "Another provider" || !s.LastUse.Equal(later.LastUse) {
			t.Fatalf("%+v", s)
		}
	}
	// Two words about one key: neither is taken.
	liar := mine
	liar.RPID = "evil.example"
	if s := WithPasskeys(account, mine, liar).Signers[0]; s.Passkey != nil || s.RPID.Source != Unknown || !s.LastUse.IsZero() {
		t.Fatalf("%+v", s)
	}
	// What the user has said of the RP ID stays, and so does a name that is taken.
	said := *account
	said.Domains = []Domain{{ID: "my-domain", Name: "wallet.example", Kind: DomainRPID}, {ID: "wallet.example", Kind: DomainVendor}}
	if s := WithPasskeys(&said, mine).Signers[0]; s.RPID.Source != Unknown || s.Passkey == nil {
		t.Fatalf("%+v", s)
	}
}

func TestAFileMayCallTheRPIDSomethingElse(t *testing.T) {
	k := kept(t, "wallet.example", 1)
	account := WithPasskeys(&Account{
		Source:  Chain,
		Signers: []Signer{{ID: "one", Kind: KindPasskey, Key: keyText(k.Key)}},
		Routes:  []Route{{ID: "own", Use: Operate, Quorum: Any(1, "one")}},
	}, k)
	f, err := ParseFile([]byte("version = 1\n[[domain]]\nid = \"rp\"\nname = \"wallet.example\"\nkind = \"rp-id\"\nin = [\"vendor\"]\n[[domain]]\nid = \"vendor\"\nkind = \"vendor\"\n[[signer]]\nid = \"one\"\nrp-id = \"rp\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Apply(account)
	if err != nil || got.Signers[0].RPID != Known("rp", Signed) || got.Domains[0].ID != "rp" || got.Domains[0].Label() != "wallet.example" || len(got.Domains[0].In) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if account.Domains[0].ID != "wallet.example" || account.Signers[0].RPID.Value != "wallet.example" {
		t.Fatal("the account that was given changed")
	}
}

func FuzzParseKept(f *testing.F) {
	good, err := KeptJSON([]Kept{kept(f, "wallet.example", 1)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"format":"postern-passkeys-1","passkeys":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := ParseKept(b)
		if err != nil {
			if got != nil {
				t.Fatal("value and error")
			}
			return
		}
		again, err := KeptJSON(got)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseKept(again)
		if err != nil {
			t.Fatalf("%v\n%s", err, again)
		}
		sortKept(got)
		if len(back) != len(got) {
			t.Fatalf("%d of %d", len(back), len(got))
		}
		for i := range got {
			if back[i].Key != got[i].Key || back[i].RPID != got[i].RPID || !reflect.DeepEqual(back[i].Facts.Uses, got[i].Facts.Uses) {
				t.Fatalf("%+v\n%+v", back[i], got[i])
			}
		}
	})
}
