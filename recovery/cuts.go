// Minimal cut sets: exact, counted by size, the smallest listed.

package recovery

// MaxCuts is how many minimal sets a report lists; all are counted.
const MaxCuts = 64

// maxNodes bounds the diagrams of one question: 12 bytes each.
const maxNodes = 2 << 20

// Cuts are the minimal sets of one kind.
type Cuts struct {
	// Sets are the smallest ones, at most MaxCuts: IDs of signers and domains.
	Sets []Cut `json:"sets"`
	// Sizes[k] is how many minimal sets have k members, all of them.
	Sizes []uint64 `json:"sizes"`
}

// Cut is a minimal set.
type Cut []string

// Smallest is the size of the smallest set; 0 if there is none.
func (c Cuts) Smallest() int {
	for k, n := range c.Sizes {
		if n > 0 {
			return k
		}
	}
	return 0
}

// Total is how many minimal sets there are.
func (c Cuts) Total() (n uint64) {
	for _, k := range c.Sizes {
		n += k
	}
	return n
}

// Singles are the sets of one member.
func (c Cuts) Singles() (out []string) {
	for _, s := range c.Sets {
		if len(s) == 1 {
			out = append(out, s[0])
		}
	}
	return out
}

// minimalSets lists the minimal sets of a function, or says that there is no room.
func (a *analysis) minimalSets(f ref, limit int) (sets []set, sizes []uint64, err error) {
	k := a.d.minimal(f)
	if a.d.full {
		return nil, nil, &TooLargeError{What: "nodes of a decision diagram", Count: len(a.d.nodes), Limit: a.d.limit}
	}
	counts := map[ref][]uint64{0: nil, 1: {1}}
	a.count(k, counts)
	sizes = counts[k]
	for size := range sizes {
		a.list(k, size, 0, counts, func(s set) bool {
			if len(sets) == limit {
				return false
			}
			sets = append(sets, s)
			return true
		})
	}
	return sets, sizes, nil
}

// count counts the sets of a family by their sizes.
func (a *analysis) count(k ref, counts map[ref][]uint64) []uint64 {
	if c, ok := counts[k]; ok {
		return c
	}
	n := a.d.nodes[k]
	lo, hi := a.count(n.lo, counts), a.count(n.hi, counts)
	c := make([]uint64, max(len(lo), len(hi)+1))
	copy(c, lo)
	for i, x := range hi {
		c[i+1] += x
	}
	counts[k] = c
	return c
}

// list calls f for the sets of one size until it returns false.
func (a *analysis) list(k ref, size int, have set, counts map[ref][]uint64, f func(set) bool) bool {
	if c := counts[k]; size >= len(c) || c[size] == 0 {
		return true
	}
	if k == 1 {
		return f(have)
	}
	n := a.d.nodes[k]
	return a.list(n.hi, size-1, have|atom(a.atom(int(n.v))), counts, f) && a.list(n.lo, size, have, counts, f)
}
