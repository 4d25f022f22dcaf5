package rescue

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/recovery"
)

// Chance is whether something will work. Better chances are greater.
type Chance uint8

// The chances. Unknown is counted as impossible wherever it matters.
const (
	Impossible Chance = iota
	Unknown
	Possible
)

var chances = [...]string{"impossible", "not known", "possible"}

func (c Chance) String() string { return chances[min(int(c), len(chances)-1)] }

// MarshalText makes a chance a word in JSON.
func (c Chance) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Method is a way to sign without the wallet.
type Method string

// The methods.
const (
	ByKey         Method = "key"          // a secp256k1 key signs anywhere
	ByPage        Method = "page"         // the rescue page, served from the passkey's own RP ID
	BySecurityKey Method = "security-key" // a program asks it over CTAP, for any RP ID
	ByExport      Method = "export"       // the passkey from its manager's export
	ByContract    Method = "contract"     // the signers behind a contract
	ByGuardians   Method = "guardians"    // others put a new signer in, after a delay
)

// Way is one way in which a signer can sign, or the guardians recover, when the wallet's vendor
// and bundler are gone.
type Way struct {
	Signer string `json:"signer,omitempty"` // ID in the description; "" for guardians
	Name   string `json:"name"`
	By     Method `json:"by"`
	Chance Chance `json:"chance"`
	Words  string `json:"words"`
	// Domain is what a page needs: the RP ID's domain. "" if it is not known, and for other methods.
	Domain string `json:"domain,omitempty"`
	// Prepare says what to do, or to find out, while everything is still there; "" for nothing.
	Prepare string `json:"prepare,omitempty"`
}

// Ways lists how each signer of an account could sign without its wallet, and the guardians
// recover. It is about what could be done before a loss, not after: signers that are stated to be
// gone have no way.
func Ways(a *recovery.Account) (out []Way) {
	for _, s := range a.Signers {
		if isMember(a, s.ID, recovery.Operate) {
			out = append(out, signerWays(a, s)...)
		}
	}
	for _, r := range a.Routes {
		if r.Use != recovery.Recover {
			continue
		}
		w := Way{Name: r.Label(), By: ByGuardians, Chance: reach(a, r.Quorum, nil, 0), Words: "they put a new signer in, at once"}
		if r.Delay > 0 {
			w.Words = "they put a new signer in after " + recovery.Span(r.Delay) + ": postern guardian propose"
		}
		if w.Chance != Possible {
			w.Prepare = "appoint guardians whose keys need no page that may be gone, and run a drill: postern drill new"
		}
		out = append(out, w)
	}
	return out
}

func isMember(a *recovery.Account, id string, use recovery.Use) bool {
	return slices.ContainsFunc(a.Routes, func(r recovery.Route) bool {
		return r.Use == use && slices.ContainsFunc(r.Members, func(m recovery.Member) bool { return m.Signer == id })
	})
}

func signerWays(a *recovery.Account, s recovery.Signer) []Way {
	way := func(by Method, c Chance, words, prepare string) Way {
		return Way{Signer: s.ID, Name: s.Label(), By: by, Chance: c, Words: words, Prepare: prepare}
	}
	if s.Gone.Relied() && s.Gone.Value {
		return []Way{way(ByKey, Impossible, "it is gone", "put another signer in its place")}
	}
	if u := s.Unable(); u.Relied() {
		return []Way{way(ByKey, Impossible, "it cannot sign as it is now: "+u.Value, "bring its backup to what the rule says, or put another signer in its place")}
	}
	switch s.Kind {
	case recovery.KindPasskey:
	case recovery.KindContract:
		if s.Quorum == nil {
			return []Way{way(ByContract, Unknown, "who signs for this contract is not known", "find out how it signs without an app")}
		}
		return []Way{way(ByContract, reach(a, *s.Quorum, nil, 1), "its own signers approve", "")}
	default:
		switch {
		case onFlow(a) && s.Kind == recovery.KindHardware:
			return []Way{way(ByKey, Unknown, "Flow's own programs sign with it, and the rescue page does not", tryOnce)}
		case onFlow(a):
			return []Way{way(ByKey, Possible, "it signs anywhere: on the rescue page, also from a disk", keepFile)}
		case otherValidator(a, s.ID):
			return []Way{way(ByKey, Unknown, notRoot, tryOnce)}
		case s.Key != "" && !common.IsHexAddress(s.Key):
			return []Way{way(ByKey, Unknown, "it is no secp256k1 key, and postern rescue takes no other", tryOnce)}
		}
		return []Way{way(ByKey, Possible, "it signs anywhere: postern rescue --owner-key", "")}
	}
	page := way(ByPage, Unknown, "on a page of its RP ID, which is not known", "find out its RP ID, and who keeps that domain alive")
	if s.RPID.Relied() && s.RPID.Value != "" {
		page = way(ByPage, Possible, "on a page of "+label(a, s.RPID.Value)+", for as long as that domain can serve one file", keepFile)
		page.Domain = s.RPID.Value
	}
	out := []Way{page, securityKey(s, way), export(s, way)}
	if otherValidator(a, s.ID) {
		for i, w := range out {
			if w.Chance == Possible {
				out[i].Chance, out[i].Words, out[i].Prepare = Unknown, notRoot, tryOnce
			}
		}
	}
	return out
}

