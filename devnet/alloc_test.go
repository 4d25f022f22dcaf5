package devnet_test

import (
	"bytes"
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/userop"
)

func TestOthersContractsStandWhereTheyAreAskedFor(t *testing.T) {
	at, slot := common.HexToAddress("0xabc0000000000000000000000000000000000def"), common.HexToHash("0x1")
	// returns what is in slot 1; then more code than a transaction may create
	code := append(common.FromHex("0x60015460005260206000f3"), make([]byte, 30_000)...)
	n := start(t, devnet.Config{Alloc: types.GenesisAlloc{at: {
		Code: code, Balance: big.NewInt(3), Nonce: 1, Storage: map[common.Hash]common.Hash{slot: common.HexToHash("0x77")},
	}}})
	if got, err := n.Client().CodeAt(t.Context(), at, nil); err != nil || !bytes.Equal(got, code) {
		t.Errorf("%d bytes of code, %v", len(got), err)
	}
	if got := call(t, n, at, "anything()"); common.BytesToHash(got) != common.HexToHash("0x77") {
		t.Errorf("its storage holds %x", got)
	}
	for _, taken := range []common.Address{userop.V07.Address(), contractNamed(t, n, "HybridDeleGator")} {
		_, err := devnet.Start(t.Context(), devnet.Config{Alloc: types.GenesisAlloc{taken: {Code: code}}})
		if !errors.Is(err, devnet.ErrConfig) {
			t.Errorf("another code for %s: %v", taken, err)
		}
	}
}
