package account

import (
	"crypto/ecdsa"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rlp"

	"github.com/postern-dev/postern/userop"
)

// transaction is an EIP-1559 transaction (type 2) or, with authorizations, one
// of EIP-7702 (type 4), without access list. It is written here because the
// transaction types of go-ethereum would bring its whole core into this layer.
type transaction struct {
	ChainID        *big.Int
	Nonce          uint64
	GasTipCap      *big.Int // wei per gas
	GasFeeCap      *big.Int // wei per gas
	Gas            uint64
	To             common.Address
	Value          *big.Int
	Data           []byte
	Authorizations []*userop.Authorization
}

const (
	dynamicFeeTxType = 0x02
	setCodeTxType    = 0x04
)

// body is the type, and what the sender signs and what the signature follows.
func (tx *transaction) body() (byte, []any) {
	list := []any{tx.ChainID, tx.Nonce, tx.GasTipCap, tx.GasFeeCap, tx.Gas, tx.To, tx.Value, tx.Data, []common.Hash{} /* access list */}
	if len(tx.Authorizations) == 0 {
		return dynamicFeeTxType, list
	}
	auths := make([][]any, len(tx.Authorizations))
	for i, a := range tx.Authorizations {
		auths[i] = []any{a.ChainID, a.Address, a.Nonce, a.YParity, a.R, a.S}
	}
	return setCodeTxType, append(list, auths)
}

// sign returns the raw transaction, type ‖ rlp, and its hash. Signing is
// deterministic (RFC 6979): the same transaction gives the same bytes.
func (tx *transaction) sign(key *ecdsa.PrivateKey) ([]byte, common.Hash, error) {
	kind, list := tx.body()
	unsigned, err := rlp.EncodeToBytes(list)
	if err != nil {
		return nil, common.Hash{}, fmt.Errorf("account: encode the transaction: %w", err)
	}
	digest := crypto.Keccak256([]byte{kind}, unsigned)
	sig, err := crypto.Sign(digest, key)
	if err != nil {
		return nil, common.Hash{}, fmt.Errorf("account: sign the transaction: %w", err)
	}
	signed, err := rlp.EncodeToBytes(append(list, uint64(sig[64]), bigOf(sig[:32]), bigOf(sig[32:64])))
	if err != nil {
		return nil, common.Hash{}, fmt.Errorf("account: encode the transaction: %w", err)
	}
	raw := append([]byte{kind}, signed...)
	return raw, crypto.Keccak256Hash(raw), nil
}
