// From facts to the model: what is unknown is read in the worst way, or in the best.

package recovery

import (
	"slices"
	"strings"
)

// About is what an unknown fact is about.
type About string

// What may be unknown.
const (
	AboutSync       About = "sync"       // whether a passkey leaves its device
	AboutCloud      About = "cloud"      // which account syncs a key
	AboutDevices    About = "devices"    // which devices and places hold a key
	AboutRPID       About = "rpId"       // which domain a passkey is bound to
	AboutApart      About = "apart"      // whether a key shares domains with the others
	AboutSecret     About = "secret"     // what a cloud account asks for on a new device
	AboutOffline    About = "offline"    // whether devices keep their copies without the cloud account
	AboutSealed     About = "sealed"     // whether a cloud account gives up passkeys without the secret
	AboutExportable About = "exportable" // whether a passkey can be moved
	AboutRoaming    About = "roaming"    // whether a passkey can be asked without a browser
)

// Assumption is a fact that nobody vouches for and how it was counted.
type Assumption struct {
	About   About  `json:"about"`
	Signer  string `json:"signer,omitempty"`
	Domain  string `json:"domain,omitempty"`
	Claim   string `json:"claim,omitempty"` // what is claimed without anybody vouching for it
	Counted string `json:"counted"`
}

func (a Assumption) same(b Assumption) bool {
	return a.About == b.About && a.Signer == b.Signer && a.Domain == b.Domain
}

// reading says which assumptions are read in the best way; nil for none.
type reading func(Assumption) bool

func best(Assumption) bool { return true }

// The domains that stand for what is not known. There is one of each kind: that two
// unknown devices are two devices is not known either.
const (
	unknownDevice = "?device"
	unknownCloud  = "?cloud"
	unknownSecret = "?secret"
	unknownRPID   = "?rp-id"
)

var unknownDomains = map[DomainKind]Domain{
	DomainDevice: {ID: unknownDevice, Name: "a device not stated", Kind: DomainDevice, Assumed: true},
	DomainCloud:  {ID: unknownCloud, Name: "a cloud account not stated", Kind: DomainCloud, Assumed: true},
	DomainSecret: {ID: unknownSecret, Name: "a recovery secret not stated", Kind: DomainSecret, Assumed: true},
	DomainRPID:   {ID: unknownRPID, Name: "an RP ID not stated", Kind: DomainRPID, Assumed: true},
}

// deriver makes a model of an account that Check has found sound.
type deriver struct {
	a       *Account
	best    reading
	m       *model
	at      map[string]int // domains
	signer  map[string]int
	up      []set // of each domain: itself and what it is in
	assumed []Assumption
}

func derive(a *Account, r reading) (*model, []Assumption, error) {
	d := &deriver{a: a, best: r, at: map[string]int{}, signer: map[string]int{}, m: &model{parties: make([]party, len(a.Signers))}}
	for i, s := range a.Signers {
		d.signer[s.ID] = i
	}
	for j, dom := range a.Domains {
		d.at[dom.ID] = j
		d.m.domains = append(d.m.domains, dom)
	}
	d.up = make([]set, len(a.Domains))
	for j := range a.Domains {
		d.up[j] = d.climb(j, 0)
	}
	d.m.up = d.up
	for i := range a.Signers {
		d.party(i)
	}
	d.twins()
	for i := range a.Signers {
		d.place(i)
	}
	for _, r := range a.Routes {
		out := route{quorum: d.quorum(r.Quorum), id: r.ID, use: r.Use, delay: r.Delay}
		for _, c := range r.Cancel {
			out.cancel = append(out.cancel, d.quorum(c))
			for _, o := range a.Routes {
				out.owner = out.owner || o.Use == Operate && sameQuorum(o.Quorum, c)
			}
		}
		d.m.routes = append(d.m.routes, out)
	}
	for _, w := range a.Ways {
		d.m.ways = append(d.m.ways, means{d.ids(w.Needs), w.Rescue})
	}
	if n := d.m.atoms(); n > 64 {
		return nil, nil, &TooLargeError{What: "signers and domains, those for unknown facts among them", Count: n, Limit: 64}
	}
	return d.m, d.assumed, nil
}

