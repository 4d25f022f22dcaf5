// Asking a signer, and what its answer is for the contract.

package guardian

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// Approver is a guardian, or a new signer, that can be asked.
type Approver struct {
	Signer seal.Signer
	// Of a passkey: the relying party's id, the origins of pages that may ask, and the
	// credential, empty for any of the RP ID.
	RPID       string
	Origins    []string
	TopOrigins []string
	Credential []byte
}

// Approval is a signature by one signer of a message.
type Approval struct {
	Signer seal.Signer
	// Signature is r ‖ s ‖ v of a secp256k1 key, an approval of P256Verifier's
	// ([seal.VerifierSignature]) of a passkey, what isValidSignature takes of a contract, or
	// verify of an ERC-7913 verifier.
	Signature []byte
	// Proof is empty if the message was signed, else it leads from its digest to the root
	// of the [Tree] that was.
	Proof []common.Hash
}

const maxProof = contracts.RecoveryMaxProof

// Request is a message on its way to one signer and back.
type Request struct {
	by        Approver
	challenge account.Challenge
}

// Ask begins a signature of a message. For signers that are asked elsewhere, contracts
// and keys of other verifiers, the answer is given to [Contract] instead.
func Ask(by Approver, m Message, chainID *big.Int) (*Request, error) {
	typed, err := m.TypedData(chainID)
	if err != nil {
		return nil, err
	}
	c := account.Challenge{Digest: m.Digest(chainID), TypedData: typed}
	if key, rule, ok := by.Signer.Passkey(); ok {
		c.Kind, c.Key = account.KindWebAuthn, key
		c.Rule = passkey.Rule{
			RPID: by.RPID, Origins: by.Origins, TopOrigins: by.TopOrigins, Challenge: c.Digest[:],
			UserVerification: rule.UV(), BackupEligible: rule.BE(), BackedUp: rule.BS(),
		}
		if len(by.Credential) > 0 {
			c.Credentials = [][]byte{by.Credential}
			c.Rule.CredentialIDs = c.Credentials
		}
		return &Request{by, c}, nil
	}
	if !by.Signer.IsAddress() {
		return nil, &SignatureError{Name(by.Signer), ErrUnverified}
	}
	c.Kind, c.Address = account.KindECDSA, by.Signer.Address()
	return &Request{by, c}, nil
}

// Challenge is what has to be signed.
func (r *Request) Challenge() account.Challenge { return r.challenge }

// Finish verifies the answer and makes the approval of it.
func (r *Request) Finish(a account.Approval) (Approval, error) {
	if err := r.challenge.Verify(a); err != nil {
		return Approval{}, err
	}
	out := Approval{Signer: r.by.Signer}
	if a.ECDSA != nil {
		p, err := seal.PosternECDSA(r.by.Signer.Address(), a.ECDSA)
		if err != nil {
			return Approval{}, &SignatureError{Name(r.by.Signer), err}
		}
		out.Signature = bytes.Clone(p.ECDSA[:])
	} else {
		p, err := seal.PosternPasskey(r.by.Signer, a.Assertion)
		if err == nil {
			out.Signature, err = seal.VerifierSignature(p)
		}
		if err != nil {
			return Approval{}, &SignatureError{Name(r.by.Signer), err}
		}
	}
	return out, out.verify(r.challenge.Digest)
}

// Contract is the approval of a contract (ERC-1271), or of a key of an ERC-7913 verifier:
// signature is what it takes. Nothing is verified; see [Approval.VerifyOn].
func Contract(s seal.Signer, signature []byte) (Approval, error) {
	if _, _, ok := s.Passkey(); ok || s.IsZero() || len(signature) > maxSignature {
		return Approval{}, &SignatureError{Name(s), ErrForged}
	}
	return Approval{Signer: s, Signature: bytes.Clone(signature)}, nil
}

// maxSignature is the length of the longest signature in bytes.
const maxSignature = 4 << 10

// signed is the digest that the signature is of: the message's, or that of its tree's root.
func (a Approval) signed(digest common.Hash) (common.Hash, error) {
	if len(a.Proof) == 0 {
		return digest, nil
	}
	if len(a.Proof) > maxProof {
		return common.Hash{}, &SignatureError{Name(a.Signer), ErrForged}
	}
	root := digest
	for _, p := range a.Proof {
		if bytes.Compare(root[:], p[:]) <= 0 {
			root = crypto.Keccak256Hash(root[:], p[:])
		} else {
			root = crypto.Keccak256Hash(p[:], root[:])
		}
	}
	if !kernel.VerifyProof(digest, root, a.Proof) {
		return common.Hash{}, &SignatureError{Name(a.Signer), ErrForged}
	}
	return rootMessage{root}.Digest(nil), nil
}

