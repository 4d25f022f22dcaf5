package devnet

import (
	"context"
	"errors"
	"testing"

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
	config := Config{DataDir: t.TempDir(), Artifacts: set}
	old := makeOlder(t, config)
	for round := range 2 {
		n, err := Start(t.Context(), config)
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
