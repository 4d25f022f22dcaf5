// What is wrong with a description, before anything is computed from it.

package recovery

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of what may be set up.
const (
	MaxDelay  = 2 * 365 * 24 * time.Hour
	MinExpiry = 24 * time.Hour
	maxName   = 80 // bytes
)

// Check names what is wrong with a description, the worst first. A setup with a finding
// of level Refused should not reach a chain.
func Check(a *Account) []Finding {
	c := &checker{a: a, signer: map[string]int{}, domain: map[string]int{}, gone: map[string]bool{}}
	c.names()
	if !c.fatal() {
		c.domains()
		c.signers()
		c.quorums()
	}
	if !c.fatal() {
		c.routes()
	}
	slices.SortStableFunc(c.found, func(x, y Finding) int { return cmp.Compare(y.Level, x.Level) })
	return c.found
}

type checker struct {
	a              *Account
	signer, domain map[string]int
	gone           map[string]bool // signers that can no longer sign
	found          []Finding
}

func (c *checker) add(level Level, code Code, field, way, format string, args ...any) {
	c.found = append(c.found, Finding{level, code, field, fmt.Sprintf(format, args...), way})
}

func (c *checker) fatal() bool {
	return slices.ContainsFunc(c.found, func(f Finding) bool { return f.Level == Fatal })
}

// plain accepts what may be shown in one line: no control characters or direction marks.
func plain(s string) bool {
	return len(s) <= maxName && utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

func (c *checker) names() {
	for _, n := range []struct {
		what       string
		have, most int
	}{{"signers and guardians", len(c.a.Signers), MaxSigners}, {"domains", len(c.a.Domains), MaxDomains}, {"routes", len(c.a.Routes), MaxRoutes}, {"ways to the chain", len(c.a.Ways), MaxRoutes}} {
		if n.have > n.most {
			c.add(Fatal, TooMany, n.what, "describe keys that always share their fate as one", "%d of them, more than %d", n.have, n.most)
			return
		}
	}
	ids := map[string]bool{}
	name := func(field, id, label string) {
		if id == "" || !plain(id) || !plain(label) || strings.ContainsAny(id[:1], "?=") {
			c.add(Fatal, BadName, field, fmt.Sprintf("write 1 to %d printable characters, the first neither ? nor =", maxName), "its ID or name cannot be shown")
		}
		if ids[id] {
			c.add(Fatal, Twice, field, "give each signer, domain and route an ID of its own", "the ID %q is there twice", id)
		}
		ids[id] = true
	}
	for _, s := range []string{c.a.Name, c.a.Kind, c.a.Address} {
		if !plain(s) {
			c.add(Fatal, BadName, "account", "write a short plain text", "its name, kind or address cannot be shown")
		}
	}
	for i, s := range c.a.Signers {
		name("signer "+ordinal(i, s.ID), s.ID, s.Name)
		c.signer[s.ID] = i
	}
	for i, d := range c.a.Domains {
		name("domain "+ordinal(i, d.ID), d.ID, d.Name)
		c.domain[d.ID] = i
	}
	for i, r := range c.a.Routes {
		name("route "+ordinal(i, r.ID), r.ID, r.Name)
	}
}

// ordinal names something by its ID, or by its place if that cannot be shown.
func ordinal(i int, id string) string {
	if id == "" || !plain(id) {
		return fmt.Sprint(i + 1)
	}
	return id
}

// refers checks the name of a domain of certain kinds; "" is none.
func (c *checker) refers(field, id string, kinds ...DomainKind) {
	if id == "" {
		return
	}
	j, ok := c.domain[id]
	switch {
	case !ok:
		kind := ""
		if len(kinds) > 0 {
			kind = fmt.Sprintf(" and kind = %q", kinds[0])
		}
		c.add(Fatal, NotThere, field, fmt.Sprintf("describe it, [[domain]] with id = %s%s, or correct the name", quoted(id), kind), "there is no domain %s", quoted(id))
	case len(kinds) > 0 && !slices.Contains(kinds, c.a.Domains[j].Kind):
		c.add(Fatal, WrongKind, field, fmt.Sprintf("name a domain of kind %s", kinds[0]), "%s is a domain of kind %s", quoted(id), c.a.Domains[j].Kind)
	}
}

// few refuses lists of more domains than there may be.
func (c *checker) few(field string, ids []string) {
	if len(ids) > MaxDomains {
		c.add(Fatal, TooMany, field, "name each domain once", "%d of them, more than %d", len(ids), MaxDomains)
	}
}

// quoted shows a text from outside, cut.
func quoted(s string) string {
	if len(s) > maxName {
		s = s[:maxName] + "…"
	}
	return fmt.Sprintf("%+q", s)
}

var domainKinds = []DomainKind{DomainDevice, DomainCloud, DomainSecret, DomainEcosystem, DomainRPID, DomainVendor, DomainCustody, DomainBundler, DomainChain}

func (c *checker) domains() {
	for _, d := range c.a.Domains {
		field := "domain " + d.ID
		if !slices.Contains(domainKinds, d.Kind) || d.Assumed {
			c.add(Fatal, WrongKind, field, "write one of "+joined(domainKinds), "there is no kind %s of domains to describe", quoted(string(d.Kind)))
		}
		for _, id := range d.In {
			c.refers(field+", in", id)
			if id == "" {
				c.add(Fatal, NotThere, field+", in", "leave it out", "an empty name")
			}
		}
		c.few(field+", in", d.In)
		c.refers(field+", secret", d.Secret.Value, DomainSecret)
		if d.Kind != DomainCloud && (d.Secret.Source != Unknown || d.Offline.Source != Unknown || d.Sealed.Source != Unknown || d.Group != "") {
			c.add(Fatal, WrongKind, field, "leave it out", "only a cloud account has a secret, a provider and rules for its copies")
		}
		if !plain(d.Group) {
			c.add(Fatal, BadName, field, "write a short plain text", "its provider cannot be shown")
		}
	}
	if c.fatal() {
		return
	}
	next := func(j int) (out []int) {
		for _, id := range c.a.Domains[j].In {
			out = append(out, c.domain[id])
		}
		return out
	}
	if j := circle(len(c.a.Domains), next); j >= 0 {
		c.add(Fatal, Circle, "domain "+c.a.Domains[j].ID, "say which of them contains the other", "it is in itself")
	}
}

func joined[T ~string](list []T) string {
	var out []string
	for _, x := range list {
		out = append(out, string(x))
	}
	return strings.Join(out, ", ")
}

// circle is an element that can be reached from itself; -1 if there is none.
func circle(n int, next func(int) []int) int {
	const (
		open = iota + 1
		done
	)
	state := make([]uint8, n)
	var visit func(i int) int
	visit = func(i int) int {
		if state[i] != 0 {
			if state[i] == open {
				return i
			}
			return -1
		}
		state[i] = open
		for _, k := range next(i) {
			if at := visit(k); at >= 0 {
				return at
			}
		}
		state[i] = done
		return -1
	}
	for i := range n {
		if at := visit(i); at >= 0 {
			return at
		}
	}
	return -1
}
