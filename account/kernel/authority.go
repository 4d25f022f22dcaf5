package kernel

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// Approver is how the owner can be asked: an [OwnerApprover] or a
// [PasskeyApprover].
type Approver interface{ approver() }

// OwnerApprover asks for a signature of the owner's secp256k1 key: of the hash with
// the prefix of EIP-191 (personal_sign) for operations, of typed data for approvals
// and messages.
type OwnerApprover struct{}

// PasskeyApprover asks for an assertion of the owner's passkey.
type PasskeyApprover struct {
	RPID    string // the relying party's id, a domain: "localhost"
	Origins []string
	// Credential is the passkey's credential id. Empty lets the person choose.
	Credential []byte
	// TopOrigins may embed the page that asks; see passkey.Rule.
	TopOrigins []string
	// UsePrecompiled has the contract ask P256VERIFY, for some 300,000 gas less: only
	// where the chain has it. The SDK goes by its list: [SDKUsesPrecompiled].
	UsePrecompiled bool
	// Limits says how long a client's data may be, for gas estimation. The zero
	// value fits every known client. Origin and TopOrigin are filled in from the
	// lists above.
	Limits seal.StubLimits
}

func (OwnerApprover) approver()   {}
func (PasskeyApprover) approver() {}

// Authority is the owner, who alone can approve everything.
type Authority struct {
	account    common.Address
	deployment Deployment
	root       Validator
	validator  common.Address
	by         Approver
	lane       Lane
	stub       []byte
}

var (
	_ account.Authority = (*Authority)(nil)
	_ account.Namer     = (*Authority)(nil)

	_ account.StubShortfaller = (*Authority)(nil)
)

// AuthorityOption changes an authority.
type AuthorityOption func(*Authority) error

// WithLane gives the authority a nonce sequence of its own: operations in different
// lanes do not wait for each other.
func WithLane(l Lane) AuthorityOption {
	return func(a *Authority) error {
		a.lane = l
		return nil
	}
}

// Authority returns the owner's authority over the account.
func (a *Account) Authority(by Approver, opts ...AuthorityOption) (*Authority, error) {
	out := &Authority{account: a.address, deployment: a.deployment, root: a.root, validator: a.validator, by: by}
	for _, o := range opts {
		if err := o(out); err != nil {
			return nil, err
		}
	}
	_, isKey := out.owner()
	_, isPasskey := out.passkey()
	switch by := by.(type) {
	case OwnerApprover:
		if !isKey {
			return nil, &NotSignerError{Account: a.address, Who: "a secp256k1 key"}
		}
	case PasskeyApprover:
		if !isPasskey {
			return nil, &NotSignerError{Account: a.address, Who: "a passkey"}
		}
		by.Origins, by.TopOrigins, by.Credential = slices.Clone(by.Origins), slices.Clone(by.TopOrigins), slices.Clone(by.Credential)
		out.by = by
	default:
		return nil, &NotSignerError{Account: a.address, Who: "nobody"}
	}
	inner, err := out.innerStub()
	if err != nil {
		return nil, fmt.Errorf("kernel: make a stub for %s: %w", out.Name(), err)
	}
	out.stub = out.wrapOp(inner)
	return out, nil
}

// owner is the secp256k1 key of the root.
func (a *Authority) owner() (common.Address, bool) {
	switch r := a.root.(type) {
	case ECDSA:
		return r.Owner, true
	case MultiChainECDSA:
		return r.Owner, true
	case EIP7702:
		return r.Key, true
	}
	return common.Address{}, false
}

// passkey is the passkey of the root.
func (a *Authority) passkey() (passkey.PublicKey, bool) {
	switch r := a.root.(type) {
	case WebAuthn:
		return r.Key, true
	case MultiChainWebAuthn:
		return r.Key, true
	}
	return passkey.PublicKey{}, false
}

func (a *Authority) innerStub() ([]byte, error) {
	by, ok := a.by.(PasskeyApprover)
	if !ok {
		return seal.KernelECDSAStub(), nil
	}
	l := by.Limits
	if l.Origin == 0 {
		l.Origin = longest(by.Origins)
	}
	if l.TopOrigin == 0 {
		if l.TopOrigin = longest(by.TopOrigins); l.TopOrigin == 0 {
			l.TopOrigin = -1
		}
	}
	return seal.KernelWebAuthnStub(by.UsePrecompiled, l)
}

