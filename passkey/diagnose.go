package passkey

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Finding is one thing that a diagnosis has to say.
type Finding struct {
	Cause  Cause  // what the parser or Verify refuses it with; "" for a remark that blocks nothing
	Where  string // the part of the input
	Seen   string
	Want   string
	Source string // where this likely comes from; "" if nothing points anywhere
	Hint   string // the way out; "" if there is none but a new ceremony
}

// Blocking tells a reason for refusal from a remark.
func (f Finding) Blocking() bool { return f.Cause != "" }

// String is one line for a log or a terminal.
func (f Finding) String() string {
	var b strings.Builder
	if f.Blocking() {
		b.WriteString(string(f.Cause))
	} else {
		b.WriteString("note")
	}
	for _, part := range [...]struct{ before, text, after string }{
		{" (", f.Where, ")"}, {": saw ", f.Seen, ""}, {", want ", f.Want, ""}, {"; likely ", f.Source, ""}, {"; hint: ", f.Hint, ""},
	} {
		if part.text != "" {
			b.WriteString(part.before + part.text + part.after)
		}
	}
	return b.String()
}

// DiagnoseJSON lists everything that is wrong with the JSON of an assertion, reasons for refusal
// first, and where it likely comes from. It reads on where the strict parser stops. Without a
// key it does not check the signature; what the rule leaves empty is not checked. RP IDs in
// known are recognised by their hash, besides those that the rule and the origins suggest.
//
// With a key and a complete rule, a reason for refusal is listed exactly if ParseAssertion or
// Verify refuses, and what they refuse with is among those listed. The work is bounded but much
// more than Verify's: use it after a refusal, not instead.
func DiagnoseJSON(raw []byte, key *PublicKey, rule Rule, known ...string) []Finding {
	x := exam{purpose: TypeGet, key: key, rule: rule, known: known}
	a, err := ParseAssertion(raw)
	if err == nil {
		x.parsed(a)
		x.highS(raw)
		return x.result()
	}
	x.refused(err)
	if !errors.Is(err, ErrTooLarge) {
		x.envelope(raw)
	}
	return x.result()
}

// Diagnose is DiagnoseJSON for an assertion that has been parsed. What the parser normalises,
// such as a high s, cannot be seen any more.
func Diagnose(a *Assertion, key *PublicKey, rule Rule, known ...string) []Finding {
	x := exam{purpose: TypeGet, key: key, rule: rule, known: known}
	x.parsed(a)
	return x.result()
}

// DiagnoseParts is DiagnoseJSON for the raw parts of an assertion, each of which may be broken;
// a nil part is not there and not missed.
func DiagnoseParts(authData, clientDataJSON, derSig []byte, key *PublicKey, rule Rule, known ...string) []Finding {
	x := exam{purpose: TypeGet, key: key, rule: rule, known: known}
	x.parts(authData, clientDataJSON, derSig)
	return x.result()
}

// exam collects findings.
type exam struct {
	purpose  string // TypeGet or TypeCreate
	key      *PublicKey
	rule     Rule
	known    []string
	findings []Finding
}

func (x *exam) result() []Finding {
	slices.SortStableFunc(x.findings, func(a, b Finding) int {
		switch {
		case a.Blocking() == b.Blocking():
			return 0
		case a.Blocking():
			return -1
		}
		return 1
	})
	return x.findings
}

// add appends a finding unless its cause is known for the same place.
func (x *exam) add(f Finding) {
	for i, old := range x.findings {
		if f.Blocking() && old.Cause == f.Cause && old.Where == f.Where {
			if old.Source == "" {
				x.findings[i].Source = f.Source
			}
			return
		}
	}
	x.findings = append(x.findings, f)
}

func (x *exam) note(where, seen, source, hint string) {
	x.add(Finding{Where: where, Seen: seen, Source: source, Hint: hint})
}

// refused adds an error of a parser or a check.
func (x *exam) refused(err error) {
	x.refusedFrom(err, "")
}

func (x *exam) refusedFrom(err error, source string) {
	var e *Error
	if errors.As(err, &e) {
		x.add(Finding{Cause: e.Cause, Where: e.Where, Seen: e.Seen, Want: e.Want, Hint: e.Hint, Source: source})
	}
}

// parsed examines an assertion that the strict parser took, or one put together from what could
// be read.
func (x *exam) parsed(a *Assertion) {
	x.client(&a.ClientData)
	x.authenticator(&a.AuthData)
	x.identity(a.ID, a.UserHandle)
	x.signature(a)
}

// highS remarks on what ParseAssertion normalised in JSON that it took.
func (x *exam) highS(raw []byte) {
	var e envelope
	if e.parse(raw, get) != nil {
		return
	}
	if der, err := appendBase64(nil, e.signature, ""); err == nil {
		x.order(der)
	}
}