const (
	kindFlow = "Flow account" // what an audit calls them
	notRoot  = "it is no root of the account, and postern rescue signs as the root only"
	tryOnce  = "find out how it signs without the wallet, and try that once"
	keepFile = "keep the rescue file: postern rescue --out rescue.html"
)

// onFlow says that the rescue page signs with plain keys of either curve.
func onFlow(a *recovery.Account) bool { return strings.HasPrefix(a.Kind, kindFlow) }

// otherValidator says that a Kernel account obeys the signer by a validator beside its root, which
// audits name first.
func otherValidator(a *recovery.Account, id string) bool {
	return strings.HasPrefix(a.Kind, string(Kernel)) && slices.ContainsFunc(a.Routes, func(r recovery.Route) bool {
		return r.Use == recovery.Operate && slices.IndexFunc(r.Members, func(m recovery.Member) bool { return m.Signer == id }) > 0
	})
}

func securityKey(s recovery.Signer, way func(Method, Chance, string, string) Way) Way {
	e := s.Passkey.Eligible()
	switch {
	case s.Roaming.Relied() && s.Roaming.Value:
		return way(BySecurityKey, Possible, "it is in a security key, which signs for any RP ID: postern rescue --security-key", "")
	case s.Roaming.Relied(), e.Relied() && e.Value, s.Cloud.Relied() && s.Cloud.Value != "":
		return way(BySecurityKey, Impossible, "it is in no security key", "")
	}
	return way(BySecurityKey, Unknown, "whether it is in a security key is not known", "say so in the facts: roaming = true or false")
}

func export(s recovery.Signer, way func(Method, Chance, string, string) Way) Way {
	e := s.Passkey.Eligible()
	switch {
	case s.Exportable.Relied() && s.Exportable.Value:
		return way(ByExport, Possible, "its manager exports it: postern rescue --export", "try the export once, and delete the file: whoever has it has the passkey")
	case s.Exportable.Relied(), s.Roaming.Relied() && s.Roaming.Value, e.Relied() && !e.Value:
		return way(ByExport, Impossible, "it cannot leave where it is", "")
	}
	return way(ByExport, Unknown, "whether its manager exports it is not known", "say so in the facts: exportable = true or false")
}

func label(a *recovery.Account, domain string) string {
	for _, d := range a.Domains {
		if d.ID == domain {
			return d.Label()
		}
	}
	return domain
}

// reach is the chance that a quorum comes together without the lost domain; nil is none lost.
// Contracts behind contracts are followed a few steps.
func reach(a *recovery.Account, q recovery.Quorum, lost *string, depth int) Chance {
	var sure, maybe uint64
	for _, m := range q.Members {
		i := slices.IndexFunc(a.Signers, func(s recovery.Signer) bool { return s.ID == m.Signer })
		if i < 0 || depth > 4 {
			continue
		}
		switch c := chanceOf(a, a.Signers[i], lost, depth); {
		case c == Possible:
			sure, maybe = add(sure, m.Weight), add(maybe, m.Weight)
		case c == Unknown:
			maybe = add(maybe, m.Weight)
		}
	}
	switch {
	case q.Threshold == 0 || maybe < q.Threshold:
		return Impossible
	case sure < q.Threshold:
		return Unknown
	}
	return Possible
}

