package stand_test

import (
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/ethclient"

	"github.com/postern-dev/postern/journeys/stand"
)

func TestTheStandGivesMoneyAndEnds(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a chain and a bundler of others")
	}
	s, err := stand.Start(t.Context(), "osaka")
	if errors.Is(err, stand.ErrMissing) {
		t.Skipf("SKIPPED: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := ethclient.DialContext(t.Context(), s.RPC)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	to := common.HexToAddress("0x00000000000000000000000000000000f00dcafe")
	for range 2 {
		if _, err := s.Fund(t.Context(), to, big.NewInt(7)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := c.BalanceAt(t.Context(), to, nil); err != nil || got.Int64() != 14 {
		t.Errorf("it holds %v wei (%v)", got, err)
	}
	if _, err := s.Mint(t.Context(), to, big.NewInt(5)); err != nil {
		t.Error(err)
	}
	begun := time.Now()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	t.Logf("it ended after %s", time.Since(begun).Round(time.Millisecond))
	if _, err := c.ChainID(t.Context()); err == nil {
		t.Error("the chain still answers")
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if _, err := stand.Start(t.Context(), "osaka"); !errors.Is(err, stand.ErrMissing) {
		t.Errorf("outside the module: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := stand.Start(t.Context(), "osaka"); !errors.Is(err, stand.ErrMissing) {
		t.Errorf("without npm packages: %v", err)
	}
}

func TestAStandThatFailsSaysWhy(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a chain of others")
	}
	s, err := stand.Start(t.Context(), "frontier")
	if errors.Is(err, stand.ErrMissing) {
		t.Skipf("SKIPPED: %v", err)
	}
	if err == nil {
		s.Close()
		t.Fatal("a stand under the rules of no hard fork")
	}
	t.Log(err)
}
