// Keys and signatures of P256Verifier, the ERC-7913 verifier that is the same contract on every chain.

package seal

import (
	"encoding/hex"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/passkey"
)

// Lengths of keys; the length says which kind of key it is.
const (
	verifierRaw      = 64 // x ‖ y
	verifierRawTable = 65 // x ‖ y ‖ format
	verifierWebAuthn = 66 // x ‖ y ‖ rule ‖ format, 0 for no table
)

// VerifierKey is a key as P256Verifier takes it: a P-256 key that signs hashes as they are, or a passkey under a rule,
// and the table to verify it with. It is a comparable value; the zero VerifierKey is none, and every other has been
// checked.
type VerifierKey struct{ bytes string }

// NewVerifierKey is a key that signs hashes as they are. table is [PathNone], or a table's path.
func NewVerifierKey(key passkey.PublicKey, table P256Path) (VerifierKey, error) {
	b := key.Raw()
	if table != PathNone {
		b = append(b, byte(table))
	}
	return ParseVerifierKey(b)
}

// NewVerifierPasskey is a passkey under a rule. table is [PathNone], or a table's path.
func NewVerifierPasskey(key passkey.PublicKey, rule Rule, table P256Path) (VerifierKey, error) {
	return ParseVerifierKey(append(key.Raw(), byte(rule), byte(table)))
}

// ParseVerifierKey reads a key. It refuses what the verifier refuses whatever was signed.
func ParseVerifierKey(b []byte) (VerifierKey, error) {
	const where = "verifier key"
	if len(b) < verifierRaw || len(b) > verifierWebAuthn {
		return VerifierKey{}, malformed(where, "%d bytes, not %d to %d", len(b), verifierRaw, verifierWebAuthn)
	}
	if _, err := passkey.ParseRaw(b[:verifierRaw]); err != nil {
		return VerifierKey{}, err
	}
	k := VerifierKey{string(b)}
	if k.IsPasskey() {
		if _, err := ParseRule(b[64]); err != nil {
			return VerifierKey{}, err
		}
	}
	if len(b) > verifierRaw && !(k.IsPasskey() && k.Table() == PathNone) {
		if _, err := TablePath(p256table.Format(k.Table())); err != nil {
			return VerifierKey{}, malformed(where, "no table of format %#02x", byte(k.Table()))
		}
	}
	return k, nil
}

// Bytes is what the verifier takes for a key.
func (k VerifierKey) Bytes() []byte { return []byte(k.bytes) }

// IsPasskey reports whether the key signs as a passkey does, and not hashes as they are.
func (k VerifierKey) IsPasskey() bool { return len(k.bytes) == verifierWebAuthn }

// Public is the key itself; zero for the zero VerifierKey.
func (k VerifierKey) Public() passkey.PublicKey {
	if k == (VerifierKey{}) {
		return passkey.PublicKey{}
	}
	key, err := passkey.ParseRaw([]byte(k.bytes[:verifierRaw]))
	if err != nil {
		panic(err) // it was parsed before
	}
	return key
}

// Rule is that of a passkey.
func (k VerifierKey) Rule() (r Rule, ok bool) {
	if !k.IsPasskey() {
		return 0, false
	}
	return Rule(k.bytes[64]), true
}

// Table is the path through the key's table, or PathNone. The verifier takes it where the chain has no P256VERIFY and the
// table is there.
func (k VerifierKey) Table() P256Path {
	if len(k.bytes) <= verifierRaw {
		return PathNone
	}
	return P256Path(k.bytes[len(k.bytes)-1])
}

// Signer is how an account knows this key, as an ERC-7913 signer of the verifier at this address.
func (k VerifierKey) Signer(verifier common.Address) (Signer, error) {
	if k == (VerifierKey{}) {
		return Signer{}, malformed("signer", "no public key")
	}
	return ParseSigner(append(verifier.Bytes(), k.bytes...))
}

// String is 0x and the bytes in hex.
func (k VerifierKey) String() string { return "0x" + hex.EncodeToString([]byte(k.bytes)) }
