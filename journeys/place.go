package journeys

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
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
	// Token is an ERC-20 in which the paymaster lets itself be paid; nil leaves fees in
	// tokens out. Mint gives an address enough of it for some operations; nil asks RPC
	// for postern_tokenFaucet.
	Token *common.Address
	Mint  func(ctx context.Context, to common.Address) (common.Hash, error)
	// Osaka makes a chain without P256VERIFY one that has it, and returns when it does;
	// nil where that cannot be had.
	Osaka func(ctx context.Context) error
	// Kernel are the versions of ZeroDev's Kernel that the chain has, oldest first; the
	// newest is walked on. StandIns says that the modules beside it are stand-ins, whose
	// policies bind nothing but a number of uses, a time and fees.
	Kernel   []kernel.Version
	StandIns bool
}

// Devnet is the stand that has everything behind one address, as `postern up` has it;
// token is the one of package devnet's Info.
func Devnet(url string, token common.Address) Stand { return Stand{RPC: url, Token: &token} }

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
	return give(ctx, node, s.Fund, "postern_faucet", to)
}

// mint gives an address tokens.
func (s Stand) mint(ctx context.Context, node *rpc.Client, to common.Address) (common.Hash, error) {
	return give(ctx, node, s.Mint, "postern_tokenFaucet", to)
}

// give gives by own means or else by a method of the node.
func give(ctx context.Context, node *rpc.Client, own func(context.Context, common.Address) (common.Hash, error), method string, to common.Address) (common.Hash, error) {
	if own != nil {
		return own(ctx, to)
	}
	var hash common.Hash
	if err := node.CallContext(ctx, &hash, method, to); err != nil {
		return hash, fmt.Errorf("journeys: ask the faucet: %w", err)
	}
	return hash, nil
}

// skips reports whether days can pass on the chain at once. It asks for no time at all,
// which a chain that has the method grants, or refuses for that reason.
func (s Stand) skips(ctx context.Context) bool {
	node, err := rpc.DialContext(ctx, s.RPC)
	if err != nil {
		return true // whoever walks there is told so
	}
	defer node.Close()
	const invalidParams = -32602
	err = node.CallContext(ctx, nil, "evm_increaseTime", 0)
	e, refused := errors.AsType[rpc.Error](err)
	return err == nil || refused && e.ErrorCode() == invalidParams
}

// skip lets days pass on a chain.
func skip(ctx context.Context, node *rpc.Client, d time.Duration) error {
	err := node.CallContext(ctx, nil, "evm_increaseTime", uint64(d/time.Second))
	if err == nil {
		err = node.CallContext(ctx, nil, "evm_mine")
	}
	if err != nil {
		return fmt.Errorf("journeys: let time pass: %w", err)
	}
	return nil
}
