package devnet

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/userop"
)

// opReceipt is the result of eth_getUserOperationReceipt.
type opReceipt struct {
	UserOpHash    common.Hash          `json:"userOpHash"`
	EntryPoint    common.AddressEIP55  `json:"entryPoint"`
	Sender        common.AddressEIP55  `json:"sender"`
	Nonce         *hexutil.Big         `json:"nonce"`
	Paymaster     *common.AddressEIP55 `json:"paymaster"`
	ActualGasCost *hexutil.Big         `json:"actualGasCost"`
	ActualGasUsed *hexutil.Big         `json:"actualGasUsed"`
	Success       bool                 `json:"success"`
	Reason        string               `json:"reason,omitempty"` // why calls or postOp reverted, in words
	Logs          []*types.Log         `json:"logs"`             // of this operation's execution
	Receipt       json.RawMessage      `json:"receipt"`          // of the transaction
}

// foundOp is the result of eth_getUserOperationByHash.
type foundOp struct {
	UserOperation   json.RawMessage     `json:"userOperation"`
	EntryPoint      common.AddressEIP55 `json:"entryPoint"`
	BlockNumber     hexutil.Uint64      `json:"blockNumber"`
	BlockHash       common.Hash         `json:"blockHash"`
	TransactionHash common.Hash         `json:"transactionHash"`
}

var topicBeforeExecution = crypto.Keccak256Hash([]byte("BeforeExecution()"))

// receipt is nil when the operation is in no block.
func (b *bundler) receipt(ctx context.Context, hash common.Hash) (*opReceipt, error) {
	l, ok, err := b.store.location(hash)
	if !ok || err != nil {
		return nil, err
	}
	var raw json.RawMessage
	if err := b.chain.client.Client().CallContext(ctx, &raw, "eth_getTransactionReceipt", l.Tx); err != nil {
		return nil, err
	}
	tx := new(types.Receipt)
	if err := json.Unmarshal(raw, tx); err != nil {
		return nil, err
	}
	if l.Log >= uint(len(tx.Logs)) {
		return nil, fmt.Errorf("devnet: transaction %s has no log %d", l.Tx, l.Log)
	}
	entry := tx.Logs[l.Log]
	event, err := userop.ParseUserOperationEvent(entry.Topics, entry.Data)
	if err != nil {
		return nil, err
	}
	r := &opReceipt{
		UserOpHash: hash, EntryPoint: common.AddressEIP55(entry.Address), Sender: common.AddressEIP55(event.Sender), Nonce: (*hexutil.Big)(event.Nonce),
		ActualGasCost: (*hexutil.Big)(event.ActualGasCost), ActualGasUsed: (*hexutil.Big)(event.ActualGasUsed),
		Success: event.Success, Logs: executionLogs(tx.Logs, int(l.Log)), Receipt: raw,
	}
	if event.Paymaster != (common.Address{}) {
		r.Paymaster = (*common.AddressEIP55)(&event.Paymaster)
	}
	for _, l := range r.Logs {
		if of, reason, err := userop.ParseRevertReason(l.Topics, l.Data); err == nil && of == hash {
			r.Reason = reason.Error()
		}
	}
	return r, nil
}

// executionLogs are the logs between the previous operation of the bundle, or the bundle's
// validation, and an operation's event at index last, which belongs to them.
func executionLogs(logs []*types.Log, last int) []*types.Log {
	first := 0
	for i, l := range logs[:last] {
		if l.Address != logs[last].Address || len(l.Topics) == 0 {
			continue
		}
		if l.Topics[0] == userop.TopicUserOperationEvent || l.Topics[0] == topicBeforeExecution {
			first = i + 1
		}
	}
	return logs[first : last+1]
}

// byHash reads an included operation back out of its transaction. It is nil when the operation is
// in no block, or was handed to the EntryPoint by another contract.
func (b *bundler) byHash(ctx context.Context, hash common.Hash) (*foundOp, error) {
	l, ok, err := b.store.location(hash)
	if !ok || err != nil {
		return nil, err
	}
	tx, _, err := b.chain.client.TransactionByHash(ctx, l.Tx)
	if err != nil {
		return nil, err
	}
	block := b.chain.blocks().GetBlockByNumber(l.Block)
	if tx.To() == nil || block == nil {
		return nil, nil
	}
	ep, ok := userop.EntryPointByAddress(*tx.To())
	if !ok {
		return nil, nil
	}
	ops, _, err := userop.DecodeHandleOps(ep, tx.Data())
	if err != nil {
		return nil, nil
	}
	for _, op := range ops {
		b.addAuthorization(op, tx)
		if h, err := ep.Hash(op, b.chainID); err != nil || h != hash {
			continue
		}
		wire, err := ep.MarshalOp(op)
		if err != nil {
			return nil, err
		}
		return &foundOp{wire, common.AddressEIP55(ep.Address()), hexutil.Uint64(l.Block), block.Hash(), l.Tx}, nil
	}
	return nil, nil
}

// addAuthorization gives an operation back what its transaction carried beside the calldata.
func (b *bundler) addAuthorization(op *userop.Op, tx *types.Transaction) {
	for _, a := range tx.SetCodeAuthorizations() {
		if authority, err := a.Authority(); err == nil && authority == op.Sender {
			op.Authorization = &userop.Authorization{ChainID: a.ChainID.ToBig(), Address: a.Address, Nonce: a.Nonce,
				YParity: a.V, R: a.R.ToBig(), S: a.S.ToBig()}
		}
	}
	if op.Authorization == nil && op.IsEIP7702() {
		if s, err := newScene(b.chain.blocks(), b.wallet.address); err == nil {
			if delegate, ok := userop.ParseDelegation(s.state.GetCode(op.Sender)); ok {
				op.Delegate = &delegate
			}
		}
	}
}

// opStatus is the result of pimlico_getUserOperationStatus, with the reason of a drop besides.
type opStatus struct {
	Status          string       `json:"status"` // not_found, not_submitted, included, failed, rejected
	TransactionHash *common.Hash `json:"transactionHash"`
	Reason          string       `json:"reason,omitempty"`
}

func (b *bundler) status(ctx context.Context, hash common.Hash) (*opStatus, error) {
	b.mu.Lock()
	waiting := b.pool.byHash[hash] != nil
	b.mu.Unlock()
	if waiting {
		return &opStatus{Status: "not_submitted"}, nil
	}
	r, err := b.receipt(ctx, hash)
	if err != nil {
		return nil, err
	}
	if r != nil {
		l, _, err := b.store.location(hash)
		status := &opStatus{Status: "included", TransactionHash: &l.Tx, Reason: r.Reason}
		if !r.Success {
			status.Status = "failed"
		}
		return status, err
	}
	reason, dropped, err := b.store.dropped(hash)
	if dropped {
		return &opStatus{Status: "rejected", Reason: reason}, err
	}
	return &opStatus{Status: "not_found"}, err
}

// prices are the fees this bundler suggests.
func (b *bundler) prices() (map[string]map[string]*hexutil.Big, error) {
	s, err := newScene(b.chain.blocks(), b.wallet.address)
	if err != nil {
		return nil, err
	}
	list := map[string]map[string]*hexutil.Big{}
	for name, percent := range map[string]int64{"slow": 120, "standard": 150, "fast": 200} {
		p := suggest(s.header.BaseFee, percent)
		list[name] = map[string]*hexutil.Big{
			"maxFeePerGas":         (*hexutil.Big)(p.maxFee),
			"maxPriorityFeePerGas": (*hexutil.Big)(new(big.Int).Set(p.priority)),
		}
	}
	return list, nil
}
