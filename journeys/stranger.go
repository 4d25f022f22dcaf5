package journeys

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethclient"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

// A stranger is somebody with an ordinary key who is nothing to the account.

// stranger is one with money.
func (w *walker) stranger(ctx context.Context) (owner, error) {
	o, err := w.newOwner()
	if err != nil {
		return o, err
	}
	_, err = w.fund(ctx, o.address())
	return o, err
}

// transact has an ordinary key make a call in a transaction of its own, and notes what
// that took. A call that the chain refuses is an error, and nothing is sent.
func (w *walker) transact(ctx context.Context, s *Step, from owner, call account.Call) error {
	node := ethclient.NewClient(w.node)
	msg := ethereum.CallMsg{From: from.address(), To: &call.To, Value: call.Value, Data: call.Data}
	gas, err := node.EstimateGas(ctx, msg)
	if err != nil {
		return fmt.Errorf("journeys: the chain refuses the call: %w", err)
	}
	id, err := node.ChainID(ctx)
	if err != nil {
		return err
	}
	nonce, err := node.PendingNonceAt(ctx, from.address())
	if err != nil {
		return err
	}
	fees, err := w.client.Chain.Fees(ctx)
	if err != nil {
		return err
	}
	tx, err := types.SignNewTx(from.key, types.LatestSignerForChainID(id), &types.DynamicFeeTx{ChainID: id, Nonce: nonce,
		GasTipCap: fees.MaxPriorityFeePerGas, GasFeeCap: fees.MaxFeePerGas, Gas: gas + gas/8, To: &call.To, Value: call.Value, Data: call.Data})
	if err != nil {
		return err
	}
	if err := node.SendTransaction(ctx, tx); err != nil {
		return err
	}
	for {
		r, err := receiptInHead(ctx, node, tx.Hash())
		switch {
		case err == nil && r.Status != types.ReceiptStatusSuccessful:
			return fmt.Errorf("journeys: transaction %s reverted", tx.Hash())
		case err == nil:
			s.Detail["txHash"], s.Gas = tx.Hash().Hex(), &r.GasUsed
			return nil
		case !errors.Is(err, ethereum.NotFound):
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// receiptInHead is a transaction's receipt once the node answers from a state that has the transaction: go-ethereum
// knows a block's receipts a moment before the block is its latest.
func receiptInHead(ctx context.Context, node *ethclient.Client, tx common.Hash) (*types.Receipt, error) {
	r, err := node.TransactionReceipt(ctx, tx)
	if err != nil {
		return nil, err
	}
	head, err := node.BlockNumber(ctx)
	if err == nil && head < r.BlockNumber.Uint64() {
		err = ethereum.NotFound
	}
	return r, err
}

// refusedByChain wants a call from nobody in particular refused with an error of the
// contract, which is told by the first four bytes of the revert's data.
func (w *walker) refusedByChain(ctx context.Context, s *Step, call account.Call, selector []byte) error {
	_, err := w.client.Chain.Call(ctx, call.To, call.Data)
	if err == nil {
		return errAccepted
	}
	r, ok := errors.AsType[*userop.Revert](err)
	if !ok || !bytes.HasPrefix(r.Data, selector) {
		return fmt.Errorf("journeys: refused for another reason: %w", err)
	}
	s.Detail["chain"] = fmt.Sprintf("refuses: 0x%x", selector)
	return nil
}
