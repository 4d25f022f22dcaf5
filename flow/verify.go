package flow

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"github.com/postern-dev/postern/passkey"
)

// Verify says whether nodes take a signature of a message by a key; nil means that they do. The message is what
// [Transaction.Message] gives. Rules are checked in the order of nodes, and the error names the first that is broken.
//
// Nodes are lenient in what they read: member names in any case, duplicates of which the last one counts, white space,
// and they ask for no origin. So is Verify, which reads what is on the chain; [Policy] is for signers and sponsors.
//
// It follows FLIP 264 as flow-go v0.43 and later have it, where they differ. secp256k1 may be nil.
func Verify(s Signature, message []byte, key AccountKey, secp256k1 Verifier) error {
	if key.Revoked {
		return refused(ErrRevoked, "", "key %d of %s", key.Index, s.Address)
	}
	signed, err := signedBy(s.Extension, message)
	if err != nil {
		return err
	}
	return key.verify(s.Signature, signed, secp256k1)
}

// VerifySignature is [Verify] of one of a transaction's signatures, in the list where it stands: RolePayload or
// RoleEnvelope. Nodes go by the list and not by what the account is; whether the transaction is good with it is what
// [Transaction.Judge] says.
func (t *Transaction) VerifySignature(s Signature, list Role, key AccountKey, secp256k1 Verifier) error {
	if t.Role(s.Address) == RoleNone || list != RolePayload && list != RoleEnvelope {
		return refused(ErrRole, "signature", "%s signs nothing of the transaction", s.Address)
	}
	return Verify(s, t.message(list), key, secp256k1)
}

// signedBy is what the key must have signed, if the extension is one of the message.
func signedBy(extension, message []byte) ([]byte, error) {
	scheme := SchemePlain
	if len(extension) != 0 {
		scheme = extension[0]
	}
	switch scheme {
	case SchemePlain:
		if len(extension) > 1 {
			return nil, refused(ErrPlainTail, "extension", "%d bytes", len(extension))
		}
		return message, nil
	case SchemeWebAuthn:
	default:
		return nil, refused(ErrScheme, "extension", "%02x", scheme)
	}
	authData, clientDataJSON, err := ParseExtension(extension)
	if err != nil {
		return nil, err
	}
	want := sha256.Sum256(message)
	if _, err := readClientData(clientDataJSON, &want); err != nil {
		return nil, err
	}
	if err := checkAuthData(authData); err != nil {
		return nil, err
	}
	hash := sha256.Sum256(clientDataJSON)
	return append(bytes.Clone(authData), hash[:]...), nil
}

// CheckExtension says whether nodes take an extension of the WebAuthn scheme for the signature of some message: the rules of
// [Verify] for which neither message nor key is needed. It returns the challenge that was signed, as far as it can be read.
func CheckExtension(extension []byte) (challenge []byte, err error) {
	authData, clientDataJSON, err := ParseExtension(extension)
	if err != nil {
		return nil, err
	}
	if challenge, err = readClientData(clientDataJSON, nil); err != nil {
		return challenge, err
	}
	return challenge, checkAuthData(authData)
}

// clientData is what nodes read of clientDataJSON, with their decoder: encoding/json is part of the protocol here.
type clientData struct {
	Type      string `json:"type"`
	Challenge string `json:"challenge"`
	Origin    string `json:"origin"`
}

// readClientData checks clientDataJSON and returns its challenge; want is nil if any is right.
func readClientData(b []byte, want *[32]byte) (challenge []byte, err error) {
	const where = "clientDataJSON"
	var c clientData
	if err := json.Unmarshal(b, &c); err != nil {
		return nil, refused(ErrClientData, where, "%v", err)
	}
	challenge, err = base64.RawURLEncoding.DecodeString(c.Challenge)
	if err != nil || len(challenge) != 32 {
		return nil, refused(ErrChallengeB64, where, "%.60q", c.Challenge)
	}
	if want != nil && [32]byte(challenge) != *want {
		return challenge, refused(ErrChallenge, where, "%x, and the message's is %x", challenge, *want)
	}
	if c.Type != passkey.TypeGet {
		return challenge, refused(ErrType, where, "%.60q", c.Type)
	}
	return challenge, nil
}

// domainTag is the transaction domain tag as the RP ID hash of an assertion would have it. That it cannot be one keeps
// plain signatures and assertions apart: the bytes that one signs begin otherwise than those that the other signs.
var domainTag = [32]byte(tagged(TagTransaction, nil))

func checkAuthData(b []byte) error {
	const where = "authenticatorData"
	if len(b) < 37 {
		return refused(ErrAuthData, where, "%d bytes", len(b))
	}
	if [32]byte(b) == domainTag {
		return refused(ErrDomainTag, where, "%s", TagTransaction)
	}
	flags := passkey.Flags(b[32])
	if flags&passkey.FlagUP == 0 {
		return refused(ErrUserPresence, where, "flags %02x", b[32])
	}
	if flags&passkey.FlagBS != 0 && flags&passkey.FlagBE == 0 {
		return refused(ErrBackupState, where, "flags %02x", b[32])
	}
	if tail := len(b) > 37; tail != (flags&(passkey.FlagAT|passkey.FlagED) != 0) {
		return refused(ErrFlags, where, "flags %02x, %d bytes", b[32], len(b))
	}
	return nil
}
