package devnet

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/ethdb"

	"github.com/postern-dev/postern/userop"
)

// opStore keeps operations in the chain's own database, so that they share its fate: in memory or
// on disk, one lock, one fsync.
//
//	p ‖ hash → pending operation      i ‖ hash → where an included one is
//	d ‖ hash → why one was dropped    n        → newest block looked through
type opStore struct{ db ethdb.Database }

func newOpStore(db ethdb.Database) *opStore { return &opStore{rawdb.NewTable(db, "postern-")} }

// location says where an operation's UserOperationEvent is.
type location struct {
	Tx    common.Hash `json:"tx"`
	Block uint64      `json:"block"`
	Log   uint        `json:"log"` // index in the transaction's receipt
}

// storedOp is the JSON form of a pending operation.
type storedOp struct {
	EntryPoint common.Address  `json:"entryPoint"`
	Seq        uint64          `json:"seq"`
	Op         json.RawMessage `json:"op"`
	Delegate   *common.Address `json:"delegate,omitempty"`
}

func key(kind byte, hash common.Hash) []byte { return append([]byte{kind}, hash[:]...) }

// put makes an operation durable before it returns.
func (s *opStore) put(p *pooled) error {
	wire, err := p.ep.MarshalOp(p.op)
	if err != nil {
		return err
	}
	value, err := json.Marshal(storedOp{p.ep.Address(), p.seq, wire, p.op.Delegate})
	if err != nil {
		return err
	}
	if err := s.db.Put(key('p', p.hash), value); err != nil {
		return err
	}
	return s.db.SyncKeyValue()
}

func (s *opStore) remove(hash common.Hash) error { return s.db.Delete(key('p', hash)) }

// drop forgets a pending operation and remembers why.
func (s *opStore) drop(hash common.Hash, reason string) error {
	batch := s.db.NewBatch()
	return errors.Join(batch.Delete(key('p', hash)), batch.Put(key('d', hash), []byte(reason)), batch.Write())
}

// dropped returns why an operation was dropped.
func (s *opStore) dropped(hash common.Hash) (string, bool, error) {
	value, ok, err := s.get(key('d', hash))
	return string(value), ok, err
}

func (s *opStore) get(key []byte) ([]byte, bool, error) {
	if ok, err := s.db.Has(key); !ok || err != nil {
		return nil, false, err
	}
	value, err := s.db.Get(key)
	return value, err == nil, err
}

// pending reads all pending operations in order of arrival.
func (s *opStore) pending() ([]*pooled, error) {
	it := s.db.NewIterator([]byte{'p'}, nil)
	defer it.Release()
	var list []*pooled
	for it.Next() {
		hash := common.BytesToHash(bytes.TrimPrefix(it.Key(), []byte{'p'}))
		p, err := readPooled(hash, it.Value())
		if err != nil {
			return nil, fmt.Errorf("operation %s: %w", hash, err)
		}
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b *pooled) int { return cmp.Compare(a.seq, b.seq) })
	return list, it.Error()
}

func readPooled(hash common.Hash, value []byte) (*pooled, error) {
	var stored storedOp
	if err := json.Unmarshal(value, &stored); err != nil {
		return nil, err
	}
	ep, ok := userop.EntryPointByAddress(stored.EntryPoint)
	if !ok {
		return nil, fmt.Errorf("unknown EntryPoint %s", stored.EntryPoint)
	}
	op, err := ep.UnmarshalOp(stored.Op)
	if err != nil {
		return nil, err
	}
	op.Delegate = stored.Delegate
	return &pooled{hash: hash, ep: ep, op: op, seq: stored.Seq}, nil
}

// located records the operations of one block and that the block has been looked through.
func (s *opStore) located(block uint64, found map[common.Hash]location) error {
	batch := s.db.NewBatch()
	for hash, l := range found {
		value, err := json.Marshal(l)
		if err != nil {
			return err
		}
		if err := errors.Join(batch.Put(key('i', hash), value), batch.Delete(key('p', hash)), batch.Delete(key('d', hash))); err != nil {
			return err
		}
	}
	number, err := json.Marshal(block)
	if err != nil {
		return err
	}
	return errors.Join(batch.Put([]byte{'n'}, number), batch.Write())
}

// indexed is the newest block looked through.
func (s *opStore) indexed() (n uint64, err error) {
	value, ok, err := s.get([]byte{'n'})
	if ok {
		err = json.Unmarshal(value, &n)
	}
	return n, err
}

func (s *opStore) location(hash common.Hash) (l location, ok bool, err error) {
	value, ok, err := s.get(key('i', hash))
	if ok {
		err = json.Unmarshal(value, &l)
	}
	return l, ok && err == nil, err
}
