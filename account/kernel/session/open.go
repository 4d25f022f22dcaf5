// Opening a document: it is held against its chain.

package session

import (
	"bytes"
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/grant"
)

// Option changes how a document is opened.
type Option func(*options)

type options struct {
	chainID *big.Int
	signer  kernel.Signer
	version kernel.Version
	clock   func() time.Time
	style   grant.Style
	unknown bool
	code    bool
}

// WithChainID says which chain is meant: a node that answers another one is
// refused. Without it the document's own is taken, and else the node's word.
func WithChainID(id *big.Int) Option { return func(o *options) { o.chainID = id } }

// WithSigner names the session key, which the SDK's document leaves out where it is
// a passkey.
func WithSigner(s kernel.Signer) Option { return func(o *options) { o.signer = s } }

// WithVersion names the account's version of Kernel, where neither the chain nor the
// document tells it.
func WithVersion(v kernel.Version) Option { return func(o *options) { o.version = v } }

// WithMachineClock replaces the machine's clock, which counts unless the chain's
// latest block is later, or far behind.
func WithMachineClock(clock func() time.Time) Option { return func(o *options) { o.clock = clock } }

// WithStyle says how amounts and times are written in words.
func WithStyle(s grant.Style) Option { return func(o *options) { o.style = s } }

// WithCodeCheck refuses chains whose contracts are not those of the public networks,
// byte for byte ([kernel.CheckCode]): also development chains with other builds.
func WithCodeCheck() Option { return func(o *options) { o.code = true } }

// DangerUnknownPolicies admits policies of contracts that are not known: nobody
// here can say what they refuse or allow.
func DangerUnknownPolicies() Option { return func(o *options) { o.unknown = true } }

// PolicyError says that a document has a policy of a contract that is not known.
type PolicyError struct {
	Policy   int // from 0
	Contract common.Address
}

func (e *PolicyError) Error() string {
	return fmt.Sprintf("session: policy %d is of the contract %s, which is not known: nobody can say what it refuses or allows", e.Policy+1, e.Contract)
}

// Hint implements [account.Hinter].
func (e *PolicyError) Hint() string {
	return "ask the owner for a grant with known policies, or open it with DangerUnknownPolicies"
}

// ApprovalError says that the owner did not approve what a document contains.
type ApprovalError struct{ Cause error }

func (e *ApprovalError) Error() string {
	return fmt.Sprintf("session: the owner of the account has not approved this: %v", e.Cause)
}

// Unwrap is the cause.
func (e *ApprovalError) Unwrap() error { return e.Cause }

// Hint implements [account.Hinter].
func (e *ApprovalError) Hint() string {
	return "the approval may be for another chain or account, be void since the account's nonce or owner changed, or be forged: ask the owner for a new one"
}

var (
	_ account.Hinter = (*PolicyError)(nil)
	_ account.Hinter = (*ApprovalError)(nil)
)

// Open opens a document. It refuses one whose contents do not give the permission
// that it names, that is for another chain, whose account is not there and cannot
// be deployed by it, that has unknown, unsafe or missing contracts, that the owner of the
// account has not approved, or of which the account has installed something else.
// That a permission has expired or was revoked is no error here: see
// [Session.Status].
func Open(ctx context.Context, ch account.Chain, d *approval.Document, opts ...Option) (*Session, error) {
	s := &Session{chain: ch}
	for _, o := range opts {
		o(&s.options)
	}
	if err := s.setChain(ctx, d.Context().ChainID); err != nil {
		return nil, err
	}
	r := reader{ch, d.Fields().Account}
	there, err := r.deployed(ctx)
	if err != nil {
		return nil, err
	}
	known := approval.Context{ChainID: s.chainID, Version: s.options.version, Signer: s.options.signer}
	if there {
		if s.account, err = kernel.At(ctx, ch, r.addr); err != nil {
			return nil, err
		}
		known.Version = s.account.Version()
	}
	if s.document, err = d.WithContext(known); err != nil {
		return nil, err
	}
	if !there {
		if err := s.setUndeployed(); err != nil {
			return nil, err
		}
	}
	if err := s.setPermission(); err != nil {
		return nil, err
	}
	if err := r.present(ctx, s.permission); err != nil {
		return nil, err
	}
	if s.options.code {
		if err := s.CheckCode(ctx); err != nil {
			return nil, err
		}
	}
	if _, err := s.record(ctx, there); err != nil {
		return nil, err
	}
	return s, nil
}

// CheckCode asks whether the contracts of account and permission are those of the
// public networks; see [kernel.CheckCode]. The error is a *[kernel.CodeError] if not.
func (s *Session) CheckCode(ctx context.Context) error {
	return checkCode(ctx, s.chain, s.account, s.permission)
}

func (s *Session) setChain(ctx context.Context, documents *big.Int) error {
	want := s.options.chainID
	switch {
	case want == nil:
		want = documents
	case documents != nil && documents.Cmp(want) != 0:
		return &account.WrongChainError{Who: "the approval", Want: want, Got: documents}
	}
	got, err := s.chain.ChainID(ctx)
	if err != nil {
		return fmt.Errorf("session: ask the node for its chain: %w", err)
	}
	if got == nil || got.Sign() <= 0 {
		return fmt.Errorf("%w: chain id %v", ErrAnswer, got)
	}
	if want != nil && want.Cmp(got) != 0 {
		return &account.WrongChainError{Who: "the node", Want: want, Got: got}
	}
	s.chainID = new(big.Int).Set(got)
	return nil
}

// setUndeployed takes the account that the document's init code makes; that it is
// the one which the document names follows from its address.
func (s *Session) setUndeployed() error {
	a, err := s.document.Account()
	if err != nil {
		return err
	}
	if want := s.document.Fields().Account; a.Address() != want {
		return &kernel.AddressError{Computed: a.Address(), Meant: want}
	}
	if factory, _ := a.Factory(); factory == (common.Address{}) {
		return kernel.ErrNoFactory
	}
	s.account = a
	return nil
}

func (s *Session) setPermission() (err error) {
	if s.permission, s.grant, err = s.document.Permission(); err != nil {
		return err
	}
	if err := s.permission.Check(); err != nil {
		return err
	}
	f := s.document.Fields()
	if id := s.permission.ID(); id != f.PermissionID {
		return &MismatchError{"the id of the permission", f.PermissionID.String(), id.String()}
	}
	if f.Hook != (common.Address{}) || f.Module != (common.Address{}) || !bytes.Equal(f.Selector[:], selector("execute(bytes32,bytes)")) {
		return &kernel.UnsupportedError{Version: s.account.Version(), What: "installs nothing here for a permission but execute", Way: "ask the owner for a grant without hook and own function"}
	}
	_, isKey := s.permission.Signer.ECDSA()
	_, _, isPasskey := s.permission.Signer.WebAuthn()
	if !isKey && !isPasskey {
		return &kernel.NotSignerError{Account: f.Account, Who: "the unknown signer contract " + s.permission.Signer.Contract.Hex()}
	}
	for i, p := range s.grant.Policies {
		if p.Kind() == grant.KindUnknown && !s.options.unknown {
			return &PolicyError{Policy: i, Contract: p.Contract()}
		}
	}
	s.signature = f.EnableSignature
	return nil
}
