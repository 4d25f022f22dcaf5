package account

import (
	"crypto/ecdsa"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rlp"
)

// dynamicFeeTx is an EIP-1559 transaction (type 2) without access list. It is
// written here because the transaction types of go-ethereum would bring its
// whole core into this layer.
type dynamicFeeTx struct {
	ChainID    *big.Int
	Nonce      uint64
	GasTipCap  *big.Int // wei per gas
	GasFeeCap  *big.Int // wei per gas
	Gas        uint64
	To         common.Address
	Value      *big.Int
	Data       []byte
	AccessList []accessTuple
}

type accessTuple struct {
	Address     common.Address
	StorageKeys []common.Hash
}

const dynamicFeeTxType = 0x02

// sign returns the raw transaction, 0x02 ‖ rlp, and its hash. Signing is
// deterministic (RFC 6979): the same transaction gives the same bytes.
func (tx *dynamicFeeTx) sign(key *ecdsa.PrivateKey) ([]byte, common.Hash, error) {
	unsigned, err := rlp.EncodeToBytes(tx)
	if err != nil {
		return nil, common.Hash{}, fmt.Errorf("account: encode the transaction: %w", err)
	}
	digest := crypto.Keccak256([]byte{dynamicFeeTxType}, unsigned)
	sig, err := crypto.Sign(digest, key)
	if err != nil {
		return nil, common.Hash{}, fmt.Errorf("account: sign the transaction: %w", err)
	}
	signed, err := rlp.EncodeToBytes([]any{tx.ChainID, tx.Nonce, tx.GasTipCap, tx.GasFeeCap, tx.Gas, tx.To, tx.Value, tx.Data,
		tx.AccessList, uint64(sig[64]), bigOf(sig[:32]), bigOf(sig[32:64])})
	if err != nil {
		return nil, common.Hash{}, fmt.Errorf("account: encode the transaction: %w", err)
	}
	raw := append([]byte{dynamicFeeTxType}, signed...)
	return raw, crypto.Keccak256Hash(raw), nil
}
