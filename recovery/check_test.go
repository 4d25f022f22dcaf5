package recovery

import (
	"errors"
	"strings"
	"testing"

	"github.com/postern-dev/postern/passkey"
)

// faults are accounts that each code is about.
var faults = map[Code]func(a *Account){
	TooMany: func(a *Account) {
		for range MaxSigners {
			a.Signers = append(a.Signers, friend("x"))
		}
	},
	BadName:       func(a *Account) { a.Signers[0].Name = "a\u202eb" },
	Twice:         func(a *Account) { a.Domains[0].ID = "passkey" },
	NotThere:      func(a *Account) { a.Signers[0].Cloud.Value = "nowhere" },
	WrongKind:     func(a *Account) { a.Signers[0].Cloud.Value = "phone" },
	Circle:        func(a *Account) { a.Domains[3].In = []string{"phone"} },
	Contradiction: func(a *Account) { a.Signers[0].Passkey = &Passkey{Uses: []Sighting{{Flags: passkey.FlagUP}}} },
	Overflow: func(a *Account) {
		a.Routes[0].Members = append(a.Routes[0].Members, Member{"mum", 1 << 63}, Member{"bob", 1 << 63})
	},
	OwnGuardian:      func(a *Account) { a.Address, a.Signers[1].Key = "0xAb", "0xaB" },
	SameKey:          func(a *Account) { a.Signers[2].Key, a.Signers[1].Key = "0xAb", "0xaB" },
	MemberTwice:      func(a *Account) { a.Routes[1].Members[0].Signer = "bob" },
	ThresholdZero:    func(a *Account) { a.Routes[1].Threshold = 0 },
	ThresholdTooHigh: func(a *Account) { a.Routes[1].Threshold = 4 },
	WeightZero:       func(a *Account) { a.Routes[1].Members[0].Weight = 0 },
	DelayZero:        func(a *Account) { a.Routes[1].Delay = 0 },
	DelayTooLong:     func(a *Account) { a.Routes[1].Delay = MaxDelay + 1 },
	ExpiryTooShort:   func(a *Account) { a.Routes[1].Expiry = MinExpiry - 1 },
	NoCancel:         func(a *Account) { a.Routes[1].Cancel = nil },
	DeadGuardian:     func(a *Account) { a.Signers[1].Gone = Known(true, Stated) },
	RuleRefuses: func(a *Account) {
		a.Signers[0].Passkey = &Passkey{Uses: []Sighting{{Flags: passkey.FlagUP | passkey.FlagBE}}}
		a.Signers[0].Rules = []Rule{{BackedUp: passkey.Required}}
	},
	DeadQuorum: func(a *Account) {
		a.Signers[1].Gone, a.Signers[2].Gone = Known(true, Stated), Known(true, Stated)
	},
	LoneVeto:     func(a *Account) { a.Routes[1].Cancel = append(a.Routes[1].Cancel, Any(1, "mum")) },
	SignerGuards: func(a *Account) { a.Routes[1].Members[0].Signer = "passkey" },
	NoOperate:    func(a *Account) { a.Routes = a.Routes[1:] },
	Unused:       func(a *Account) { a.Domains = append(a.Domains, Domain{ID: "empty", Kind: DomainDevice}) },
}

func TestEveryFaultIsFound(t *testing.T) {
	for code, why := range why {
		if code.Why() != why || why == "" {
			t.Errorf("%s: %q", code, code.Why())
		}
		if code == BadFile {
			continue // of files
		}
		t.Run(string(code), func(t *testing.T) {
			a := guarded()
			if found := Check(a); len(found) > 0 {
				t.Fatalf("before: %+v", found)
			}
			faults[code](a)
			found := Check(a)
			for _, f := range found {
				if f.Code == code {
					if f.What == "" || f.Way == "" || f.Field == "" || strings.HasSuffix(f.What, ".") {
						t.Errorf("%+v", f)
					}
					_, err := Audit(a)
					var e *Error
					if fatal := errors.As(err, &e); fatal != (found[0].Level == Fatal) || fatal && e.Hint() == "" {
						t.Errorf("%+v, and Audit says %v", f, err)
					}
					return
				}
			}
			t.Errorf("not found: %+v", found)
		})
	}
}

func TestGuardiansThatGuardEachOther(t *testing.T) {
	a := guarded()
	a.Signers = append(a.Signers,
		Signer{ID: "x", Kind: KindContract, Quorum: &Quorum{1, []Member{{"y", 1}}}},
		Signer{ID: "y", Kind: KindContract, Quorum: &Quorum{1, []Member{{"x", 1}}}})
	a.Routes[1].Members = append(a.Routes[1].Members, Member{"x", 1})
	if found := Check(a); len(found) == 0 || found[0].Code != Circle {
		t.Errorf("%+v", found)
	}
}

func TestAContractWhoseMembersAreGoneIsDead(t *testing.T) {
	a := guarded()
	a.Signers = append(a.Signers, Signer{ID: "x", Kind: KindContract, Quorum: &Quorum{2, []Member{{"mum", 1}, {"bob", 1}}}})
	a.Signers[1].Gone = Known(true, Stated)
	a.Routes[1].Quorum = Any(1, "x")
	codes := map[Code]bool{}
	for _, f := range Check(a) {
		codes[f.Code] = true
	}
	if !codes[DeadGuardian] || !codes[DeadQuorum] {
		t.Errorf("%v", codes)
	}
}

// What is stated cannot contradict what a passkey signs about itself.
func TestContradictionsWithFlags(t *testing.T) {
	flags := func(f passkey.Flags) func(s *Signer) {
		return func(s *Signer) { s.Passkey = &Passkey{Uses: []Sighting{{Flags: f}}} }
	}
	copyable, backed := flags(passkey.FlagUP|passkey.FlagBE), flags(passkey.FlagUP|passkey.FlagBE|passkey.FlagBS)
	for name, c := range map[string]struct {
		set []func(s *Signer)
		bad bool
	}{
		"backed up, in a cloud account":  {[]func(s *Signer){backed}, false},
		"backed up, in none":             {[]func(s *Signer){backed, func(s *Signer) { s.Cloud.Value = "" }}, true},
		"copyable, in none":              {[]func(s *Signer){copyable, func(s *Signer) { s.Cloud.Value = "" }}, true},
		"copyable, in a security key":    {[]func(s *Signer){copyable, func(s *Signer) { s.Roaming.Value = true }}, true},
		"bound, in a cloud account":      {[]func(s *Signer){flags(passkey.FlagUP)}, true},
		"bound, in none":                 {[]func(s *Signer){flags(passkey.FlagUP), func(s *Signer) { s.Cloud.Value = "" }}, false},
		"bound, exportable":              {[]func(s *Signer){flags(passkey.FlagUP), func(s *Signer) { s.Cloud.Value, s.Exportable.Value = "", true }}, true},
		"security key in cloud account":  {[]func(s *Signer){func(s *Signer) { s.Roaming.Value = true }}, true},
		"security key, exportable":       {[]func(s *Signer){func(s *Signer) { s.Cloud.Value, s.Roaming.Value, s.Exportable.Value = "", true, true }}, true},
		"a key on paper that is nowhere": {[]func(s *Signer){func(s *Signer) { *s = Signer{ID: s.ID, Kind: KindSeed, Places: Known([]string{}, Stated)} }}, true},
	} {
		a := onePhone()
		for _, set := range c.set {
			set(&a.Signers[0])
		}
		if err := firstFatal(Check(a)); (err != nil) != c.bad {
			t.Errorf("%s: %v", name, err)
		}
	}
}
