package account

import (
	"context"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/userop"
)

var (
	topicUserOp = crypto.Keccak256Hash([]byte("UserOperationEvent(bytes32,address,address,uint256,bool,uint256,uint256)"))
	topicRevert = crypto.Keccak256Hash([]byte("UserOperationRevertReason(bytes32,address,uint256,bytes)"))
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
		"topics": []any{[]common.Hash{topicUserOp, topicRevert}, hash},
	})
	if err != nil {
		return nil, fmt.Errorf("account: look for the operation's event: %w", err)
	}
	var rec *Receipt
	reason := ""
	for _, l := range logs {
		if l.Removed || len(l.Topics) < 3 || l.Topics[1] != hash {
			continue
		}
		if _, ok := userop.EntryPointByAddress(l.Address); !ok {
			continue
		}
		switch l.Topics[0] {
		case topicUserOp:
			rec = receiptOf(l)
		case topicRevert:
			reason = revertReason(l.Data)
		}
	}
	if rec != nil && !rec.Success {
		rec.Reason = reason
	}
	return rec, nil
}

// receiptOf reads UserOperationEvent; nil if its data has another shape.
func receiptOf(l logEntry) *Receipt {
	if len(l.Data) != 128 {
		return nil
	}
	return &Receipt{
		UserOpHash: l.Topics[1], TxHash: l.TxHash, BlockNumber: uint64(l.BlockNumber), EntryPoint: l.Address,
		Sender: common.BytesToAddress(l.Topics[2][12:]), Nonce: bigOf(l.Data[:32]),
		Success: bigOf(l.Data[32:64]).Sign() != 0, ActualGasCost: bigOf(l.Data[64:96]), ActualGasUsed: bigOf(l.Data[96:128]),
	}
}

// revertReason reads the bytes of UserOperationRevertReason(…, nonce, reason).
func revertReason(data []byte) string {
	if len(data) < 96 || bigOf(data[32:64]).Cmp(big.NewInt(64)) != 0 {
		return ""
	}
	n := bigOf(data[64:96])
	if !n.IsUint64() || n.Uint64() > uint64(len(data)-96) {
		return ""
	}
	d := userop.DecodeRevert(data[96 : 96+n.Uint64()])
	if d == nil {
		return ""
	}
	return d.Error()
}