func sameQuorum(a, b Quorum) bool {
	return a.Threshold == b.Threshold && slices.Equal(a.Members, b.Members)
}

func (d *deriver) climb(j, depth int) set {
	s := atom(len(d.a.Signers) + j)
	if depth > len(d.a.Domains) {
		return s // Check has refused circles
	}
	for _, id := range d.a.Domains[j].In {
		s |= d.climb(d.at[id], depth+1)
	}
	return s
}

// id is a domain and what it is in.
func (d *deriver) id(id string) set {
	if id == "" {
		return 0
	}
	j := d.at[id]
	if j < len(d.up) {
		return d.up[j]
	}
	return d.m.domain(j)
}

func (d *deriver) ids(ids []string) (s set) {
	for _, id := range ids {
		s |= d.id(id)
	}
	return s
}

// made returns an assumed domain, which it adds where it is not there yet.
func (d *deriver) made(dom Domain) set {
	j, ok := d.at[dom.ID]
	if !ok {
		j = len(d.m.domains)
		d.at[dom.ID] = j
		d.m.domains = append(d.m.domains, dom)
	}
	return d.m.domain(j)
}

// could are all domains of some kinds, and the unknown one of each: what something of
// these kinds that is not known may be.
func (d *deriver) could(kinds ...DomainKind) (s set) {
	for _, k := range kinds {
		for _, dom := range d.a.Domains {
			if dom.Kind == k && !dom.fresh {
				s |= d.id(dom.ID)
			}
		}
		if u, ok := unknownDomains[k]; ok {
			s |= d.made(u)
		}
	}
	return s
}

// unknown notes an assumption and reports whether it is read in the best way.
func (d *deriver) unknown(a Assumption) bool {
	if !slices.ContainsFunc(d.assumed, a.same) {
		d.assumed = append(d.assumed, a)
	}
	return d.best != nil && d.best(a)
}

func (d *deriver) quorum(q Quorum) quorum {
	out := quorum{threshold: q.Threshold}
	for _, m := range q.Members {
		out.who = append(out.who, d.signer[m.Signer])
		out.weight = append(out.weight, m.Weight)
	}
	return out
}

// place puts a party behind those that its quorum consists of.
func (d *deriver) place(i int) {
	if slices.Contains(d.m.order, i) {
		return
	}
	if q := d.m.parties[i].quorum; q != nil {
		for _, w := range q.who {
			d.place(w)
		}
	}
	d.m.order = append(d.m.order, i)
}

// twins ties signers together that are one key.
func (d *deriver) twins() {
	seen := map[string]int{}
	for i, s := range d.a.Signers {
		key := strings.ToLower(s.Key)
		if key == "" {
			continue
		}
		first, twice := seen[key]
		if !twice {
			seen[key] = i
			continue
		}
		one := d.made(Domain{ID: "=" + d.a.Signers[first].ID, Name: "the key of " + d.a.Signers[first].Label(), Kind: DomainKey, Assumed: true})
		for _, k := range []int{first, i} {
			p := &d.m.parties[k]
			for w := range p.means {
				p.means[w].needs |= one
			}
			p.holes = append(p.holes, hole{one})
		}
	}
}

func (d *deriver) party(i int) {
	s := &d.a.Signers[i]
	p := &d.m.parties[i]
	switch {
	case s.Quorum != nil:
		q := d.quorum(*s.Quorum)
		p.quorum = &q
	case s.Kind == KindPasskey:
		d.passkey(s, p)
	default:
		d.key(s, p)
	}
	if s.somebody() {
		d.m.turning |= atom(i)
	}
	if is(s.Gone) || s.Unable().Relied() {
		p.means, p.quorum = nil, nil
	}
}
