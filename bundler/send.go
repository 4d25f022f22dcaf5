// Sending, so that it may be repeated.

package bundler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

// UnknownOutcomeError says that an operation was sent and nobody knows whether
// it arrived.
type UnknownOutcomeError struct {
	Hash common.Hash // of the operation: ask for its receipt
	Err  error
}

func (e *UnknownOutcomeError) Error() string {
	return fmt.Sprintf("operation %s may have been accepted: %v", e.Hash, e.Err)
}

// Unwrap returns why.
func (e *UnknownOutcomeError) Unwrap() error { return e.Err }

// Hint is the way out.
func (e *UnknownOutcomeError) Hint() string {
	return "send the same operation again, or ask for its receipt: it can run only once"
}

// Send is eth_sendUserOperation. The operation is checked first, and the hash
// that the bundler answers must be the operation's own.
//
// Only ever the same bytes are sent, so that repeating cannot run anything
// twice: the nonce is part of them. An operation that the bundler has or that is
// on chain already counts as sent.
func (c *Client) Send(ctx context.Context, op *userop.Op, ep userop.EntryPoint) (common.Hash, error) {
	id, err := c.ChainID(ctx)
	if err != nil {
		return common.Hash{}, err
	}
	if err := op.Validate(ep, id); err != nil {
		return common.Hash{}, err
	}
	want, err := ep.Hash(op, id)
	if err != nil {
		return common.Hash{}, err
	}
	wire, err := ep.MarshalOp(op)
	if err != nil {
		return common.Hash{}, err
	}
	var got common.Hash
	err = c.e.call(ctx, "eth_sendUserOperation", &got, json.RawMessage(wire), ep.Address())
	switch {
	case err == nil && got != want:
		return common.Hash{}, &account.HashMismatchError{Want: want, Got: got}
	case err == nil:
		return want, nil
	}
	_, faulty := errors.AsType[*TransportError](err)
	if !faulty && !mayBeThere(err) {
		return common.Hash{}, err
	}
	// Whatever went wrong: does the bundler have this very operation?
	if known, kerr := c.ByHash(ctx, want); kerr == nil && known != nil {
		return want, nil
	}
	if faulty {
		err = &UnknownOutcomeError{Hash: want, Err: err}
	}
	return common.Hash{}, err
}

// mayBeThere tells refusals that an operation meets when it was sent before.
func mayBeThere(err error) bool {
	r, ok := errors.AsType[*RPCError](err)
	return ok && (r.AACode() == "AA25" || account.MayBeKnown(r))
}
