package flow

import "fmt"

// Cause says why something was refused. Causes are constants: compare with errors.Is.
type Cause string

func (c Cause) Error() string { return "flow: " + string(c) }

// Causes of parsers and builders.
const (
	ErrAddress     Cause = "not an address of 8 bytes"
	ErrIdentifier  Cause = "not an identifier of 32 bytes"
	ErrRLP         Cause = "not canonical RLP"
	ErrTransaction Cause = "transaction is malformed"
	ErrTooLarge    Cause = "input is too large"
	ErrArgument    Cause = "not a JSON-CDC value"
	ErrRole        Cause = "the account has no such role in the transaction"
	ErrKey         Cause = "not a key of a Flow account"
	ErrSignable    Cause = "not a Signable of FCL"
	ErrComposite   Cause = "not a CompositeSignature of FCL"
	ErrProof       Cause = "no proof of the account"
)

// Causes of a whole transaction's verification, beside those of its signatures: see [Transaction.Judge].
const (
	ErrIncomplete Cause = "a part is missing"
	ErrMissing    Cause = "a signature is missing"
	ErrTwice      Cause = "the key has signed already"
	ErrNoKey      Cause = "the account has no such key"
	ErrProposer   Cause = "the proposal key has not signed"
	ErrWeight     Cause = "the weights do not reach 1000"
	ErrGasLimit   Cause = "the gas limit is out of bounds"
)

// Causes of a signature's verification, each a rule of nodes, in their order.
const (
	ErrRevoked      Cause = "the key is revoked"
	ErrScheme       Cause = "the extension's first byte is no scheme"
	ErrPlainTail    Cause = "bytes follow the plain scheme"
	ErrExtension    Cause = "the extension is not RLP of authenticatorData and clientDataJSON"
	ErrClientData   Cause = "clientDataJSON is not JSON of the right types"
	ErrType         Cause = "clientDataJSON is not of an assertion"
	ErrChallengeB64 Cause = "the challenge is not unpadded base64url of 32 bytes"
	ErrChallenge    Cause = "another message was signed"
	ErrAuthData     Cause = "authenticatorData is shorter than 37 bytes"
	ErrDomainTag    Cause = "the RP ID hash is the transaction domain tag"
	ErrUserPresence Cause = "user presence (UP) is missing"
	ErrBackupState  Cause = "backed up (BS) but not eligible for backup (BE)"
	ErrFlags        Cause = "AT or ED flag contradicts what follows authenticatorData"
	ErrSignatureLen Cause = "the signature is not r and s of 32 bytes each"
	ErrSignature    Cause = "the signature does not verify"
	ErrCurve        Cause = "no verifier for this curve"
)

// Causes of a [Policy], which nodes do not have.
const (
	ErrHighS      Cause = "s is high: the same transaction has another id"
	ErrLenient    Cause = "read by nodes, but written by no browser"
	ErrScript     Cause = "the script is not allowed"
	ErrAuthorizer Cause = "an account that pays must not authorize"
)

// Error is a refusal: what is wrong where, and a way out.
type Error struct {
	Cause Cause
	Where string // the part of the input
	Seen  string // what was found, for people; may quote input
	Way   string
}

func (e *Error) Error() string {
	text := string(e.Cause)
	if e.Where != "" {
		text = e.Where + ": " + text
	}
	if e.Seen != "" {
		text += ": " + e.Seen
	}
	return "flow: " + text
}

func (e *Error) Unwrap() error { return e.Cause }

// Hint is the way out.
func (e *Error) Hint() string { return e.Way }

func refused(c Cause, where, format string, args ...any) *Error {
	return &Error{Cause: c, Where: where, Seen: fmt.Sprintf(format, args...), Way: hints[c]}
}

var hints = map[Cause]string{
	ErrAddress:      "Write it as 16 hexadecimal digits, with or without 0x.",
	ErrIdentifier:   "Write it as 64 hexadecimal digits.",
	ErrRLP:          "Flow takes the shortest encoding only, and nothing after it.",
	ErrTooLarge:     "Nodes take no transaction above 1,500,000 bytes.",
	ErrArgument:     `Write arguments as JSON-Cadence, for example {"type":"UFix64","value":"1.0"}.`,
	ErrTransaction:  "Take it as the wallet wrote it: signatures stand in the order of signers and keys, plain ones without an extension.",
	ErrSignable:     "Pass on what FCL handed to the wallet's signing function, as JSON.",
	ErrProof:        "A proof has signatures by keys of its account that are not revoked, with weights of 1000 together, over a nonce of 32 to 1024 bytes, for an app whose name has at most 1024.",
	ErrRole:         "The proposer and the authorizers sign the payload, the payer signs the envelope, and the payer signs nothing else.",
	ErrKey:          "A key is 64 bytes x‖y, without the leading 04 of SEC 1; hash algorithm SHA2_256 for passkeys.",
	ErrRevoked:      "Sign with another key of the account, or add a new one.",
	ErrScheme:       "The first byte is 00 for a plain signature and 01 for a passkey's.",
	ErrPlainTail:    "Leave the extension out for a plain signature.",
	ErrExtension:    "The extension is 01 ‖ RLP([authenticatorData, clientDataJSON]), two byte strings and nothing after them.",
	ErrClientData:   "Pass on clientDataJSON as the browser gave it, byte for byte.",
	ErrType:         "Sign with navigator.credentials.get(), not create().",
	ErrChallengeB64: "The browser writes the challenge itself: hand it the 32 bytes, not their text.",
	ErrChallenge:    "Sign the challenge of this transaction and of this account's role: the payload's, or, for the payer, the envelope's. A payload signature added later changes the envelope.",
	ErrAuthData:     "Pass on authenticatorData as the authenticator gave it.",
	ErrUserPresence: "Nodes take no assertion without a touch.",
	ErrFlags:        "Pass on authenticatorData as the authenticator gave it.",
	ErrBackupState:  "Pass on authenticatorData as the authenticator gave it.",
	ErrDomainTag:    "No relying party has this hash: the bytes were made to look like a plain signature's.",
	ErrSignatureLen: "A browser gives DER; Flow takes r‖s.",
	ErrSignature:    "Another key signed this, or authenticatorData or clientDataJSON was changed; or the extension is missing, and the signature was taken for a plain one.",
	ErrCurve:        "Give a verifier for secp256k1, or use ES256.",
	ErrHighS:        "Replace s by n - s.",
	ErrLenient:      "Pass on clientDataJSON as the browser gave it, byte for byte.",
	ErrScript:       "Allow the script by its hash, or do not pay for it.",
	ErrGasLimit:     "Change the transaction's gas limit, or the policy's bound.",
	ErrIncomplete:   "A transaction has a script, a reference block and a payer: make it anew, and have it signed again.",
	ErrMissing:      "Everybody but the payer signs the payload, then the payer signs the envelope.",
	ErrTwice:        "A key signs a transaction once, the payload or the envelope: sign with another key, or leave one of the two out.",
	ErrNoKey:        "Sign with a key that the account has.",
	ErrProposer:     "The key whose sequence number is used signs, too.",
	ErrWeight:       "Let more keys of the account sign.",
	ErrAuthorizer:   "An authorizer's storage is open to the script: pay with an account that authorizes nothing.",
}
