package account

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/userop"
)

// How many blocks are searched for an operation: the second number for nodes
// that refuse the first.
const (
	lookBack      = 5_000
	lookBackShort = 500
)

type logEntry struct {
	Address     common.Address `json:"address"`
	Topics      []common.Hash  `json:"topics"`
	Data        hexutil.Bytes  `json:"data"`
	TxHash      common.Hash    `json:"transactionHash"`
	BlockNumber hexutil.Uint64 `json:"blockNumber"`
	Removed     bool           `json:"removed"`
}

// receipt reads the event of an operation; nil if the entry is something else.
func (l logEntry) receipt() *Receipt {
	if l.Removed {
		return nil
	}
	e, err := userop.ParseUserOperationEvent(l.Topics, l.Data)
	if err != nil {
		return nil
	}
	return &Receipt{UserOpHash: e.UserOpHash, TxHash: l.TxHash, Success: e.Success, ActualGasUsed: e.ActualGasUsed,
		ActualGasCost: e.ActualGasCost, BlockNumber: uint64(l.BlockNumber), EntryPoint: l.Address, Sender: e.Sender, Nonce: e.Nonce}
}

// recentLogs is eth_getLogs over the last blocks.
func recentLogs(ctx context.Context, node Node, back uint64, addresses []common.Address, topics ...any) ([]logEntry, error) {
	var head hexutil.Uint64
	if err := node.CallContext(ctx, &head, "eth_blockNumber"); err != nil {
		return nil, fmt.Errorf("account: ask for the latest block: %w", err)
	}
	from := uint64(0)
	if uint64(head) > back {
		from = uint64(head) - back
	}
	var logs []logEntry
	err := node.CallContext(ctx, &logs, "eth_getLogs", map[string]any{
		"fromBlock": hexutil.Uint64(from), "toBlock": "latest", "address": addresses, "topics": topics,
	})
	if err != nil {
		return nil, fmt.Errorf("account: look for the operation's event: %w", err)
	}
	return logs, nil
}

// FindByNonce looks in the EntryPoint's logs of the last 5,000 blocks for the
// operation of sender that used a nonce – there is only one. It returns nil, nil
// if there is none in them: the operation may be older, or a nonce was used up
// without an operation. It is what [Finder] needs of a node.
func FindByNonce(ctx context.Context, node Node, ep userop.EntryPoint, sender common.Address, nonce *big.Int) (*Receipt, error) {
	search := func(back uint64) ([]logEntry, error) {
		return recentLogs(ctx, node, back, []common.Address{ep.Address()},
			userop.TopicUserOperationEvent, nil, common.BytesToHash(sender[:]))
	}
	logs, err := search(lookBack)
	if err != nil && !isOutage(ctx, err) {
		var again error
		if logs, again = search(lookBackShort); again != nil {
			return nil, errors.Join(err, again)
		}
	} else if err != nil {
		return nil, err
	}
	for _, l := range logs {
		if r := l.receipt(); r != nil && l.Address == ep.Address() && r.Sender == sender && r.Nonce.Cmp(nonce) == 0 {
			return r, nil
		}
	}
	return nil, nil
}
