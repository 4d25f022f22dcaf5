package account

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/userop"
)

// lookBack is how many blocks are searched for an operation that this Relayer
// did not send itself: before a restart, say.
const lookBack = 5_000

type logEntry struct {
	Address     common.Address `json:"address"`
	Topics      []common.Hash  `json:"topics"`
	Data        hexutil.Bytes  `json:"data"`
	TxHash      common.Hash    `json:"transactionHash"`
	BlockNumber hexutil.Uint64 `json:"blockNumber"`
	Removed     bool           `json:"removed"`
}

// Receipt finds the operation's event in the logs of the EntryPoints.
func (r *Relayer) Receipt(ctx context.Context, hash common.Hash) (*Receipt, error) {
	var head hexutil.Uint64
	if err := r.Node.CallContext(ctx, &head, "eth_blockNumber"); err != nil {
		return nil, fmt.Errorf("account: ask for the latest block: %w", err)
	}
	from := uint64(0)
	if uint64(head) > lookBack {
		from = uint64(head) - lookBack
	}
	var eps []common.Address
	for _, ep := range userop.EntryPoints() {
		eps = append(eps, ep.Address())
	}
	var logs []logEntry
	err := r.Node.CallContext(ctx, &logs, "eth_getLogs", map[string]any{
		"fromBlock": hexutil.Uint64(from), "toBlock": "latest", "address": eps,
		"topics": []any{[]common.Hash{userop.TopicUserOperationEvent, userop.TopicRevertReason}, hash},
	})
	if err != nil {
		return nil, fmt.Errorf("account: look for the operation's event: %w", err)
	}
	var rec *Receipt
	reason := ""
	for _, l := range logs {
		if l.Removed || len(l.Topics) < 2 || l.Topics[1] != hash {
			continue
		}
		if _, ok := userop.EntryPointByAddress(l.Address); !ok {
			continue
		}
		if e, err := userop.ParseUserOperationEvent(l.Topics, l.Data); err == nil {
			rec = &Receipt{UserOpHash: e.UserOpHash, TxHash: l.TxHash, Success: e.Success, ActualGasUsed: e.ActualGasUsed,
				ActualGasCost: e.ActualGasCost, BlockNumber: uint64(l.BlockNumber), EntryPoint: l.Address, Sender: e.Sender, Nonce: e.Nonce}
		} else if _, why, err := userop.ParseRevertReason(l.Topics, l.Data); err == nil {
			reason = why.Error()
		}
	}
	if rec != nil && !rec.Success {
		rec.Reason = reason
	}
	return rec, nil
}
