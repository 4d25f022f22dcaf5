package inspect

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/provider"
)

// authenticatorData recognises authenticator data standing alone.
func (in *inspector) authenticatorData(b []byte) (Reading, bool) {
	if len(b) < 37 {
		return Reading{}, false
	}
	name := in.relyingParty(b[:32])
	flags := passkey.Flags(b[32])
	_, err := passkey.ParseAuthenticatorData(b)
	var likelihood Likelihood
	switch {
	case name != "":
		likelihood = Certain
	case err == nil && flags.AT():
		likelihood = Certain
	case err == nil && flags&0x22 == 0 && flags.UP():
		likelihood = Likely
	case flags.AT() && flags.UP() && flags&0x22 == 0 && bytes.Contains(b[37:], keyFields):
		likelihood = Likely // malformed, but a COSE key follows
	default:
		return Reading{}, false
	}
	r := in.explainAuthData(b)
	r.Likelihood = likelihood
	return r, true
}

// explainAuthData explains bytes that are authenticator data for sure.
func (in *inspector) explainAuthData(b []byte) Reading {
	r := Reading{Kind: "authenticator-data", Title: "authenticator data", Likelihood: Certain}
	if len(b) < 37 {
		r.fact("bytes", hexOf(b))
		r.wrong("authdata-short", fmt.Sprintf("%d bytes; there are at least 37", len(b)), "cut, or another value in its place", "pass response.authenticatorData unchanged")
		return r
	}
	hash, name := hexOf(b[:32]), in.relyingParty(b[:32])
	if name != "" {
		hash += " = SHA-256 of " + shown(name)
	}
	if in.opt.RPID != "" && name != in.opt.RPID {
		r.wrong("rp-id", "it was made for another relying party than "+shown(in.opt.RPID), in.source(&passkey.Assertion{AuthData: passkey.AuthenticatorData{RPIDHash: [32]byte(b)}}, nil, passkey.ErrRPID), "use the same rpId at create() and get(); it is a domain, without scheme and port")
	}
	r.fact("RP ID hash", hash)
	flags := passkey.Flags(b[32])
	r.fact("flags", fmt.Sprintf("0x%02x = %s", b[32], flags))
	r.fact("signature counter", fmt.Sprint(uint32(b[33])<<24|uint32(b[34])<<16|uint32(b[35])<<8|uint32(b[36])))
	a, err := passkey.ParseAuthenticatorData(b)
	if err != nil && !errors.Is(err, passkey.ErrBackupState) { // that one is among the flags
		r.refused("authdata", err)
	}
	if c := a.Credential; c != nil {
		r.fact("AAGUID", aaguid(c.AAGUID))
		r.fact("credential id", fmt.Sprintf("%s (%d bytes)", base64URL(c.ID), len(c.ID)))
		part := Reading{Kind: "cose-key", Title: "credential public key", Likelihood: Certain}
		in.keyFacts(&part, c.Key)
		r.Parts = append(r.Parts, part)
	}
	if len(a.Extensions) > 0 {
		r.fact("extensions", hexOf(a.Extensions))
	}
	in.flagFindings(&r, flags)
	return r
}

func (in *inspector) flagFindings(r *Reading, f passkey.Flags) {
	if !f.UP() {
		r.wrong("up", "user presence (UP) is not set: all on-chain verifiers but Safe's refuse it", "a platform that signs silently, or a test authenticator", "use a ceremony with user presence; conditional creation does not set it")
	}
	if !f.UV() {
		r.warn("uv", "user verification (UV) is not set: accounts that demand it refuse this", "userVerification was \"preferred\" or \"discouraged\", or a password manager that leaves it unset, such as 1Password on iOS", "ask for userVerification \"required\"")
	}
	if f.BS() && !f.BE() {
		r.wrong("bs-without-be", "backed up (BS) but not eligible for backup (BE): verifiers refuse it, though not Solady's and Safe's", "a faulty authenticator", "the specification forbids it (section 6.1)")
	}
}

