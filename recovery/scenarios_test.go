package recovery

import (
	"slices"
	"testing"
	"time"

	"github.com/postern-dev/postern/passkey"
)

func cloudAccount(id, secret string, in ...string) Domain {
	return Domain{ID: id, Kind: DomainCloud, In: in, Secret: Known(secret, Stated), Offline: Known(false, Stated), Sealed: Known(false, Stated)}
}

func synced(id, cloud, rp string, devices ...string) Signer {
	return Signer{ID: id, Kind: KindPasskey, Cloud: Known(cloud, Stated), RPID: Known(rp, Stated), Devices: Known(devices, Stated),
		Exportable: Known(false, Stated), Roaming: Known(false, Stated)}
}

func friend(id string) Signer {
	return Signer{ID: id, Kind: KindPerson, Apart: Known(true, Stated)}
}

// onePhone is the usual account: one passkey, synced, on one phone.
func onePhone() *Account {
	return &Account{
		Domains: []Domain{
			{ID: "phone", Kind: DomainDevice, In: []string{"Apple"}},
			cloudAccount("icloud", "passcode", "Apple"),
			{ID: "passcode", Kind: DomainSecret},
			{ID: "Apple", Kind: DomainEcosystem},
			{ID: "vendor", Kind: DomainVendor},
			{ID: "wallet.example", Kind: DomainRPID, In: []string{"vendor"}},
		},
		Signers: []Signer{synced("passkey", "icloud", "wallet.example", "phone")},
		Routes:  []Route{{ID: "own", Use: Operate, Quorum: Any(1, "passkey")}},
	}
}

// guarded is onePhone with guardians: two of three after a week.
func guarded() *Account {
	a := onePhone()
	a.Signers = append(a.Signers, friend("mum"), friend("bob"), friend("eve"))
	family := Any(2, "mum", "bob", "eve")
	a.Routes = append(a.Routes, Route{ID: "family", Use: Recover, Quorum: family, Delay: 7 * day, Expiry: 30 * day, Cancel: []Quorum{Any(1, "passkey"), family}})
	return a
}

