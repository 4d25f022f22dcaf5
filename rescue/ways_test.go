package rescue

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern-dev/postern/recovery"
)

// described is an account of signers, the first n of which must agree.
func described(n uint64, signers ...recovery.Signer) *recovery.Account {
	a := &recovery.Account{Source: recovery.Chain, Signers: signers, Can: []recovery.Ability{recovery.CanAddPasskey, recovery.CanAddKey, recovery.CanGuardians},
		Domains: []recovery.Domain{{ID: "gone.example", Kind: recovery.DomainRPID}, {ID: "other.example", Kind: recovery.DomainRPID}, {ID: "phone", Kind: recovery.DomainDevice}}}
	var ids []string
	for _, s := range signers {
		ids = append(ids, s.ID)
	}
	a.Routes = []recovery.Route{{ID: "own", Use: recovery.Operate, Quorum: recovery.Any(n, ids...)}}
	return a
}

func stated[T any](v T) recovery.Fact[T] { return recovery.Known(v, recovery.Stated) }

func passkeyOn(id, domain string) recovery.Signer {
	return recovery.Signer{ID: id, Kind: recovery.KindPasskey, RPID: stated(domain), Devices: stated([]string{"phone"}), Cloud: stated("")}
}

// What is said of rescue is what the audit computes: possible exactly where the loss of the
// domain does not lock the account, for every combination of facts.
func TestWaysAndTheAuditAgree(t *testing.T) {
	facts, seen := []recovery.Fact[bool]{{}, stated(true), stated(false)}, 0
	for _, roaming := range facts {
		for _, exportable := range facts {
			for _, second := range []string{"nothing", "a passkey", "a key"} {
				for _, kind := range []string{"WebAuthnAccount", kindFlow} {
					s := passkeyOn("a", "gone.example")
					s.Roaming, s.Exportable = roaming, exportable
					signers := []recovery.Signer{s}
					switch second {
					case "a passkey":
						b := passkeyOn("b", "other.example")
						b.Roaming, b.Exportable = stated(false), stated(false)
						signers = append(signers, b)
					case "a key":
						b := recovery.Signer{ID: "b", Kind: recovery.KindHot}
						if kind == kindFlow {
							b.Key = "0x" + strings.Repeat("0b", 32)
						}
						signers = append(signers, b)
					}
					a := described(1, signers...)
					a.Kind = kind
					r, err := recovery.Audit(a)
					if err != nil {
						continue // facts that contradict each other
					}
					seen++
					possible := Outlooks(a)[0].Chance == Possible
					if state := r.Outcome([]string{"gone.example"}, nil).State; possible != (state != recovery.Locked) {
						t.Errorf("%s, roaming %+v, exportable %+v, beside it %s: rescue possible %v, the audit says %v", kind, roaming, exportable, second, possible, state)
					}
				}
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d combinations seen", seen)
	}
}

func TestOutlooks(t *testing.T) {
	key := recovery.Signer{ID: "k", Kind: recovery.KindHot}
	gone := recovery.Signer{ID: "k", Kind: recovery.KindHot, Gone: stated(true)}
	bound := passkeyOn("a", "gone.example")
	bound.Roaming, bound.Exportable = stated(false), stated(false)
	roams := passkeyOn("a", "gone.example")
	roams.Roaming = stated(true)
	nowhere := passkeyOn("a", "gone.example")
	nowhere.RPID, nowhere.Roaming, nowhere.Exportable = recovery.Fact[string]{}, stated(false), stated(false)
	contract := recovery.Signer{ID: "c", Kind: recovery.KindContract, Quorum: &recovery.Quorum{Threshold: 1, Members: []recovery.Member{{Signer: "k", Weight: 1}}}}
	circle := recovery.Signer{ID: "c", Kind: recovery.KindContract, Quorum: &recovery.Quorum{Threshold: 1, Members: []recovery.Member{{Signer: "c", Weight: 1}}}}
	guarded := described(1, bound)
	guarded.Signers = append(guarded.Signers, recovery.Signer{ID: "g", Kind: recovery.KindHot})
	guarded.Routes = append(guarded.Routes, recovery.Route{ID: "r", Use: recovery.Recover, Quorum: recovery.Any(1, "g"), Delay: 7 * 24 * time.Hour})
	for name, test := range map[string]struct {
		a        *recovery.Account
		chance   Chance
		guardian Chance
		says     string
	}{
		"a key":                          {described(1, key), Possible, Impossible, "at once"},
		"a key that is gone":             {described(1, gone), Impossible, Impossible, "impossible"},
		"a passkey bound to its page":    {described(1, bound), Impossible, Impossible, "impossible"},
		"whose RP ID nobody knows":       {described(1, nowhere), Impossible, Impossible, "impossible"},
		"a security key":                 {described(1, roams), Possible, Impossible, "at once"},
		"nothing known":                  {described(1, passkeyOn("a", "gone.example")), Unknown, Impossible, "count on no"},
		"two of two, one bound":          {described(2, key, bound), Impossible, Impossible, "impossible"},
		"two of two, one unknown":        {described(2, key, passkeyOn("a", "gone.example")), Unknown, Impossible, "count on no"},
		"a second RP ID":                 {described(1, bound, passkeyOn("b", "other.example")), Possible, Impossible, "at once"},
		"a contract of a key":            {described(1, contract, key), Possible, Impossible, "at once"},
		"a contract that signs for it":   {described(1, circle), Impossible, Impossible, "impossible"},
		"guardians":                      {guarded, Impossible, Possible, "only the guardians"},
		"a threshold of 0 is no control": {described(0, key), Impossible, Impossible, "impossible"},
	} {
		o := Outlooks(test.a)[0]
		if o.Chance != test.chance || o.Guardians != test.guardian || !strings.Contains(o.Words, test.says) {
			t.Errorf("%s: %s, guardians %s: %s", name, o.Chance, o.Guardians, o.Words)
		}
		if (o.Chance == Possible) != (len(o.Prepare) == 0) {
			t.Errorf("%s: %s, and to prepare: %q", name, o.Chance, o.Prepare)
		}
		for _, w := range Ways(test.a) {
			if w.Words == "" || w.Name == "" || w.Chance != Possible && w.By == ByPage && w.Prepare == "" {
				t.Errorf("%s: %+v", name, w)
			}
		}
	}
	if o := Outlooks(&recovery.Account{}); len(o) != 1 || o[0].Chance != Impossible {
		t.Errorf("nothing described: %+v", o)
	}
}

// Guardians are appointed by the command of the account's kind.
func TestWhereToAppointGuardians(t *testing.T) {
	bound := passkeyOn("a", "gone.example")
	bound.Roaming, bound.Exportable = stated(false), stated(false)
	for kind, want := range map[string]string{"WebAuthnAccount": "appoint guardians: postern guardian setup", "ZeroDev Kernel 0.3.3": "appoint guardians: postern kernel guardians set"} {
		a := described(1, bound)
		a.Kind = kind
		if o := Outlooks(a)[0]; !slices.Contains(o.Prepare, want) {
			t.Errorf("%s: %q", kind, o.Prepare)
		}
	}
}

// No more is promised than postern rescue and its page do: they sign as the root of a Kernel account, with
// secp256k1 keys, and on Flow the page does with P-256 keys, too.
func TestWhatRescueCannotUseIsNotPromised(t *testing.T) {
	bound := passkeyOn("a", "gone.example")
	bound.Roaming, bound.Exportable = stated(false), stated(false)
	exports := passkeyOn("a", "gone.example")
	exports.Roaming, exports.Exportable = stated(false), stated(true)
	other := passkeyOn("b", "other.example")
	other.Roaming, other.Exportable = stated(false), stated(false)
	address := recovery.Signer{ID: "k", Kind: recovery.KindHot, Key: "0x00000000000000000000000000000000000000aa"}
	p256 := recovery.Signer{ID: "k", Kind: recovery.KindHot, Key: "0x" + strings.Repeat("0b", 32)}
	hardware := p256
	hardware.Kind = recovery.KindHardware
	guarded := described(1, bound)
	guarded.Signers = append(guarded.Signers, address)
	guarded.Routes = append(guarded.Routes, recovery.Route{ID: "r", Use: recovery.Recover, Quorum: recovery.Any(1, "k")})
	of := func(kind string, a *recovery.Account) *recovery.Account { a.Kind = kind; return a }
	for name, test := range map[string]struct {
		a                *recovery.Account
		chance, guardian Chance
	}{
		"a key":                                 {described(1, bound, address), Possible, Impossible},
		"a P-256 key":                           {described(1, bound, p256), Unknown, Impossible},
		"the root of Kernel":                    {of("ZeroDev Kernel 0.3.3", described(1, address, bound)), Possible, Impossible},
		"a key beside the root of Kernel":       {of("ZeroDev Kernel 0.3.3", described(1, bound, address)), Unknown, Impossible},
		"a passkey beside the root of Kernel":   {of("ZeroDev Kernel 0.3.3", described(1, bound, other)), Unknown, Impossible},
		"guardians of Kernel":                   {of("ZeroDev Kernel 0.3.3", guarded), Impossible, Possible},
		"Flow, by the page of a second RP ID":   {of(kindFlow, described(1, bound, other)), Possible, Impossible},
		"Flow, by an export":                    {of(kindFlow, described(1, exports)), Possible, Impossible},
		"Flow, by a P-256 or secp256k1 key":     {of(kindFlow, described(1, bound, p256)), Possible, Impossible},
		"Flow, by a hardware wallet":            {of(kindFlow, described(1, bound, hardware)), Unknown, Impossible},
		"Flow, without the only page":           {of(kindFlow, described(1, bound)), Impossible, Impossible},
		"the page of a second RP ID, elsewhere": {of("WebAuthnAccount", described(1, bound, other)), Possible, Impossible},
	} {
		if o := Outlooks(test.a)[0]; o.Chance != test.chance || o.Guardians != test.guardian {
			t.Errorf("%s: %s, guardians %s: %s", name, o.Chance, o.Guardians, o.Words)
		}
	}
}