// Verify reports whether the approval is its signer's over the message. Of an address
// whose key did not sign, and of a verifier's key, only the chain can tell: the error wraps
// [ErrUnverified]. Else it wraps [ErrForged].
func (a Approval) Verify(m Message, chainID *big.Int) error { return a.verify(m.Digest(chainID)) }

func (a Approval) verify(digest common.Hash) error {
	digest, err := a.signed(digest)
	if err != nil {
		return err
	}
	fail := func(cause error) error { return &SignatureError{Name(a.Signer), cause} }
	if a.Signer.IsZero() || len(a.Signature) > maxSignature {
		return fail(ErrForged)
	}
	if key, rule, ok := a.Signer.Passkey(); ok {
		k, err := seal.NewVerifierPasskey(key, rule, seal.PathNone)
		if err != nil {
			return fail(err)
		}
		p, err := seal.ParseVerifierSignature(k, a.Signature)
		if err != nil {
			return fail(fmt.Errorf("%w: %w", ErrForged, err))
		}
		signed := p.Digest(digest)
		if !rule.Allows(passkey.Flags(p.AuthData[32])) || !ecdsa.VerifyASN1(key.ECDSA(), signed[:], p.Signature.DER()) {
			return fail(ErrForged)
		}
		return nil
	}
	if a.Signer.IsAddress() && len(a.Signature) == 65 && a.Signature[64] >= 27 {
		if got, err := account.RecoverECDSA(digest, a.Signature); err == nil && got == a.Signer.Address() {
			return nil
		}
	}
	return fail(ErrUnverified)
}

// VerifyOn asks the chain where [Approval.Verify] cannot tell: isValidSignature of a
// contract, verify of a verifier. A signature that is not good is an error that wraps
// [ErrForged]; [ErrFrozen] where the guardian is a frozen account, which the module does not
// hear either.
func (a Approval) VerifyOn(ctx context.Context, ch account.Chain, m Message, chainID *big.Int) error {
	local := a.Verify(m, chainID)
	if _, _, ok := a.Signer.Passkey(); ok || local != nil && !errors.Is(local, ErrUnverified) {
		return local
	}
	digest, err := a.signed(m.Digest(chainID))
	if err != nil {
		return err
	}
	fail := &SignatureError{Name(a.Signer), ErrForged}
	at := a.Signer.Address()
	var call []byte
	var magic [4]byte
	if a.Signer.IsAddress() {
		code, err := ch.Code(ctx, at)
		if err != nil {
			return fmt.Errorf("guardian: read the code of %s: %w", at, err)
		}
		if len(code) <= delegation { // what an address delegates to (EIP-7702) was never made a guardian
			if local == nil {
				return nil
			}
			return fail
		}
		call, magic = isValidSignature(digest, a.Signature), [4]byte(isValidSignatureID)
	} else {
		call, magic = contracts.VerifySignature(a.Signer.Bytes()[common.AddressLength:], digest, a.Signature), contracts.VerifierMagic
	}
	out, err := ch.Call(ctx, at, call)
	if _, reverted := errors.AsType[*userop.Revert](err); reverted {
		return fail
	}
	if err != nil {
		return fmt.Errorf("guardian: ask %s about a signature: %w", at, err)
	}
	if len(out) < 32 || [4]byte(out) != magic {
		guard := State{Account: at}
		if a.Signer.IsAddress() && (reader{ctx, ch}).freeze(&guard) == nil && !guard.FrozenUntil.IsZero() {
			fail.Cause = ErrFrozen
		}
		return fail
	}
	return nil
}

// delegation is the length of an EIP-7702 delegation's code.
const delegation = 23

var isValidSignatureID = crypto.Keccak256([]byte("isValidSignature(bytes32,bytes)"))[:4]

func isValidSignature(hash common.Hash, sig []byte) []byte {
	b := append(bytes.Clone(isValidSignatureID), hash[:]...)
	b = append(b, common.LeftPadBytes([]byte{64}, 32)...)
	b = append(b, common.BigToHash(big.NewInt(int64(len(sig)))).Bytes()...)
	return append(b, common.RightPadBytes(sig, (len(sig)+31)&^31)...)
}
