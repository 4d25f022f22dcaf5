// What the account's signer store should do and hold, said once more in Go: signers in a list, and the storage that
// they come to, slot by slot.

package contracts_test

import (
	"bytes"
	"maps"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// storeBase is the first slot of the store: keccak256(keccak256(name) − 1) with the last byte 0 (ERC-7201).
var storeBase = namespace("postern.storage.SignerStore")

func namespace(name string) common.Hash {
	n := new(big.Int).Sub(new(big.Int).SetBytes(crypto.Keccak256([]byte(name))), big.NewInt(1))
	h := crypto.Keccak256Hash(n.FillBytes(make([]byte, 32)))
	h[31] = 0
	return h
}

// modelSigner is one signer; its position is that in the list.
type modelSigner struct {
	bytes  []byte
	weight uint64
	format byte // of a passkey's table, 0 none
}

func (s modelSigner) passkey() bool { return len(s.bytes) == 85 && s.bytes[18] == 1 && s.bytes[0] == 0 }

// modelStore is the store.
type modelStore struct {
	threshold  uint64
	list       []modelSigner
	precompile byte // 0 as the implementation found it, 1 answers, 2 silent
}

func (m *modelStore) clone() *modelStore {
	c := *m
	c.list = slices.Clone(m.list)
	return &c
}

func (m *modelStore) find(signer []byte) int {
	return slices.IndexFunc(m.list, func(s modelSigner) bool { return bytes.Equal(s.bytes, signer) })
}

// total is the sum of the weights, which may have left 64 bits.
func (m *modelStore) total() *big.Int {
	sum := new(big.Int)
	for _, s := range m.list {
		sum.Add(sum, new(big.Int).SetUint64(s.weight))
	}
	return sum
}

// The changes. Each tells the names of the errors one of which the contract must end with, none if it must succeed;
// after an error the model is to be thrown away.

func (m *modelStore) add(signers [][]byte, weights []uint64) (faults []string) {
	if len(signers) != len(weights) {
		faults = append(faults, "MultiSignerERC7913WeightedMismatchedLength")
	}
	for i, s := range signers {
		if m.find(s) >= 0 {
			faults = append(faults, "MultiSignerERC7913AlreadyExists")
		}
		if len(s) < 20 || len(s) > 65535 {
			faults = append(faults, "BadSigner")
		}
		if i >= len(weights) {
			continue
		}
		if weights[i] == 0 {
			faults = append(faults, "MultiSignerERC7913WeightedInvalidWeight")
		}
		m.list = append(m.list, modelSigner{bytes: s, weight: weights[i]})
	}
	return append(faults, m.reach()...)
}

func (m *modelStore) remove(signers [][]byte) (faults []string) {
	for _, s := range signers {
		i := m.find(s)
		if i < 0 {
			faults = append(faults, "MultiSignerERC7913NonexistentSigner")
			continue
		}
		m.list[i] = m.list[len(m.list)-1]
		m.list = m.list[:len(m.list)-1]
	}
	return append(faults, m.reach()...)
}

func (m *modelStore) setWeights(signers [][]byte, weights []uint64) (faults []string) {
	if len(signers) != len(weights) {
		return []string{"MultiSignerERC7913WeightedMismatchedLength"}
	}
	for j, s := range signers {
		i := m.find(s)
		if i < 0 {
			faults = append(faults, "MultiSignerERC7913NonexistentSigner")
			continue
		}
		if weights[j] == 0 {
			faults = append(faults, "MultiSignerERC7913WeightedInvalidWeight")
		}
		m.list[i].weight = weights[j]
	}
	return append(faults, m.reach()...)
}

func (m *modelStore) setThreshold(threshold uint64) (faults []string) {
	if threshold == 0 {
		faults = append(faults, "MultiSignerERC7913ZeroThreshold")
	}
	m.threshold = threshold
	return append(faults, m.reach()...)
}

// useTable is the change by the account itself, or by anybody.
func (m *modelStore) useTable(signer []byte, format byte, self bool) (faults []string) {
	i := m.find(signer)
	switch {
	case i < 0:
		return []string{"MultiSignerERC7913NonexistentSigner"}
	case !m.list[i].passkey():
		return []string{"NotAPasskey"}
	case !self && format <= m.list[i].format:
		return []string{"TableNotLarger"}
	}
	m.list[i].format = format
	return nil
}

func (m *modelStore) reach() (faults []string) {
	total := m.total()
	if !total.IsUint64() {
		faults = append(faults, "SafeCastOverflowedUintDowncast")
	}
	if total.Cmp(new(big.Int).SetUint64(m.threshold)) < 0 {
		faults = append(faults, "MultiSignerERC7913UnreachableThreshold")
	}
	return faults
}

// storage is every slot of the store that is not zero.
func (m *modelStore) storage() map[common.Hash]common.Hash {
	out := map[common.Hash]common.Hash{}
	var config common.Hash // low-order first: threshold 8, total weight 8, count 3, precompile 1
	put(config[24:], m.threshold)
	put(config[16:24], m.total().Uint64())
	put(config[13:16], uint64(len(m.list)))
	config[12] = m.precompile
	out[storeBase] = config
	for i, s := range m.list {
		id := crypto.Keccak256Hash(s.bytes)
		out[crypto.Keccak256Hash(position(i), slot(2).Bytes())] = id
		record := crypto.Keccak256Hash(id[:], slot(1).Bytes())
		var meta common.Hash // low-order first: weight 8, position 3, kind 1, body 20
		put(meta[24:], s.weight)
		put(meta[21:24], uint64(i))
		switch {
		case s.passkey():
			meta[20] = 2
			meta[18], meta[19] = s.bytes[84], s.format
			out[after(record, 1)] = common.Hash(s.bytes[20:52])
			out[after(record, 2)] = common.Hash(s.bytes[52:84])
		case len(s.bytes) == 20:
			meta[20] = 1
			copy(meta[:20], s.bytes)
		default:
			meta[20] = 3
			maps.Copy(out, storedBytes(crypto.Keccak256Hash(id[:], slot(3).Bytes()), s.bytes))
		}
		out[record] = meta
	}
	maps.DeleteFunc(out, func(_, v common.Hash) bool { return v == common.Hash{} })
	return out
}

// storedBytes is how Solidity keeps a bytes value: up to 31 bytes beside twice their number, more of them apart.
func storedBytes(at common.Hash, b []byte) map[common.Hash]common.Hash {
	var head common.Hash
	if len(b) < 32 {
		copy(head[:], b)
		head[31] = byte(2 * len(b))
		return map[common.Hash]common.Hash{at: head}
	}
	put(head[:], uint64(2*len(b)+1))
	out := map[common.Hash]common.Hash{at: head}
	data := crypto.Keccak256Hash(at[:])
	for i := 0; i < len(b); i += 32 {
		var word common.Hash
		copy(word[:], b[i:])
		out[after(data, uint64(i/32))] = word
	}
	return out
}

// put writes a number at the end of b.
func put(b []byte, n uint64) { new(big.Int).SetUint64(n).FillBytes(b) }

func slot(n uint64) common.Hash { return after(storeBase, n) }

func position(i int) []byte { return common.BigToHash(big.NewInt(int64(i))).Bytes() }

func after(h common.Hash, n uint64) common.Hash {
	return common.BigToHash(new(big.Int).Add(h.Big(), new(big.Int).SetUint64(n)))
}
