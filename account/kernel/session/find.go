// Candidates for permissions, from logs and transactions. Nothing of it is believed:
// the account says which permissions there are, and contents prove themselves by
// their id.

package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/userop"
)

// How much is looked at. Nodes limit the range of one query too.
const (
	maxPermissions  = 1024   // of one transaction
	maxCandidates   = 16_384 // ids: whoever writes a transaction can put any number there
	maxContents     = 8      // with one id
	maxTransactions = 512
	maxInput        = 1 << 20 // bytes of one transaction
	maxParsed       = 8 << 20 // bytes of contents that are tried of one transaction
	maxLogQueries   = 48
	firstLogRange   = 10_000 // blocks
	leastLogRange   = 100
	maxLogRange     = 2_000_000
)

// TooManyError says that more was found than is looked at.
type TooManyError struct {
	What string // "permissions"
	Most int
}

func (e *TooManyError) Error() string {
	return fmt.Sprintf("session: the account's history holds more than %d %s", e.Most, e.What)
}

// Hint implements [account.Hinter].
func (e *TooManyError) Hint() string {
	return "name the permissions with WithKnown, and use a node without logs"
}

// PartialError says that a node did not answer for all of its chain: permissions
// that were installed before may be missing.
type PartialError struct{ Before uint64 } // block

func (e *PartialError) Error() string {
	return fmt.Sprintf("session: this node's limits let only the blocks from %d on be searched: older permissions may be missing", e.Before)
}

// Hint implements [account.Hinter].
func (e *PartialError) Hint() string {
	return "use a node without such limits, or name the permissions; RevokeAll ends also those that were not found, but for messages (ERC-1271)"
}

var (
	_ account.Hinter = (*TooManyError)(nil)
	_ account.Hinter = (*PartialError)(nil)
)

// findings are candidates, newest first. Of one id there can be several contents: four
// bytes are soon met again by whoever looks for them.
type findings struct {
	order []kernel.PermissionID
	byID  map[kernel.PermissionID][]kernel.Permission // none: not known yet
}

func newFindings() *findings {
	return &findings{byID: map[kernel.PermissionID][]kernel.Permission{}}
}

func (f *findings) id(id kernel.PermissionID) {
	if _, known := f.byID[id]; !known && len(f.order) <= maxCandidates {
		f.byID[id], f.order = nil, append(f.order, id)
	}
}

func (f *findings) contents(p kernel.Permission) {
	id := p.ID()
	f.id(id)
	got, known := f.byID[id]
	if !known || len(got) >= maxContents {
		return
	}
	data := p.EnableData()
	if !slices.ContainsFunc(got, func(g kernel.Permission) bool { return bytes.Equal(g.EnableData(), data) }) {
		f.byID[id] = append(got, p)
	}
}

var (
	topicSelectorSet     = crypto.Keccak256Hash([]byte("SelectorSet(bytes4,bytes21,bool)"))
	topicModuleInstalled = crypto.Keccak256Hash([]byte("ModuleInstalled(uint256,address)"))
)

type logEntry struct {
	Address common.Address `json:"address"`
	Topics  []common.Hash  `json:"topics"`
	Data    hexutil.Bytes  `json:"data"`
	TxHash  common.Hash    `json:"transactionHash"`
	Block   hexutil.Uint64 `json:"blockNumber"`
	Removed bool           `json:"removed"`
}

