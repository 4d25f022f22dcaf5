// Checking the owner's signature without a chain.

package approval

import (
	"bytes"
	"crypto/ecdsa"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// SignatureError says that the owner has not approved what a document says.
type SignatureError struct {
	Owner  string // in words
	Reason string
}

func (e *SignatureError) Error() string {
	return "approval: enableSignature: " + e.Reason + " (owner: " + e.Owner + ")"
}

// Hint implements [account.Hinter].
func (e *SignatureError) Hint() string {
	return "it is for one chain, account, version of Kernel, session key and currentNonce: check these, or ask the owner for a new approval"
}

// Verify checks that the owner has signed e, as the root validator would, without a
// chain. Signatures in another form than clients write are refused, also where a
// contract would take them. A passkey must have verified its user; of which site and
// relying party the passkey is, the validators do not look at, and nor does this.
func (d *Document) Verify(e kernel.Enable, owner kernel.Validator) error {
	if owner == nil {
		return refuse("", "say who the account's owner is", "there is no owner to check the signature of")
	}
	fail := func(reason string) error { return &SignatureError{Owner: owner.String(), Reason: reason} }
	sig := d.fields.EnableSignature
	if sig == nil {
		return fail("there is none: the permission must be installed already")
	}
	if e.Account != d.fields.Account || e.ID != d.fields.PermissionID.Validation() {
		return fail("it is not for that account and permission")
	}
	digest, err := e.Digest()
	if err != nil {
		return err
	}
	ok := false
	switch o := owner.(type) {
	case kernel.ECDSA:
		ok = verifyKey(o.Owner, digest, sig)
	case kernel.MultiChainECDSA:
		if len(sig) == crypto.SignatureLength {
			ok = verifyKey(o.Owner, digest, sig)
		} else if m, err := kernel.ParseMultiChainECDSA(sig, digest); err == nil {
			ok = verifyKey(o.Owner, m.Root, m.Signature)
		}
	case kernel.WebAuthn:
		ok = verifyPasskey(o.Key, digest, sig)
	case kernel.MultiChainWebAuthn:
		var fault string
		if ok, fault = verifySeveral(o.Key, digest, sig); fault != "" {
			return fail(fault)
		}
	default:
		return fail("signatures of this validator are not known here")
	}
	if !ok {
		return fail("it is not the owner's, or not for this")
	}
	return nil
}

// verifyKey takes a signature of the digest, or of the root of several, with or
// without the prefix of EIP-191, as the contracts do.
func verifyKey(owner common.Address, digest common.Hash, sig []byte) bool {
	return recovers(owner, digest, sig) || recovers(owner, seal.KernelPersonal(digest), sig)
}

func recovers(owner common.Address, digest common.Hash, sig []byte) bool {
	one, err := seal.KernelECDSA(sig)
	if err != nil || !bytes.Equal(one, sig) {
		return false
	}
	raw := bytes.Clone(sig)
	raw[64] -= 27
	key, err := crypto.SigToPub(digest[:], raw)
	return err == nil && owner != (common.Address{}) && crypto.PubkeyToAddress(*key) == owner
}

// verifySeveral checks a signature of the multi-chain WebAuthn validator, and names
// the faults that the packages on npm are known for.
func verifySeveral(key passkey.PublicKey, digest common.Hash, sig []byte) (ok bool, fault string) {
	f, err := abituple.Decode(sig, "dd")
	if err != nil {
		if verifyPasskey(key, digest, sig) { // multi-chain-web-authn-validator 5.4.3
			return false, "the owner has signed, but the frame is missing that the validator for several chains reads"
		}
		return false, ""
	}
	if len(f[0].Data) == 0 {
		return verifyPasskey(key, digest, f[1].Data), ""
	}
	m, err := kernel.ParseMultiChainWebAuthn(sig, digest)
	if err != nil {
		if bytes.HasPrefix(f[1].Data, []byte(`{"type":`)) { // permissions 5.6.3 with it
			return false, "client data stands where the passkey's signature should"
		}
		return false, ""
	}
	return verifyPasskey(key, kernel.RootDigest(m.Root), m.Signature), ""
}

// verifyPasskey checks what WebAuthn validator 0.0.3 does: user presence and
// verification, type and form of the client data – all that
// [seal.ParseKernelWebAuthn] refuses –, the challenge and the signature.
func verifyPasskey(key passkey.PublicKey, digest common.Hash, sig []byte) bool {
	k, err := seal.ParseKernelWebAuthn(sig)
	if err != nil || key.IsZero() {
		return false
	}
	a := k.Assertion
	if !bytes.Equal(a.ClientData.Challenge, digest[:]) {
		return false
	}
	hash := a.Digest()
	r, s := new(big.Int).SetBytes(a.Signature.R[:]), new(big.Int).SetBytes(a.Signature.S[:])
	return ecdsa.Verify(key.ECDSA(), hash[:], r, s)
}
