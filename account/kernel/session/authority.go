// Operations by a session key.

package session

import (
	"context"
	"fmt"
	"math/big"
	"slices"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// Authority is the session key. Its first operation installs the permission, later
// ones use it: [Session.Authority] finds out which.
type Authority struct {
	session   *Session
	inner     *kernel.Authority // the same key, as if it were the account's owner
	mode      kernel.Mode
	lane      kernel.Lane
	enable    kernel.Enable // ModeEnable only
	left      grant.State
	stub      []byte
	unpoliced bool
}

var (
	_ account.Authority = (*Authority)(nil)
	_ account.Namer     = (*Authority)(nil)

	_ account.StubShortfaller = (*Authority)(nil)
)

// AuthorityOption changes an authority.
type AuthorityOption func(*Authority)

// WithLane gives the operations a nonce sequence of their own: different lanes do
// not wait for each other. Only one lane can make the first operation, which
// installs the permission.
func WithLane(l kernel.Lane) AuthorityOption { return func(a *Authority) { a.lane = l } }

// DangerUnpoliced makes challenges for operations that the model of the policies
// refuses: to see the chain refuse them.
func DangerUnpoliced() AuthorityOption { return func(a *Authority) { a.unpoliced = true } }

// Authority asks the chain where the permission stands and returns the session key
// as who approves: by a [kernel.OwnerApprover] for a secp256k1 key, which is asked
// like an owner's, and a [kernel.PasskeyApprover] for a passkey. A permission that
// cannot make operations is refused with a *[StateError].
//
// Its challenges are made only for operations that the policies allow, with their
// final gas limits: what they refuse is a *[RefusedError] before anybody is asked.
// What remains is read once, so that each operation wants an authority of its own.
func (s *Session) Authority(ctx context.Context, by kernel.Approver, opts ...AuthorityOption) (*Authority, error) {
	status, rec, err := s.status(ctx)
	if err != nil {
		return nil, err
	}
	if !status.Usable() {
		return nil, &StateError{Permission: s.ID(), Account: s.Address(), State: status.State}
	}
	a := &Authority{session: s, left: status.Left}
	for _, o := range opts {
		o(a)
	}
	if a.inner, err = s.signer(by); err != nil {
		return nil, err
	}
	if status.State == Approved {
		a.mode, a.enable = kernel.ModeEnable, rec.enable
	}
	a.stub = a.wrap(a.inner.Stub())
	return a, nil
}

// signer is the session key as if it were the account's owner: permissions and roots
// are signed for alike, but for what is around the signature.
func (s *Session) signer(by kernel.Approver) (*kernel.Authority, error) {
	var root kernel.Validator
	if key, ok := s.permission.Signer.ECDSA(); ok {
		root = kernel.ECDSA{Owner: key}
	} else if key, credential, ok := s.permission.Signer.WebAuthn(); ok {
		root = kernel.WebAuthn{Key: key, CredentialHash: credential}
	}
	as, err := kernel.Attach(s.Address(), s.account.Version(), root)
	if err != nil {
		return nil, err
	}
	return as.Authority(by)
}

// wrap puts around a signature of the key what the mode wants.
func (a *Authority) wrap(signature []byte) []byte {
	signature = seal.KernelUse(signature)
	if a.mode == kernel.ModeEnable {
		return a.enable.Seal(a.session.signature, signature)
	}
	return signature
}

// Enables says that the operation also installs the permission.
func (a *Authority) Enables() bool { return a.mode == kernel.ModeEnable }

// NonceKey implements [account.Authority].
func (a *Authority) NonceKey() *big.Int {
	return kernel.KeyOf(a.mode, a.session.ID().Validation(), a.lane).Int()
}

// StubShortfall implements [account.StubShortfaller].
func (a *Authority) StubShortfall() uint64 { return a.inner.StubShortfall() }

// Stub implements [account.Authority].
func (a *Authority) Stub() []byte { return slices.Clone(a.stub) }

// Challenge implements [account.Authority]. It refuses operations that the policies
// refuse, of another sequence, and for another chain than the session's.
func (a *Authority) Challenge(op *userop.Op, chainID *big.Int) (account.Challenge, error) {
	if chainID == nil || chainID.Cmp(a.session.chainID) != 0 {
		return account.Challenge{}, &account.WrongChainError{Who: "the operation", Want: a.session.chainID, Got: chainID}
	}
	key, _, err := userop.SplitNonce(op.Nonce)
	if err != nil {
		return account.Challenge{}, err
	}
	if key.Cmp(a.NonceKey()) != 0 {
		return account.Challenge{}, fmt.Errorf("session: the operation's nonce %s is not of this permission's sequence", op.Nonce)
	}
	if d := a.session.grant.Decide(a.left, op); !d.Allowed && !a.unpoliced {
		return account.Challenge{}, &RefusedError{d}
	}
	return a.inner.Challenge(op, chainID)
}

// Seal implements [account.Authority].
func (a *Authority) Seal(op *userop.Op, approval account.Approval) ([]byte, error) {
	sig, err := a.inner.Seal(op, approval)
	if err != nil {
		return nil, err
	}
	return a.wrap(sig), nil
}

// Name implements [account.Namer].
func (a *Authority) Name() string {
	return fmt.Sprintf("%s, by the permission %s", a.inner.Name(), a.session.ID())
}
