package recovery

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postern-dev/postern/passkey"
)

func TestARuleIsHeldAgainstTheLastSignature(t *testing.T) {
	const up, be, bs = passkey.FlagUP | passkey.FlagUV, passkey.FlagBE, passkey.FlagBS
	seen := func(f ...passkey.Flags) (out []Sighting) {
		for _, x := range f {
			out = append(out, Sighting{Flags: x})
		}
		return out
	}
	for _, c := range []struct {
		rules []Rule
		uses  []Sighting
		why   string
	}{
		{nil, seen(up), ""},
		{[]Rule{{BackedUp: passkey.Required}}, nil, ""},
		{[]Rule{{BackedUp: passkey.Required}}, seen(up | be | bs), ""},
		{[]Rule{{BackedUp: passkey.Required}}, seen(up|be, up|be|bs), ""},
		{[]Rule{{BackedUp: passkey.Required}}, seen(up|be|bs, up|be), "its rule says BS required, and it last signed BS=0"},
		{[]Rule{{BackedUp: passkey.Forbidden}}, seen(up | be), ""},
		{[]Rule{{BackedUp: passkey.Forbidden}}, seen(up | be | bs), "its rule says BS forbidden, and it last signed BS=1"},
		{[]Rule{{BackupEligible: passkey.Forbidden}}, seen(up | be), "its rule says BE forbidden, and it last signed BE=1"},
		{[]Rule{{passkey.Required, passkey.Required}}, seen(up), "its rule says BE required, and it last signed BE=0; its rule says BS required, and it last signed BS=0"},
		{[]Rule{{}, {BackedUp: passkey.Forbidden}}, seen(up | be | bs), "its rule says BS forbidden, and it last signed BS=1"},
	} {
		t.Run(fmt.Sprint(c.rules, c.uses), func(t *testing.T) {
			a := onePhone()
			a.Signers[0].Rules, a.Signers[0].Passkey = c.rules, &Passkey{Uses: c.uses}
			if len(c.uses) > 0 && !c.uses[len(c.uses)-1].Flags.BE() || c.why != "" && strings.Contains(c.why, "BE=0") {
				a.Signers[0].Cloud = Fact[string]{} // a passkey that never leaves its device is in none
			}
			got := a.Signers[0].Unable()
			if got.Value != c.why || (c.why == "") != (got.Source == Unknown) {
				t.Errorf("%+v, want %q", got, c.why)
			}
			r := mustAudit(t, a)
			if locked := r.Today.State == Locked; locked != (c.why != "") {
				t.Errorf("today it %s", r.Today.State)
			}
			b, err := r.JSON()
			if err != nil {
				t.Fatal(err)
			}
			words := strings.Join(r.Words(), "\n")
			for _, x := range []struct{ in, has string }{{words, "cannot sign as it is now: "}, {r.Verdict()[0], "passkey cannot sign as it is now: "}, {string(b), `"unable": {`}} {
				if strings.Contains(x.in, x.has) != (c.why != "") {
					t.Errorf("%q in %s", x.has, x.in)
				}
			}
			if len(c.rules) > 0 && !strings.Contains(string(b), `"`+c.rules[0].String()+`"`) {
				t.Errorf("no rule in %s", b)
			}
		})
	}
}

// With two signers, one that cannot sign leaves the other as the only one.
func TestASignerThatCannotSignCountsAsLost(t *testing.T) {
	a := onePhone()
	a.Signers = append(a.Signers, friend("mum"))
	a.Routes[0].Quorum = Any(1, "passkey", "mum")
	if r := mustAudit(t, a); r.Outcome([]string{"mum"}, nil).State != Works {
		t.Fatal("before: ", r.Outcome([]string{"mum"}, nil).State)
	}
	a.Signers[0].Rules = []Rule{{BackedUp: passkey.Required}}
	a.Signers[0].Passkey = &Passkey{Uses: []Sighting{{Flags: passkey.FlagUP | passkey.FlagBE}}}
	r := mustAudit(t, a)
	if r.Today.State != Works || r.Outcome([]string{"mum"}, nil).State != Locked || r.Outcome(nil, []string{"passkey"}).State == Works {
		t.Errorf("today %s, without mum %s, stolen %s", r.Today.State, r.Outcome([]string{"mum"}, nil).State, r.Outcome(nil, []string{"passkey"}).State)
	}
}

// What is urgent changes no state, and comes first whatever the state is.
func TestTheVerdictBeginsWithWhatIsUrgent(t *testing.T) {
	for _, gone := range []bool{false, true} {
		a := onePhone()
		a.Signers[0].Gone = Known(gone, Stated)
		plain := mustAudit(t, a)
		a.Urgent = []string{"It is frozen.", "Somebody can take it now."}
		r := mustAudit(t, a)
		if got := r.Verdict(); len(got) != 2+len(plain.Verdict()) || got[0] != a.Urgent[0] || got[1] != a.Urgent[1] || got[2] != plain.Verdict()[0] {
			t.Errorf("%q", got)
		}
		if r.Today.State != plain.Today.State || len(r.Rows) != len(plain.Rows) {
			t.Errorf("%+v and %+v", r.Today, plain.Today)
		}
		if b, err := r.JSON(); err != nil || !strings.Contains(string(b), `"urgent": [`) {
			t.Errorf("%s, %v", b, err)
		}
	}
}
