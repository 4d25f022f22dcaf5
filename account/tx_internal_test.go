package account

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
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
		raw, hash, err := tx.sign(key)
		if err != nil {
			t.Fatal(err)
		}
		want, err := types.SignNewTx(key, types.NewPragueSigner(tx.ChainID), &types.DynamicFeeTx{ChainID: tx.ChainID, Nonce: tx.Nonce, GasTipCap: tx.GasTipCap,
			GasFeeCap: tx.GasFeeCap, Gas: tx.Gas, To: &tx.To, Value: tx.Value, Data: tx.Data})
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
