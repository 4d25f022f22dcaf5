// What to do: the cheapest changes that leave fewer single points of failure.

package recovery

import (
	"cmp"
	"slices"
)

// Effort is what a change costs its owner. More effort is greater.
type Effort uint8

// The efforts.
const (
	EffortSetting Effort = iota + 1 // one operation on the chain
	EffortPasskey                   // a few minutes with what is there
	EffortAccount                   // a further account or a phrase on paper, kept elsewhere
	EffortDevice                    // a thing to buy
	EffortPeople                    // somebody else has to take part
)

var effortWords = [...]string{"", "a setting", "a few minutes", "something new to keep", "a device to buy", "people who take part"}

func (e Effort) String() string { return effortWords[min(int(e), len(effortWords)-1)] }

// MarshalText makes an effort words in JSON.
func (e Effort) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// Advice is a change and what it does.
type Advice struct {
	Words  string `json:"words"`
	Effort Effort `json:"effort"`
	// Removes are single points of failure that are none afterwards, Adds new ones.
	Removes Points `json:"removes"`
	Adds    Points `json:"adds"`
	// Labels are names for people of those IDs, where they differ.
	Labels map[string]string `json:"labels,omitempty"`
	// Left is how many single points of failure there are afterwards.
	Left int `json:"left"`

	after *Account
	gain  int // of weight
}

// Points are single points of failure: IDs of signers and domains.
type Points struct {
	Lock    []string `json:"lock,omitempty"`    // whose loss locks the account
	Theft   []string `json:"theft,omitempty"`   // whose compromise loses it
	Contest []string `json:"contest,omitempty"` // whose compromise has to be answered in time
}

// After is the account with the change made, and says so: audit it to see what is next.
func (a Advice) After() *Account { return a.after }

// Recommended settings.
const (
	guardDelay = 7 * day
	maxSteps   = 8
)

// Options are the changes that leave an account with fewer or lesser single points of
// failure, most effect for the effort first.
func Options(a *Account) ([]Advice, error) {
	if err := firstFatal(Check(a)); err != nil {
		return nil, err
	}
	if _, _, err := derive(a, nil); err != nil {
		return nil, err
	}
	return options(a), nil
}

// Plan takes the first option, and again, until none is left.
func Plan(a *Account) ([]Advice, error) {
	if _, err := Options(a); err != nil {
		return nil, err
	}
	var out []Advice
	for range maxSteps {
		next := options(a)
		if len(next) == 0 {
			break
		}
		out, a = append(out, next[0]), next[0].after
	}
	return out, nil
}

// lossWeight is how much more a single loss that locks counts than a single compromise
// that loses: a loss needs nobody who means harm.
const lossWeight = 3

func (p points) weight() int { return lossWeight*len(p.lock) + len(p.theft) }

// options are the changes that leave less weight, the most for the effort first.
func options(a *Account) []Advice {
	out := slices.DeleteFunc(effects(a), func(x Advice) bool { return x.gain <= 0 })
	worth := func(x Advice) float64 { return float64(x.gain) / float64(x.Effort) }
	slices.SortStableFunc(out, func(x, y Advice) int {
		return cmp.Or(cmp.Compare(worth(y), worth(x)), cmp.Compare(x.Effort, y.Effort))
	})
	return out
}

// effects makes each change on a copy and looks what it does. Changes that would be
// refused, or that lock today, are left out.
func effects(a *Account) []Advice {
	m, _, err := derive(a, nil)
	if err != nil {
		return nil
	}
	before := singles(a, m)
	today, was, domains := m.state(0, 0), refused(a), m.domains
	var out []Advice
	for _, c := range changes(a) {
		if refused(c.after) > was {
			continue // no room for it, or it would not be set up like that
		}
		m, _, err := derive(c.after, nil)
		if err != nil || m.state(0, 0) > today {
			continue
		}
		now := singles(c.after, m)
		c.gain = before.weight() - now.weight()
		c.Left = len(now.lock) + len(now.theft)
		c.Removes = Points{less(before.lock, now.lock), less(before.theft, now.theft), less(before.contest, now.contest)}
		c.Adds = Points{less(now.lock, before.lock), less(now.theft, before.theft), less(now.contest, before.contest)}
		c.label(a, domains)
		c.label(c.after, m.domains)
		out = append(out, c)
	}
	return out
}

// label names the points that an account has.
func (x *Advice) label(a *Account, domains []Domain) {
	name := func(id, label string) {
		for _, p := range []Points{x.Removes, x.Adds} {
			if id != label && slices.Contains(slices.Concat(p.Lock, p.Theft, p.Contest), id) {
				if x.Labels == nil {
					x.Labels = map[string]string{}
				}
				x.Labels[id] = label
			}
		}
	}
	for _, s := range a.Signers {
		name(s.ID, s.Label())
	}
	for _, d := range domains {
		name(d.ID, d.Label())
	}
}

// Fix is the change of the least effort that removes a single point of failure; of those
// the one that adds the fewest.
type Fix struct {
	Point string  `json:"point"` // of a signer or domain
	Theft bool    `json:"theft"` // it is a compromise that loses the account, not a loss that locks it
	By    *Advice `json:"by"`    // nil if no single change does
}

// fixes has one for each single point of failure.
func fixes(a *Account) []Fix {
	m, _, err := derive(a, nil)
	if err != nil {
		return nil
	}
	all := effects(a)
	slices.SortStableFunc(all, func(x, y Advice) int {
		adds := func(p Points) int { return lossWeight*len(p.Lock) + len(p.Theft) }
		return cmp.Or(cmp.Compare(x.Effort, y.Effort), cmp.Compare(adds(x.Adds), adds(y.Adds)))
	})
	var out []Fix
	add := func(ids []string, theft bool) {
		for _, id := range ids {
			f := Fix{Point: id, Theft: theft}
			for i := range all {
				if theft && slices.Contains(all[i].Removes.Theft, id) || !theft && slices.Contains(all[i].Removes.Lock, id) {
					f.By = &all[i]
					break
				}
			}
			out = append(out, f)
		}
	}
	p := singles(a, m)
	add(p.lock, false)
	add(p.theft, true)
	return out
}

// refused counts what must not be set up like that.
func refused(a *Account) (n int) {
	for _, f := range Check(a) {
		if f.Level >= Refused {
			n++
		}
	}
	return n
}

func less(a, b []string) (out []string) {
	for _, x := range a {
		if !slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}
