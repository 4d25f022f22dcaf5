package flow

import (
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"slices"

	"github.com/postern-dev/postern/passkey"
)

// Policy is what a wallet that signs, or a sponsor that pays, wants beside the rules of nodes, which bind a passkey's
// signature to the transaction and to nothing else. The zero value of a field asks for nothing, except where it says so.
type Policy struct {
	// Assertion is what passkeys' signatures must satisfy: relying party, origins, user verification. Its challenge is the
	// transaction's own. RPID and Origins must be there for an assertion to be taken; plain signatures are not looked at.
	Assertion passkey.Rule

	Secp256k1 Verifier // of keys on that curve: secp256k1.Verify; nil: they are refused (ErrCurve)

	Scripts  []ScriptHash // scripts that are paid for; empty: any
	MaxGas   uint64       // the highest gas limit; 0: MaxGasLimit
	MaxBytes int          // the most bytes of Bytes; 0: MaxTransaction
}

// ScriptHash is the SHA-256 of a script's text.
type ScriptHash [32]byte

// HashScript is the hash by which a script is known to a [Policy] and to people.
func HashScript(script []byte) ScriptHash { return sha256.Sum256(script) }

// String is 64 hexadecimal digits.
func (h ScriptHash) String() string { return hex.EncodeToString(h[:]) }

// Sponsor says whether the policy's owner may pay for a transaction: it is the payer and nothing else, so that no script
// reaches into its account, and script, gas limit and size are within bounds.
func (p Policy) Sponsor(t *Transaction, payer Address) error {
	const where = "transaction"
	if t.Payer != payer {
		return refused(ErrRole, where, "%s pays", t.Payer)
	}
	if slices.Contains(t.Authorizers, payer) || t.ProposalKey.Address == payer {
		return refused(ErrAuthorizer, where, "%s does more than pay", payer)
	}
	if h := HashScript(t.Script); len(p.Scripts) != 0 && !slices.Contains(p.Scripts, h) {
		return refused(ErrScript, where, "hash %s", h)
	}
	most := p.MaxGas
	if most == 0 {
		most = MaxGasLimit
	}
	if t.GasLimit == 0 || t.GasLimit > most {
		return refused(ErrGasLimit, where, "%d, from 1 to %d", t.GasLimit, most)
	}
	size := p.MaxBytes
	if size == 0 {
		size = MaxTransaction
	}
	if n := len(t.Bytes()); n > size {
		return refused(ErrTooLarge, where, "%d bytes, at most %d", n, size)
	}
	return nil
}

// Verify is [Verify], and then the policy's rule for assertions: what browsers write, and no more; a low s, because with a
// high one the same transaction has a second id. Plain signatures pass as they pass at nodes, but with a low s. What breaks
// the rule is a *passkey.Error.
func (p Policy) Verify(s Signature, message []byte, key AccountKey) error {
	if err := Verify(s, message, key, p.Secp256k1); err != nil {
		return err
	}
	if !isLow(key.Curve, s.Signature[32:]) {
		return refused(ErrHighS, "signature", "%x", s.Signature[32:])
	}
	return p.meets(s, message)
}

// meets is the policy's rule for assertions; plain signatures pass.
func (p Policy) meets(s Signature, message []byte) error {
	if s.isPlain() {
		return nil
	}
	authData, clientDataJSON, err := ParseExtension(s.Extension)
	if err != nil {
		return err
	}
	client, err := passkey.ParseClientData(clientDataJSON)
	if err != nil {
		return refused(ErrLenient, "clientDataJSON", "%v", err)
	}
	auth, err := passkey.ParseAuthenticatorData(authData)
	if err != nil {
		return refused(ErrLenient, "authenticatorData", "%v", err)
	}
	rule := p.Assertion
	challenge := sha256.Sum256(message)
	rule.Challenge = challenge[:]
	return (&passkey.Assertion{AuthData: auth, ClientData: client}).Meets(rule)
}

var (
	halfOfP256      = halfOf("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
	halfOfSecp256k1 = halfOf("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
)

func halfOf(order string) *big.Int {
	n, _ := new(big.Int).SetString(order, 16)
	return n.Rsh(n, 1)
}

func isLow(c Curve, s []byte) bool {
	half := halfOfP256
	if c == Secp256k1 {
		half = halfOfSecp256k1
	}
	return new(big.Int).SetBytes(s).Cmp(half) <= 0
}
