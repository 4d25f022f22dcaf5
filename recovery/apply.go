// What a person states beside what is known otherwise.

package recovery

import (
	"fmt"
	"slices"
	"strings"
)

// Account is the account that a file describes completely.
func (f *File) Account() (*Account, error) {
	if len(f.account.Routes) == 0 {
		return nil, &Error{Code: BadFile, Field: "route", What: "no route is described: nobody operates the account", Way: "describe who signs in [[route]], or name the account to read that from its chain"}
	}
	for _, s := range f.account.Signers {
		if s.Kind == "" {
			return nil, f.fail(s.ID, BadFile, "write one of "+joined(keyKinds), "its kind is missing")
		}
	}
	a := f.account
	a.Source = Stated
	a.Signers, a.Domains, a.Routes = slices.Clone(a.Signers), slices.Clone(a.Domains), slices.Clone(a.Routes)
	if err := firstFatal(Check(&a)); err != nil {
		return nil, err
	}
	return &a, nil
}

func (f *File) fail(id string, code Code, way, format string, args ...any) error {
	e := &Error{Code: code, Field: "signer " + id, What: fmt.Sprintf(format, args...), Way: way}
	if n := f.at[id]; n != nil {
		e.Line, e.Column = n.Line, n.Column
	}
	return e
}

// Apply adds what a file states to an account that was read elsewhere. It never replaces
// a fact with a weaker one: a statement that contradicts what a passkey signs, or what the
// chain enforces, is refused. Signers are found by their ID or key.
func (f *File) Apply(to *Account) (*Account, error) {
	if f.stands {
		return nil, &Error{Code: Contradiction, Field: "route", What: "the file says who signs for the account, and the account says so itself", Way: "leave [account], [[route]] and [[way]] out: they are read from the chain"}
	}
	a := *to
	a.Signers, a.Domains = slices.Clone(to.Signers), slices.Clone(to.Domains)
	for _, d := range f.account.Domains {
		if d.Kind == DomainRPID && d.Name != "" {
			a.renameRPID(d.Name, d.ID) // the file calls the RP ID something else
		}
		i := slices.IndexFunc(a.Domains, func(x Domain) bool { return x.ID == d.ID })
		if i < 0 {
			a.Domains = append(a.Domains, d)
			continue
		}
		if a.Domains[i].Kind != d.Kind {
			return nil, &Error{Code: Contradiction, Field: "domain " + d.ID, What: fmt.Sprintf("it is a domain of kind %s", a.Domains[i].Kind), Way: "give yours another ID"}
		}
		a.Domains[i] = joinDomain(a.Domains[i], d)
	}
	for _, s := range f.account.Signers {
		i := slices.IndexFunc(a.Signers, func(x Signer) bool {
			return x.ID == s.ID || s.Key != "" && strings.EqualFold(x.Key, s.Key) || x.Key != "" && strings.EqualFold(x.Key, s.ID)
		})
		if i < 0 {
			return nil, f.fail(s.ID, NotThere, "the signers are "+strings.Join(ids(a.Signers), ", "), "the account has no such signer")
		}
		joined, what := joinSigner(a.Signers[i], s)
		if what != "" {
			return nil, f.fail(s.ID, Contradiction, "leave it out of the file", "%s is known otherwise", what)
		}
		a.Signers[i] = joined
	}
	if err := firstFatal(Check(&a)); err != nil {
		return nil, err
	}
	return &a, nil
}

func ids(signers []Signer) (out []string) {
	for _, s := range signers {
		out = append(out, s.ID)
	}
	return out
}

// stronger is the fact that somebody better vouches for; ok is false if both cannot be true.
func stronger[T any](have, said Fact[T], same func(a, b T) bool) (out Fact[T], ok bool) {
	switch {
	case said.Source == Unknown:
		return have, true
	case have.Source > said.Source:
		return have, same(have.Value, said.Value)
	}
	return said, true
}

func equal[T comparable](a, b T) bool { return a == b }

func joinDomain(have, said Domain) Domain {
	if said.Name != "" {
		have.Name = said.Name
	}
	if said.Group != "" {
		have.Group = said.Group
	}
	have.In = slices.Clone(have.In)
	for _, id := range said.In {
		if !slices.Contains(have.In, id) {
			have.In = append(have.In, id)
		}
	}
	have.Secret, _ = stronger(have.Secret, said.Secret, equal)
	have.Offline, _ = stronger(have.Offline, said.Offline, equal)
	have.Sealed, _ = stronger(have.Sealed, said.Sealed, equal)
	return have
}

// joinSigner names what is contradicted, or "".
func joinSigner(have, said Signer) (Signer, string) {
	if said.Name != "" {
		have.Name = said.Name
	}
	if said.Kind != "" && have.Kind != "" && said.Kind != have.Kind {
		// The chain knows an address; what kind of key is behind it, only its holder does.
		passkeys := have.Kind == KindPasskey || said.Kind == KindPasskey
		if passkeys && (!have.AnyKind || have.Passkey != nil) || have.Quorum != nil {
			return have, "its kind"
		}
		have.Kind = said.Kind
	}
	if have.Kind == "" {
		have.Kind = said.Kind
	}
	if said.Kind != "" {
		have.AnyKind = false
	}
	if said.Quorum != nil {
		if have.Quorum != nil && !sameQuorum(*have.Quorum, *said.Quorum) {
			return have, "its quorum"
		}
		have.Quorum = said.Quorum
	}
	var ok [8]bool
	have.Cloud, ok[0] = stronger(have.Cloud, said.Cloud, equal)
	have.Devices, ok[1] = stronger(have.Devices, said.Devices, slices.Equal)
	have.Places, ok[2] = stronger(have.Places, said.Places, slices.Equal)
	have.RPID, ok[3] = stronger(have.RPID, said.RPID, equal)
	have.Apart, ok[4] = stronger(have.Apart, said.Apart, equal)
	have.Exportable, ok[5] = stronger(have.Exportable, said.Exportable, equal)
	have.Roaming, ok[6] = stronger(have.Roaming, said.Roaming, equal)
	have.Gone, ok[7] = stronger(have.Gone, said.Gone, equal)
	for i, what := range []string{"its cloud account", "its devices", "its places", "its RP ID", "whether it lives apart", "whether it can be exported", "whether it roams", "whether it is gone"} {
		if !ok[i] {
			return have, what
		}
	}
	return have, ""
}