func mustAudit(t *testing.T, a *Account) *Report {
	t.Helper()
	r, err := Audit(a)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The rows of the article's table, for accounts whose answers are known.
func TestEventsLeadWhereTheyShould(t *testing.T) {
	movable := onePhone()
	movable.Signers[0].Exportable = Known(true, Stated)

	offline := onePhone()
	offline.Domains[1].Offline = Known(true, Stated)

	sealed := onePhone()
	sealed.Domains[1].Sealed = Known(true, Stated)

	bound := onePhone()
	bound.Signers[0].Passkey = &Passkey{AAGUID: Known(passkey.AAGUID{1}, Attested), Uses: []Sighting{{Flags: passkey.FlagUP | passkey.FlagUV}}}
	bound.Signers[0].Cloud = Fact[string]{}

	twoOfThree := onePhone()
	twoOfThree.Domains = append(twoOfThree.Domains, Domain{ID: "laptop", Kind: DomainDevice}, Domain{ID: "other.example", Kind: DomainRPID}, Domain{ID: "safe", Kind: DomainCustody})
	twoOfThree.Signers = append(twoOfThree.Signers,
		Signer{ID: "laptop key", Kind: KindPasskey, Cloud: Known("", Stated), RPID: Known("other.example", Stated), Devices: Known([]string{"laptop"}, Stated), Exportable: Known(false, Stated), Roaming: Known(false, Stated)},
		Signer{ID: "paper", Kind: KindSeed, Places: Known([]string{"safe"}, Stated), Cloud: Known("", Stated)})
	twoOfThree.Routes[0].Quorum = Any(2, "passkey", "laptop key", "paper")

	instant := guarded()
	instant.Routes[1].Delay, instant.Routes[1].Cancel = 0, nil

	nobodyCancels := guarded()
	nobodyCancels.Routes[1].Cancel = nil

	hybrid := onePhone()
	hybrid.Domains = append(hybrid.Domains, Domain{ID: "browser", Kind: DomainDevice})
	hybrid.Signers = append(hybrid.Signers, Signer{ID: "owner", Kind: KindHot, Devices: Known([]string{"browser"}, Stated), Cloud: Known("", Stated)})
	hybrid.Routes[0].Quorum = Any(1, "passkey", "owner")

	flow := onePhone()
	flow.Domains = append(flow.Domains, Domain{ID: "laptop", Kind: DomainDevice})
	flow.Signers = append(flow.Signers, Signer{ID: "half", Kind: KindHot, Devices: Known([]string{"laptop"}, Stated), Cloud: Known("", Stated)})
	flow.Routes[0].Quorum = Quorum{1000, []Member{{"passkey", 1000}, {"half", 500}}}

	behind := guarded()
	behind.Signers = append(behind.Signers, Signer{ID: "safe", Kind: KindContract, Quorum: &Quorum{2, []Member{{"mum", 1}, {"bob", 1}}}})
	behind.Routes[1].Quorum = Any(1, "safe")
	behind.Routes[1].Cancel = []Quorum{Any(1, "passkey")}

	twins := guarded()
	twins.Signers[1].Key, twins.Signers[2].Key = "0xAA", "0xaa"

	for _, c := range []struct {
		name        string
		a           *Account
		lost, taken []string
		want        State
		delay       time.Duration
	}{
		{"nothing", onePhone(), nil, nil, Works, 0},
		{"one device lost, passcode known", onePhone(), []string{"phone"}, nil, Recoverable, 0},
		{"one device lost, passcode forgotten", onePhone(), []string{"phone", "passcode"}, nil, Locked, 0},
		{"device stolen", onePhone(), []string{"phone"}, []string{"phone"}, Stolen, 0},
		{"cloud account lost", onePhone(), []string{"icloud"}, nil, Locked, 0},
		{"cloud account lost, devices keep their copies", offline, []string{"icloud"}, nil, Works, 0},
		{"cloud account taken over", onePhone(), nil, []string{"icloud"}, Stolen, 0},
		{"cloud account taken over, sealed by the passcode", sealed, nil, []string{"icloud"}, Works, 0},
		{"cloud account taken over, and the passcode known", sealed, nil, []string{"icloud", "passcode"}, Stolen, 0},
		{"ecosystem gone", onePhone(), []string{"Apple"}, nil, Locked, 0},
		{"RP ID gone", onePhone(), []string{"wallet.example"}, nil, Locked, 0},
		{"RP ID gone, passkey can be exported", movable, []string{"wallet.example"}, nil, Recoverable, 0},
		{"vendor gone takes its RP ID along", onePhone(), []string{"vendor"}, nil, Locked, 0},
		{"a bound passkey's device lost", bound, []string{"phone"}, nil, Locked, 0},
		{"a bound passkey does not care for the cloud", bound, []string{"icloud"}, []string{"icloud"}, Works, 0},
		{"guardians bring a lost phone back", guarded(), []string{"Apple"}, nil, Recoverable, 7 * day},
		{"guardians, one of them gone", guarded(), []string{"Apple", "eve"}, nil, Recoverable, 7 * day},
		{"guardians, two of them gone", guarded(), []string{"Apple", "eve", "bob"}, nil, Locked, 0},
		{"one guardian turns", guarded(), nil, []string{"eve"}, Works, 0},
		{"two guardians turn", guarded(), nil, []string{"eve", "bob"}, Contested, 0},
		{"two guardians turn, and the owner cannot answer", guarded(), []string{"icloud"}, []string{"eve", "bob"}, Stolen, 0},
		{"two guardians turn and the owner's restored phone answers", guarded(), []string{"phone"}, []string{"eve", "bob"}, Contested, 0},
		{"two guardians turn and nobody may cancel", nobodyCancels, nil, []string{"eve", "bob"}, Stolen, 0},
		{"instant guardians turn", instant, nil, []string{"eve", "bob"}, Stolen, 0},
		{"thief holds the only device, guardians or not", guarded(), []string{"phone"}, []string{"phone"}, Stolen, 0},
		{"two of three: one lost", twoOfThree, []string{"safe"}, nil, Works, 0},
		{"two of three: one stolen", twoOfThree, []string{"icloud"}, []string{"icloud"}, Works, 0},
		{"two of three: two lost", twoOfThree, []string{"safe", "laptop"}, nil, Locked, 0},
		{"two of three: two stolen", twoOfThree, nil, []string{"safe", "laptop"}, Stolen, 0},
		{"two of three: one lost and one stolen", twoOfThree, []string{"safe"}, []string{"laptop"}, Works, 0},
		{"hybrid: owner key lost", hybrid, []string{"browser"}, nil, Works, 0},
		{"hybrid: owner key stolen", hybrid, nil, []string{"owner"}, Stolen, 0},
		{"flow: the full key lost", flow, []string{"passkey"}, nil, Locked, 0},
		{"flow: the half key stolen", flow, nil, []string{"half"}, Works, 0},
		{"two guardians are one key: that is lost", twins, []string{"icloud", "=mum"}, nil, Locked, 0},
		{"two guardians are one key: that is stolen", twins, nil, []string{"=mum"}, Contested, 0},
		{"two guardians are one key: one of them does not sign", twins, []string{"icloud", "mum"}, nil, Recoverable, 7 * day},
		{"a contract as guardian", behind, []string{"Apple"}, nil, Recoverable, 7 * day},
		{"a contract as guardian, a member of it gone", behind, []string{"Apple", "mum"}, nil, Locked, 0},
		{"a contract as guardian, a member of it turned", behind, nil, []string{"mum"}, Works, 0},
		{"a contract as guardian, all members turned", behind, nil, []string{"mum", "bob"}, Contested, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := mustAudit(t, c.a).Outcome(c.lost, c.taken)
			if got.State != c.want || got.Delay != c.delay {
				t.Errorf("got %+v, want %s after %s", got, c.want, c.delay)
			}
		})
	}
}

