// The changes that are tried.

package recovery

import (
	"slices"
)

// changes are all single changes that the account kind allows.
func changes(a *Account) (out []Advice) {
	can := func(x Ability) bool { return slices.Contains(a.Can, x) }
	if can(CanGuardians) {
		out = append(out, delays(a)...)
		out = append(out, guards(a)...)
	}
	if can(CanAddPasskey) {
		out = append(out, passkeys(a)...)
	}
	if can(CanAddKey) {
		d := edit(a, EffortAccount, "Add a key on paper as a further signer, kept in a place that nothing else here is in.")
		d.join(d.paper("new key on paper"), nil)
		out = append(out, d.done())
	}
	if can(CanThreshold) {
		out = append(out, thresholds(a)...)
	}
	return append(out, removals(a)...)
}

func (d *draft) paper(stem string) string {
	id := d.fresh(stem)
	place := d.domain(DomainCustody, "a new place")
	d.Signers = append(d.Signers, Signer{ID: id, Kind: KindSeed, Places: Known([]string{place}, Stated), Cloud: Known("", Stated)})
	return id
}

// delays gives instant recoveries a delay and a way to stop them.
func delays(a *Account) (out []Advice) {
	for i, r := range a.Routes {
		if r.Use != Recover {
			continue
		}
		if r.Delay < guardDelay || len(r.Cancel) == 0 {
			d := edit(a, EffortSetting, "Raise the delay of %s to %s, and let full control cancel it.", r.Label(), Span(max(r.Delay, guardDelay)))
			d.Routes[i].Delay = max(r.Delay, guardDelay)
			for _, o := range d.Routes {
				if o.Use == Operate && !slices.ContainsFunc(d.Routes[i].Cancel, func(q Quorum) bool { return sameQuorum(q, o.Quorum) }) {
					d.Routes[i].Cancel = append(d.Routes[i].Cancel, o.Quorum)
				}
			}
			out = append(out, d.done())
		}
	}
	return out
}

// guards adds guardians.
func guards(a *Account) (out []Advice) {
	d := edit(a, EffortAccount, "Add a recovery key on paper that takes effect after %s unless you cancel, kept in a place that nothing else here is in.", Span(guardDelay))
	d.guard(1, d.paper("new recovery key"))
	out = append(out, d.done())

	d = edit(a, EffortPeople, "Add three guardians outside your devices and accounts, any two of whom can recover after %s unless you cancel.", Span(guardDelay))
	d.guard(2, d.person(), d.person(), d.person())
	out = append(out, d.done())

	for i, r := range a.Routes {
		if r.Use != Recover {
			continue
		}
		d := edit(a, EffortPeople, "Add a guardian outside your devices and accounts to %s.", r.Label())
		d.Routes[i].Members = append(d.Routes[i].Members, Member{d.person(), heaviest(r.Quorum)})
		out = append(out, d.done())
		d = edit(a, EffortPeople, "Add two guardians outside your devices and accounts to %s, and require one more.", r.Label())
		w := heaviest(r.Quorum)
		d.Routes[i].Members = append(d.Routes[i].Members, Member{d.person(), w}, Member{d.person(), w})
		d.Routes[i].Threshold += w
		out = append(out, d.done())
	}
	return out
}

// passkeys adds a signer under what is there and under something new.
func passkeys(a *Account) (out []Advice) {
	var clouds, rps []string
	for _, d := range a.Domains {
		switch d.Kind {
		case DomainCloud:
			clouds = append(clouds, d.ID)
		case DomainRPID:
			rps = append(rps, d.ID)
		}
	}
	label := func(id string) string {
		i := slices.IndexFunc(a.Domains, func(d Domain) bool { return d.ID == id })
		return a.Domains[i].Label()
	}
	for _, c := range clouds {
		d := edit(a, EffortPasskey, "Add a passkey under another RP ID, in %s.", label(c))
		d.join(d.passkey(c, d.domain(DomainRPID, "another RP ID")), nil)
		out = append(out, d.done())
	}
	for _, rp := range rps {
		d := edit(a, EffortAccount, "Add a passkey for %s in another cloud account or password manager.", label(rp))
		d.join(d.passkey(d.domain(DomainCloud, "another cloud account"), rp), nil)
		out = append(out, d.done())
		d = edit(a, EffortDevice, "Add a passkey for %s on a security key that is kept elsewhere.", label(rp))
		d.join(d.securityKey(rp), nil)
		out = append(out, d.done())
	}
	d := edit(a, EffortAccount, "Add a passkey under another RP ID in another cloud account or password manager.")
	d.join(d.passkey(d.domain(DomainCloud, "another cloud account"), d.domain(DomainRPID, "another RP ID")), nil)
	return append(out, d.done())
}

