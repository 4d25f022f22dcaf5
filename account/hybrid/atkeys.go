// The keys of an account on a chain.

package hybrid

import (
	"context"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// keys finds out what it can about the keys with these hashes: the text from what
// is known and from the logs – each proves itself by its hash –, then the public
// key from the contract by the text, or from storage without it.
func (r reader) keys(hashes [][32]byte, known []Key) ([]Key, error) {
	texts := make(map[common.Hash]string, len(hashes))
	var missing []common.Hash
	for _, h := range hashes {
		i := slices.IndexFunc(known, func(k Key) bool { return seal.MetaMaskKeyIDHash(k.ID) == common.Hash(h) })
		if i >= 0 {
			texts[h] = known[i].ID
		} else {
			missing = append(missing, h)
		}
	}
	if node, ok := r.chain.(account.Node); ok && len(missing) > 0 {
		if err := findTexts(r.ctx, node, r.addr, missing, texts); err != nil {
			return nil, err
		}
	}
	keys := make([]Key, len(hashes))
	for i, h := range hashes {
		k := Key{Hash: h, ID: texts[h]}
		var err error
		if k.ID != "" {
			k.Public, err = r.publicKey(k.ID)
		} else {
			k.Public, err = r.storedKey(h)
		}
		if err != nil {
			return nil, err
		}
		keys[i] = k
	}
	return keys, nil
}

// publicKey asks the contract for the key of a text.
func (r reader) publicKey(id string) (passkey.PublicKey, error) {
	values, err := r.call("getKey", id)
	if err != nil {
		return passkey.PublicKey{}, err
	}
	if len(values) != 2 {
		return passkey.PublicKey{}, r.other("getKey answers in another form")
	}
	x, ok1 := values[0].(*big.Int)
	y, ok2 := values[1].(*big.Int)
	if !ok1 || !ok2 {
		return passkey.PublicKey{}, r.other("getKey answers in another form")
	}
	return r.parseKey(common.BigToHash(x), common.BigToHash(y))
}

// storedKey reads a key's coordinates from storage; the zero key where the chain
// reads none.
func (r reader) storedKey(hash common.Hash) (passkey.PublicKey, error) {
	s, ok := r.chain.(StorageReader)
	if !ok {
		return passkey.PublicKey{}, nil
	}
	slot := crypto.Keccak256Hash(hash[:], keysSlot[:])
	var xy [2]common.Hash
	for i := range xy {
		var err error
		if xy[i], err = s.Storage(r.ctx, r.addr, slot); err != nil {
			return passkey.PublicKey{}, fmt.Errorf("hybrid: read the key with hash %s: %w", hash, err)
		}
		slot = common.BigToHash(new(big.Int).Add(slot.Big(), big.NewInt(1)))
	}
	return r.parseKey(xy[0], xy[1])
}

func (r reader) parseKey(x, y common.Hash) (passkey.PublicKey, error) {
	k, err := passkey.ParseRaw(slices.Concat(x[:], y[:]))
	if err != nil {
		return k, r.other("it has a key that is no point of the curve")
	}
	return k, nil
}

// findTexts looks in the logs of an account for the texts of keys. What is not found
// is no error: a node need not have old logs.
func findTexts(ctx context.Context, node account.Node, addr common.Address, hashes []common.Hash, texts map[common.Hash]string) error {
	missing := slices.Clone(hashes)
	return searchLogs(ctx, node, func(from, to string) (bool, error) {
		logs, err := keyLogs(ctx, node, from, to, addr, missing)
		for _, l := range logs {
			if id, ok := l.text(); ok && l.Address == addr {
				texts[l.Topics[1]] = id
			}
		}
		missing = slices.DeleteFunc(missing, func(h common.Hash) bool { return texts[h] != "" })
		return len(missing) == 0, err
	})
}
