package account

import (
	"context"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// Chain is what this package reads of a chain, at its latest block.
type Chain interface {
	ChainID(ctx context.Context) (*big.Int, error)
	// Call runs a read-only call from the zero address. A revert is an error
	// in which errors.As finds a [userop.Revert] when the node said what the
	// contract reverted with.
	Call(ctx context.Context, to common.Address, data []byte) ([]byte, error)
	Code(ctx context.Context, addr common.Address) ([]byte, error)
	Balance(ctx context.Context, addr common.Address) (*big.Int, error)
	Fees(ctx context.Context) (Fees, error)
}

// Confirmer is an ability of chains that can find a receipt's operation in the
// transaction that it names. With it, a bundler's word alone is not believed.
type Confirmer interface {
	Confirm(ctx context.Context, r *Receipt, ep userop.EntryPoint) error
}

// Finder is an ability of chains that can find an operation in the logs of an
// EntryPoint. With it the chain itself says what became of an operation, also
// while the bundler is behind or down. [FindByNonce] does it with a node.
type Finder interface {
	// FindByNonce returns the receipt of the operation of sender that used a
	// nonce; nil, nil if none is seen.
	FindByNonce(ctx context.Context, ep userop.EntryPoint, sender common.Address, nonce *big.Int) (*Receipt, error)
}

// Bundler brings operations to a chain.
type Bundler interface {
	// EstimateGas fills in limits for op, which carries a stub signature.
	EstimateGas(ctx context.Context, op *userop.Op, ep userop.EntryPoint) (GasEstimate, error)
	// Send hands over a sealed operation and returns its hash.
	Send(ctx context.Context, op *userop.Op, ep userop.EntryPoint) (common.Hash, error)
	// Receipt returns nil, nil while the operation is unknown or pending.
	Receipt(ctx context.Context, hash common.Hash) (*Receipt, error)
}

// FeeSuggester is an ability of bundlers that know which fees they accept. It
// is asked before the chain.
type FeeSuggester interface {
	SuggestFees(ctx context.Context) (Fees, error)
}

// Paymaster pays for operations (ERC-7677). Both calls get the operation as it
// stands; chainID is the chain's.
type Paymaster interface {
	// Stub returns fields for estimation.
	Stub(ctx context.Context, op *userop.Op, ep userop.EntryPoint, chainID *big.Int) (Sponsorship, error)
	// Data returns the final fields for an operation whose gas and fees are set.
	Data(ctx context.Context, op *userop.Op, ep userop.EntryPoint, chainID *big.Int) (Sponsorship, error)
}

// Sponsorship is a paymaster's part of an operation. Nil limits mean: as
// estimated by the bundler.
type Sponsorship struct {
	Paymaster            common.Address
	VerificationGasLimit *big.Int
	PostOpGasLimit       *big.Int
	Data                 []byte
	// Signature stands beside the operation's hash (EntryPoint 0.9 only): a stub
	// has one exactly if the final answer has.
	Signature []byte
	Final     bool   // the stub is already the final data
	Sponsor   string // name to show, may be empty
}

// Fees are EIP-1559 fees in wei per gas.
type Fees struct {
	MaxFeePerGas         *big.Int
	MaxPriorityFeePerGas *big.Int
}

// GasEstimate holds gas limits. The paymaster's are nil without a paymaster.
type GasEstimate struct {
	CallGasLimit                  *big.Int
	VerificationGasLimit          *big.Int
	PreVerificationGas            *big.Int
	PaymasterVerificationGasLimit *big.Int
	PaymasterPostOpGasLimit       *big.Int
}

// Receipt says what became of an operation.
type Receipt struct {
	UserOpHash    common.Hash
	TxHash        common.Hash
	Success       bool     // false: the calls reverted; the fee was paid nevertheless
	Reason        string   // why, where the chain said so
	ActualGasUsed *big.Int // nil if nobody said it, like ActualGasCost
	ActualGasCost *big.Int // wei
	BlockNumber   uint64
	EntryPoint    common.Address
	Sender        common.Address
	Nonce         *big.Int
}

// Client is a way to one chain.
type Client struct {
	Chain   Chain
	Bundler Bundler
	// Paymaster pays the fee; nil: the account pays.
	Paymaster Paymaster
	// ChainID is the chain that is meant. When set, a node that answers another
	// one is refused with *WrongChainError; nil takes the node's word.
	ChainID *big.Int
	// Currency is the name of the chain's own coin in summaries; "" is "ETH".
	Currency string
}
