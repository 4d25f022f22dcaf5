package main

import (
	"context"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/bundler"
)

// An eoaSender sends plain transactions of an EOA.
type eoaSender struct {
	node  *bundler.Chain
	payer *ownerKey
	most  *big.Int // wei that one may cost
	ask   func(what string, cost *big.Int) error
	// chain is whose transactions are signed, and no other's: it stays what the node said first, where nobody said more.
	chain *big.Int
}

// minedTx is a transaction in a block.
type minedTx struct {
	Hash    common.Hash    `json:"transactionHash"`
	Status  hexutil.Uint64 `json:"status"`
	GasUsed hexutil.Uint64 `json:"gasUsed"`
}

// maxTxGas bounds what a node may say of gas: the largest that a transaction may have (EIP-7825).
const maxTxGas = 1 << 24

// send signs and sends a call and waits until it is in a block. What it may cost is bounded whatever
// the node says of fees and gas.
func (s *eoaSender) send(ctx context.Context, what string, to common.Address, data []byte) (*minedTx, error) {
	return s.pay(ctx, what, to, new(big.Int), data)
}

// pay is send with coins.
func (s *eoaSender) pay(ctx context.Context, what string, to common.Address, value *big.Int, data []byte) (*minedTx, error) {
	from := s.payer.address()
	var chainID, nonce, estimate hexutil.Uint64
	call := map[string]any{"from": from, "to": to, "data": hexutil.Bytes(data), "value": (*hexutil.Big)(value)}
	for _, q := range []struct {
		to     *hexutil.Uint64
		method string
		args   []any
	}{
		{&chainID, "eth_chainId", nil}, {&nonce, "eth_getTransactionCount", []any{from, "latest"}}, {&estimate, "eth_estimateGas", []any{call}},
	} {
		if err := s.node.CallContext(ctx, q.to, q.method, q.args...); err != nil {
			return nil, fmt.Errorf("prepare the transaction: %w", err)
		}
	}
	id, err := s.meant(new(big.Int).SetUint64(uint64(chainID)))
	if err != nil {
		return nil, err
	}
	gas := min(uint64(estimate), maxTxGas)
	gas = min(gas+gas/8, maxTxGas) // the base cost of what is done may change with the next block
	fees, err := s.node.Fees(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask for fees: %w", err)
	}
	cost := new(big.Int).Mul(fees.MaxFeePerGas, new(big.Int).SetUint64(gas))
	cost.Add(cost, value)
	if cost.Cmp(s.most) > 0 {
		return nil, failf("fee-limit", "wait for lower fees, or raise --max-fee", "the transaction may cost %s ETH, more than the limit of %s", account.Ether(cost), account.Ether(s.most))
	}
	has, err := s.node.Balance(ctx, from)
	if err != nil {
		return nil, err
	}
	if has.Cmp(cost) < 0 {
		return nil, failf("insufficient-funds", "send coins to "+from.Hex()+"; on a local chain: postern key fund", "%s has %s ETH, and the transaction may cost %s", from, account.Ether(has), account.Ether(cost))
	}
	if err := s.ask(what, cost); err != nil {
		return nil, err
	}
	tx, err := types.SignNewTx(s.payer.key, types.LatestSignerForChainID(id), &types.DynamicFeeTx{
		ChainID: id, Nonce: uint64(nonce), GasTipCap: fees.MaxPriorityFeePerGas, GasFeeCap: fees.MaxFeePerGas, Gas: gas, To: &to, Value: value, Data: data,
	})
	if err != nil {
		return nil, fmt.Errorf("sign the transaction: %w", err)
	}
	raw, err := tx.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("encode the transaction: %w", err)
	}
	return s.broadcast(ctx, raw)
}

// onChain asks which chain it is, before anything is looked at on it.
func (s *eoaSender) onChain(ctx context.Context) error {
	var id hexutil.Uint64
	if err := s.node.CallContext(ctx, &id, "eth_chainId"); err != nil {
		return fmt.Errorf("ask for the chain's id: %w", err)
	}
	_, err := s.meant(new(big.Int).SetUint64(uint64(id)))
	return err
}

// meant is the chain's id. A node that names another one than before could have money spent where nobody looks.
func (s *eoaSender) meant(got *big.Int) (*big.Int, error) {
	if s.chain == nil {
		s.chain = got
	}
	if s.chain.Cmp(got) != 0 {
		return nil, &account.WrongChainError{Who: "the node", Want: s.chain, Got: got}
	}
	return s.chain, nil
}

// broadcast sends a signed transaction and waits until it is in a block.
func (s *eoaSender) broadcast(ctx context.Context, raw []byte) (*minedTx, error) {
	var sent common.Hash
	if err := s.node.CallContext(ctx, &sent, "eth_sendRawTransaction", hexutil.Bytes(raw)); err != nil {
		return nil, fmt.Errorf("send the transaction: %w", err)
	}
	return s.wait(ctx, crypto.Keccak256Hash(raw))
}

// senderOf is who has signed a transaction without chain id, and what it needs to have.
func senderOf(raw []byte) (common.Address, *big.Int, error) {
	tx := new(types.Transaction)
	if err := tx.UnmarshalBinary(raw); err != nil {
		return common.Address{}, nil, fmt.Errorf("read a transaction: %w", err)
	}
	from, err := types.Sender(types.HomesteadSigner{}, tx)
	return from, tx.Cost(), err
}

// wait looks for the transaction by the hash computed here.
func (s *eoaSender) wait(ctx context.Context, hash common.Hash) (*minedTx, error) {
	for {
		var r *minedTx
		err := s.node.CallContext(ctx, &r, "eth_getTransactionReceipt", hash)
		if err != nil && !stillIndexing(err) {
			return nil, fmt.Errorf("wait for transaction %s: %w", hash, err)
		}
		switch {
		case r != nil && r.Hash != hash:
			return nil, failf("wrong-receipt", "use another node", "the node gives the receipt of another transaction")
		case r != nil && r.Status != 1:
			return nil, failf("reverted", "look at it in an explorer; the gas is spent", "transaction %s failed", hash)
		case r != nil:
			return r, nil
		}
		select {
		case <-ctx.Done():
			return nil, failf("timeout", "it may still be mined: run the command again, which sends nothing that is there already", "transaction %s is in no block yet", hash)
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// stillIndexing tells go-ethereum's answer about transactions that it does not find, as long as it has not indexed all
// that it has: right after its start, and now and then when a block has come. It means: ask again.
func stillIndexing(err error) bool {
	return strings.Contains(err.Error(), "transaction indexing is in progress")
}
