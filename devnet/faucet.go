package devnet

import (
	"context"
	"crypto/ecdsa"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/params"
	"golang.org/x/time/rate"

	"github.com/postern-dev/postern/userop"
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

// topUp gives a paymaster its deposit again when less than half is left.
func (f *faucet) topUp(ctx context.Context, p predeploy) error {
	at := p.deposit.Address()
	left, err := f.chain.client.CallContract(ctx, ethereum.CallMsg{To: &at, Data: userop.BalanceOf(p.address)}, nil)
	if err != nil {
		return err
	}
	if new(big.Int).Lsh(new(big.Int).SetBytes(left), 1).Cmp(deposited) >= 0 {
		return nil
	}
	_, err = f.transact(ctx, &at, deposited, userop.DepositTo(p.address), 0)
	return err
}

// deploy sends a predeployed contract's creation code to the deployment factory.
func (f *faucet) deploy(ctx context.Context, p predeploy) error {
	to := params.DeterministicFactoryAddress
	_, err := f.transact(ctx, &to, new(big.Int), p.create2, 0)
	return err
}