// Every domain, signer and rule of the article has its events, and each pair its row.
func TestTheTableIsComplete(t *testing.T) {
	a := guarded()
	a.Domains = append(a.Domains, Domain{ID: "drawer", Kind: DomainCustody}, Domain{ID: "bundler", Kind: DomainBundler}, Domain{ID: "chain", Kind: DomainChain}, Domain{ID: "tablet", Kind: DomainDevice})
	a.Signers[1].Places = Known([]string{"drawer"}, Stated)
	a.Signers[2].Key, a.Signers[3].Key = "0xAB", "0xab"
	a.Ways = []Way{{Needs: []string{"chain", "bundler"}}, {Needs: []string{"chain"}, Rescue: "relay"}}
	r := mustAudit(t, a)
	have := map[EventKind]bool{}
	for _, row := range r.Rows {
		have[row.Kind] = true
	}
	for kind := range eventOrder {
		if !have[kind] {
			t.Errorf("no event %s", kind)
		}
	}
	if n := len(r.Rows); len(r.Pairs) != n*(n-1)/2 {
		t.Errorf("%d pairs of %d events", len(r.Pairs), n)
	}
	worse := slices.IndexFunc(r.Pairs, func(p Pair) bool { return p.Worse && !p.Implied && p.State == Stolen })
	if worse < 0 {
		t.Error("no pair is stolen that each of its events alone would not be")
	}
}

func TestLeavingAnEcosystem(t *testing.T) {
	for _, c := range []struct {
		name       string
		exportable Fact[bool]
		left       State
		moved      State
		best       State
	}{
		{"can be moved", Known(true, Stated), Locked, Works, Works},
		{"cannot be moved", Known(false, Stated), Locked, Locked, Locked},
		{"nobody knows", Fact[bool]{}, Locked, Locked, Works},
	} {
		a := onePhone()
		a.Signers[0].Exportable = c.exportable
		for _, row := range mustAudit(t, a).Rows {
			want, top := State(99), c.left
			switch row.Kind {
			case EcosystemLeft:
				want = c.left
			case EcosystemMoved:
				want, top = c.moved, c.best
			default:
				continue
			}
			got := row.Outcome.State
			if row.Best != nil {
				got = *row.Best
			}
			if row.Outcome.State != want || got != top {
				t.Errorf("%s, %s: %s, at best %s; want %s, at best %s", c.name, row.Kind, row.Outcome.State, got, want, top)
			}
		}
	}
}

// What is assumed is not in the best case; what is described is.
func TestLosingAllDevicesAtBest(t *testing.T) {
	a := onePhone()
	a.Signers[0].Cloud, a.Domains = Known("", Stated), slices.Delete(a.Domains, 1, 2)
	a.Signers = append(a.Signers, Signer{ID: "hot", Kind: KindHot, Apart: Fact[bool]{}, Cloud: Known("", Stated)})
	a.Routes[0].Quorum = Any(2, "passkey", "hot")
	for _, row := range mustAudit(t, a).Rows {
		if row.Kind == DevicesLost && (row.Outcome.State != Locked || row.Best != nil) {
			t.Errorf("%+v, at best %v: the passkey is on no device then", row.Outcome, row.Best)
		}
	}
}
