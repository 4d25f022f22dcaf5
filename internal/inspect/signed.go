package inspect

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/postern-dev/postern/passkey"
)

// explainSigned explains an assertion that a layout carries: its parts, what the layout
// demands, the challenge and the signature.
func (in *inspector) explainSigned(r *Reading, p assertionParts) {
	r.fact("r", hexOf(p.r[:]))
	r.fact("s", hexOf(p.s[:]))
	s, err := checkScalars(p.r, p.s)
	if err != nil {
		r.wrong("scalar", err.Error(), "a stub for gas estimation, or a wrong offset", "")
	} else if s.high {
		highS(r, p.layout.takesHighS)
	}
	if p.r == p.s {
		r.warn("stub", "r equals s, which no signature has: it is a stub for gas estimation", "an operation as it is estimated, not as it is sent", "have the passkey sign the final operation, and put its signature in")
	}
	auth := in.explainAuthData(p.authData)
	if p.layout.needsUV && len(p.authData) > 32 && p.authData[32]&byte(passkey.FlagUV) == 0 {
		auth.Findings = slices.DeleteFunc(auth.Findings, func(f Finding) bool { return f.Code == "uv" })
		auth.wrong("uv", "user verification (UV) is not set and this verifier demands it", "userVerification was not \"required\", or a password manager that leaves it unset, such as 1Password on iOS", "ask for userVerification \"required\" and sign again")
	}
	r.Parts = append(r.Parts, auth)
	if p.clientData != nil {
		r.Parts = append(r.Parts, in.explainClientData(p.clientData, "webauthn.get"))
		in.checkPlaces(r, p)
		in.checkChallenge(r, p)
	}
	if err == nil && p.clientData != nil {
		in.checkSignature(r, p.authData, p.clientData, p.r, p.s)
	}
	if p.clientData == nil {
		r.note("unverified", "the challenge is not part of this layout, so the signature was not checked: give --challenge")
	}
}

// checkPlaces checks the positions that the signature claims.
func (in *inspector) checkPlaces(r *Reading, p assertionParts) {
	at := func(i int, want string) bool {
		return i >= 0 && i <= len(p.clientData) && bytes.HasPrefix(p.clientData[i:], []byte(want))
	}
	find := func(want string) string { return fmt.Sprint(bytes.Index(p.clientData, []byte(want))) }
	if p.typeIndex >= 0 && !at(p.typeIndex, `"type":"webauthn.get"`) {
		r.wrong("type-index", fmt.Sprintf(`"type":"webauthn.get" does not stand at the type index %d`, p.typeIndex), "a fixed index, or one counted in characters and not bytes", `it stands at `+find(`"type":"webauthn.get"`))
	}
	if p.challengeIndex >= 0 && !at(p.challengeIndex, `"challenge":"`) {
		r.wrong("challenge-index", fmt.Sprintf(`"challenge":" does not stand at the challenge index %d`, p.challengeIndex), "a fixed index, or one that points to the value", `it stands at `+find(`"challenge":"`))
	}
	if p.layout.fixedPlace && !at(0, `{"type":"webauthn.get","challenge":"`) {
		r.wrong("fixed-place", `the client data does not start with {"type":"webauthn.get","challenge":", which this verifier demands`, "Android apps and some password managers order the members differently", "this authenticator cannot be used with this account kind")
	}
}

// checkSignature verifies against the key that was given, or names the keys that may
// have signed.
func (in *inspector) checkSignature(r *Reading, authData, clientData []byte, rr, ss [32]byte) {
	sig, err := passkey.ParseP1363(append(rr[:], ss[:]...))
	if err != nil {
		return
	}
	a, err := passkey.NewAssertion([]byte{0}, authData, clientData, sig.DER())
	if err != nil {
		return // its parts say why
	}
	in.whoSigned(r, a)
}

// whoSigned says who signed, and what is wrong when it was not the given key.
func (in *inspector) whoSigned(r *Reading, a *passkey.Assertion) {
	if !in.namesSigner(r, a) {
		r.wrong("signature", "the signature does not verify with the given key", in.source(a, &in.opt.Key, passkey.ErrSignature), "compare the given key with the one that was registered")
	}
}

// namesSigner states the keys that may have signed, or that the given one has. It is
// false only if it has not.
func (in *inspector) namesSigner(r *Reading, a *passkey.Assertion) bool {
	keys := a.Recover()
	if !in.opt.Key.IsZero() {
		if !slices.Contains(keys, in.opt.Key) {
			return false
		}
		r.fact("signature", "verifies with the given key")
		return true
	}
	for i, key := range keys {
		text := key.String()
		if in.op != nil && bytes.Contains(in.op.op.FactoryData, key.Raw()) {
			text += " (a key in the factory data)"
		}
		r.fact(fmt.Sprintf("signed by, %d of %d", i+1, len(keys)), text)
	}
	return true
}
