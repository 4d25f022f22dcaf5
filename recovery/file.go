// Files: what a person states.

package recovery

import (
	"errors"
	"fmt"
	"slices"

	"github.com/postern-dev/postern/internal/textfile"
)

// FileVersion is the version of files that this package reads.
const FileVersion = 1

// File is what a person states: about an account that is read from elsewhere
// ([File.Apply]), or about all of one ([File.Account]).
type File struct {
	account Account
	// at is where each signer stands, for errors.
	at     map[string]*textfile.Node
	stands bool // it has an account or routes of its own
}

// ParseFile reads TOML, or JSON of the same shape; docs/recovery.md describes it. It
// refuses what it does not know, and says where. It does not judge: see [Check].
func ParseFile(data []byte) (*File, error) {
	root, err := textfile.Parse(data)
	if err != nil {
		return nil, placed(err)
	}
	f := &fileReader{out: &File{at: map[string]*textfile.Node{}}}
	f.file(root)
	if f.err != nil {
		return nil, placed(f.err)
	}
	return f.out, nil
}

// placed makes an error of this package of one of a text.
func placed(err error) error {
	var e *textfile.Error
	if errors.As(err, &e) {
		return &Error{Line: e.Line, Column: e.Column, Code: BadFile, Field: e.Field, What: e.What, Way: e.Way}
	}
	return err
}

// fileReader makes a File of tables. After the first error it does nothing more.
type fileReader struct {
	out *File
	err error
}

func (f *fileReader) file(root *textfile.Node) {
	t := f.table(root, "")
	switch n := t.take("version"); {
	case n == nil && root.Values["format"] != nil:
		kind := root.Values["format"]
		if name := f.text(kind, "format"); name != "" {
			f.refuse(kind, "format", "give a file of facts, as postern audit --template prints it; what this one is: postern inspect FILE", "it is a file of another kind, %s", name)
		}
	case n == nil:
		f.refuse(root, "version", "write version = 1", "it is missing")
	case f.number(n, "version") != FileVersion:
		f.refuse(n, "version", "use a newer release of this program", "it is %s, and this program reads %d", n.Text, FileVersion)
	}
	a := &f.out.account
	if n := t.take("account"); n != nil {
		f.out.stands = true
		f.about(f.table(n, "account"))
	}
	each := func(key string, most int, read func(t *table)) int {
		nodes := t.nodes(t.take(key), key, most)
		for i, n := range nodes {
			if f.err == nil {
				read(f.table(n, fmt.Sprintf("%s %d", key, i+1)))
			}
		}
		return len(nodes)
	}
	each("domain", MaxDomains, func(t *table) { a.Domains = append(a.Domains, f.domain(t)) })
	each("signer", MaxSigners, func(t *table) {
		s := f.signer(t)
		if f.out.at[s.ID] != nil {
			f.refuse(t.n, t.field, "write each signer once", "%s is there twice", quoted(s.ID))
		}
		f.out.at[s.ID] = t.n
		a.Signers = append(a.Signers, s)
	})
	if each("route", MaxRoutes, func(t *table) { a.Routes = append(a.Routes, f.route(t)) }) > 0 {
		f.out.stands = true
	}
	f.cancels(t.n)
	if each("way", MaxRoutes, func(t *table) {
		w := Way{Rescue: t.text("rescue")}
		w.Needs, _ = t.list("needs")
		t.done()
		a.Ways = append(a.Ways, w)
	}) > 0 {
		f.out.stands = true
	}
	t.done()
}

func (f *fileReader) about(t *table) {
	a := &f.out.account
	a.Name, a.Kind, a.Address = t.text("name"), t.text("kind"), t.text("address")
	can, _ := t.list("can")
	for _, x := range can {
		if !slices.Contains([]Ability{CanAddPasskey, CanAddKey, CanThreshold, CanGuardians}, Ability(x)) {
			f.refuse(t.n.Values["can"], t.at("can"), "write add-passkey, add-key, threshold or guardians", "nothing is called %s", quoted(x))
		}
		a.Can = append(a.Can, Ability(x))
	}
	t.done()
}