// search looks through the account's own events and its operations, and through the
// transactions in which permissions may have been installed.
func (f *findings) search(ctx context.Context, node account.Node, addr common.Address) error {
	var txs []common.Hash
	var partial error
	seen := map[common.Hash]bool{}
	look := func(l logEntry) {
		if tx, ok := f.log(l, addr); ok && !seen[tx] {
			seen[tx], txs = true, append(txs, tx)
		}
	}
	filters := []map[string]any{
		{"address": addr, "topics": []any{[]common.Hash{topicSelectorSet, topicModuleInstalled}}},
		{"address": userop.V07.Address(), "topics": []any{userop.TopicUserOperationEvent, nil, common.BytesToHash(addr[:])}},
	}
	for _, filter := range filters {
		err := searchLogs(ctx, node, filter, look)
		if _, some := errors.AsType[*PartialError](err); some {
			partial = err
		} else if err != nil {
			return err
		}
	}
	if len(txs) > maxTransactions {
		return &TooManyError{"transactions that installed something", maxTransactions}
	}
	for _, tx := range txs {
		var t *struct {
			Input hexutil.Bytes `json:"input"`
		}
		if err := node.CallContext(ctx, &t, "eth_getTransactionByHash", tx); err != nil {
			return fmt.Errorf("session: read the transaction %s: %w", tx, err)
		}
		if t == nil || len(t.Input) > maxInput {
			continue // not this node's any more; the account still tells what there is
		}
		for _, p := range permissionsIn(t.Input) {
			f.contents(p)
		}
		for _, id := range idsIn(t.Input) {
			f.id(id)
		}
	}
	if len(f.order) > maxCandidates {
		return &TooManyError{"permissions", maxCandidates}
	}
	return partial
}

// log takes a permission from an event, and says whether its transaction may have
// installed one.
func (f *findings) log(l logEntry, addr common.Address) (common.Hash, bool) {
	if l.Removed || len(l.Topics) == 0 {
		return common.Hash{}, false
	}
	switch {
	case l.Address == addr && l.Topics[0] == topicSelectorSet && len(l.Data) == 96:
		v := kernel.ValidationID(l.Data[32:53])
		if v.Type() != kernel.TypePermission {
			return common.Hash{}, false
		}
		f.id(v.Permission())
		return l.TxHash, true
	case l.Address == addr && l.Topics[0] == topicModuleInstalled && len(l.Data) == 64:
		kind := kernel.ModuleType(l.Data[31])
		return l.TxHash, kind == kernel.ModulePolicy || kind == kernel.ModuleSigner
	case l.Address == userop.V07.Address():
		e, err := userop.ParseUserOperationEvent(l.Topics, l.Data)
		if err != nil || e.Sender != addr {
			return common.Hash{}, false
		}
		seq, _, err := userop.SplitNonce(e.Nonce)
		if err != nil {
			return common.Hash{}, false
		}
		key, err := kernel.ParseNonceKey(seq)
		if err != nil || key.Type != kernel.TypePermission {
			return common.Hash{}, false
		}
		f.id(key.Validation().Permission())
		return l.TxHash, key.Mode == kernel.ModeEnable
	}
	return common.Hash{}, false
}

// searchLogs asks for the whole chain first; a node that refuses is asked in ranges,
// from the latest block back, until all of it or enough has been asked. Newest come
// first.
func searchLogs(ctx context.Context, node account.Node, filter map[string]any, look func(logEntry)) error {
	query := func(from, to string) error {
		filter["fromBlock"], filter["toBlock"] = from, to
		var logs []logEntry
		if err := node.CallContext(ctx, &logs, "eth_getLogs", filter); err != nil {
			return err
		}
		for i := len(logs) - 1; i >= 0; i-- {
			look(logs[i])
		}
		return nil
	}
	if err := query("earliest", "latest"); err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	var head hexutil.Uint64
	if err := node.CallContext(ctx, &head, "eth_blockNumber"); err != nil {
		return fmt.Errorf("session: ask for the latest block: %w", err)
	}
	to, size, growth := uint64(head), uint64(firstLogRange), uint64(2)
	for range maxLogQueries {
		from := to - min(to, size-1)
		err := query(hexutil.EncodeUint64(from), hexutil.EncodeUint64(to))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && size > leastLogRange:
			size, growth = max(size/2, leastLogRange), 1 // the node's limit is near
		case err != nil && to == uint64(head):
			return fmt.Errorf("session: look for the account's events: %w", err)
		case err != nil:
			return &PartialError{Before: to + 1}
		case from == 0:
			return nil
		default:
			to, size = from-1, min(size*growth, maxLogRange)
		}
	}
	return &PartialError{Before: to + 1}
}
