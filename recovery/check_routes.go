// What is wrong with routes.

package recovery

import "slices"

func (c *checker) routes() {
	full := map[string]bool{}
	operate := false
	for _, r := range c.a.Routes {
		if r.Use != Operate {
			continue
		}
		operate = true
		for _, m := range r.Members {
			full[m.Signer] = full[m.Signer] || r.Threshold > 0 && m.Weight >= r.Threshold && r.Delay == 0
		}
	}
	if !operate {
		c.add(Refused, NoOperate, "routes", "describe who operates the account", "no route operates the account")
	}
	for _, r := range c.a.Routes {
		field := "route " + r.ID
		switch {
		case r.Use != Operate && r.Use != Recover:
			c.add(Fatal, WrongKind, field, "write operate or recover", "there is no use %s", quoted(string(r.Use)))
		case r.Delay < 0 || r.Expiry < 0:
			c.add(Fatal, WrongKind, field, "write a positive number", "a delay or expiry below zero")
		case r.Delay > MaxDelay:
			c.add(Refused, DelayTooLong, field, "shorten it: days or weeks are enough to notice", "its delay is %s", Span(r.Delay))
		}
		c.living(field, r.Quorum)
		if r.Use == Recover {
			c.recovery(field, r, full)
		}
	}
	c.unused()
}

// unused looks for what no route and no signer depends on.
func (c *checker) unused() {
	used := map[string]bool{}
	quorum := func(q Quorum) {
		for _, m := range q.Members {
			used[m.Signer] = true
		}
	}
	for _, r := range c.a.Routes {
		quorum(r.Quorum)
	}
	for _, s := range c.a.Signers {
		if s.Quorum != nil {
			quorum(*s.Quorum)
		}
		for _, id := range slices.Concat(s.Devices.Value, s.Places.Value, []string{s.Cloud.Value, s.RPID.Value}) {
			used[id] = true
		}
	}
	for _, w := range c.a.Ways {
		for _, id := range w.Needs {
			used[id] = true
		}
	}
	for _, d := range c.a.Domains {
		used[d.Secret.Value] = true
		for _, id := range d.In {
			used[id] = true
		}
	}
	for _, s := range c.a.Signers {
		if !used[s.ID] {
			c.add(Warning, Unused, "signer "+s.ID, "leave it out, or name it in a route", "it signs for nothing")
		}
	}
	for _, d := range c.a.Domains {
		if !used[d.ID] {
			c.add(Warning, Unused, "domain "+d.ID, "leave it out, or say what is in it", "nothing is in it")
		}
	}
}

func (c *checker) recovery(field string, r Route, full map[string]bool) {
	switch {
	case r.Delay == 0:
		c.add(Refused, DelayZero, field, "set a delay of days, long enough to notice", "it takes the account at once: its quorum is a full signer")
	case len(r.Cancel) == 0:
		c.add(Warning, NoCancel, field, "let full control cancel it", "nobody can stop it while its delay runs")
	}
	if r.Expiry > 0 && r.Expiry < MinExpiry {
		c.add(Refused, ExpiryTooShort, field, "leave a day or more to execute it", "it expires %s after its delay", Span(r.Expiry))
	}
	for _, m := range r.Members {
		if full[m.Signer] {
			c.add(Warning, SignerGuards, field, "take somebody else: who has lost it has lost both", "%s is a full signer anyway", quoted(m.Signer))
		}
	}
	for _, q := range r.Cancel {
		for _, m := range q.Members {
			if q.Threshold > 0 && m.Weight >= q.Threshold && !full[m.Signer] {
				c.add(Refused, LoneVeto, field, "let a quorum of guardians cancel, or full control", "%s alone can stop every recovery", quoted(m.Signer))
			}
		}
	}
}

// living looks for members that can no longer sign.
func (c *checker) living(field string, q Quorum) {
	left, dead := uint64(0), false
	for _, m := range q.Members {
		if c.dead(m.Signer) {
			c.add(Refused, DeadGuardian, field, "replace it", "%s cannot sign", quoted(m.Signer))
			dead = true
		} else {
			left += m.Weight
		}
	}
	if dead && left < q.Threshold {
		c.add(Refused, DeadQuorum, field, "replace those who are gone", "those who can still sign weigh %d, and the threshold is %d", left, q.Threshold)
	}
}

// dead reports whether a signer, or too many of those behind it, can no longer sign.
func (c *checker) dead(id string) bool {
	if known, ok := c.gone[id]; ok {
		return known
	}
	s := c.a.Signers[c.signer[id]]
	dead := is(s.Gone) || s.Unable().Relied()
	if s.Quorum != nil {
		left := uint64(0)
		for _, m := range s.Quorum.Members {
			if !c.dead(m.Signer) {
				left += m.Weight
			}
		}
		dead = dead || left < s.Quorum.Threshold
	}
	c.gone[id] = dead
	return dead
}

// firstFatal is the first finding that nothing can be computed with, as an error.
func firstFatal(found []Finding) error {
	i := slices.IndexFunc(found, func(f Finding) bool { return f.Level == Fatal })
	if i < 0 {
		return nil
	}
	f := found[i]
	return &Error{Code: f.Code, Field: f.Field, What: f.What, Way: f.Way}
}