// thresholds requires more signatures of the first route that operates.
func thresholds(a *Account) (out []Advice) {
	i := slices.IndexFunc(a.Routes, func(r Route) bool { return r.Use == Operate })
	if i < 0 {
		return nil
	}
	w := heaviest(a.Routes[i].Quorum)
	if len(a.Routes[i].Members) >= 2 {
		d := edit(a, EffortSetting, "Require one signature more to operate.")
		d.raise(i, w)
		out = append(out, d.done())
	}
	if !slices.Contains(a.Can, CanAddPasskey) {
		return out
	}
	d := edit(a, EffortAccount, "Add a passkey under another RP ID, on another device and in another cloud account or password manager, and require one signature more to operate.")
	d.join(d.elsewhere(), nil)
	d.raise(i, w)
	out = append(out, d.done())

	d = edit(a, EffortDevice, "Add a passkey under another RP ID on a security key that is kept elsewhere, and require one signature more to operate.")
	d.join(d.securityKey(d.domain(DomainRPID, "another RP ID")), nil)
	d.raise(i, w)
	out = append(out, d.done())

	d = edit(a, EffortDevice, "Add a passkey on a security key, and one on another device and in another cloud account or password manager, each under an RP ID of its own, and require one signature more to operate.")
	d.join(d.securityKey(d.domain(DomainRPID, "another RP ID")), nil)
	d.join(d.elsewhere(), nil)
	d.raise(i, w)
	return append(out, d.done())
}

// elsewhere adds a passkey that shares neither the cloud account nor the RP ID of others.
// On the devices that are there it would be stolen with them.
func (d *draft) elsewhere() string {
	id := d.passkey(d.domain(DomainCloud, "another cloud account"), d.domain(DomainRPID, "another RP ID"))
	d.Signers[len(d.Signers)-1].Devices = Known([]string{d.domain(DomainDevice, "another device")}, Stated)
	return id
}

// raise requires more weight of a route, and of the cancels that are the same quorum.
func (d *draft) raise(i int, by uint64) {
	old := d.Routes[i].Quorum
	d.Routes[i].Threshold += by
	for k := range d.Routes {
		for c := range d.Routes[k].Cancel {
			if sameQuorum(d.Routes[k].Cancel[c], old) {
				d.Routes[k].Cancel[c].Threshold += by
			}
		}
	}
}

// removals takes signers out of full control that others can do without.
func removals(a *Account) (out []Advice) {
	for _, s := range a.Signers {
		if s.Kind != KindHot && s.Kind != KindSeed {
			continue
		}
		for i, r := range a.Routes {
			at := slices.IndexFunc(r.Members, func(m Member) bool { return m.Signer == s.ID })
			if r.Use != Operate || at < 0 || len(r.Members) < 2 {
				continue
			}
			d := edit(a, EffortSetting, "Remove %s from the signers: whoever gets it has the account.", s.Label())
			old := d.Routes[i].Quorum
			q := Quorum{old.Threshold, slices.Delete(slices.Clone(old.Members), at, at+1)}
			d.Routes[i].Quorum = q
			d.drop(s.ID)
			for k := range d.Routes {
				for c := range d.Routes[k].Cancel {
					if sameQuorum(d.Routes[k].Cancel[c], old) {
						d.Routes[k].Cancel[c] = q
					}
				}
			}
			out = append(out, d.done())
		}
	}
	return out
}

// drop forgets a signer that is in no quorum any more.
func (d *draft) drop(id string) {
	has := func(q Quorum) bool {
		return slices.ContainsFunc(q.Members, func(m Member) bool { return m.Signer == id })
	}
	for _, r := range d.Routes {
		if has(r.Quorum) || slices.ContainsFunc(r.Cancel, has) {
			return
		}
	}
	for _, s := range d.Signers {
		if s.Quorum != nil && has(*s.Quorum) {
			return
		}
	}
	d.Signers = slices.DeleteFunc(d.Signers, func(s Signer) bool { return s.ID == id })
}
