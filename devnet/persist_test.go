package devnet_test

import (
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/devnet"
)

func TestChainSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	to := common.HexToAddress("0x00000000000000000000000000000000000000aa")
	var blocks uint64
	for round := range int64(3) {
		n := open(t, devnet.Config{DataDir: dir})
		if got := balance(t, n, to); got.Int64() != round*7 {
			t.Errorf("round %d: balance %v, want %d", round, got, round*7)
		}
		if err := n.Faucet(t.Context(), to, big.NewInt(7)); err != nil {
			t.Fatal(err)
		}
		number, err := n.Client().BlockNumber(t.Context())
		if err != nil || number <= blocks {
			t.Errorf("round %d: block %d after %d, %v", round, number, blocks, err)
		}
		blocks = number
		for _, ep := range n.Info().EntryPoints {
			if code, err := n.Client().CodeAt(t.Context(), ep.Address, nil); err != nil || len(code) == 0 {
				t.Errorf("round %d: EntryPoint %s has no code (%v)", round, ep.Version, err)
			}
		}
		closeNet(t, n)
	}
}

func TestHistoryIsKept(t *testing.T) {
	dir := t.TempDir()
	to := common.HexToAddress("0x00000000000000000000000000000000000000aa")
	n := open(t, devnet.Config{DataDir: dir})
	if err := n.Faucet(t.Context(), to, big.NewInt(7)); err != nil {
		t.Fatal(err)
	}
	head, err := n.Client().BlockNumber(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closeNet(t, n)
	n = start(t, devnet.Config{DataDir: dir})
	for range 200 {
		n.Mine()
	}
	got, err := n.Client().BalanceAt(t.Context(), to, new(big.Int).SetUint64(head))
	if err != nil || got.Int64() != 7 {
		t.Errorf("balance at block %d: %v, %v", head, got, err)
	}
	if _, err := n.Client().FilterLogs(t.Context(), ethereum.FilterQuery{FromBlock: new(big.Int)}); err != nil {
		t.Error("searching all logs:", err)
	}
}

func TestDataDirectoryBelongsToOneChainAndOneProcess(t *testing.T) {
	dir := t.TempDir()
	n := open(t, devnet.Config{DataDir: dir})
	if _, err := devnet.Start(t.Context(), devnet.Config{DataDir: dir, Artifacts: openPackages(t)}); !errors.Is(err, devnet.ErrBusy) {
		t.Errorf("second start: %v, want ErrBusy", err)
	}
	closeNet(t, n)
	for _, config := range []devnet.Config{{ChainID: 5}, {Rules: devnet.Prague}} {
		config.DataDir, config.Artifacts = dir, openPackages(t)
		if _, err := devnet.Start(t.Context(), config); !errors.Is(err, devnet.ErrMismatch) {
			t.Errorf("start with %+v: %v, want ErrMismatch", config, err)
		}
	}
	closeNet(t, open(t, devnet.Config{DataDir: dir}))
	if err := os.Remove(filepath.Join(dir, "devkeys.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := devnet.Start(t.Context(), devnet.Config{DataDir: dir, Artifacts: openPackages(t)}); !errors.Is(err, devnet.ErrMismatch) {
		t.Errorf("start with lost keys: %v, want ErrMismatch", err)
	}
}
