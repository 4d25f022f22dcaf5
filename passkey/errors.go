package passkey

import "strings"

// Cause says why something was refused. Causes are constants: compare with errors.Is.
type Cause string

func (c Cause) Error() string { return "passkey: " + string(c) }

// Causes of parsers.
const (
	ErrTooLarge      Cause = "input is too large"
	ErrJSON          Cause = "not strict JSON"
	ErrDuplicate     Cause = "member occurs twice"
	ErrMember        Cause = "member has the wrong type or value"
	ErrMissing       Cause = "member is missing"
	ErrBase64        Cause = "not canonical unpadded base64url"
	ErrCBOR          Cause = "not canonical CBOR"
	ErrKey           Cause = "not a point on P-256"
	ErrKeyFormat     Cause = "public key is malformed"
	ErrAlgorithm     Cause = "key algorithm is not ES256"
	ErrSignatureForm Cause = "signature is malformed"
	ErrAuthData      Cause = "authenticator data is malformed"
	ErrFlags         Cause = "flags contradict what follows"
	ErrBackupState   Cause = "backed up (BS) but not eligible for backup (BE)"
	ErrIDMismatch    Cause = "id and rawId differ"
	ErrInconsistent  Cause = "the client's copy differs from what was attested"
	ErrAttestation   Cause = "attestation statement is wrong"
	ErrAAGUID        Cause = "AAGUID is malformed"
	ErrOptions       Cause = "ceremony options are wrong"
)

// Causes of Verify.
const (
	ErrRule             Cause = "the rule is incomplete"
	ErrPurpose          Cause = "made for another purpose"
	ErrChallenge        Cause = "signed another challenge"
	ErrOrigin           Cause = "origin is not allowed"
	ErrTopOrigin        Cause = "embedding origin is not allowed"
	ErrRPID             Cause = "made for another relying party"
	ErrUserPresence     Cause = "user presence (UP) is missing"
	ErrUserVerification Cause = "user verification (UV) is not as required"
	ErrBackupEligible   Cause = "backup eligibility (BE) is not as required"
	ErrBackedUp         Cause = "backup state (BS) is not as required"
	ErrBackupDrift      Cause = "backup eligibility (BE) changed since registration"
	ErrCredential       Cause = "made with another credential"
	ErrUserHandle       Cause = "made for another user"
	ErrSignature        Cause = "signature does not verify"
	ErrSignCount        Cause = "signature counter did not grow"
)

// Error is a refusal: the cause, what was seen where, what would have been accepted, and a way
// out. Seen and Want quote input and may be shown to the person who sent it.
type Error struct {
	Cause Cause
	Where string // the part of the input, e.g. "clientDataJSON" or "response.signature"
	Seen  string
	Want  string
	Hint  string
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Cause.Error())
	if e.Where != "" {
		b.WriteString(" (" + e.Where + ")")
	}
	if e.Seen != "" {
		b.WriteString(": saw " + e.Seen)
	}
	if e.Want != "" {
		b.WriteString(", want " + e.Want)
	}
	return b.String()
}

// Unwrap makes errors.Is(err, ErrOrigin) and the like work.
func (e *Error) Unwrap() error { return e.Cause }
