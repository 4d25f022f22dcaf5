package account

import (
	"context"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// Receipt finds the operation's event in the logs of the EntryPoints, whoever
// sent it: this Relayer, one before a restart, or a bundler.
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
	if rec != nil && !rec.Success {
		rec.Reason = reason
	}
	return rec, nil
}
