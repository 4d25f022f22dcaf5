package account

import (
	"context"
	"errors"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

// fate is what the chain itself says about an operation.
type fate struct {
	err      error       // the node could not be asked
	current  *big.Int    // next nonce
	taken    bool        // the operation's nonce is used
	deployed bool        // the account has code
	ran      *Receipt    // by this operation
	by       common.Hash // by this other one; zero when not known
	search   error       // why nobody looked by which
}

// askChain finds out whether the nonce is used, and by which operation. Code is
// read before the nonce: an account without a used nonce but with code was
// deployed by somebody else.
func (p *Prepared) askChain(ctx context.Context) (f fate) {
	ch, ep, self := p.client.Chain, p.acct.EntryPoint(), p.acct.Address()
	code, err := ch.Code(ctx, self)
	if err != nil {
		return fate{err: err}
	}
	f.deployed = len(code) > 0
	if f.current, f.err = readNonce(ctx, ch, ep.Address(), self, p.auth.NonceKey()); f.err != nil {
		return f
	}
	if f.taken = f.current.Cmp(p.op.Nonce) > 0; !f.taken {
		return f
	}
	finder, ok := ch.(Finder)
	if !ok {
		return f
	}
	r, err := finder.FindByNonce(ctx, ep, self, p.op.Nonce)
	switch {
	case err != nil:
		f.search = err
	case r != nil && r.UserOpHash == p.hash:
		f.ran = r
	case r != nil:
		f.by = r.UserOpHash
	}
	return f
}

// unclear is the error for an operation of which nobody knows.
func (p *Prepared) unclear(f fate, cause error) error {
	return &UnclearError{Hash: p.hash, Sender: p.acct.Address(), Nonce: p.op.Nonce, Current: f.current, Cause: errors.Join(cause, f.search)}
}
