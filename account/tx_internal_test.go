package account

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/holiman/uint256"

	"github.com/postern-dev/postern/userop"
)

// TestTransactionsEqualGoEthereums compares with the types of go-ethereum's core,
// which this package may not use outside of tests.
func TestTransactionsEqualGoEthereums(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	key, err := crypto.ToECDSA(common.HexToHash("0x01").Bytes())
	if err != nil {
		t.Fatal(err)
	}
	number := func() *big.Int {
		b := make([]byte, rnd.IntN(14))
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		return new(big.Int).SetBytes(b)
	}
	for i := range 200 {
		tx := &transaction{ChainID: big.NewInt(int64(rnd.Uint32())), Nonce: rnd.Uint64() >> rnd.IntN(64), GasTipCap: number(), GasFeeCap: number(),
			Gas: rnd.Uint64() >> rnd.IntN(64), To: common.Address{byte(i)}, Value: number(), Data: make([]byte, rnd.IntN(300))}
		var inner types.TxData = &types.DynamicFeeTx{ChainID: tx.ChainID, Nonce: tx.Nonce, GasTipCap: tx.GasTipCap,
			GasFeeCap: tx.GasFeeCap, Gas: tx.Gas, To: &tx.To, Value: tx.Value, Data: tx.Data}
		if i%2 == 1 {
			word := func(n *big.Int) *uint256.Int { return uint256.MustFromBig(n) }
			set := &types.SetCodeTx{ChainID: word(tx.ChainID), Nonce: tx.Nonce, GasTipCap: word(tx.GasTipCap),
				GasFeeCap: word(tx.GasFeeCap), Gas: tx.Gas, To: tx.To, Value: word(tx.Value), Data: tx.Data}
			for range 1 + rnd.IntN(3) {
				a := &userop.Authorization{ChainID: number(), Address: common.Address{byte(i)}, Nonce: rnd.Uint64() >> rnd.IntN(64),
					YParity: uint8(rnd.IntN(2)), R: number(), S: number()}
				tx.Authorizations = append(tx.Authorizations, a)
				set.AuthList = append(set.AuthList, types.SetCodeAuthorization{ChainID: *word(a.ChainID), Address: a.Address, Nonce: a.Nonce,
					V: a.YParity, R: *word(a.R), S: *word(a.S)})
			}
			inner = set
		}
		raw, hash, err := tx.sign(key)
		if err != nil {
			t.Fatal(err)
		}
		want, err := types.SignNewTx(key, types.NewPragueSigner(tx.ChainID), inner)
		if err != nil {
			t.Fatal(err)
		}
		wantRaw, err := want.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if string(raw) != string(wantRaw) || hash != want.Hash() {
			t.Fatalf("%+v\ngot  %x\nwant %x", tx, raw, wantRaw)
		}
	}
}
