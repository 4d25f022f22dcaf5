// After how many signatures a table has paid for itself.

package gasreport

import (
	"fmt"
	"math"
)

// choice is a way to verify a key's signatures on a chain without the precompile.
type choice struct {
	name  string
	build uint64 // once
	each  uint64 // a transaction with one signature, mean
}

// choices are no table and the tables, all with hints, smallest first.
func choices(r *Report, s Snapshot) ([]choice, error) {
	var out []choice
	for _, c := range []struct{ name, key, build string }{
		{"no table", "notable", ""}, {"512 B", "table512", "table.build512"}, {"1 KB", "table1k", "table.build1k"},
		{"4 KB", "table4k", "table.build4k"}, {"16 KB", "table16k", "table.build16k"},
	} {
		row := r.find("p256." + c.key + ".hint")
		if flow := r.find("webauthn." + c.key + ".hint"); flow != nil {
			row = flow
		}
		if row == nil {
			return nil, fmt.Errorf("nothing was measured for %s", c.name)
		}
		build, ok := s[Osaka][c.build]
		if !ok && c.build != "" {
			return nil, fmt.Errorf("contracts/gas.json has no %s", c.build)
		}
		out = append(out, choice{c.name, build, row.AllIn.Mean})
	}
	return out, nil
}

// after is the number of signatures from which on b is the cheaper one: at least one, and 0 for never.
func after(a, b choice) uint64 {
	if b.each >= a.each {
		return 0
	}
	if b.build <= a.build {
		return 1
	}
	return (b.build-a.build)/(a.each-b.each) + 1
}

// stretch is a range of numbers of signatures for which one choice is the cheapest.
type stretch struct {
	choice
	from, to uint64 // to 0: without an end
}

// cheapestBy is who is cheapest for how many signatures.
func cheapestBy(all []choice) (out []stretch) {
	now, from := all[0], uint64(1)
	for {
		next, at := now, uint64(math.MaxUint64)
		for _, c := range all {
			n := after(now, c)
			if n == 0 || n > at {
				continue
			}
			// Of those that overtake at the same number, the cheapest there.
			if n < at || c.build+n*c.each < next.build+n*next.each {
				next, at = c, n
			}
		}
		if at == math.MaxUint64 {
			return append(out, stretch{now, from, 0})
		}
		if at > from {
			out = append(out, stretch{now, from, at - 1})
		}
		now, from = next, max(from, at)
	}
}

// breakEven is the table of tables.
func breakEven(r *Report, s Snapshot) (string, error) {
	all, err := choices(r, s)
	if err != nil {
		return "", err
	}
	best := map[string]string{}
	for _, c := range cheapestBy(all) {
		best[c.name] = fmt.Sprintf("%s to %s", number(c.from), number(c.to))
		if c.to == 0 {
			best[c.name] = number(c.from) + " and more"
		}
	}
	g := newGrid("table", ">building it, once", ">a signature", ">saved by each", ">cheaper than none from", ">cheapest of all from … to")
	for i, c := range all {
		if best[c.name] == "" {
			best[c.name] = "–"
		}
		saved, pays := "–", "–"
		if i > 0 && c.each < all[0].each {
			saved, pays = number(all[0].each-c.each), number(after(all[0], c))
		}
		g.row(c.name, number(c.build), number(c.each), saved, pays, best[c.name])
	}
	return g.String(), nil
}
