// An EVM in the process, and contracts on it, for the tests of this package.

package contracts_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/core/vm/runtime"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/userop"
)

// fork names the rules a world runs by.
type fork string

const (
	cancun fork = "cancun" // no P256VERIFY
	prague fork = "prague" // no P256VERIFY
	osaka  fork = "osaka"  // P256VERIFY at 0x100
)

var chainID = big.NewInt(31337)

func (f fork) config() *params.ChainConfig {
	c := *params.MergedTestChainConfig
	c.ChainID = chainID
	if f != osaka {
		c.OsakaTime = nil
	}
	if f == cancun {
		c.PragueTime = nil
	}
	return &c
}

// deployerCode is the runtime of the deterministic deployment proxy.
var deployerCode = common.FromHex("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3")

// world is a chain with nothing but state: every call is a transaction of its own.
type world struct {
	t      testing.TB
	fork   fork
	state  *state.StateDB
	tracer *tracing.Hooks
	gas    uint64 // for the next calls
	now    uint64 // seconds
	number int64  // of the block
	chain  *big.Int
}

func newWorld(t testing.TB, f fork) *world {
	t.Helper()
	s, err := state.New(types.EmptyRootHash, state.NewDatabaseForTesting())
	if err != nil {
		t.Fatal(err)
	}
	s.SetCode(contracts.Deployer, deployerCode, tracing.CodeChangeUnspecified)
	w := &world{t: t, fork: f, state: s, gas: 30_000_000, now: 1_700_000_000, number: 1, chain: chainID}
	w.fund(stranger, 1_000)
	return w
}

func ether(n int64) *big.Int { return new(big.Int).Mul(big.NewInt(n), big.NewInt(params.Ether)) }

func (w *world) fund(a common.Address, n int64) {
	w.state.AddBalance(a, uint256.MustFromBig(ether(n)), tracing.BalanceChangeUnspecified)
}

func (w *world) balance(a common.Address) *big.Int { return w.state.GetBalance(a).ToBig() }

// revertError carries the data of a revert.
type revertError struct {
	cause error
	data  []byte
}

func (e *revertError) Error() string { return e.cause.Error() + " " + hexutil.Encode(e.data) }
func (e *revertError) Unwrap() error { return e.cause }

// send runs a message and keeps what it changes, unless it fails. It tells the gas used, without
// a transaction's intrinsic gas and refunds.
func (w *world) send(from, to common.Address, value *big.Int, data []byte) (ret []byte, gasUsed uint64, err error) {
	ret, gasUsed, cfg, err := w.message(from, to, value, data)
	w.state.Finalise(cfg.ChainConfig.Rules(cfg.BlockNumber, true, cfg.Time))
	return ret, gasUsed, err
}

// message is send that ends in the middle of its transaction.
func (w *world) message(from, to common.Address, value *big.Int, data []byte) (ret []byte, gasUsed uint64, cfg *runtime.Config, err error) {
	rules := w.fork.config()
	rules.ChainID = w.chain
	cfg = &runtime.Config{
		ChainConfig: rules, State: w.state, Origin: from, Value: value, GasLimit: w.gas,
		BlockNumber: big.NewInt(w.number), Time: w.now, EVMConfig: vm.Config{Tracer: w.tracer},
	}
	ret, left, err := runtime.Call(to, data, cfg)
	if err != nil {
		err = &revertError{err, ret}
	}
	return ret, w.gas - left, cfg, err
}

// must is send that has to succeed.
func (w *world) must(from, to common.Address, value *big.Int, data []byte) []byte {
	w.t.Helper()
	ret, _, err := w.send(from, to, value, data)
	if err != nil {
		w.t.Fatalf("call of %s: %v", to, err)
	}
	return ret
}

// view runs a message and keeps nothing.
func (w *world) view(from, to common.Address, data []byte) ([]byte, error) {
	before := w.state.Snapshot()
	defer w.state.RevertToSnapshot(before)
	ret, _, _, err := w.message(from, to, nil, data)
	return ret, err
}

// deploy creates one of the test contracts, unless it is there.
func (w *world) deploy(name string, args ...any) (common.Address, abi.ABI) {
	w.t.Helper()
	a := testArtifact(w.t, name)
	encoded, err := a.ABI.Pack("", args...)
	if err != nil {
		w.t.Fatal(err)
	}
	initCode := append(a.Bytecode, encoded...)
	at := crypto.CreateAddress2(contracts.Deployer, [32]byte{}, crypto.Keccak256(initCode))
	if len(w.state.GetCode(at)) == 0 {
		w.must(stranger, contracts.Deployer, nil, append(make([]byte, 32), initCode...))
	}
	return at, a.ABI
}

// installP256 puts the engines, the complete verifier and the factory of tables on the chain, unless they are there.
func (w *world) installP256() {
	w.t.Helper()
	if len(w.state.GetCode(contracts.P256Slow)) == 0 {
		w.must(stranger, contracts.Deployer, nil, contracts.P256SlowInit())
	}
	for _, e := range append(contracts.P256Engines(), contracts.P256TableFactory) {
		w.state.SetCode(e.Address, e.Code(), tracing.CodeChangeUnspecified)
	}
}

// install puts implementation and factory on the chain, through the deterministic deployer.
func (w *world) install(ep userop.EntryPoint) contracts.Deployment {
	w.t.Helper()
	w.installP256()
	d, err := contracts.ForEntryPoint(ep)
	if err != nil {
		w.t.Fatal(err)
	}
	implementation, factory := d.InitCodes()
	w.must(stranger, contracts.Deployer, nil, implementation)
	w.must(stranger, contracts.Deployer, nil, factory)
	w.fund(ep.Address(), 1_000)
	return d
}

type artifact struct {
	ABI      abi.ABI
	Bytecode hexutil.Bytes
}

func testArtifact(t testing.TB, name string) artifact {
	t.Helper()
	file, err := os.ReadFile("testdata/artifacts/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var a artifact
	if err := json.Unmarshal(file, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// wantRevert checks that a call failed with a custom error of the given ABI.
func wantRevert(t testing.TB, err error, contract abi.ABI, name string) {
	t.Helper()
	var r *revertError
	if !errors.As(err, &r) {
		t.Fatalf("want revert %s, got %v", name, err)
	}
	want, ok := contract.Errors[name]
	if !ok {
		t.Fatalf("no error %s in the ABI", name)
	}
	if len(r.data) < 4 || [4]byte(r.data) != [4]byte(want.ID[:4]) {
		got := "unknown"
		for n, e := range contract.Errors {
			if len(r.data) >= 4 && [4]byte(e.ID[:4]) == [4]byte(r.data) {
				got = n
			}
		}
		t.Fatalf("want revert %s, got %s: %v", name, got, err)
	}
}

// addr is a made-up address.
func addr(label string) common.Address { return common.BytesToAddress(crypto.Keccak256([]byte(label))) }

var stranger = addr("stranger")
