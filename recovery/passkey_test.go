package recovery

import (
	"strings"
	"testing"
	"time"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
)

func TestChangesThatAnOwnerShouldHearOf(t *testing.T) {
	const bound, copyable, copied = passkey.FlagUP, passkey.FlagUP | passkey.FlagBE, passkey.FlagUP | passkey.FlagBE | passkey.FlagBS
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, c := range map[string]struct {
		uses []Sighting
		want []string
	}{
		"none":               {nil, nil},
		"always the same":    {[]Sighting{{at, copied, 0}, {at, copied, 0}}, nil},
		"counts on":          {[]Sighting{{at, bound, 3}, {at, bound, 4}, {at, bound, 9}}, nil},
		"no longer backed":   {[]Sighting{{at, copied, 0}, {at, copyable, 0}}, []string{"BS 1→0"}},
		"backed now":         {[]Sighting{{at, copyable, 0}, {at, copied, 0}}, []string{"BS 0→1"}},
		"became copyable":    {[]Sighting{{at, bound, 0}, {at, copied, 0}}, []string{"BS 0→1", "BE 0→1"}},
		"became bound":       {[]Sighting{{at, copyable, 0}, {at, bound, 0}}, []string{"BE 1→0"}},
		"counter stays":      {[]Sighting{{at, bound, 7}, {at, bound, 7}}, []string{"from 7 to 7"}},
		"counter went back":  {[]Sighting{{at, bound, 7}, {at, bound, 9}, {at, bound, 8}}, []string{"from 9 to 8"}},
		"counter is no more": {[]Sighting{{at, bound, 7}, {at, bound, 0}}, []string{"from 7 to 0"}},
		"back and on":        {[]Sighting{{at, bound, 7}, {at, bound, 3}, {at, bound, 5}}, []string{"from 7 to 3", "from 7 to 5"}},
	} {
		got := (&Passkey{Uses: c.uses}).Changes()
		if len(got) != len(c.want) {
			t.Errorf("%s: %+v", name, got)
			continue
		}
		for i := range got {
			if !strings.Contains(got[i].What, c.want[i]) || got[i].When != at {
				t.Errorf("%s: %+v, want %q", name, got[i], c.want[i])
			}
		}
	}
	if (*Passkey)(nil).Changes() != nil {
		t.Error("changes of nothing")
	}
}

func TestFlagsAreFactsOnlyAsFarAsSomebodyVouchesForThem(t *testing.T) {
	model := passkey.AAGUID{1}
	for name, c := range map[string]struct {
		p                Passkey
		eligible, backed Fact[bool]
	}{
		"never seen":     {Passkey{}, Fact[bool]{}, Fact[bool]{}},
		"synced":         {Passkey{Uses: []Sighting{{Flags: passkey.FlagBE | passkey.FlagBS}}}, Known(true, Signed), Known(true, Signed)},
		"not yet synced": {Passkey{Uses: []Sighting{{Flags: passkey.FlagBE}}}, Known(true, Signed), Known(false, Signed)},
		"bare BE=0":      {Passkey{Uses: []Sighting{{}}}, Known(false, Claimed), Known(false, Signed)},
		"attested BE=0":  {Passkey{AAGUID: Known(model, Attested), Uses: []Sighting{{}}}, Known(false, Attested), Known(false, Signed)},
	} {
		if c.p.Eligible() != c.eligible || c.p.BackedUp() != c.backed {
			t.Errorf("%s: %v, %v", name, c.p.Eligible(), c.p.BackedUp())
		}
	}
}

func TestTheFourClasses(t *testing.T) {
	seen := map[string]bool{}
	for _, synced := range []bool{true, false} {
		for _, discoverable := range []bool{true, false} {
			c := Class{Known(synced, Signed), Known(discoverable, Claimed)}
			seen[c.Examples()] = true
			if !strings.Contains(c.Words(), "(claimed)") || strings.Contains(c.Words(), "unknown") {
				t.Errorf("%s", c.Words())
			}
		}
	}
	if len(seen) != 4 || seen[""] {
		t.Errorf("%v", seen)
	}
	if w := (Class{}).Words(); !strings.Contains(w, "unknown") || (Class{}).Examples() != "" {
		t.Errorf("%s", w)
	}
	for _, c := range []struct {
		s    Signer
		want string
	}{
		{Signer{Cloud: Known("icloud", Stated)}, "syncable"},
		{Signer{Cloud: Known("", Stated)}, "bound to a device"},
		{Signer{Roaming: Known(true, Stated)}, "bound to a device"},
		{Signer{Cloud: Known("icloud", Stated), Passkey: &Passkey{AAGUID: Known(passkey.AAGUID{1}, Attested), Uses: []Sighting{{}}}}, "bound to a device"},
	} {
		if got, _, _ := strings.Cut(c.s.Class().Words(), ","); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

// What a real ceremony shows, with a passkey that its manager copies later.
func TestRegistrationAndUseAreRemembered(t *testing.T) {
	key := softkey.New(softkey.WithSeed([]byte("recovery")), softkey.WithBackup(true, false), softkey.WithTransports("internal", "hybrid"))
	made, err := key.Create([]byte(`{"rp":{"id":"localhost","name":"x"},"user":{"id":"dXNlcg","name":"x","displayName":"x"},"challenge":"AAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}],"authenticatorSelection":{"residentKey":"required"},"extensions":{"credProps":true}}`), "http://localhost")
	if err != nil {
		t.Fatal(err)
	}
	registration, err := passkey.ParseRegistration(made)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	p := Registered(registration, at, nil)
	if p.AAGUID.Source != Claimed || p.Provider != "Postern software authenticator" || len(p.Transports) != 2 || p.Eligible() != Known(true, Signed) || p.BackedUp() != Known(false, Signed) {
		t.Errorf("%+v", p)
	}
	key.SetBackup(true, true)
	used, err := key.Sign(registration.ID, make([]byte, 32), "localhost", "http://localhost")
	if err != nil {
		t.Fatal(err)
	}
	p.Used(used, at.AddDate(0, 1, 0))
	if c := p.Changes(); len(c) != 1 || !strings.Contains(c[0].What, "BS 0→1") || p.BackedUp() != Known(true, Signed) {
		t.Errorf("%+v", c)
	}
	if p.Discoverable.Relied() {
		t.Error("credProps is a claim")
	}
}