func longest(list []string) int {
	n := 0
	for _, s := range list {
		n = max(n, len(s))
	}
	return n
}

// wrapOp makes a signature of an operation of one that the validator's key made.
func (a *Authority) wrapOp(signature []byte) []byte {
	signature = a.wrap(signature)
	if !a.deployment.Version.V3() {
		return seal.KernelV2(signature)
	}
	return signature
}

// wrap is the form in which the validator takes a signature of one hash.
func (a *Authority) wrap(signature []byte) []byte {
	if _, several := a.root.(MultiChainWebAuthn); several {
		return abituple.Encode(abituple.Bytes(nil), abituple.Bytes(signature)) // no Merkle proof
	}
	return signature
}

// NonceKey implements [account.Authority].
func (a *Authority) NonceKey() *big.Int {
	if !a.deployment.Version.V3() {
		return big.NewInt(int64(a.lane))
	}
	return RootKey(a.validator, a.lane).Int()
}

// StubShortfall implements [account.StubShortfaller].
func (a *Authority) StubShortfall() uint64 {
	if by, ok := a.by.(PasskeyApprover); ok {
		return seal.KernelWebAuthnShortfall(by.UsePrecompiled)
	}
	return 0
}

// Stub implements [account.Authority].
func (a *Authority) Stub() []byte { return slices.Clone(a.stub) }

// Challenge implements [account.Authority]: the EntryPoint's hash of the operation,
// for a secp256k1 key with the prefix of EIP-191.
func (a *Authority) Challenge(op *userop.Op, chainID *big.Int) (account.Challenge, error) {
	if op.Sender != a.account {
		return account.Challenge{}, fmt.Errorf("kernel: the operation is of %s, not of %s", op.Sender, a.account)
	}
	hash, err := a.deployment.EntryPoint.Hash(op, chainID)
	if err != nil {
		return account.Challenge{}, err
	}
	return a.personal(hash), nil
}

// Seal implements [account.Authority].
func (a *Authority) Seal(_ *userop.Op, approval account.Approval) ([]byte, error) {
	sig, err := a.sign(approval)
	if err != nil {
		return nil, err
	}
	return a.wrapOp(sig), nil
}

// Name implements [account.Namer].
func (a *Authority) Name() string { return a.root.String() }

// Account is the address for which it approves.
func (a *Authority) Account() common.Address { return a.account }

// personal asks for a signature of a hash: by a secp256k1 key with the prefix of
// EIP-191.
func (a *Authority) personal(hash common.Hash) account.Challenge {
	if owner, ok := a.owner(); ok {
		return account.Challenge{Digest: seal.KernelPersonal(hash), Kind: account.KindECDSA, Address: owner, Personal: hash[:]}
	}
	return a.bare(TypedData{Digest: hash})
}

// bare asks for a signature of a digest as it is.
func (a *Authority) bare(d TypedData) account.Challenge {
	c := account.Challenge{Digest: d.Digest, TypedData: d.JSON}
	if owner, ok := a.owner(); ok {
		c.Kind, c.Address = account.KindECDSA, owner
		return c
	}
	by := a.by.(PasskeyApprover)
	c.Kind = account.KindWebAuthn
	c.Key, _ = a.passkey()
	c.Rule = passkey.Rule{
		RPID: by.RPID, Origins: by.Origins, TopOrigins: by.TopOrigins, Challenge: d.Digest[:],
		UserVerification: passkey.Required,
	}
	if len(by.Credential) > 0 {
		c.Credentials = [][]byte{by.Credential}
		c.Rule.CredentialIDs = c.Credentials
	}
	return c
}

// sign writes an approval as the validator's key's signature.
func (a *Authority) sign(approval account.Approval) ([]byte, error) {
	if by, ok := a.by.(PasskeyApprover); ok {
		if approval.Assertion == nil {
			return nil, account.ErrWrongKind
		}
		return seal.KernelWebAuthn(seal.KernelSignature{Assertion: approval.Assertion, UsePrecompiled: by.UsePrecompiled})
	}
	if approval.ECDSA == nil {
		return nil, account.ErrWrongKind
	}
	return seal.KernelECDSA(approval.ECDSA)
}
