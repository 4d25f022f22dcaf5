package devnet

import (
	"context"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"
)

// posternAPI is the "postern" RPC namespace.
type posternAPI struct {
	faucet *faucet
	token  common.Address
}

// TokenFaucet is postern_tokenFaucet(address): it gives 1,000 of the token that the paymasters take, and returns
// the transaction's hash once it is in a block.
func (a *posternAPI) TokenFaucet(ctx context.Context, to common.Address) (common.Hash, error) {
	return a.give(ctx, func(ctx context.Context) (common.Hash, error) { return a.faucet.mint(ctx, a.token, to, tokenAmount) })
}

// Faucet is postern_faucet(address): it sends the configured amount and returns the transaction's
// hash once it is in a block.
func (a *posternAPI) Faucet(ctx context.Context, to common.Address) (common.Hash, error) {
	return a.give(ctx, func(ctx context.Context) (common.Hash, error) {
		receipt, err := a.faucet.transact(ctx, &to, a.faucet.amount, nil, 0)
		if err != nil {
			return common.Hash{}, err
		}
		return receipt.TxHash, nil
	})
}

// give bounds what the faucet does for callers: coins and tokens together.
func (a *posternAPI) give(ctx context.Context, send func(context.Context) (common.Hash, error)) (common.Hash, error) {
	if !a.faucet.limit.Allow() {
		return common.Hash{}, &rpcError{code: codeLimit, msg: fmt.Sprintf("faucet gives at most %d times a minute", a.faucet.limit.Burst())}
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	hash, err := send(ctx)
	if err != nil {
		return common.Hash{}, &rpcError{code: -32000, msg: err.Error()}
	}
	return hash, nil
}