func aaguid(a passkey.AAGUID) string {
	if a.IsZero() {
		return a.String() + " (not named)"
	}
	if p, ok := provider.Lookup(a); ok {
		return a.String() + " = " + p.Name
	}
	return a.String()
}

// relyingParty names the RP ID of a hash, as far as it can be guessed.
func (in *inspector) relyingParty(hash []byte) string {
	for _, name := range in.guesses() {
		if sum := sha256.Sum256([]byte(name)); bytes.Equal(sum[:], hash) {
			return name
		}
	}
	return ""
}

// guesses are the RP IDs worth trying: the one given, the hosts of the origins and
// their parents, and localhost.
func (in *inspector) guesses() []string {
	var list []string
	if in.opt.RPID != "" {
		list = append(list, in.opt.RPID)
	}
	for _, origin := range in.opt.Origins {
		list = append(list, parents(host(origin))...)
	}
	return append(list, "localhost")
}

// host is the host of an origin, without scheme and port.
func host(origin string) string {
	if _, rest, ok := strings.Cut(origin, "://"); ok {
		origin = rest
	}
	origin, _, _ = strings.Cut(origin, "/")
	origin, _, _ = strings.Cut(origin, ":")
	return origin
}

// parents lists a domain and the domains above it.
func parents(domain string) []string {
	var list []string
	for domain != "" && len(list) < 8 {
		list = append(list, domain)
		_, domain, _ = strings.Cut(domain, ".")
	}
	return list
}

// explainClientData explains bytes that are clientDataJSON. purpose is the type that is
// wanted here; "" takes any.
func (in *inspector) explainClientData(b []byte, purpose string) Reading {
	r := Reading{Kind: "client-data", Title: "clientDataJSON", Likelihood: Certain}
	r.fact("text", show(b))
	c, err := passkey.ParseClientData(b)
	if err != nil {
		r.refused("client-data", err)
		if bytes.HasPrefix(b, []byte("\xef\xbb\xbf")) || bytes.ContainsAny(b, "\n\t") {
			r.note("reformatted", "the text was reformatted: the signature covers its exact bytes, so keep them as the browser gave them")
		}
		return r
	}
	r.fact("type", shown(c.Type))
	r.fact("challenge", fmt.Sprintf("%s = %s", shown(base64URL(c.Challenge)), hexOf(c.Challenge)))
	r.fact("origin", shown(c.Origin))
	if c.TopOrigin != "" {
		r.fact("embedded by", shown(c.TopOrigin))
	}
	r.fact("cross origin", fmt.Sprint(c.CrossOrigin))
	if purpose != "" && c.Type != purpose {
		r.wrong("purpose", fmt.Sprintf("the type is %s, not %q", shown(c.Type), purpose), "the reply of another ceremony", "use the reply of navigator.credentials."+strings.TrimPrefix(purpose, "webauthn.")+"()")
	}
	if len(in.opt.Origins) > 0 && !slices.Contains(in.opt.Origins, c.Origin) {
		r.wrong("origin", "the origin is "+shown(c.Origin)+", which is not among those given", in.source(&passkey.Assertion{ClientData: c}, nil, passkey.ErrOrigin), "give --origin exactly as the browser shows it: scheme, host and port, no slash at the end")
	}
	if c.Type == "webauthn.get" && (c.TypeOffset < 0 || c.ChallengeOffset < 0) {
		r.wrong("spacing", "type or challenge is written with spaces or escapes: no on-chain verifier finds it", "the JSON was parsed and written again", "keep the bytes as the browser gave them")
	} else if c.Type == "webauthn.get" && (c.TypeOffset != 1 || c.ChallengeOffset != 36) {
		r.warn("member-order", "type and challenge do not come first: verifiers that expect them at fixed places (Kernel) refuse it", "Android apps and some password managers order the members differently", "use an account kind that takes indices")
	}
	return r
}
