package inspect

import (
	"github.com/postern-dev/postern/passkey"
)

// causeCodes are the words for programs; they are part of the output's form.
var causeCodes = map[passkey.Cause]string{
	passkey.ErrTooLarge: "too-large", passkey.ErrJSON: "json", passkey.ErrDuplicate: "duplicate", passkey.ErrMember: "member",
	passkey.ErrMissing: "missing", passkey.ErrBase64: "encoding", passkey.ErrCBOR: "cbor", passkey.ErrKey: "not-on-curve",
	passkey.ErrKeyFormat: "key-format", passkey.ErrAlgorithm: "algorithm", passkey.ErrSignatureForm: "der",
	passkey.ErrAuthData: "authdata", passkey.ErrFlags: "flags", passkey.ErrBackupState: "bs-without-be",
	passkey.ErrIDMismatch: "id-mismatch", passkey.ErrInconsistent: "inconsistent", passkey.ErrAttestation: "attestation",
	passkey.ErrOptions: "options", passkey.ErrPurpose: "purpose", passkey.ErrChallenge: "challenge", passkey.ErrOrigin: "origin",
	passkey.ErrTopOrigin: "top-origin", passkey.ErrRPID: "rp-id", passkey.ErrUserPresence: "up",
	passkey.ErrUserVerification: "uv", passkey.ErrBackupEligible: "be", passkey.ErrBackedUp: "bs", passkey.ErrSignature: "signature",
	passkey.ErrCredential: "credential", passkey.ErrUserHandle: "user-handle",
}

func causeCode(c passkey.Cause) string {
	if code, ok := causeCodes[c]; ok {
		return code
	}
	return "refused"
}

// rule is what the options say, as far as they say it.
func (in *inspector) rule() passkey.Rule {
	return passkey.Rule{RPID: in.opt.RPID, Origins: in.opt.Origins, Challenge: in.opt.Challenge}
}

func (in *inspector) key() *passkey.PublicKey {
	if in.opt.Key.IsZero() {
		return nil
	}
	return &in.opt.Key
}

// diagnosed adds the findings of package passkey.
func (r *Reading) diagnosed(findings []passkey.Finding) {
	for _, f := range findings {
		if !f.Blocking() {
			r.Findings = append(r.Findings, Finding{Severity: Note, Code: "remark", Message: f.Where + ": " + f.Seen, Source: f.Source, Hint: f.Hint})
			continue
		}
		message := string(f.Cause) + " (" + f.Where + ")"
		if f.Seen != "" {
			message += ": " + f.Seen
		}
		if f.Want != "" {
			message += "; wanted is " + f.Want
		}
		r.wrong(causeCode(f.Cause), message, f.Source, f.Hint)
	}
}

// source asks package passkey where one fault likely comes from.
func (in *inspector) source(a *passkey.Assertion, key *passkey.PublicKey, cause passkey.Cause) string {
	for _, f := range passkey.Diagnose(a, key, in.rule(), in.guesses()...) {
		if f.Cause == cause {
			return f.Source
		}
	}
	return ""
}
