// Coinbase Smart Wallet 1.x: the number of an owner and what that owner made. A
// passkey's part is webauthn-sol's struct, which other accounts take bare.

package seal

import (
	"encoding/binary"

	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/passkey"
)

// CoinbaseSignature is a signature in its parts: by a passkey or by a secp256k1
// key, which is all that an owner can be unless it is a contract.
type CoinbaseSignature struct {
	Owner     uint64             // the owner's place in the account, ownerAtIndex(Owner)
	Assertion *passkey.Assertion // of a passkey: its challenge is the account's hash
	ECDSA     [65]byte           // if Assertion is nil: r ‖ s ‖ v with low s and v 27 or 28
}

// CoinbaseWebAuthn is a passkey's signature: abi.encode((ownerIndex,
// abi.encode(WebAuthnAuth))). Of an operation it signs the EntryPoint's hash, of
// a message the account's replaySafeHash. The contract does not ask for user
// verification, nor whether the backup flags contradict each other; check the
// assertion before.
func CoinbaseWebAuthn(owner uint64, a *passkey.Assertion) ([]byte, error) {
	return (&CoinbaseSignature{Owner: owner, Assertion: a}).Bytes()
}

// CoinbaseECDSA is the signature of an owner that is a secp256k1 key, over the
// hash as it is: r ‖ s ‖ v, v 0, 1, 27 or 28.
func CoinbaseECDSA(owner uint64, signature []byte) ([]byte, error) {
	sig, err := normalECDSA(signature)
	if err != nil {
		return nil, err
	}
	return (&CoinbaseSignature{Owner: owner, ECDSA: sig}).Bytes()
}

// WebAuthnAuth is abi.encode of webauthn-sol's struct WebAuthnAuth:
// (authenticatorData, clientDataJSON, challengeIndex, typeIndex, r, s) behind
// the word 0x20. Coinbase's wallet wraps it with an owner; Solady takes it bare.
func WebAuthnAuth(a *passkey.Assertion) ([]byte, error) {
	x, err := indexAssertion("assertion", a)
	if err != nil {
		return nil, err
	}
	return abituple.EncodeStruct(x.authData, x.clientData, x.challengeIndex, x.typeIndex, x.r, x.s), nil
}

// ParseWebAuthnAuth is the inverse of [WebAuthnAuth]. It refuses what contracts
// refuse whatever the challenge, and flags that no assertion should have.
func ParseWebAuthnAuth(b []byte) (*passkey.Assertion, error) {
	const where = "WebAuthnAuth"
	f, err := decodeTuple(where, abituple.DecodeStruct, b, "ddwwww")
	if err != nil {
		return nil, err
	}
	x := indexed{authData: f[0], clientData: f[1], challengeIndex: f[2], typeIndex: f[3], r: f[4], s: f[5]}
	return x.assertion(where)
}

// Bytes writes the signature.
func (s *CoinbaseSignature) Bytes() ([]byte, error) {
	inner := s.ECDSA[:]
	err := error(nil)
	if s.Assertion != nil {
		inner, err = WebAuthnAuth(s.Assertion)
	} else {
		err = checkECDSA("signature", s.ECDSA)
	}
	if err != nil {
		return nil, err
	}
	var owner [32]byte
	binary.BigEndian.PutUint64(owner[24:], s.Owner)
	return abituple.EncodeStruct(abituple.Word(owner), abituple.Bytes(inner)), nil
}

// ParseCoinbase reads a signature strictly. Owners that are contracts sign in
// forms of their own, which it refuses.
func ParseCoinbase(b []byte) (CoinbaseSignature, error) {
	const where = "signature"
	f, err := decodeTuple(where, abituple.DecodeStruct, b, "wd")
	if err != nil {
		return CoinbaseSignature{}, err
	}
	if [24]byte(f[0].Word[:24]) != [24]byte{} {
		return CoinbaseSignature{}, malformed(where, "an owner's number beyond 64 bits")
	}
	s := CoinbaseSignature{Owner: binary.BigEndian.Uint64(f[0].Word[24:])}
	if inner := f[1].Data; len(inner) == 65 {
		s.ECDSA = [65]byte(inner)
		err = checkECDSA(where, s.ECDSA)
	} else {
		s.Assertion, err = ParseWebAuthnAuth(inner)
	}
	if err != nil {
		return CoinbaseSignature{}, err
	}
	return s, nil
}

// CoinbaseStub is a passkey's signature that is never shorter, nor cheaper as
// calldata, than a real one within the limits. A stub cannot hold the hash it is
// meant for, so the contract stops at the challenge, before the curve: add what
// the curve costs to the estimate of verificationGasLimit (6,900 gas with the
// precompile, some 350,000 without).
func CoinbaseStub(owner uint64, limits StubLimits) ([]byte, error) {
	a, err := stubAssertion(limits, abiSlack)
	if err != nil {
		return nil, err
	}
	return CoinbaseWebAuthn(owner, a)
}
