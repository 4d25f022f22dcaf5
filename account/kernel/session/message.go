// Messages by a session key (ERC-1271).

package session

import (
	"context"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/seal"
)

// Request is a signature of a message on its way.
type Request struct {
	inner *kernel.Request
	id    kernel.PermissionID
}

// SignHash begins the signature of an application's hash, such as that of typed
// data, for caller: the contract that will ask the account about it. The permission
// must be installed: unlike an operation, a message cannot do that. What the
// policies refuse is a *[RefusedError].
//
// Time windows, calls and budgets do not count for messages: a permit of tokens is
// one.
func (s *Session) SignHash(ctx context.Context, by kernel.Approver, hash common.Hash, caller common.Address) (*Request, error) {
	d, err := s.PreviewMessage(ctx, caller)
	if err != nil {
		return nil, err
	}
	if !d.Allowed {
		return nil, &RefusedError{d}
	}
	signer, err := s.signer(by)
	if err != nil {
		return nil, err
	}
	inner, err := signer.SignHash(hash, s.chainID)
	if err != nil {
		return nil, err
	}
	return &Request{inner: inner, id: s.ID()}, nil
}

// Challenge is what has to be signed.
func (r *Request) Challenge() account.Challenge { return r.inner.Challenge() }

// Finish verifies the approval and returns what isValidSignature of the account
// takes.
func (r *Request) Finish(a account.Approval) ([]byte, error) {
	signatures, err := r.inner.Finish(a)
	if err != nil {
		return nil, err
	}
	m, err := seal.ParseKernelMessage(signatures[0]) // as the owner would sign
	if err != nil {
		return nil, err
	}
	m.Validator, m.PermissionID = common.Address{}, r.id
	return m.Bytes(), nil
}
