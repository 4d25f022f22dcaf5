package recovery

import (
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
	for i := range MaxSigners {
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
