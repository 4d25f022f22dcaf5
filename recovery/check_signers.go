// What is wrong with signers and their quorums.

package recovery

import (
	"fmt"
	"slices"
	"strings"
)

var keyKinds = []KeyKind{KindPasskey, KindHot, KindHardware, KindSeed, KindPerson, KindContract}

func (c *checker) signers() {
	keys := map[string]string{}
	for _, s := range c.a.Signers {
		field := "signer " + s.ID
		if !slices.Contains(keyKinds, s.Kind) {
			c.add(Fatal, WrongKind, field, "write one of "+joined(keyKinds), "there is no kind %s of signers", quoted(string(s.Kind)))
		}
		c.refers(field+", cloud", s.Cloud.Value, DomainCloud)
		c.refers(field+", rp-id", s.RPID.Value, DomainRPID)
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
		if u := s.Unable(); u.Relied() {
			c.add(Warning, RuleRefuses, field, "bring its backup to what the rule says and sign in with it once, or give it another rule by another signer", "it cannot sign as it is now: %s", u.Value)
		}
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
