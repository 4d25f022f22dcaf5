package devnet

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/eth"
	"github.com/holiman/uint256"

	"github.com/postern-dev/postern/internal/artifacts"
)

// TestADataDirectoryOfAnEarlierVersionGetsWhatItLacks makes a chain whose genesis block has the EntryPoints
// and nothing else.
func TestADataDirectoryOfAnEarlierVersionGetsWhatItLacks(t *testing.T) {
	set, err := artifacts.Open(context.Background(), artifacts.Options{})
	if err != nil {
		t.Skipf("SKIPPED: the EntryPoint bytecode is not to be had here: %v", err)
	}
	config := Config{DataDir: t.TempDir(), Artifacts: set, BlockTime: time.Hour} // it does not wait for blocks
	old := makeOlder(t, config)
	for round := range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		n, err := Start(ctx, config)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if n.chain.blocks().Genesis().Hash() != old {
			t.Error("the chain is another")
		}
		for _, c := range n.Info().Contracts {
			if code, err := n.Client().CodeAt(t.Context(), c.Address, nil); err != nil || len(code) == 0 {
				t.Errorf("round %d: %s is missing at %s (%v)", round, c.Name, c.Address, err)
			}
		}
		for version, has := range deposits(t, n) {
			if has.Cmp(deposited) != 0 {
				t.Errorf("round %d: paymaster %s has %v at its EntryPoint", round, version, has)
			}
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// suicide ends the process, as kill -9 does, when the n-th contract is about to be deployed.
type suicide struct {
	slog.Handler
	n *atomic.Int32
}

func (s suicide) Enabled(context.Context, slog.Level) bool { return true }

func (s suicide) Handle(_ context.Context, r slog.Record) error {
	if strings.HasPrefix(r.Message, "deploying") && s.n.Add(-1) == 0 {
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			return err
		}
		return self.Kill()
	}
	return nil
}

// TestADataDirectoryThatWasKilledWhileItWasCompletedIsCompleted runs itself as another process, which dies at
// ever later points.
func TestADataDirectoryThatWasKilledWhileItWasCompletedIsCompleted(t *testing.T) {
	set, err := artifacts.Open(context.Background(), artifacts.Options{})
	if err != nil {
		t.Skipf("SKIPPED: the contracts' bytecode is not to be had here: %v", err)
	}
	if dir := os.Getenv("DEVNET_TEST_OLDER"); dir != "" {
		var n atomic.Int32
		lives, err := strconv.ParseInt(os.Getenv("DEVNET_TEST_LIVES"), 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		n.Store(int32(lives))
		_, err = Start(t.Context(), Config{DataDir: dir, Artifacts: set, Log: slog.New(suicide{slog.DiscardHandler, &n})})
		t.Fatal("it lives", err)
	}
	config := Config{DataDir: t.TempDir(), Artifacts: set}
	makeOlder(t, config)
	for _, lives := range []int{1, 1, 3, 5} { // of what the one before has left
		child := exec.Command(os.Args[0], "-test.run=^TestADataDirectoryThatWasKilledWhileItWasCompletedIsCompleted$")
		child.Env = append(os.Environ(), "DEVNET_TEST_OLDER="+config.DataDir, "DEVNET_TEST_LIVES="+strconv.Itoa(lives))
		if out, err := child.CombinedOutput(); err == nil || strings.Contains(string(out), "it lives") {
			t.Fatalf("%d lives: %v %s", lives, err, out)
		}
	}
	n, err := Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range n.Info().Contracts {
		if code, err := n.Client().CodeAt(t.Context(), c.Address, nil); err != nil || len(code) == 0 {
			t.Errorf("%s is missing at %s (%v)", c.Name, c.Address, err)
		}
	}
	for version, has := range deposits(t, n) {
		if has.Cmp(deposited) != 0 {
			t.Errorf("paymaster %s has %v at its EntryPoint", version, has)
		}
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
}

// ask calls a contract in a scene.
func ask(t *testing.T, s *scene, to common.Address, data []byte) []byte {
	t.Helper()
	result, err := s.copy().message(t.Context(), operator, to, data, new(uint256.Int), 1_000_000, nil, &tracing.Hooks{})
	if err != nil || result.Err != nil {
		t.Fatal(err, result)
	}
	return result.ReturnData
}

// makeOlder writes a chain with nothing but EntryPoints and returns the hash of its genesis block.
func makeOlder(t *testing.T, config Config) [32]byte {
	t.Helper()
	if err := config.check(); err != nil {
		t.Fatal(err)
	}
	keys, err := loadKeys(config.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	list, err := predeploys(config.Artifacts, keys)
	if err != nil {
		t.Fatal(err)
	}
	stack, err := newStack(config.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	conf, err := ethConfig(config, keys, stack, list[:len(entryPoints())])
	if err != nil {
		t.Fatal(errors.Join(err, stack.Close()))
	}
	backend, err := eth.New(stack, conf)
	if err != nil {
		t.Fatal(errors.Join(err, stack.Close()))
	}
	hash := backend.BlockChain().Genesis().Hash()
	if err := errors.Join(stack.Start(), stack.Close()); err != nil {
		t.Fatal(err)
	}
	return hash
}
