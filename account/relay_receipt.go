package account

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/userop"
)

// Receipt finds the operation's event in the logs of the EntryPoints, whoever
// sent it: this Relayer, one before a restart, or a bundler. If there is none because
// the transaction that this Relayer sent was reverted, that is a *[RelayRevertedError].
func (r *Relayer) Receipt(ctx context.Context, hash common.Hash) (*Receipt, error) {
	var eps []common.Address
	for _, ep := range userop.EntryPoints() {
		eps = append(eps, ep.Address())
	}
	logs, err := recentLogs(ctx, r.Node, lookBack, eps, []common.Hash{userop.TopicUserOperationEvent, userop.TopicRevertReason}, hash)
	if err != nil {
		return nil, err
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
		if found := l.receipt(); found != nil {
			rec = found
		} else if _, why, err := userop.ParseRevertReason(l.Topics, l.Data); err == nil {
			reason = why.Error()
		}
	}
	if rec == nil {
		return nil, r.reverted(ctx, hash)
	}
	if !rec.Success {
		rec.Reason = reason
	}
	return rec, nil
}

// RelayRevertedError says that the transaction that was to carry an operation was
// reverted: what was right when it was sent no longer was. The operation did not run.
type RelayRevertedError struct{ Transaction common.Hash }

func (e *RelayRevertedError) Error() string {
	return fmt.Sprintf("account: the transaction %s that carried the operation was reverted", e.Transaction)
}

// Hint implements [Hinter].
func (e *RelayRevertedError) Hint() string {
	return "the operation did not run and may be sent again as it is; if that is refused, prepare it anew"
}

// reverted looks at the transaction that this Relayer sent for an operation, if it did.
func (r *Relayer) reverted(ctx context.Context, hash common.Hash) error {
	r.mu.Lock()
	tx, sent := r.sent[hash]
	r.mu.Unlock()
	if !sent {
		return nil
	}
	var receipt *struct{ Status hexutil.Uint64 }
	if err := r.Node.CallContext(ctx, &receipt, "eth_getTransactionReceipt", tx); err != nil {
		return fmt.Errorf("account: ask for the receipt of %s: %w", tx, err)
	}
	if receipt == nil || receipt.Status != 0 {
		return nil
	}
	return &RelayRevertedError{Transaction: tx}
}