// order remarks on a high s.
func (x *exam) order(der []byte) {
	if sig, err := rawDER(der); err == nil && sig.highS() {
		x.note("signature", "s above half the group order", "an authenticator that leaves s as it comes, as most do", "it is normalised here; chains refuse the original")
	}
}

func (x *exam) identity(id, handle []byte) {
	r := &x.rule
	if err := checkCredential(id, r); err != nil {
		x.refusedFrom(err, "the person chose another passkey of the same site, or the list was not passed to the browser as allowCredentials")
	}
	if err := checkUserHandle(handle, r); err != nil {
		source := "a passkey of another account of the same site"
		if text := base64.RawURLEncoding.EncodeToString(r.UserHandle); string(handle) == text {
			source = "the user handle was given to the browser as the UTF-8 bytes of its base64url text, as @simplewebauthn/browser did up to version 8"
		}
		x.refusedFrom(err, source)
	}
}

// client examines client data against the rule.
func (x *exam) client(c *ClientData) {
	r := &x.rule
	if err := checkPurpose(c, x.purpose); err != nil {
		x.refusedFrom(err, purposeSource(c.Type))
	}
	if len(r.Challenge) > 0 {
		if err := checkChallenge(c, r); err != nil {
			x.refusedFrom(err, challengeSource(c.Challenge, r.Challenge))
		}
	}
	if len(r.Origins) > 0 {
		if err := checkOrigin(c, r); err != nil {
			x.refusedFrom(err, originSource(c.Origin, r.Origins))
		}
		if err := checkTopOrigin(c, r); err != nil {
			x.refusedFrom(err, "the page ran in a frame of another origin")
		}
	}
	x.shape(c)
}

// shape remarks on serialisations that only some verifiers on chains take.
func (x *exam) shape(c *ClientData) {
	if _, common := fastClientData(c.Raw, nil); common || len(c.Raw) == 0 {
		return
	}
	const where = "clientDataJSON"
	if bytes.HasPrefix(c.Raw, []byte(`{"androidPackageName"`)) {
		x.note(where, "androidPackageName as the first member", "the Credential Manager or FIDO2 API of Android", "seal it in a layout that takes any member order")
	} else if !bytes.HasPrefix(c.Raw, []byte(cdType)) {
		x.note(where, "members in another order than §5.8.1.1", "", "seal it in a layout that takes any member order")
	}
	if c.TypeOffset < 0 || c.ChallengeOffset < 0 {
		x.note(where, "white space or escapes around type or challenge", "a client that is no browser", "verifiers on chains refuse it: use another authenticator")
	}
	if !bytes.Contains(c.Raw, []byte(`"crossOrigin"`)) {
		x.note(where, "no crossOrigin", "Android, or an older Safari or Firefox", "")
	}
}

// authenticator examines authenticator data that could be read.
func (x *exam) authenticator(a *AuthenticatorData) {
	r := &x.rule
	if r.RPID != "" {
		if err := checkRPID(a, r); err != nil {
			x.refusedFrom(err, x.rpIDSource(a.RPIDHash))
		}
	}
	if err := checkUP(a, r, x.purpose); err != nil {
		x.refusedFrom(err, "a silent request of a native client; a browser always asks for presence")
	}
	if err := checkUV(a, r); err != nil {
		x.add(withUVSource(err, a.Flags))
	}
	if err := checkBE(a, r); err != nil {
		x.refusedFrom(err, backupSource(a.Flags.BE()))
	}
	if err := checkBS(a, r); err != nil {
		source := backupSource(a.Flags.BS())
		if a.Flags.BS() && !a.Flags.BE() {
			source = illegalBackup
		}
		x.refusedFrom(err, source)
	}
	if err := checkDrift(a, r); err != nil {
		source := "a provider that began to sync this passkey (seen with iCloud), or a record that lacked the flag and was read as false"
		hint := "accept with DriftAllowUpgrade and record the change"
		if !a.Flags.BE() {
			source, hint = "another authenticator holds the same key, or the flags were made up", "have the passkey registered anew"
		}
		x.add(Finding{Cause: ErrBackupDrift, Where: "authenticatorData", Seen: fmt.Sprintf("BE %t", a.Flags.BE()), Want: fmt.Sprintf("BE %t", !a.Flags.BE()), Source: source, Hint: hint})
	}
	if err := checkSignCount(a, r); err != nil {
		x.refusedFrom(err, "a copy of the credential, or two assertions that arrived in the other order")
	}
}

// signature examines the signature of a parsed assertion.
func (x *exam) signature(a *Assertion) {
	if x.key == nil {
		return
	}
	if x.key.IsZero() {
		x.add(Finding{Cause: ErrKey, Where: "key", Seen: "no key", Want: "the credential's public key"})
		return
	}
	if !a.signedBy(*x.key) {
		x.refusedFrom(badSignature(*x.key), signatureSource(a, *x.key))
	}
}
