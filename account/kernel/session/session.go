// The session's side: a document that was opened.

package session

import (
	"bytes"
	"context"
	"errors"
	"math/big"
	"slices"
	"sync/atomic"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/grant"
)

// Session is an opened document. It does not change, and is safe for concurrent use;
// what the chain says of it is read anew by each method with a context.
type Session struct {
	chain      account.Chain
	chainID    *big.Int
	document   *approval.Document
	account    *kernel.Account // as the chain has it, or as the document deploys it
	permission kernel.Permission
	grant      grant.Grant
	signature  []byte // the owner's
	options    options
	last       atomic.Pointer[checked] // the approval as it was checked last
}

// checked is an owner's approval that was checked: it stays what it is.
type checked struct {
	nonce  uint32
	root   common.Address
	owner  string // the root's InitData
	enable kernel.Enable
	err    error
}

// record reads what the account says of the permission. Not yet deployed, it says
// nothing. What the account has installed must be what the document contains; what
// it never had must be approved by its owner.
func (s *Session) record(ctx context.Context, there bool) (rec record, err error) {
	r := reader{s.chain, s.account.Address()}
	if !there {
		rec.account, rec.version, rec.nonce = s.account, s.account.Version(), 1
		if rec.born = s.born(); rec.born {
			return rec, nil
		}
		rec.enable, err = s.approved(rec)
		return rec, err
	}
	if rec, err = r.record(ctx, s.ID()); err != nil {
		return rec, err
	}
	switch {
	case rec.version != s.account.Version():
		return rec, ErrUpgraded
	case !rec.Present && rec.Installed.Nonce == 0:
		rec.enable, err = s.approved(rec)
		if _, refused := errors.AsType[*ApprovalError](err); refused && s.once(rec) {
			rec.void, err = true, nil
		}
		return rec, err
	case !rec.Present:
		return rec, nil
	}
	if err := rec.matches(s.permission); err != nil {
		return rec, err
	}
	return rec, r.signerKey(ctx, s.ID(), s.permission.Signer)
}

// born says that the account's deployment, which its address proves, installs the
// permission and gives it access to execute: then nobody had to sign for it.
func (s *Session) born() bool {
	if s.signature != nil {
		return false
	}
	calls, err := s.account.InstallPermission(s.permission, 1)
	if err != nil {
		return false
	}
	validation := s.ID().Validation()
	access := slices.Concat(selector("grantAccess(bytes21,bytes4,bool)"), left(validation[:]), left(selector("execute(bytes32,bytes)")), word(1))
	_, data := s.account.Factory()
	return bytes.Contains(data, calls[0].Data) && bytes.Contains(data, access)
}

// approved checks the owner's approval for the account as it is.
func (s *Session) approved(rec record) (kernel.Enable, error) {
	c := checked{nonce: rec.nonce, root: rec.account.RootContract(), owner: string(rec.account.Root().InitData())}
	if last := s.last.Load(); last != nil && last.nonce == c.nonce && last.root == c.root && last.owner == c.owner {
		return last.enable, last.err
	}
	if c.enable, c.err = s.document.Enable(s.chainID, rec.nonce); c.err != nil {
		return c.enable, c.err
	}
	if err := s.document.Verify(c.enable, rec.account.Root()); err != nil {
		c.err = &ApprovalError{err}
	}
	s.last.Store(&c)
	return c.enable, c.err
}

// maxBack is how many earlier nonces are tried: the account's nonce moves by few.
const maxBack = 32

// once says that the owner approved it before the account's nonce moved on.
func (s *Session) once(rec record) bool {
	for n := rec.nonce; n > 1 && rec.nonce-n < maxBack; {
		n--
		if e, err := s.document.Enable(s.chainID, n); err == nil && s.document.Verify(e, rec.account.Root()) == nil {
			return true
		}
	}
	return false
}

// ID names the permission.
func (s *Session) ID() kernel.PermissionID { return s.permission.ID() }

// Account is the owner's account, whose every call goes through execute, the one
// function that permissions may call; for [account.Prepare].
func (s *Session) Account() account.Account { return sessionAccount{s.account} }

// Address is the account's.
func (s *Session) Address() common.Address { return s.account.Address() }

// ChainID is the chain on which the session is open.
func (s *Session) ChainID() *big.Int { return new(big.Int).Set(s.chainID) }

// Document is the approval, with what opening it has added.
func (s *Session) Document() *approval.Document { return s.document }

// Permission is what the session key is on the chain.
func (s *Session) Permission() kernel.Permission { return s.permission }

// Grant is what the key may do.
func (s *Session) Grant() grant.Grant { return s.grant }

// Words says what the key may do, as the owner read it before approving.
func (s *Session) Words() []string { return grant.Words(s.grant, s.options.style) }

// sessionAccount is the account as a permission uses it.
type sessionAccount struct{ *kernel.Account }

// EncodeCalls implements [account.Account].
func (a sessionAccount) EncodeCalls(calls []account.Call) ([]byte, error) {
	return kernel.Execute(calls)
}

var _ account.Account = sessionAccount{}

// ErrNoKey says that a document holds no private key.
var ErrNoKey = errors.New("session: the approval holds no private key")

// Approve answers a challenge with the private key in the document.
func (s *Session) Approve(c account.Challenge) (account.Approval, error) {
	raw := s.document.PrivateKey()
	if raw == nil {
		return account.Approval{}, ErrNoKey
	}
	defer clear(raw)
	key, err := crypto.ToECDSA(raw)
	if err != nil {
		return account.Approval{}, ErrNoKey
	}
	if c.Kind != account.KindECDSA || c.Address != crypto.PubkeyToAddress(key.PublicKey) {
		return account.Approval{}, account.ErrWrongSigner
	}
	sig, err := crypto.Sign(c.Digest[:], key)
	return account.Approval{ECDSA: sig}, err
}
