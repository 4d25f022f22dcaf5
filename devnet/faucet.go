package devnet

import (
	"context"
	"crypto/ecdsa"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/params"
	"golang.org/x/time/rate"
)

// faucet owns the account that has the chain's money.
type faucet struct {
	wallet
	amount *big.Int
	limit  *rate.Limiter
}

func newFaucet(c *chain, key *ecdsa.PrivateKey, config Config) *faucet {
	perMinute := config.FaucetPerMinute
	return &faucet{
		wallet: newWallet(c, key),
		amount: config.FaucetAmount,
		limit:  rate.NewLimiter(rate.Limit(float64(perMinute)/60), perMinute),
	}
}

// Faucet sends wei to an address and waits until it is there; on a chain that makes blocks only when
// told, it makes one. It has no limits but the faucet's balance: it is for this process. The RPC
// method postern_faucet is the bounded form.
func (n *Net) Faucet(ctx context.Context, to common.Address, wei *big.Int) error {
	if wei == nil || wei.Sign() <= 0 {
		return &Error{Kind: ErrFaucet, Err: fmt.Errorf("amount %v is not positive", wei)}
	}
	if _, err := n.faucet.transact(ctx, &to, wei, nil, 0); err != nil {
		return &Error{Kind: ErrFaucet, Err: err}
	}
	return nil
}

// deploy sends a predeployed contract's creation code to the deployment factory.
func (f *faucet) deploy(ctx context.Context, p predeploy) error {
	to := params.DeterministicFactoryAddress
	_, err := f.transact(ctx, &to, new(big.Int), p.create2, 0)
	return err
}

// posternAPI is the "postern" RPC namespace.
type posternAPI struct{ faucet *faucet }

// Faucet is postern_faucet(address): it sends the configured amount and returns the transaction's
// hash once it is in a block.
func (a *posternAPI) Faucet(ctx context.Context, to common.Address) (common.Hash, error) {
	if !a.faucet.limit.Allow() {
		return common.Hash{}, &rpcError{code: -32005, msg: fmt.Sprintf("faucet gives at most %d times a minute", a.faucet.limit.Burst())}
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	receipt, err := a.faucet.transact(ctx, &to, a.faucet.amount, nil, 0)
	if err != nil {
		return common.Hash{}, &rpcError{code: -32000, msg: err.Error()}
	}
	return receipt.TxHash, nil
}
