package devnet

import (
	"cmp"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// Limits of the pool.
const (
	maxPending     = 256
	maxPerSender   = 4  // as ERC-7562 has it for senders without stake
	replacePercent = 10 // by how much both fees must rise
)

// pooled is a pending operation.
type pooled struct {
	hash     common.Hash
	ep       userop.EntryPoint
	op       *userop.Op
	seq      uint64 // order of arrival
	attempts int    // transactions that did not bring it in
}

// mempool holds the pending operations. It has no lock of its own.
type mempool struct {
	byHash map[common.Hash]*pooled
	last   uint64
}

func newMempool() *mempool { return &mempool{byHash: map[common.Hash]*pooled{}} }

func (m *mempool) nextSeq() uint64 { return m.last + 1 }

func (m *mempool) add(p *pooled) {
	m.byHash[p.hash] = p
	m.last = max(m.last, p.seq)
}

func (m *mempool) remove(hash common.Hash) { delete(m.byHash, hash) }

// list returns the operations in order of arrival.
func (m *mempool) list() []*pooled {
	return m.where(func(*pooled) bool { return true })
}

// ofSender returns a sender's operations in order of arrival.
func (m *mempool) ofSender(sender common.Address) []*pooled {
	return m.where(func(p *pooled) bool { return p.op.Sender == sender })
}

func (m *mempool) where(keep func(*pooled) bool) []*pooled {
	var list []*pooled
	for _, p := range m.byHash {
		if keep(p) {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b *pooled) int { return cmp.Compare(a.seq, b.seq) })
	return list
}

// room checks whether an operation may join, and returns the one whose place it takes, if any: the
// one with the same EntryPoint, sender and nonce, when both fees are high enough above its.
func (m *mempool) room(p *pooled) (*pooled, error) {
	sender := m.ofSender(p.op.Sender)
	for _, old := range sender {
		if old.ep != p.ep || old.op.Nonce.Cmp(p.op.Nonce) != 0 {
			continue
		}
		if !raised(old.op.MaxFeePerGas, p.op.MaxFeePerGas) || !raised(old.op.MaxPriorityFeePerGas, p.op.MaxPriorityFeePerGas) {
			return nil, invalidf("replacement underpriced: operation %s with this nonce is pending, both fees must be at least %d%% above its %d and %d wei",
				old.hash, replacePercent, old.op.MaxFeePerGas, old.op.MaxPriorityFeePerGas)
		}
		return old, nil
	}
	if len(sender) >= maxPerSender {
		return nil, &rpcError{code: codeLimit, msg: "the sender has the most operations pending that are allowed"}
	}
	if len(m.byHash) >= maxPending {
		return nil, &rpcError{code: codeLimit, msg: "the mempool is full"}
	}
	return nil, nil
}

// raised tells whether a fee is at least replacePercent above the one it replaces.
func raised(from, to *big.Int) bool {
	want := new(big.Int).Mul(from, big.NewInt(100+replacePercent))
	have := new(big.Int).Mul(to, big.NewInt(100))
	return have.Cmp(want) >= 0 && to.Cmp(from) > 0
}
