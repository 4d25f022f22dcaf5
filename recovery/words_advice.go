// What to ask and what to do, in words.

package recovery

import (
	"fmt"
	"slices"
)

func (r *Report) findingWords() (out []string) {
	for _, f := range r.Findings {
		out = append(out, fmt.Sprintf("%s, %s: %s. %s.", sentence(f.Level.String()), f.Field, f.What, sentence(f.Way)))
	}
	return out
}

func (r *Report) questionWords() (out []string) {
	for _, q := range r.Questions {
		if len(q.Rows)+len(q.Singles) == 0 {
			continue // by itself it tells nothing
		}
		does := fmt.Sprintf("may better %s", count(len(q.Rows), "event", "events"))
		if n := len(q.Singles); n > 0 {
			does += fmt.Sprintf(" and remove %s", count(n, "single point of failure", "single points of failure"))
		}
		out = append(out, fmt.Sprintf("%s Until then: %s. The answer %s.", q.Words, q.Counted, does))
	}
	return out
}

func (r *Report) planWords() (out []string) {
	after := r.account
	for _, a := range r.Plan {
		after = a.after
		name := func(ids []string) []string { return labelsOf(after, r, ids) }
		line := a.Words
		if n := a.Removes.Lock; len(n) > 0 {
			line += " Then losing " + list(name(n), "or") + " no longer locks it."
		}
		if n := a.Removes.Theft; len(n) > 0 {
			line += " Then taking over " + list(name(n), "or") + " no longer loses it."
		}
		line += r.newPoints(a)
		out = append(out, fmt.Sprintf("%s (Effort: %s; %s left.)", line, a.Effort, count(a.Left, "single point of failure", "single points of failure")))
	}
	return out
}

// fixWords say each change once, with all that it removes.
func (r *Report) fixWords() (out []string) {
	var order []string
	by, removes := map[string]*Advice{}, map[string][]string{}
	for _, f := range r.Fixes {
		key := ""
		if f.By != nil {
			key = f.By.Words
		}
		if by[key] == nil && !slices.Contains(order, key) {
			order = append(order, key)
		}
		by[key] = f.By
		what := r.Label(f.Point) + " lost"
		if f.Theft {
			what = r.Label(f.Point) + " taken over"
		}
		removes[key] = append(removes[key], what)
	}
	for _, key := range order {
		what := list(removes[key], "or")
		if by[key] == nil {
			if len(r.account.Can) > 0 {
				out = append(out, upper(what)+": no single change removes that.")
			}
			continue
		}
		out = append(out, fmt.Sprintf("%s: %s (Effort: %s.)%s", upper(what), key, by[key].Effort, r.newPoints(*by[key])))
	}
	return out
}

// newPoints are the single points of failure that a change brings.
func (r *Report) newPoints(a Advice) string {
	name := func(ids []string) string { return list(labelsOf(a.after, r, ids), "or") }
	out := ""
	if len(a.Adds.Lock) > 0 {
		out += stop(" New: losing " + name(a.Adds.Lock) + " locks it")
	}
	if len(a.Adds.Theft) > 0 {
		out += stop(" New: who takes over " + name(a.Adds.Theft) + " has it")
	}
	if len(a.Adds.Contest) > 0 {
		out += stop(" New: who takes over " + name(a.Adds.Contest) + " can begin to take it, and you have to notice in time")
	}
	return out
}

// labelsOf names what an account has, or what the report has made up.
func labelsOf(a *Account, r *Report, ids []string) (out []string) {
	names := map[string]string{}
	for _, s := range a.Signers {
		names[s.ID] = s.Label()
	}
	for _, d := range a.Domains {
		names[d.ID] = d.Label()
	}
	for _, id := range ids {
		if n, ok := names[id]; ok {
			out = append(out, n)
		} else {
			out = append(out, r.Label(id))
		}
	}
	return out
}
