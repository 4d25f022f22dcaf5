package devnet_test

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/postern-dev/postern/devnet"
)

// TestConstructRunsWhereTheContractWillStand: the constructor sees chain and address, writes storage, and may return
// more code than a transaction could create.
func TestConstructRunsWhereTheContractWillStand(t *testing.T) {
	at := common.HexToAddress("0xabc0000000000000000000000000000000000def")
	// sstore(1, chainid); mstore(0, address); return(0, 30000)
	creation := common.FromHex("0x46600155306000526175306000f3")
	got, err := devnet.Construct(devnet.Config{ChainID: 7}, at, creation)
	if err != nil {
		t.Fatal(err)
	}
	want := append(common.LeftPadBytes(at[:], 32), make([]byte, 30_000-32)...)
	if !bytes.Equal(got.Code, want) || got.Nonce != 1 || got.Storage[common.HexToHash("0x1")] != common.BigToHash(big.NewInt(7)) {
		t.Errorf("%d bytes of code, nonce %d, storage %v", len(got.Code), got.Nonce, got.Storage)
	}
	// the code of another contract becomes its own: extcodecopy(0xbb, 0, 0, extcodesize(0xbb))
	other := types.GenesisAlloc{common.HexToAddress("0xbb"): {Code: []byte{1, 2, 3}}}
	copied, err := devnet.Construct(devnet.Config{Alloc: other}, at, common.FromHex("0x60bb3b5f5f60bb3c60bb3b5ff3"))
	if err != nil || !bytes.Equal(copied.Code, []byte{1, 2, 3}) {
		t.Errorf("what it finds at another contract: %x, %v", copied.Code, err)
	}
	for name, creation := range map[string][]byte{
		"reverts": common.FromHex("0x5f5ffd"), "returns nothing": {0x00}, "returns too much": common.FromHex("0x621000015ff3"), "is nothing": nil,
	} {
		if _, err := devnet.Construct(devnet.Config{}, at, creation); err == nil {
			t.Errorf("creation code that %s is accepted", name)
		}
	}
}
