package journeys

import (
	"cmp"
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/bundler"
)

// Stand is where journeys are walked: a chain and what serves it. The journeys know
// no more of a stand than this, so that each goes the same way on our chain with
// our bundler and on a chain and a bundler of others.
type Stand struct {
	RPC       string // JSON-RPC of the node
	Bundler   string // ERC-4337; "" is RPC
	Paymaster string // ERC-7677; "" is RPC
	// Fund gives an address at least five units of the chain's coin and returns when
	// they are there. Nil asks RPC for postern_faucet.
	Fund func(ctx context.Context, to common.Address) (common.Hash, error)
	// Token is an ERC-20 in which the paymaster lets itself be paid, and Mint gives an
	// address enough of it for some operations. Both nil: fees in tokens are left out.
	Token *common.Address
	Mint  func(ctx context.Context, to common.Address) error
}

// Devnet is the stand that has everything behind one address, as `postern up` and
// [devnet.Net.URL] have it.
//
// [devnet.Net.URL]: https://pkg.go.dev/github.com/postern-dev/postern/devnet#Net.Listen
func Devnet(url string) Stand { return Stand{RPC: url} }

var _ account.Confirmer = (*bundler.Chain)(nil) // receipts are checked against the chain

// connect opens chain and bundler; nobody pays for the account.
func (s Stand) connect() (account.Client, error) {
	b, err := bundler.Dial(cmp.Or(s.Bundler, s.RPC), bundler.Options{})
	if err != nil {
		return account.Client{}, fmt.Errorf("journeys: connect to the bundler: %w", err)
	}
	ch, err := bundler.NewChain(s.RPC, bundler.Options{})
	if err != nil {
		return account.Client{}, fmt.Errorf("journeys: connect to the chain: %w", err)
	}
	return account.Client{Chain: ch, Bundler: b}, nil
}

// fund gives an address money.
func (s Stand) fund(ctx context.Context, node *rpc.Client, to common.Address) (common.Hash, error) {
	if s.Fund != nil {
		return s.Fund(ctx, to)
	}
	var hash common.Hash
	if err := node.CallContext(ctx, &hash, "postern_faucet", to); err != nil {
		return hash, fmt.Errorf("journeys: ask the faucet: %w", err)
	}
	return hash, nil
}
