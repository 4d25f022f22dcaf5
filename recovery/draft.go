// An account that is being changed.

package recovery

import (
	"fmt"
	"slices"
	"time"
)

// draft is a copy of an account that is being changed.
type draft struct {
	*Account
	words  string
	effort Effort
}

func edit(a *Account, effort Effort, format string, args ...any) *draft {
	b := *a
	b.Signers, b.Domains, b.Routes = slices.Clone(a.Signers), slices.Clone(a.Domains), slices.Clone(a.Routes)
	for i := range b.Routes {
		b.Routes[i].Members = slices.Clone(b.Routes[i].Members)
		b.Routes[i].Cancel = slices.Clone(b.Routes[i].Cancel)
	}
	return &draft{&b, fmt.Sprintf(format, args...), effort}
}

// done is the change; the account that it leads to says that nobody has made it yet.
func (d *draft) done() Advice {
	d.Supposed = append(slices.Clone(d.Supposed), d.words)
	return Advice{Words: d.words, Effort: d.effort, after: d.Account}
}

// fresh is an ID that is not taken.
func (d *draft) fresh(stem string) string {
	taken := func(id string) bool {
		return slices.ContainsFunc(d.Signers, func(s Signer) bool { return s.ID == id }) ||
			slices.ContainsFunc(d.Domains, func(x Domain) bool { return x.ID == id }) ||
			slices.ContainsFunc(d.Routes, func(r Route) bool { return r.ID == id })
	}
	id := stem
	for n := 2; taken(id); n++ {
		id = fmt.Sprintf("%s %d", stem, n)
	}
	return id
}

func (d *draft) domain(kind DomainKind, stem string) string {
	id := d.fresh(stem)
	x := Domain{ID: id, Kind: kind, fresh: true}
	if kind == DomainCloud {
		x.Secret, x.Offline, x.Sealed = Known(d.domain(DomainSecret, "its recovery secret"), Stated), Known(false, Stated), Known(false, Stated)
	}
	d.Domains = append(d.Domains, x)
	return id
}

// operators are the routes of full control that the signers share; cancels that are equal
// to one follow it.
func (d *draft) join(id string, change func(q *Quorum)) {
	for i := range d.Routes {
		if d.Routes[i].Use != Operate {
			continue
		}
		old := d.Routes[i].Quorum
		q := Quorum{old.Threshold, slices.Clone(old.Members)}
		if id != "" {
			q.Members = append(q.Members, Member{id, heaviest(q)})
		}
		if change != nil {
			change(&q)
		}
		d.Routes[i].Quorum = q
		for k := range d.Routes {
			for c := range d.Routes[k].Cancel {
				if sameQuorum(d.Routes[k].Cancel[c], old) {
					d.Routes[k].Cancel[c] = q
				}
			}
		}
		return // one route is enough
	}
}

func heaviest(q Quorum) uint64 {
	w := uint64(1)
	for _, m := range q.Members {
		w = max(w, m.Weight)
	}
	return w
}

// passkey adds a further passkey and returns its ID.
func (d *draft) passkey(cloud, rp string) string {
	id := d.fresh("new passkey")
	d.Signers = append(d.Signers, Signer{ID: id, Kind: KindPasskey, Cloud: Known(cloud, Stated), RPID: Known(rp, Stated),
		Devices: Known(d.devices(), Stated), Exportable: Known(false, Stated), Roaming: Known(false, Stated)})
	return id
}

// devices are those that a new passkey is copied to: all.
func (d *draft) devices() (out []string) {
	for _, x := range d.Domains {
		if x.Kind == DomainDevice {
			out = append(out, x.ID)
		}
	}
	return out
}

// securityKey adds a passkey in a security key that is kept elsewhere.
func (d *draft) securityKey(rp string) string {
	key := d.domain(DomainDevice, "new security key")
	id := d.fresh("passkey on the security key")
	d.Signers = append(d.Signers, Signer{ID: id, Kind: KindPasskey, Cloud: Known("", Stated), RPID: Known(rp, Stated),
		Devices: Known([]string{key}, Stated), Exportable: Known(false, Stated), Roaming: Known(true, Stated)})
	return id
}

// person adds somebody's own key.
func (d *draft) person() string {
	id := d.fresh("new guardian")
	d.Signers = append(d.Signers, Signer{ID: id, Kind: KindPerson, Apart: Known(true, Stated)})
	return id
}

// guard adds a recovery route that full control can cancel.
func (d *draft) guard(threshold uint64, ids ...string) {
	r := Route{ID: d.fresh("guardians"), Use: Recover, Quorum: Any(threshold, ids...), Delay: guardDelay, Expiry: 30 * 24 * time.Hour}
	for _, o := range d.Routes {
		if o.Use == Operate {
			r.Cancel = append(r.Cancel, o.Quorum)
		}
	}
	d.Routes = append(d.Routes, r)
}
