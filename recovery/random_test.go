package recovery

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/postern-dev/postern/passkey"
)

// size bounds a random account.
type size struct{ signers, domains, routes int }

// maybe is a fact of which somebody vouches for the value in about half of all cases.
func maybe[T any](r *rand.Rand, v T) Fact[T] {
	switch r.IntN(6) {
	case 0:
		return Fact[T]{}
	case 1, 2:
		return Fact[T]{Value: v, Source: Claimed}
	}
	return Known(v, Stated)
}

func pick(r *rand.Rand, ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return ids[r.IntN(len(ids))]
}

func some(r *rand.Rand, ids []string) []string {
	var out []string
	for _, id := range ids {
		if r.IntN(3) == 0 {
			out = append(out, id)
		}
	}
	return out
}

// randomAccount makes an account in which everything may be unknown.
func randomAccount(r *rand.Rand, z size) *Account {
	a := &Account{Name: "random"}
	of := map[DomainKind][]string{}
	kinds := []DomainKind{DomainDevice, DomainCloud, DomainRPID, DomainSecret, DomainEcosystem, DomainVendor, DomainCustody, DomainChain, DomainBundler}
	for j := range 1 + r.IntN(z.domains) {
		d := Domain{ID: fmt.Sprintf("d%d", j), Kind: kinds[r.IntN(len(kinds))]}
		if d.Kind == DomainDevice || d.Kind == DomainCloud {
			d.In = some(r, of[DomainEcosystem])
		}
		if d.Kind == DomainRPID {
			d.In = some(r, of[DomainVendor])
		}
		if d.Kind == DomainCloud {
			if r.IntN(2) == 0 {
				d.Group = []string{"Apple", "Google"}[r.IntN(2)]
			}
			d.Secret, d.Offline, d.Sealed = maybe(r, pick(r, of[DomainSecret])), maybe(r, r.IntN(2) == 0), maybe(r, r.IntN(2) == 0)
		}
		of[d.Kind] = append(of[d.Kind], d.ID)
		a.Domains = append(a.Domains, d)
	}
	n := 1 + r.IntN(z.signers)
	for i := range n {
		a.Signers = append(a.Signers, randomSigner(r, i, of))
	}
	for i := range n { // contracts refer to signers before them
		if s := &a.Signers[i]; s.Kind == KindContract && i > 0 && r.IntN(2) == 0 {
			q := randomQuorum(r, a.Signers[:i])
			s.Quorum = &q
		}
	}
	delays := []time.Duration{0, day, 7 * day, 30 * day}
	for i := range 1 + r.IntN(z.routes) {
		route := Route{ID: fmt.Sprintf("r%d", i), Use: Operate, Quorum: randomQuorum(r, a.Signers), Delay: delays[max(0, r.IntN(5)-3)]}
		if i > 0 && r.IntN(3) > 0 {
			route.Use, route.Delay = Recover, delays[r.IntN(4)]
		}
		for range r.IntN(3) {
			switch r.IntN(2) {
			case 0:
				route.Cancel = append(route.Cancel, routes(a.Routes[:i]).quorum(r))
			default:
				route.Cancel = append(route.Cancel, randomQuorum(r, a.Signers))
			}
		}
		a.Routes = append(a.Routes, route)
	}
	for i := range r.IntN(3) {
		var all []string
		for _, d := range a.Domains {
			if d.Kind == DomainChain || d.Kind == DomainBundler || d.Kind == DomainVendor {
				all = append(all, d.ID)
			}
		}
		w := Way{Needs: some(r, all)}
		if i > 0 {
			w.Rescue = "self relay"
		}
		a.Ways = append(a.Ways, w)
	}
	return a
}

type routes []Route

func (rs routes) quorum(r *rand.Rand) Quorum {
	if len(rs) == 0 {
		return Quorum{Threshold: 1}
	}
	return rs[r.IntN(len(rs))].Quorum
}

func randomSigner(r *rand.Rand, i int, of map[DomainKind][]string) Signer {
	s := Signer{ID: fmt.Sprintf("s%d", i), Kind: keyKinds[r.IntN(len(keyKinds))]}
	if r.IntN(3) == 0 {
		s.Kind = KindPasskey
	}
	if r.IntN(8) == 0 {
		s.Key = fmt.Sprint("key ", r.IntN(2))
	}
	if r.IntN(20) == 0 {
		s.Gone = Known(true, Stated)
	}
	s.Cloud = maybe(r, pick(r, append(of[DomainCloud], "")))
	s.Devices = maybe(r, some(r, of[DomainDevice]))
	s.Places = maybe(r, some(r, of[DomainCustody]))
	s.Apart = maybe(r, true)
	if s.Kind == KindPasskey {
		s.RPID = maybe(r, pick(r, append(of[DomainRPID], "")))
		s.Exportable, s.Roaming = maybe(r, r.IntN(2) == 0), maybe(r, r.IntN(2) == 0)
		if r.IntN(3) > 0 {
			s.Passkey = randomPasskey(r)
		}
	}
	return s
}

func randomPasskey(r *rand.Rand) *Passkey {
	p := &Passkey{Group: []string{"", "Apple", "Google"}[r.IntN(3)]}
	p.AAGUID = maybe(r, passkey.AAGUID{1})
	if p.AAGUID.Source == Stated {
		p.AAGUID.Source = Attested
	}
	flags := []passkey.Flags{0x05, 0x0d, 0x1d}[r.IntN(3)]
	p.Uses = []Sighting{{Flags: flags}}
	return p
}

func randomQuorum(r *rand.Rand, of []Signer) Quorum {
	q := Quorum{Threshold: 1 + r.Uint64N(4)}
	for _, s := range of {
		if r.IntN(2) == 0 {
			q.Members = append(q.Members, Member{s.ID, 1 + r.Uint64N(3)})
		}
	}
	return q
}

// sound is a random account that can be audited.
func sound(r *rand.Rand, z size) *Account {
	for {
		a := randomAccount(r, z)
		if firstFatal(Check(a)) == nil {
			return a
		}
	}
}
