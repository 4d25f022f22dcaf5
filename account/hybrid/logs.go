// Events about keys, from nodes that limit what they are asked for.

package hybrid

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/internal/abiargs"
	"github.com/postern-dev/postern/seal"
)

// How much is asked for logs: nodes limit the range of one query, and a wallet
// cannot wait for all of a long chain.
const (
	maxLogQueries = 48
	firstLogRange = 10_000 // blocks
	leastLogRange = 100
	maxLogRange   = 2_000_000
)

// searchLogs asks for the whole chain first; a node that refuses is asked in
// ranges, from the latest block back, until query says that it has all, or enough
// has been asked. That nothing is found is no error.
func searchLogs(ctx context.Context, node account.Node, query func(from, to string) (done bool, err error)) error {
	if _, err := query("earliest", "latest"); err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	var head hexutil.Uint64
	if err := node.CallContext(ctx, &head, "eth_blockNumber"); err != nil {
		return fmt.Errorf("hybrid: ask for the latest block: %w", err)
	}
	to, size, growth := uint64(head), uint64(firstLogRange), uint64(2)
	for range maxLogQueries {
		from := to - min(to, size-1)
		done, err := query(hexutil.EncodeUint64(from), hexutil.EncodeUint64(to))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && size > leastLogRange:
			size, growth = max(size/2, leastLogRange), 1 // the node's limit is near
		case err != nil || done || from == 0:
			return nil
		default:
			to, size = from-1, min(size*growth, maxLogRange)
		}
	}
	return nil
}

// keyLog is an entry of eth_getLogs, as far as it is needed.
type keyLog struct {
	Address common.Address `json:"address"`
	Topics  []common.Hash  `json:"topics"`
	Data    hexutil.Bytes  `json:"data"`
	Removed bool           `json:"removed"`
}

// keyLogs asks for the events of keys with these hashes, of any account where addr
// is zero.
func keyLogs(ctx context.Context, node account.Node, from, to string, addr common.Address, hashes []common.Hash) ([]keyLog, error) {
	filter := map[string]any{"fromBlock": from, "toBlock": to, "topics": []any{addedKey.ID, hashes}}
	if addr != (common.Address{}) {
		filter["address"] = addr
	}
	var logs []keyLog
	err := node.CallContext(ctx, &logs, "eth_getLogs", filter)
	return logs, err
}

// addedKey is AddedP256Key(bytes32 indexed keyIdHash, string keyId, uint256 x, uint256 y).
var addedKey = contractABI.Events["AddedP256Key"]

// text reads the event of an added key. The text is proven by its hash, whoever
// says it.
func (l keyLog) text() (string, bool) {
	if l.Removed || len(l.Topics) != 2 || l.Topics[0] != addedKey.ID || len(l.Data) > 2*maxKeyID {
		return "", false
	}
	values, err := abiargs.Unpack(addedKey.Inputs.NonIndexed(), l.Data)
	if err != nil {
		return "", false
	}
	id, ok := values[0].(string)
	if !ok || len(id) == 0 || len(id) > maxKeyID {
		return "", false
	}
	return id, seal.MetaMaskKeyIDHash(id) == l.Topics[1]
}
