// A chain's node.

package bundler

import (
	"context"
	"fmt"
	"math/big"
	"sync/atomic"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

// Chain reads a chain through a node, at its latest block. It is safe for
// concurrent use.
type Chain struct {
	connection
	p256 atomic.Bool // [Chain.HasP256] has found it
}

var (
	_ account.Chain = (*Chain)(nil)
	_ account.Node  = (*Chain)(nil)

	_ account.Finder    = (*Chain)(nil)
	_ account.Confirmer = (*Chain)(nil)

	_ account.P256Prober = (*Chain)(nil)
)

// NewChain makes a client of a node. It does not connect yet.
func NewChain(url string, o Options) (*Chain, error) {
	e, err := newEndpoint(url, o)
	if err != nil {
		return nil, err
	}
	return &Chain{connection: connection{e: e}}, nil
}

type callArgs struct {
	To   common.Address `json:"to"`
	Data hexutil.Bytes  `json:"data"`
}

// Call is eth_call from the zero address. A revert is an [RPCError] in which
// errors.As finds a [userop.Revert] when the node said what was returned.
func (c *Chain) Call(ctx context.Context, to common.Address, data []byte) ([]byte, error) {
	var out hexutil.Bytes
	if err := c.e.call(ctx, "eth_call", &out, callArgs{to, data}, "latest"); err != nil {
		return nil, err
	}
	return out, nil
}

// Code is eth_getCode: empty for an account without code.
func (c *Chain) Code(ctx context.Context, addr common.Address) ([]byte, error) {
	var out hexutil.Bytes
	if err := c.e.call(ctx, "eth_getCode", &out, addr, "latest"); err != nil {
		return nil, err
	}
	return out, nil
}

// Balance is eth_getBalance, in wei.
func (c *Chain) Balance(ctx context.Context, addr common.Address) (*big.Int, error) {
	var n number
	if err := c.e.call(ctx, "eth_getBalance", &n, addr, "latest"); err != nil {
		return nil, err
	}
	return n.big(), nil
}

// Storage is eth_getStorageAt: the word in a slot of a contract's storage.
func (c *Chain) Storage(ctx context.Context, addr common.Address, slot common.Hash) (common.Hash, error) {
	var word common.Hash
	if err := c.e.call(ctx, "eth_getStorageAt", &word, addr, slot, "latest"); err != nil {
		return common.Hash{}, err
	}
	return word, nil
}

// CallContext is any other method; result may be nil.
func (c *Chain) CallContext(ctx context.Context, result any, method string, args ...any) error {
	return c.e.call(ctx, method, result, args...)
}

// FindByNonce implements [account.Finder] with eth_getLogs.
func (c *Chain) FindByNonce(ctx context.Context, ep userop.EntryPoint, sender common.Address, nonce *big.Int) (*account.Receipt, error) {
	return account.FindByNonce(ctx, c, ep, sender, nonce)
}

// NotConfirmedError says that a node does not bear out a bundler's receipt.
type NotConfirmedError struct {
	UserOpHash, TxHash common.Hash
	Why                string
}

func (e *NotConfirmedError) Error() string {
	return fmt.Sprintf("transaction %s does not confirm operation %s: %s", e.TxHash, e.UserOpHash, e.Why)
}

// Hint is the way out.
func (e *NotConfirmedError) Hint() string {
	return "the node may be behind: ask again; if it stays so, the bundler or the node is wrong, ask another one"
}

// Confirm looks for the event of r's operation in the transaction that r names,
// in the node's own words. It keeps a bundler that lies about receipts from
// being believed.
func (c *Chain) Confirm(ctx context.Context, r *account.Receipt, ep userop.EntryPoint) error {
	var tx *struct {
		Status *number   `json:"status"`
		Logs   []wireLog `json:"logs"`
	}
	if err := c.e.call(ctx, "eth_getTransactionReceipt", &tx, r.TxHash); err != nil {
		return err
	}
	no := func(why string) error {
		return &NotConfirmedError{UserOpHash: r.UserOpHash, TxHash: r.TxHash, Why: why}
	}
	switch {
	case tx == nil:
		return no("the node does not know the transaction")
	case tx.Status == nil || tx.Status.big().Sign() == 0:
		return no("the transaction failed")
	}
	for _, l := range tx.Logs {
		e, err := userop.ParseUserOperationEvent(l.Topics, l.Data)
		if err != nil || l.Address != ep.Address() || e.UserOpHash != r.UserOpHash {
			continue
		}
		if e.Sender != r.Sender || e.Success != r.Success {
			return no("the event says otherwise about sender or success")
		}
		for _, n := range []struct {
			what          string
			says, claimed *big.Int // claimed is nil if the receipt leaves it out
		}{{"nonce", e.Nonce, r.Nonce}, {"gas", e.ActualGasUsed, r.ActualGasUsed}, {"cost", e.ActualGasCost, r.ActualGasCost}} {
			if n.claimed != nil && n.claimed.Cmp(n.says) != 0 {
				return no(fmt.Sprintf("the event says otherwise about the %s: %s, not %s", n.what, n.says, n.claimed))
			}
		}
		return nil
	}
	return no("there is no such event of EntryPoint " + ep.Version())
}
