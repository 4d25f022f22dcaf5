package devnet

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/miner"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"
)

// newTx is an EIP-1559 transaction, or an EIP-7702 one when there are authorizations.
func newTx(config *params.ChainConfig, nonce uint64, to *common.Address, value *big.Int, data []byte, gas uint64, tip, feeCap *big.Int, auths []types.SetCodeAuthorization) *types.Transaction {
	if len(auths) == 0 {
		return types.NewTx(&types.DynamicFeeTx{ChainID: config.ChainID, Nonce: nonce, To: to, Value: value, Data: data,
			Gas: gas, GasTipCap: tip, GasFeeCap: feeCap})
	}
	return types.NewTx(&types.SetCodeTx{ChainID: uint256.MustFromBig(config.ChainID), Nonce: nonce, To: *to,
		Value: uint256.MustFromBig(value), Data: data, Gas: gas, GasTipCap: uint256.MustFromBig(tip),
		GasFeeCap: uint256.MustFromBig(feeCap), AuthList: auths})
}

// wallet sends transactions of one key through the chain's own pool, one at a time so that
// nonces neither collide nor leave gaps.
type wallet struct {
	chain   *chain
	key     *ecdsa.PrivateKey
	address common.Address
	turn    chan struct{} // holds one token while a nonce is being used; guards next
	next    uint64        // nonce after the last one handed to the pool
}

func newWallet(c *chain, key *ecdsa.PrivateKey) wallet {
	return wallet{chain: c, key: key, address: address(key), turn: make(chan struct{}, 1)}
}

// transact sends and waits for the receipt. Zero gas: estimated. A reverted transaction is an
// error.
func (w *wallet) transact(ctx context.Context, to *common.Address, value *big.Int, data []byte, gas uint64) (*types.Receipt, error) {
	heads := make(chan *types.Header, 8)
	sub, err := w.chain.client.SubscribeNewHead(ctx, heads)
	if err != nil {
		return nil, err
	}
	defer sub.Unsubscribe()
	hash, err := w.send(ctx, to, value, data, gas, nil)
	if err != nil {
		return nil, err
	}
	if w.chain.manual {
		w.chain.mine()
	}
	for {
		receipt, err := w.chain.client.TransactionReceipt(ctx, hash)
		if err == nil {
			w.chain.catchUp()
		}
		if err == nil && receipt.Status != types.ReceiptStatusSuccessful {
			return receipt, fmt.Errorf("transaction %s reverted", hash)
		}
		if err == nil || !errors.Is(err, ethereum.NotFound) {
			return receipt, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for transaction %s: %w", hash, context.Cause(ctx))
		case err := <-sub.Err():
			return nil, fmt.Errorf("waiting for transaction %s: chain closed: %w", hash, err)
		case <-heads:
		}
	}
}

// send signs and hands a transaction to the pool.
func (w *wallet) send(ctx context.Context, to *common.Address, value *big.Int, data []byte, gas uint64, auths []types.SetCodeAuthorization) (common.Hash, error) {
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
		return common.Hash{}, context.Cause(ctx)
	}
	head := w.chain.blocks().CurrentBlock()
	tip := new(big.Int).Set(miner.DefaultConfig.GasPrice) // the least that blocks take
	feeCap := new(big.Int).Add(tip, new(big.Int).Mul(head.BaseFee, big.NewInt(2)))
	if gas == 0 {
		var err error
		gas, err = w.chain.client.EstimateGas(ctx, ethereum.CallMsg{From: w.address, To: to, Value: value, Data: data})
		if err != nil {
			return common.Hash{}, fmt.Errorf("estimating gas: %w", err)
		}
	}
	config := w.chain.blocks().Config()
	nonce := max(w.next, w.chain.backend.TxPool().PoolNonce(w.address))
	tx, err := types.SignTx(newTx(config, nonce, to, value, data, gas, tip, feeCap, auths),
		types.LatestSigner(config), w.key)
	if err != nil {
		return common.Hash{}, fmt.Errorf("signing: %w", err)
	}
	if err := w.chain.client.SendTransaction(ctx, tx); err != nil {
		return common.Hash{}, fmt.Errorf("sending: %w", err)
	}
	w.next = nonce + 1
	return tx.Hash(), nil
}
