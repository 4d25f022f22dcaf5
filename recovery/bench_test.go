package recovery

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
)

// largest is an account of the largest size that is promised: 20 signers and guardians of
// which nearly nothing shares a fate with another in the same way, 12 domains.
func largest(seed uint64, settled bool) *Account {
	r := rand.New(rand.NewPCG(seed, 7))
	a := &Account{}
	kinds := []DomainKind{DomainDevice, DomainDevice, DomainDevice, DomainDevice, DomainCloud, DomainCloud, DomainCloud, DomainSecret, DomainSecret, DomainRPID, DomainRPID, DomainCustody}
	of := map[DomainKind][]string{}
	for j, k := range kinds {
		d := Domain{ID: fmt.Sprintf("d%d", j), Kind: k}
		of[k] = append(of[k], d.ID)
		a.Domains = append(a.Domains, d)
	}
	for j := range a.Domains {
		if d := &a.Domains[j]; d.Kind == DomainCloud && settled {
			d.Secret, d.Offline, d.Sealed = Known(pick(r, of[DomainSecret]), Stated), Known(r.IntN(2) == 0, Stated), Known(r.IntN(2) == 0, Stated)
		}
	}
	var signers, guardians []string
	for i := range 20 {
		s := Signer{ID: fmt.Sprintf("s%d", i), Kind: KindPasskey}
		if i%4 != 0 || settled {
			s.Cloud, s.RPID = Known(pick(r, of[DomainCloud]), Stated), Known(pick(r, of[DomainRPID]), Stated)
			s.Devices = Known(some(r, of[DomainDevice]), Stated)
			s.Exportable = Known(r.IntN(2) == 0, Stated)
		}
		a.Signers = append(a.Signers, s)
		if i < 8 {
			signers = append(signers, s.ID)
		} else {
			guardians = append(guardians, s.ID)
		}
	}
	own := Any(3, signers...)
	weighted := Any(9, guardians...)
	for i := range weighted.Members {
		weighted.Members[i].Weight = uint64(1 + i%4)
	}
	a.Routes = []Route{
		{ID: "own", Use: Operate, Quorum: own},
		{ID: "family", Use: Recover, Quorum: weighted, Delay: 7 * day, Cancel: []Quorum{own}},
		{ID: "all", Use: Recover, Quorum: Any(10, append(signers, guardians...)...), Delay: 30 * day, Cancel: []Quorum{own}},
	}
	return a
}

func BenchmarkCuts(b *testing.B) {
	for _, settled := range []bool{true, false} {
		b.Run(fmt.Sprintf("settled=%v", settled), func(b *testing.B) {
			m, _, err := derive(largest(1, settled), nil)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				k := m.analyse()
				contested, gone := k.taken()
				for i, f := range []ref{k.locked(), contested, gone} {
					_, sizes, err := k.minimalSets(f, MaxCuts)
					if err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(float64(Cuts{Sizes: sizes}.Total()), []string{"lock", "contested", "gone"}[i]+"-sets")
				}
				b.ReportMetric(float64(len(k.d.nodes)), "nodes")
			}
		})
	}
}

func BenchmarkAudit(b *testing.B) {
	for _, settled := range []bool{true, false} {
		b.Run(fmt.Sprintf("settled=%v", settled), func(b *testing.B) {
			a := largest(1, settled)
			a.Can = []Ability{CanAddPasskey, CanAddKey, CanThreshold, CanGuardians}
			for b.Loop() {
				r, err := Audit(a)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(r.Pairs)), "pairs")
			}
		})
	}
}

// The largest diagram of many accounts of the largest promised size has room to spare.
func TestTheLargestAccountsHaveRoom(t *testing.T) {
	most := 0
	for seed := range uint64(8) {
		for _, settled := range []bool{true, false} {
			m, _, err := derive(largest(seed, settled), nil)
			if err != nil {
				t.Fatal(err)
			}
			k := m.analyse()
			contested, gone := k.taken()
			for _, f := range []ref{k.locked(), contested, gone} {
				if _, _, err := k.minimalSets(f, MaxCuts); err != nil {
					t.Fatal(err)
				}
			}
			most = max(most, len(k.d.nodes))
		}
	}
	if most > maxNodes/8 {
		t.Errorf("%d nodes: too close to the limit of %d", most, maxNodes)
	}
	t.Logf("the largest diagram has %d nodes", most)
}

func TestADiagramThatIsTooLargeIsRefused(t *testing.T) {
	m, _, err := derive(largest(1, true), nil)
	if err != nil {
		t.Fatal(err)
	}
	k := &analysis{m, newDiagrams(500)}
	_, _, err = k.minimalSets(k.locked(), MaxCuts)
	var large *TooLargeError
	if !errors.As(err, &large) || large.Hint() == "" {
		t.Errorf("got %v, want a *TooLargeError with a hint", err)
	}
}

// hostile is an account whose weights have no order: as large as a file may make it.
func hostile(seed uint64) *Account {
	r := rand.New(rand.NewPCG(seed, 9))
	a := &Account{Can: []Ability{CanAddPasskey, CanAddKey, CanThreshold, CanGuardians}}
	for j := range MaxDomains {
		a.Domains = append(a.Domains, Domain{ID: fmt.Sprintf("d%d", j), Kind: []DomainKind{DomainDevice, DomainCustody, DomainCloud}[j%3]})
	}
	for i := range MaxSigners {
		s := Signer{ID: fmt.Sprintf("s%d", i), Kind: KindSeed, Cloud: Known("", Stated), Places: Known([]string{"d1"}, Stated), Devices: Known([]string{}, Stated)}
		for _, d := range a.Domains {
			if r.IntN(3) > 0 {
				continue
			}
			switch d.Kind {
			case DomainDevice:
				s.Devices.Value = append(s.Devices.Value, d.ID)
			case DomainCustody:
				s.Places.Value = append(s.Places.Value, d.ID)
			}
		}
		a.Signers = append(a.Signers, s)
	}
	quorum := func() Quorum {
		q := Quorum{}
		for _, s := range a.Signers {
			w := r.Uint64N(1 << 58)
			q.Threshold += w / 2
			q.Members = append(q.Members, Member{s.ID, w})
		}
		return q
	}
	for i := range MaxRoutes {
		route := Route{ID: fmt.Sprintf("r%d", i), Use: Recover, Quorum: quorum(), Delay: day}
		for range MaxRoutes {
			route.Cancel = append(route.Cancel, quorum())
		}
		a.Routes = append(a.Routes, route)
	}
	return a
}

// A file cannot make the audit take long: nodes are bounded, and steps in proportion.
func TestWeightsWithoutOrderAreRefused(t *testing.T) {
	m, _, err := derive(hostile(1), nil)
	if err != nil {
		t.Fatal(err)
	}
	k := &analysis{m, newDiagrams(1 << 16)}
	if _, _, err := k.minimalSets(k.locked(), MaxCuts); !errors.As(err, new(*TooLargeError)) {
		t.Errorf("got %v, want a *TooLargeError", err)
	}
	k = &analysis{m, newDiagrams(maxNodes)}
	k.d.steps = 1000
	if _, _, err := k.minimalSets(k.locked(), MaxCuts); !errors.As(err, new(*TooLargeError)) || k.d.steps > 0 {
		t.Errorf("got %v, want a *TooLargeError after 1000 steps", err)
	}
}

func BenchmarkHostile(b *testing.B) {
	a := hostile(1)
	for b.Loop() {
		_, _ = Audit(a)
	}
}
