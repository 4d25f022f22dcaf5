// A report in words.

package recovery

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// mostPairs is how many pairs the words list; the report has all.
const mostPairs = 12

// Words are the report as lines of text. A line that begins with "# " is a heading.
func (r *Report) Words() []string {
	var out []string
	section := func(heading string, lines []string) {
		if len(lines) > 0 {
			if len(out) > 0 {
				out = append(out, "")
			}
			out = append(append(out, "# "+heading), lines...)
		}
	}
	section(r.title(), r.Verdict())
	section("Who signs, and where the keys live", r.signerWords())
	section("Where the passkeys stand", r.classWords())
	section("What else to know of the account", r.Notes)
	section("What is wrong with the setup", r.findingWords())
	section("If one thing happens", r.rowWords())
	section("If two things happen that one alone would not", r.pairWords())
	section("Smallest sets that lock it", r.cutWords(r.Lock))
	section("Smallest sets that lose it to somebody else", r.cutWords(r.Theft))
	section("What would tell more", r.questionWords())
	section("The least effort that removes each single point of failure", r.fixWords())
	section("What to do, in this order", r.planWords())
	return out
}

func (r *Report) title() string {
	name, more := r.titleParts()
	if more != "" {
		name += " (" + more + ")"
	}
	return name
}

// titleParts are the account's name, and what it is and how it is known.
func (r *Report) titleParts() (name, more string) {
	var parts []string
	for _, s := range []string{r.Kind, r.Address} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	switch r.Source {
	case Chain:
		parts = append(parts, "signers read from its chain")
	case Stated, Claimed:
		parts = append(parts, "signers as "+r.Source.String()+", not read from a chain")
	}
	name = cmp.Or(r.Account, "Account")
	if n := len(r.Supposed); n > 0 {
		name += ", as it would be"
		parts = append(parts, "with "+count(n, "supposed change", "supposed changes"))
	}
	return name, strings.Join(parts, ", ")
}

// Verdict is the report in two or three sentences, after what is only supposed, and what is
// urgent.
func (r *Report) Verdict() []string {
	var out []string
	if len(r.Supposed) > 0 {
		out = append(out, stop("This is not the account as it is, but as it would be after this: "+strings.Join(r.Supposed, " ")))
	}
	out = append(out, r.Urgent...)
	for _, s := range r.Signers {
		if s.Unable.Relied() {
			out = append(out, stop(s.Label+" cannot sign as it is now: "+s.Unable.Value))
		}
	}
	if r.Today.State != Works {
		return append(out, "Today already: "+r.Today.words(r)+".")
	}
	out = append(out,
		r.verdict(r.Lock, "locks", "lock", "loss", "losses", DomainChain),
		r.verdict(r.Theft, "loses", "lose", "compromise", "compromises", ""),
	)
	var watch []string
	for _, id := range r.Contest.Singles() {
		if !slices.Contains(r.Theft.Singles(), id) {
			watch = append(watch, r.Label(id))
		}
	}
	if len(watch) > 0 {
		out = append(out, stop("You have to notice in time if somebody takes over "+list(watch, "or")))
	}
	unsure := 0
	for _, row := range r.Rows {
		if row.Best != nil {
			unsure++
		}
	}
	if n := len(r.Unknown); n > 0 {
		what := "that alone makes no event worse"
		if unsure > 0 {
			what = count(unsure, "event", "events") + " could turn out better than said here"
		}
		out = append(out, fmt.Sprintf("%s not known and counted pessimistically; %s.", count(n, "fact is", "facts are"), what))
	}
	return out
}

// verdict leaves out what no choice of keys changes.
func (r *Report) verdict(c Cuts, locks, lock, loss, losses string, inherent DomainKind) string {
	var names []string
	smallest := 0
	for _, set := range c.Sets {
		if slices.ContainsFunc(set, func(id string) bool { return inherent != "" && r.kind(id) == inherent }) {
			continue
		}
		if smallest == 0 {
			smallest = len(set)
		}
		if len(set) == 1 {
			names = append(names, r.Label(set[0]))
		}
	}
	switch {
	case len(names) == 1:
		return stop(fmt.Sprintf("One single %s %s it: %s", loss, locks, names[0]))
	case len(names) > 1:
		return stop(fmt.Sprintf("%d single %s %s it: %s", len(names), losses, lock, list(names, "or")))
	case smallest == 0:
		return fmt.Sprintf("No %s of what is described here %s it.", loss, locks)
	}
	return fmt.Sprintf("No single %s %s it; it takes %d at once.", loss, locks, smallest)
}

func (r *Report) kind(id string) DomainKind {
	for _, d := range r.Domains {
		if d.ID == id {
			return d.Kind
		}
	}
	return ""
}

func (r *Report) labels(ids []string) (out []string) {
	for _, id := range ids {
		out = append(out, r.Label(id))
	}
	return out
}

