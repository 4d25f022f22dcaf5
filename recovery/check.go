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

// Level says what a finding forbids.
type Level uint8

// The levels.
const (
	Warning Level = iota // worth knowing
	Refused              // must not be set up like this; an account that is can be audited
	Fatal                // the description contradicts itself: nothing can be computed
)

func (l Level) String() string { return [...]string{"warning", "refused", "fatal"}[min(l, Fatal)] }

// MarshalText makes a level a word in JSON.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Code names a finding, for programs.
type Code string

// The findings; Code.Why says what each is about.
const (
	TooMany          Code = "too-many"
	BadName          Code = "bad-name"
	Twice            Code = "twice"
	NotThere         Code = "not-there"
	WrongKind        Code = "wrong-kind"
	Circle           Code = "circle"
	Contradiction    Code = "contradiction"
	Overflow         Code = "overflow"
	OwnGuardian      Code = "own-guardian"
	SameKey          Code = "same-key"
	MemberTwice      Code = "member-twice"
	ThresholdZero    Code = "threshold-zero"
	ThresholdTooHigh Code = "threshold-too-high"
	WeightZero       Code = "weight-zero"
	DelayZero        Code = "delay-zero"
	DelayTooLong     Code = "delay-too-long"
	ExpiryTooShort   Code = "expiry-too-short"
	NoCancel         Code = "no-cancel"
	DeadGuardian     Code = "dead-guardian"
	DeadQuorum       Code = "dead-quorum"
	LoneVeto         Code = "lone-veto"
	SignerGuards     Code = "signer-guards"
	NoOperate        Code = "no-operate"
	Unused           Code = "unused"
	BadFile          Code = "bad-file"
)

var why = map[Code]string{
	TooMany:          "more signers, domains or routes than exact results are promised for",
	BadName:          "an ID or a name that cannot be shown, or none",
	Twice:            "an ID that is there twice",
	NotThere:         "a name of something that is not described",
	WrongKind:        "a value or a domain of another kind than belongs there",
	Circle:           "guardians that guard each other, or domains that contain each other",
	Contradiction:    "facts that cannot both be true",
	Overflow:         "weights whose sum does not fit into 64 bits",
	OwnGuardian:      "an account among its own signers or guardians",
	SameKey:          "one key that counts as two signers",
	MemberTwice:      "a signer that is in a quorum twice",
	ThresholdZero:    "a quorum that nobody has to sign for",
	ThresholdTooHigh: "a quorum that all members together do not reach",
	WeightZero:       "a member that does not count",
	DelayZero:        "a recovery that takes the account at once",
	DelayTooLong:     "a recovery that takes years",
	ExpiryTooShort:   "a recovery that expires before anybody can execute it",
	NoCancel:         "a recovery that nobody can stop",
	DeadGuardian:     "a guardian who can no longer sign",
	DeadQuorum:       "a quorum that those who can still sign do not reach",
	LoneVeto:         "a single guardian who can stop every recovery",
	SignerGuards:     "a guardian who is a full signer anyway",
	Unused:           "a domain that nothing lives in, or a signer that signs nothing",
	BadFile:          "a file that cannot be read, or says too little",
	NoOperate:        "no way to operate the account at all",
}

// Why says what a finding is about; "" if there is no such code.
func (c Code) Why() string { return why[c] }

// Finding is one thing that is wrong.
type Finding struct {
	Level Level  `json:"level"`
	Code  Code   `json:"code"`
	Field string `json:"field"`
	What  string `json:"what"`
	Way   string `json:"way"`
}

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
		c.add(Fatal, NotThere, field, "describe the domain, or correct the name", "there is no domain %s", quoted(id))
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

var keyKinds = []KeyKind{KindPasskey, KindHot, KindHardware, KindSeed, KindPerson, KindContract}

func (c *checker) signers() {
	keys := map[string]string{}
	for _, s := range c.a.Signers {
		field := "signer " + s.ID
		if !slices.Contains(keyKinds, s.Kind) {
			c.add(Fatal, WrongKind, field, "write one of "+joined(keyKinds), "there is no kind %s of signers", quoted(string(s.Kind)))
		}
		c.refers(field+", cloud", s.Cloud.Value, DomainCloud)
		c.refers(field+", rpId", s.RPID.Value, DomainRPID)
		c.few(field+", devices", s.Devices.Value)
		c.few(field+", places", s.Places.Value)
		for _, id := range s.Devices.Value {
			c.refers(field+", devices", orNone(id), DomainDevice)
		}
		for _, id := range s.Places.Value {
			c.refers(field+", places", orNone(id), DomainCustody)
		}
		if s.Kind != KindPasskey && (s.Passkey != nil || s.RPID.Source != Unknown || s.Roaming.Source != Unknown || s.Exportable.Source != Unknown) {
			c.add(Fatal, WrongKind, field, "leave it out, or write kind passkey", "only a passkey has an RP ID, flags and ways without it")
		}
		if s.Kind != KindContract && s.Quorum != nil {
			c.add(Fatal, WrongKind, field, "write kind contract", "only a contract has signers behind it")
		}
		if !plain(s.Key) {
			c.add(Fatal, BadName, field, "write an address or a key in hexadecimal", "its key cannot be shown")
		}
		c.contradictions(field, s)
		key := strings.ToLower(s.Key)
		if key == "" {
			continue
		}
		if key == strings.ToLower(c.a.Address) {
			c.add(Refused, OwnGuardian, field, "take a key that does not depend on this account", "it is the account itself: who is locked out of one is locked out of both")
		}
		if first, twice := keys[key]; twice {
			c.add(Refused, SameKey, field, "take another key, or leave one of the two out", "it is the same key as %s: one loss counts twice", first)
		} else {
			keys[key] = s.ID
		}
	}
}

