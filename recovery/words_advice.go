// What to ask and what to do, in words.

package recovery

import (
	"cmp"
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
	if p := singles(r.account, r.worst); len(r.account.Can) == 0 && len(p.lock)+len(p.theft) > 0 {
		return []string{"No changes are proposed: what this account can change is not known here."}
	}
	for _, a := range r.Plan {
		out = append(out, a.Line())
	}
	return out
}

// Line says a change, what it is good for, what it brings, and what it costs.
func (a Advice) Line() string {
	line := a.Words
	if n := a.Removes.Lock; len(n) > 0 {
		line += " Then losing " + list(a.names(n), "or") + " no longer locks it."
	}
	if n := a.Removes.Theft; len(n) > 0 {
		line += " Then taking over " + list(a.names(n), "or") + " no longer loses it."
	}
	line += a.newPoints()
	return fmt.Sprintf("%s (Effort: %s; %s left.)", line, a.Effort, count(a.Left, "single point of failure", "single points of failure"))
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
		out = append(out, fmt.Sprintf("%s: %s (Effort: %s.)%s", upper(what), key, by[key].Effort, by[key].newPoints()))
	}
	return out
}

// newPoints are the single points of failure that a change brings.
func (a Advice) newPoints() string {
	name := func(ids []string) string { return list(a.names(ids), "or") }
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

// names are labels of points that a change removes or adds.
func (a Advice) names(ids []string) (out []string) {
	for _, id := range ids {
		out = append(out, cmp.Or(a.Labels[id], id))
	}
	return out
}
