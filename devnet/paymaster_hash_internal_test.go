package devnet

import (
	"fmt"
	"math/big"
	"os"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/userop"
)

// TestWhatThePaymasterSignsIsForOneOperationChainAndEntryPoint asks the contracts for the hash of an operation,
// and of others that differ in one thing each. What were not in the hash, somebody could change after it is signed.
func TestWhatThePaymasterSignsIsForOneOperationChainAndEntryPoint(t *testing.T) {
	set, err := artifacts.Open(t.Context(), artifacts.Options{})
	if err != nil {
		t.Skipf("SKIPPED: the contracts' bytecode is not to be had here: %v", err)
	}
	// Two chains of the same keys, so that the paymasters have the same addresses on both.
	here, there := t.TempDir(), t.TempDir()
	_, err = loadKeys(here)
	if err == nil {
		err = os.CopyFS(there, os.DirFS(here))
	}
	if err != nil {
		t.Fatal(err)
	}
	seen := map[common.Hash]string{}
	for _, config := range []Config{{DataDir: here, ChainID: 31337}, {DataDir: there, ChainID: 31338}} {
		config.Artifacts = set
		n, err := Start(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		s, err := newScene(n.chain.blocks(), operator)
		if err != nil {
			t.Fatal(err)
		}
		for _, ep := range userop.EntryPoints() {
			for name, change := range hashedChanges(ep) {
				at, aa := n.paymaster.at[ep.Version()], common.HexToAddress("0xaa")
				op := &userop.Op{Sender: aa, Nonce: big.NewInt(5), Factory: &aa, FactoryData: []byte{1}, CallData: []byte{1, 2, 3}, CallGasLimit: big.NewInt(1000),
					VerificationGasLimit: big.NewInt(2000), PreVerificationGas: big.NewInt(3000), MaxFeePerGas: big.NewInt(40), MaxPriorityFeePerGas: big.NewInt(4),
					Paymaster: &at, PaymasterData: terms{}.encode(1_000_000, n.paymaster.signer), Signature: []byte{1}}
				if ep != userop.V06 {
					op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit = big.NewInt(5000), big.NewInt(6000)
				}
				change(op)
				hash, err := n.paymaster.hash(t.Context(), s, ep, op, 0)
				if err != nil {
					t.Fatal(name, err)
				}
				name := fmt.Sprintf("%s on %s of chain %d", name, ep, config.ChainID)
				if other, twice := seen[hash]; twice {
					t.Errorf("%s and %s have one hash", name, other)
				}
				seen[hash] = name
			}
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// hashedChanges are all that a sponsorship must cover.
func hashedChanges(ep userop.EntryPoint) map[string]func(*userop.Op) {
	more := func(field func(*userop.Op) **big.Int) func(*userop.Op) {
		return func(op *userop.Op) { *field(op) = new(big.Int).Add(*field(op), common.Big1) }
	}
	changes := map[string]func(*userop.Op){
		"as it is":             func(*userop.Op) {},
		"sender":               func(op *userop.Op) { op.Sender = common.HexToAddress("0xbb") },
		"factory data":         func(op *userop.Op) { op.FactoryData = []byte{2} },
		"call data":            func(op *userop.Op) { op.CallData = []byte{1, 2, 4} },
		"paymaster":            func(op *userop.Op) { op.PaymasterData[3] ^= 1 },
		"nonce":                more(func(op *userop.Op) **big.Int { return &op.Nonce }),
		"callGasLimit":         more(func(op *userop.Op) **big.Int { return &op.CallGasLimit }),
		"verificationGasLimit": more(func(op *userop.Op) **big.Int { return &op.VerificationGasLimit }),
		"preVerificationGas":   more(func(op *userop.Op) **big.Int { return &op.PreVerificationGas }),
		"maxFeePerGas":         more(func(op *userop.Op) **big.Int { return &op.MaxFeePerGas }),
		"maxPriorityFeePerGas": more(func(op *userop.Op) **big.Int { return &op.MaxPriorityFeePerGas }),
	}
	if ep != userop.V06 {
		changes["paymasterVerificationGasLimit"] = more(func(op *userop.Op) **big.Int { return &op.PaymasterVerificationGasLimit })
		changes["paymasterPostOpGasLimit"] = more(func(op *userop.Op) **big.Int { return &op.PaymasterPostOpGasLimit })
	}
	return changes
}
