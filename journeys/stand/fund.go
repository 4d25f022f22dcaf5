package stand

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
)

// Fund sends wei to an address from the key that has the chain's money, and waits until it is there.
func (s *Stand) Fund(ctx context.Context, to common.Address, wei *big.Int) (common.Hash, error) {
	return s.transact(ctx, to, wei, nil)
}

// deployer is the deterministic deployment proxy, which the stand has.
var deployer = common.HexToAddress("0x4e59b44847b379578588920cA78FbF26c0B4956C")

// Deploy sends calldata to the deterministic deployer unless there is code at the address that it
// leads to, and returns that code.
func (s *Stand) Deploy(ctx context.Context, at common.Address, create []byte) ([]byte, error) {
	if code, err := s.client.CodeAt(ctx, at, nil); err != nil || len(code) > 0 {
		return code, err
	}
	if _, err := s.transact(ctx, deployer, nil, create); err != nil {
		return nil, err
	}
	return s.client.CodeAt(ctx, at, nil)
}

// Mint gives an address units of the paymaster's token.
func (s *Stand) Mint(ctx context.Context, to common.Address, units *big.Int) (common.Hash, error) {
	if s.Token == nil {
		return common.Hash{}, fmt.Errorf("stand: it has no token")
	}
	data := append(crypto.Keccak256([]byte("sudoMint(address,uint256)"))[:4], common.LeftPadBytes(to[:], 32)...)
	return s.transact(ctx, *s.Token, nil, append(data, common.LeftPadBytes(units.Bytes(), 32)...))
}

func (s *Stand) transact(ctx context.Context, to common.Address, wei *big.Int, data []byte) (common.Hash, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key, err := crypto.ToECDSA(s.FunderKey)
	if err != nil {
		return common.Hash{}, err
	}
	nonce, err := s.client.PendingNonceAt(ctx, crypto.PubkeyToAddress(key.PublicKey))
	if err != nil {
		return common.Hash{}, fmt.Errorf("stand: count the funder's transactions: %w", err)
	}
	id := new(big.Int).SetUint64(s.ChainID)
	tx, err := types.SignNewTx(key, types.LatestSignerForChainID(id), &types.DynamicFeeTx{ChainID: id, Nonce: nonce,
		GasTipCap: big.NewInt(1e9), GasFeeCap: big.NewInt(100e9), Gas: 10_000_000, To: &to, Value: wei, Data: data})
	if err != nil {
		return common.Hash{}, err
	}
	if err := s.client.SendTransaction(ctx, tx); err != nil {
		return common.Hash{}, fmt.Errorf("stand: fund %s: %w", to, err)
	}
	return tx.Hash(), s.mined(ctx, tx.Hash())
}

// mined waits for a transaction and for its success.
func (s *Stand) mined(ctx context.Context, tx common.Hash) error {
	for {
		r, err := s.client.TransactionReceipt(ctx, tx)
		switch {
		case err == nil && r.Status == types.ReceiptStatusSuccessful:
			return nil
		case err == nil:
			return fmt.Errorf("stand: the transaction %s reverted", tx)
		case !errors.Is(err, ethereum.NotFound):
			return fmt.Errorf("stand: the receipt of %s: %w", tx, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}