// add does not wrap: weights come from outside.
func add(a, b uint64) uint64 {
	if a+b < a {
		return ^uint64(0)
	}
	return a + b
}

func chanceOf(a *recovery.Account, s recovery.Signer, lost *string, depth int) (best Chance) {
	if s.Kind == recovery.KindContract && s.Quorum != nil && !(s.Gone.Relied() && s.Gone.Value) {
		return reach(a, *s.Quorum, lost, depth+1)
	}
	for _, w := range signerWays(a, s) {
		if w.By == ByPage && lost != nil && (w.Domain == *lost || w.Domain == "") {
			continue // an RP ID that is not known counts as the one that is lost
		}
		best = max(best, w.Chance)
	}
	return best
}

// Outlook is what remains when a domain is lost, and the vendor and the bundler with it.
type Outlook struct {
	Domain string `json:"domain,omitempty"` // ID of the RP ID's domain that is lost; "" where none is known
	Chance Chance `json:"chance"`           // that the signers at hand reach the account
	// Guardians is the chance that they recover it, after their delay.
	Guardians Chance   `json:"guardians"`
	Words     string   `json:"words"`
	Prepare   []string `json:"prepare,omitempty"` // best first; empty if nothing is needed
}

// Outlooks says for each RP ID's domain what remains without it, while it can still be changed.
func Outlooks(a *recovery.Account) (out []Outlook) {
	var lost []string
	for _, d := range a.Domains {
		if d.Kind == recovery.DomainRPID {
			lost = append(lost, d.ID)
		}
	}
	if len(lost) == 0 {
		lost = []string{""}
	}
	for _, domain := range lost {
		o := Outlook{Domain: domain}
		for _, r := range a.Routes {
			switch c := reach(a, r.Quorum, &domain, 0); r.Use {
			case recovery.Operate:
				o.Chance = max(o.Chance, c)
			case recovery.Recover:
				o.Guardians = max(o.Guardians, c)
			}
		}
		what := "the RP ID's domain"
		if domain != "" {
			what = label(a, domain)
		}
		switch {
		case o.Chance == Possible:
			o.Words = fmt.Sprintf("Without %s, vendor and bundler the account can be rescued at once.", what)
		case o.Guardians == Possible:
			o.Words = fmt.Sprintf("Without %s, vendor and bundler only the guardians reach the account.", what)
		case max(o.Chance, o.Guardians) == Unknown:
			o.Words = fmt.Sprintf("Without %s, vendor and bundler it is not known whether anybody reaches the account: count on no.", what)
		default:
			o.Words = fmt.Sprintf("Without %s, vendor and bundler rescue is impossible: the account is locked for ever.", what)
		}
		if o.Chance != Possible {
			o.Prepare = prepare(a, o)
		}
		out = append(out, o)
	}
	return out
}

// prepare is what helps, as far as the account's contract can do it.
func prepare(a *recovery.Account, o Outlook) (out []string) {
	if o.Chance == Unknown {
		for _, w := range Ways(a) {
			if w.Chance == Unknown && w.Prepare != "" {
				out = append(out, w.Name+": "+w.Prepare)
			}
		}
	}
	for _, c := range []struct {
		can   recovery.Ability
		words string
	}{
		{recovery.CanAddPasskey, "add a passkey under a second RP ID, on a domain that others run and that serves the rescue file"},
		{recovery.CanAddPasskey, "add a passkey in a security key: it signs for an RP ID whose domain is gone"},
		{recovery.CanAddKey, "add a secp256k1 key that is kept off line"},
	} {
		if slices.Contains(a.Can, c.can) {
			out = append(out, c.words)
		}
	}
	if o.Guardians != Possible && slices.Contains(a.Can, recovery.CanGuardians) {
		with := "postern guardian setup"
		if strings.HasPrefix(a.Kind, string(Kernel)) {
			with = "postern kernel guardians set"
		}
		out = append(out, "appoint guardians: "+with)
	}
	return out
}