func (f *fileReader) domain(t *table) Domain {
	d := Domain{ID: t.must("id", "give it a short name"), Name: t.text("name"), Kind: DomainKind(t.must("kind", "write one of "+joined(domainKinds)))}
	if !slices.Contains(domainKinds, d.Kind) {
		f.refuse(t.n, t.at("kind"), "write one of "+joined(domainKinds), "there is no kind %s of domains", quoted(string(d.Kind)))
	}
	d.In, _ = t.list("in")
	if d.Kind == DomainCloud {
		d.Group, d.Secret, d.Offline, d.Sealed = t.text("provider"), t.stated("secret"), t.yes("offline"), t.yes("sealed")
	}
	t.done()
	return d
}

func (f *fileReader) signer(t *table) Signer {
	s := Signer{ID: t.must("id", "give it the name that the account has for it, or a short one"), Name: t.text("name"), Kind: KeyKind(t.text("kind")), Key: t.text("key")}
	if n := t.n.Values["kind"]; n != nil && !slices.Contains(keyKinds, s.Kind) {
		f.refuse(n, t.at("kind"), "write one of "+joined(keyKinds), "there is no kind %s of signers", quoted(string(s.Kind)))
	}
	s.Cloud, s.Devices, s.Places, s.RPID = t.stated("cloud"), t.listed("devices"), t.listed("places"), t.stated("rp-id")
	s.Apart, s.Exportable, s.Roaming, s.Gone = t.yes("apart"), t.yes("exportable"), t.yes("roaming"), t.yes("gone")
	if t.n.Values["threshold"] != nil || t.n.Values["members"] != nil {
		q := f.quorum(t)
		s.Quorum = &q
	}
	t.done()
	return s
}

// quorum reads threshold and members: a list, or a table of weights.
func (f *fileReader) quorum(t *table) (q Quorum) {
	if n := t.take("threshold"); n != nil {
		q.Threshold = f.number(n, t.at("threshold"))
	} else {
		f.refuse(t.n, t.at("threshold"), "write how much weight is needed", "it is missing")
	}
	n := t.take("members")
	switch {
	case n == nil:
		f.refuse(t.n, t.at("members"), `write ["signer", …] or { signer = weight, … }`, "it is missing")
	case n.Form == textfile.Table:
		if len(n.Keys) > MaxSigners {
			f.refuse(n, t.at("members"), "describe what always shares its fate as one", "%d of them, more than %d", len(n.Keys), MaxSigners)
			return q
		}
		for _, k := range n.Keys {
			q.Members = append(q.Members, Member{k, f.number(n.Values[k], t.at(k))})
		}
	default:
		for _, x := range t.nodes(n, "members", MaxSigners) {
			q.Members = append(q.Members, Member{f.text(x, t.at("members")), 1})
		}
	}
	return q
}

func (f *fileReader) route(t *table) Route {
	r := Route{ID: t.must("id", "give it a short name"), Name: t.text("name"), Use: Use(t.must("use", "write operate or recover"))}
	if r.Use != Operate && r.Use != Recover {
		f.refuse(t.n, t.at("use"), "write operate or recover", "there is no use %s", quoted(string(r.Use)))
	}
	r.Quorum = f.quorum(t)
	for _, x := range []string{"delay", "expiry"} {
		text := t.text(x)
		if text == "" {
			continue
		}
		d, ok := ParseSpan(text)
		if !ok {
			f.refuse(t.n.Values[x], t.at(x), `write "7 days" or "36 hours"`, "%s is no duration", quoted(text))
		}
		if x == "delay" {
			r.Delay = d
		} else {
			r.Expiry = d
		}
	}
	t.take("cancel") // when all routes are known
	t.done()
	return r
}

// cancels reads who cancels: IDs of routes, whose quorums may do it.
func (f *fileReader) cancels(root *textfile.Node) {
	routes := f.out.account.Routes
	if f.err != nil || root.Values["route"] == nil {
		return
	}
	for i, n := range root.Values["route"].List {
		t := f.table(n, fmt.Sprintf("route %d", i+1))
		ids, _ := t.list("cancel")
		for _, id := range ids {
			k := slices.IndexFunc(routes, func(r Route) bool { return r.ID == id })
			if k < 0 {
				f.refuse(n.Values["cancel"], t.at("cancel"), "write the IDs of routes", "there is no route %s", quoted(id))
				return
			}
			routes[i].Cancel = append(routes[i].Cancel, routes[k].Quorum)
		}
	}
}