// orNone makes an empty name in a list one that is not there.
func orNone(id string) string {
	if id == "" {
		return `""`
	}
	return id
}

// contradictions compares what is stated with what a passkey signs about itself.
func (c *checker) contradictions(field string, s Signer) {
	if (s.Devices.Relied() || s.Places.Relied()) && len(s.Devices.Value)+len(s.Places.Value) == 0 && s.Kind != KindPasskey && s.Quorum == nil && !(s.Cloud.Relied() && s.Cloud.Value != "") {
		c.add(Fatal, Contradiction, field, "name what holds it, or write gone = true", "it is stated to be nowhere")
		return
	}
	e := s.Passkey.Eligible()
	cloud := s.Cloud.Relied() && s.Cloud.Value != ""
	for _, x := range []struct {
		is   bool
		what string
		way  string
	}{
		{is(e) && s.Cloud.Relied() && !cloud, "it is stated to be in no cloud account, and its signed flag BE says that it may be copied", "leave cloud out, or name the account"},
		{is(e) && is(s.Roaming), "it is stated to be in a security key, and its signed flag BE says that it may be copied", "leave roaming out"},
		{is(s.Passkey.BackedUp()) && len(s.Devices.Value) == 0 && s.Cloud.Relied() && !cloud, "it is stated to be in no cloud account, and its signed flag BS says that it is backed up", "leave cloud out, or name the account"},
		{e.Source != Unknown && !e.Value && cloud, "it is stated to be in a cloud account, and its flag BE says that it never leaves its device", "leave cloud out"},
		{is(s.Roaming) && cloud, "it is stated to be in a security key and in a cloud account", "keep one of the two"},
		{e.Source != Unknown && !e.Value && is(s.Exportable), "it is stated to be exportable, and its flag BE says that it never leaves its device", "leave exportable out"},
		{is(s.Roaming) && is(s.Exportable), "it is stated to be in a security key and to be exportable", "keep one of the two"},
	} {
		if x.is {
			c.add(Fatal, Contradiction, field, x.way, "%s", x.what)
			return
		}
	}
}

// quorum checks one quorum and returns the sum of its weights.
func (c *checker) quorum(field string, q Quorum) uint64 {
	sum, seen := uint64(0), map[string]bool{}
	if len(q.Members) > MaxSigners {
		c.add(Fatal, TooMany, field, "leave members out that are there twice", "%d members, more than %d", len(q.Members), MaxSigners)
		return 0
	}
	for _, m := range q.Members {
		if _, ok := c.signer[m.Signer]; !ok {
			c.add(Fatal, NotThere, field, "describe the signer, or correct the name", "there is no signer %s", quoted(m.Signer))
		}
		if seen[m.Signer] {
			c.add(Refused, MemberTwice, field, "give it one weight", "%s is in it twice", quoted(m.Signer))
		}
		if seen[m.Signer] = true; m.Weight == 0 {
			c.add(Refused, WeightZero, field, "give it a weight, or leave it out", "%s does not count", quoted(m.Signer))
		}
		if sum+m.Weight < sum {
			c.add(Fatal, Overflow, field, "divide all weights and the threshold by the same number", "the weights' sum does not fit into 64 bits")
			return 0
		}
		sum += m.Weight
	}
	switch {
	case q.Threshold == 0:
		c.add(Refused, ThresholdZero, field, "require at least one signature", "its threshold is 0: anybody can act")
	case q.Threshold > sum:
		c.add(Refused, ThresholdTooHigh, field, "lower the threshold or add members", "its threshold is %d and its members together weigh %d", q.Threshold, sum)
	}
	return sum
}

func (c *checker) quorums() {
	for _, s := range c.a.Signers {
		if s.Quorum != nil {
			c.quorum("signer "+s.ID+", quorum", *s.Quorum)
		}
	}
	for _, r := range c.a.Routes {
		c.quorum("route "+r.ID, r.Quorum)
		for i, q := range r.Cancel {
			c.quorum(fmt.Sprintf("route %s, cancel %d", r.ID, i+1), q)
		}
		if len(r.Cancel) > MaxRoutes {
			c.add(Fatal, TooMany, "route "+r.ID+", cancel", "leave some out", "%d of them, more than %d", len(r.Cancel), MaxRoutes)
		}
	}
	for i, w := range c.a.Ways {
		c.few(fmt.Sprintf("way %d", i+1), w.Needs)
		for _, id := range w.Needs {
			c.refers(fmt.Sprintf("way %d", i+1), orNone(id))
		}
		if !plain(w.Rescue) {
			c.add(Fatal, BadName, fmt.Sprintf("way %d", i+1), "write a short plain text", "what it says to do cannot be shown")
		}
	}
	if c.fatal() {
		return
	}
	next := func(i int) (out []int) {
		if q := c.a.Signers[i].Quorum; q != nil {
			for _, m := range q.Members {
				out = append(out, c.signer[m.Signer])
			}
		}
		return out
	}
	if i := circle(len(c.a.Signers), next); i >= 0 {
		c.add(Fatal, Circle, "signer "+c.a.Signers[i].ID, "take a guardian that does not depend on this one", "it is behind itself: when one is locked out, all are")
	}
}
