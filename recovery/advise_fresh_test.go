// What advice adds is new: nothing that is known or unknown today is in it.

package recovery

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// partiesOf is where each signer is and may be, by names that do not change with what is added.
func partiesOf(t *testing.T, a *Account) map[string]string {
	t.Helper()
	m, _, err := derive(a, nil)
	if err != nil {
		t.Fatal(err)
	}
	names := func(s set) (out []string) {
		s.each(func(i int) {
			if i < len(m.parties) {
				out = append(out, "signer "+a.Signers[i].ID)
			} else {
				out = append(out, m.domains[i-len(m.parties)].ID)
			}
		})
		slices.Sort(out)
		return out
	}
	out := map[string]string{}
	for i, p := range m.parties {
		words := ""
		for _, w := range p.means {
			words += fmt.Sprintln("means", names(w.needs), w.rescue)
		}
		for _, h := range p.holes {
			for _, s := range h {
				words += fmt.Sprint("hole ", names(s))
			}
			words += "\n"
		}
		out[a.Signers[i].ID] = words
	}
	return out
}

// A change says nothing new about the signers that are there: where one is not known to be, it may
// still be wherever it might have been, in what is stated and with others of which nothing is known,
// and is in nothing that the change, or one before it, brings.
func TestAdviceMovesNoSignerThatIsThere(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 7))
	seen, kept := 0, 0
	for i := range 120 {
		a := sound(r, size{4, 5, 3})
		a.Can = everything
		for range 2 { // of what is left, again
			before := partiesOf(t, a)
			list, err := Options(a)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range list {
				seen++
				after := partiesOf(t, x.After())
				if len(after) < len(before) {
					continue // a signer less may be one key less that two share
				}
				for id, was := range before {
					kept++
					if after[id] != was {
						t.Fatalf("account %d: %q moves %s:\n%snow\n%s", i, x.Words, id, was, after[id])
					}
				}
			}
			if len(list) == 0 {
				break
			}
			a = list[0].After()
		}
	}
	if seen < 200 || kept < 300 {
		t.Errorf("only %d pieces of advice for %d signers", seen, kept)
	}
}

// The first audit of most accounts: the chain has told of one passkey, and nobody has said anything. The
// recovery key on paper is in a place of its own, as it is told, and locks nothing, takes nothing at once.
func TestAdviceIsCalmWhereLittleIsKnown(t *testing.T) {
	a := &Account{
		Signers: []Signer{{ID: "passkey", Kind: KindPasskey}},
		Routes:  []Route{{ID: "own", Use: Operate, Quorum: Any(1, "passkey")}},
		Can:     everything,
	}
	plan := mustAudit(t, a).Plan
	if len(plan) == 0 || plan[len(plan)-1].Left != 0 {
		t.Fatalf("the plan leaves single points of failure: %+v", plan)
	}
	for _, x := range plan {
		if len(x.Adds.Lock)+len(x.Adds.Theft) > 0 {
			t.Errorf("%q adds %+v", x.Words, x.Adds)
		}
	}

	// Two keys of which nothing is known may be in one place: else one of two needed no advice.
	a.Signers = append(a.Signers, Signer{ID: "key", Kind: KindHot})
	a.Routes[0].Quorum = Any(1, "passkey", "key")
	if p := singles(a, mustAudit(t, a).worst); !slices.Contains(p.lock, unknownDevice) {
		t.Errorf("%+v", p)
	}
	// They may be in a device that is stated, too.
	a.Domains = append(a.Domains, Domain{ID: "phone", Kind: DomainDevice})
	if p := singles(a, mustAudit(t, a).worst); !slices.Contains(p.lock, "phone") {
		t.Errorf("%+v", p)
	}
}