// words say an outcome.
func (o Outcome) words(r *Report) string {
	by := list(r.labels(o.By), "and")
	route := func(id string) string {
		for _, x := range r.account.Routes {
			if x.ID == id {
				return x.Label()
			}
		}
		return id
	}
	var out string
	switch o.State {
	case Works:
		out = "still works"
		if o.Delay > 0 {
			out += ", with a delay of " + Span(o.Delay)
		}
		if len(o.Replace) > 0 {
			out += "; replace " + list(r.labels(o.Replace), "and")
		}
		if len(o.Perhaps) > 0 {
			out += "; whether " + list(r.labels(o.Perhaps), "and") + " can be relied on then is not known"
		}
	case Recoverable:
		out = "recoverable by " + by
		if o.Delay > 0 {
			out += " after " + Span(o.Delay)
		}
		for i, step := range o.Steps {
			if len(o.By) == 1 {
				step = strings.TrimPrefix(step, by+": ")
			}
			out += map[bool]string{true: ": ", false: "; "}[i == 0] + step
		}
	case Contested:
		out = fmt.Sprintf("somebody else can take it by %s in %s, unless you stop that in time", route(o.Attack), Span(o.Within))
	case Locked:
		out = "LOCKED: nobody gets in"
	case Stolen:
		out = "STOLEN"
		if o.Within > 0 {
			out += " after " + Span(o.Within) + ", and nobody is left to stop it"
		}
	}
	return out
}

// OutcomeWords say what an event leads to.
func (r *Report) OutcomeWords(row Row) string {
	out := row.Outcome.words(r)
	if row.Best != nil {
		out += fmt.Sprintf(" (at best: %s)", *row.Best)
	}
	return out
}

func (r *Report) rowWords() (out []string) {
	for _, row := range r.Rows {
		out = append(out, stop(upper(row.Words)+": "+r.OutcomeWords(row)))
	}
	return out
}

// pairWords list pairs that are worse together, without those that contain another one.
func (r *Report) pairWords() (out []string) {
	words, inherent := map[string]string{}, map[string]bool{}
	for _, row := range r.Rows {
		words[row.ID], inherent[row.ID] = row.Words, row.Inherent()
	}
	left := 0
	for _, state := range []State{Stolen, Locked, Contested, Recoverable} {
		for _, p := range r.Pairs {
			if !p.Worse || p.Implied || p.State != state || inherent[p.A] || inherent[p.B] {
				continue
			}
			if len(out) == mostPairs {
				left++
				continue
			}
			at := ""
			if p.Best != nil {
				at = fmt.Sprintf(" (at best: %s)", *p.Best)
			}
			out = append(out, fmt.Sprintf("%s and %s: %s%s.", upper(words[p.A]), words[p.B], p.State, at))
		}
	}
	if left > 0 {
		out = append(out, fmt.Sprintf("And %s; --json has all.", count(left, "more pair", "more pairs")))
	}
	return out
}

func (r *Report) cutWords(c Cuts) (out []string) {
	total := c.Total()
	for i, set := range c.Sets {
		if i == mostPairs {
			break
		}
		line := upper(list(r.labels(set), "and"))
		if len(set) == 1 && r.kind(set[0]) == DomainChain {
			line += ", whatever the keys are" // the verdict leaves it out
		}
		out = append(out, stop(line))
	}
	if more := total - uint64(len(out)); more > 0 {
		out = append(out, fmt.Sprintf("And %d more, the largest of %d.", more, len(c.Sizes)-1))
	}
	return out
}

var kindWords = map[KeyKind]string{
	KindPasskey: "passkey", KindHot: "key in software", KindHardware: "key in a hardware wallet",
	KindSeed: "key on paper", KindPerson: "somebody else's key", KindContract: "contract",
}

func (r *Report) signerWords() (out []string) {
	for _, s := range r.Signers {
		parts := []string{kindWords[s.Kind]}
		if s.Class != "" {
			parts[0] += ", " + s.Class
			if s.Examples != "" {
				parts[0] += " (as " + s.Examples + ")"
			}
		}
		if s.Provider != "" {
			parts = append(parts, fmt.Sprintf("provider %s (%s)", s.Provider, s.ProviderSource))
		}
		where := func(what string, source Source, ids ...string) {
			if source != Unknown && len(ids) > 0 && ids[0] != "" {
				parts = append(parts, fmt.Sprintf("%s %s (%s)", what, list(r.labels(ids), "and"), source))
			}
		}
		where("in", s.Cloud.Source, s.Cloud.Value)
		where("on", s.Devices.Source, s.Devices.Value...)
		where("kept by", s.Places.Source, s.Places.Value...)
		where("bound to", s.RPID.Source, s.RPID.Value)
		if is(s.Apart) {
			parts = append(parts, "shares nothing else with the others ("+s.Apart.Source.String()+")")
		}
		if is(s.Gone) {
			parts = append(parts, "can no longer sign ("+s.Gone.Source.String()+")")
		}
		if u := s.Unable; u.Relied() {
			parts = append(parts, "cannot sign as it is now: "+u.Value+" ("+u.Source.String()+")")
		}
		if !s.LastUse.IsZero() {
			parts = append(parts, "last used "+s.LastUse.UTC().Format("2006-01-02"))
		}
		out = append(out, fmt.Sprintf("%s: %s. Lost: %s; stolen: %s.", s.Label, strings.Join(parts, "; "), s.IfLost, s.IfStolen))
		for _, c := range s.Changes {
			out = append(out, fmt.Sprintf("%s, %s: %s.", s.Label, c.When.UTC().Format("2006-01-02"), c.What))
		}
	}
	return out
}
