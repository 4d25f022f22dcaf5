package recovery

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// world answers every question about an account at random. Domains that the account
// does not describe are added; assumed maps them to the domain that stands for them.
type world struct {
	a       *Account
	assumed map[string]string
	own     map[string]int // domains that belong to one signer, which lives apart from the others
}

// apart makes a domain of a signer's own: what happens to it happens to the signer.
func (w *world) apart(kind DomainKind, i int) string {
	id := w.fresh(kind)
	w.own[id] = i
	return id
}

func (w *world) fresh(kind DomainKind) string {
	id := fmt.Sprintf("fresh%d", len(w.a.Domains))
	w.a.Domains = append(w.a.Domains, Domain{ID: id, Kind: kind, Secret: Known("", Stated), Offline: offlineIf(kind), Sealed: offlineIf(kind)})
	if kind != DomainCloud {
		w.a.Domains[len(w.a.Domains)-1].Secret = Fact[string]{}
	}
	w.assumed[id] = unknownDomains[kind].ID
	return id
}

func offlineIf(kind DomainKind) Fact[bool] {
	if kind == DomainCloud {
		return Known(false, Stated)
	}
	return Fact[bool]{}
}

func settle[T any](f *Fact[T], choose func() T) {
	if !f.Relied() {
		*f = Known(choose(), Stated)
	}
}

func copyAccount(a *Account) *Account {
	b := *a
	b.Signers = append([]Signer(nil), a.Signers...)
	b.Domains = append([]Domain(nil), a.Domains...)
	b.Routes = append([]Route(nil), a.Routes...)
	return &b
}

func randomWorld(r *rand.Rand, a *Account) *world {
	w := &world{copyAccount(a), map[string]string{}, map[string]int{}}
	coin := func() bool { return r.IntN(2) == 0 }
	ids := func(kind DomainKind, ok func(Domain) bool) (out []string) {
		for _, d := range a.Domains {
			if d.Kind == kind && (ok == nil || ok(d)) {
				out = append(out, d.ID)
			}
		}
		return out
	}
	one := func(kind DomainKind, none bool, ok func(Domain) bool) string {
		switch n := r.IntN(5); {
		case n == 0 && none:
			return ""
		case n == 1:
			return w.fresh(kind)
		}
		if s := pick(r, ids(kind, ok)); s != "" || none {
			return s
		}
		return w.fresh(kind)
	}
	for j := range a.Domains {
		d := &w.a.Domains[j]
		if d.Kind == DomainCloud {
			s := &w.a.Domains[j].Secret
			if !s.Relied() {
				v := one(DomainSecret, true, nil)
				w.a.Domains[j].Secret = Known(v, Stated)
			}
			settle(&w.a.Domains[j].Offline, coin)
			settle(&w.a.Domains[j].Sealed, coin)
		}
	}
	for i := range w.a.Signers {
		s := &w.a.Signers[i]
		apart := is(s.Apart)
		d := &deriver{a: a}
		if s.Kind == KindPasskey || s.Kind == KindHot || s.Kind == KindSeed || s.Kind == KindPerson && !apart {
			settle(&s.Cloud, func() string {
				switch {
				case apart && s.Kind == KindPasskey && coin():
					return w.apart(DomainCloud, i)
				case apart:
					return ""
				}
				return one(DomainCloud, true, func(c Domain) bool { return d.mayHold(c, s) })
			})
		}
		if !s.Devices.Relied() && !s.Places.Relied() {
			devices, places := []string{}, []string{}
			if !apart {
				devices, places = some(r, ids(DomainDevice, nil)), some(r, ids(DomainCustody, nil))
			}
			if len(devices)+len(places) == 0 {
				if apart {
					devices = []string{w.apart(DomainDevice, i)}
				} else {
					devices = []string{w.fresh(DomainDevice)}
				}
			}
			s.Devices, s.Places = Known(devices, Stated), Known(places, Stated)
		}
		settle(&s.Apart, func() bool { return true })
		if s.Kind == KindPasskey {
			settle(&s.RPID, func() string { return one(DomainRPID, true, nil) })
			settle(&s.Exportable, coin)
			settle(&s.Roaming, coin)
		}
	}
	return w
}

// mapped moves a set of atoms from one model to another by the names of domains.
func mapped(s set, from, to *model, names map[string]string, own map[string]int) (out set) {
	at := map[string]int{}
	for j, d := range to.domains {
		at[d.ID] = j
	}
	s.each(func(i int) {
		if i < len(from.parties) {
			out |= atom(i)
			return
		}
		id := from.domains[i-len(from.parties)].ID
		if k, ok := own[id]; ok {
			out |= atom(k)
			return
		}
		if n, ok := names[id]; ok {
			id = n
		}
		if j, ok := at[id]; ok {
			out |= to.domain(j)
		}
	})
	return out
}

func randomSet(r *rand.Rand, n int) (s set) {
	for range r.IntN(4) {
		s |= atom(r.IntN(n))
	}
	return s
}

// Whatever the truth about the unknowns is, the report is no better than it, and the
// best case is no worse.
func TestUnknownsAreCountedPessimistically(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	differs, worlds := 0, 0
	for i := range 2000 {
		a := sound(r, size{5, 7, 3})
		worst, _, err := derive(a, nil)
		if err != nil {
			t.Fatal(err)
		}
		top, _, err := derive(a, best)
		if err != nil {
			t.Fatal(err)
		}
		for range 4 {
			w := randomWorld(r, a)
			if len(w.a.Domains) > MaxDomains || firstFatal(Check(w.a)) != nil {
				continue
			}
			truth, left, err := derive(w.a, nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(left) > 0 {
				t.Fatalf("account %d: still unknown in a settled world: %+v", i, left)
			}
			worlds++
			for range 12 {
				lost, taken := randomSet(r, truth.atoms()), randomSet(r, truth.atoms())
				got := truth.state(lost, taken)
				low := worst.state(mapped(lost, truth, worst, w.assumed, w.own), mapped(taken, truth, worst, w.assumed, w.own))
				high := top.state(mapped(lost, truth, top, nil, nil), mapped(taken, truth, top, nil, nil))
				if low < got || high > got {
					t.Fatalf("account %d: worst %s, truth %s, best %s\nlost %b taken %b\n%+v\n%+v", i, low, got, high, lost, taken, a, w.a)
				}
				if low != high {
					differs++
				}
			}
		}
	}
	if worlds < 1500 || differs < 1000 {
		t.Errorf("%d worlds, %d outcomes that depend on unknowns: too few", worlds, differs)
	}
}

func TestMoreLossAndMoreCompromiseAreNeverBetter(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for i := range 1500 {
		m, _, err := derive(sound(r, size{8, 8, 4}), nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 40 {
			lost, taken := randomSet(r, m.atoms()), randomSet(r, m.atoms())
			before := m.state(lost, taken)
			if after := m.state(lost|randomSet(r, m.atoms()), taken|randomSet(r, m.atoms())); after < before {
				t.Fatalf("account %d: %s became %s", i, before, after)
			}
		}
	}
}
