// An EVM for the programs, with a slow verifier that is a double: real, but written in Go.

package p256gen

//lint:file-ignore SA1019 points and scalars of every kind are needed here, keys that the newer functions refuse among them

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/core/vm/runtime"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"
)

var (
	engineAt = common.HexToAddress("0xaaaa000000000000000000000000000000000001")
	tableAt  = common.HexToAddress("0xaaaa000000000000000000000000000000000002")
	slowAt   = common.HexToAddress("0xaaaa000000000000000000000000000000000003")
	modexpAt = common.BytesToAddress([]byte{5})
)

// slowDouble stands at slowAt and answers for the slow verifier.
type slowDouble struct {
	verify func(h, r, s, x, y *big.Int) bool
	asked  int
	gas    uint64 // 1,000 if nothing is said
}

func (d *slowDouble) RequiredGas([]byte) uint64 { return max(d.gas, 1_000) }
func (*slowDouble) Name() string                { return "slow" }
func (d *slowDouble) Run(in []byte) ([]byte, error) {
	d.asked++
	out := make([]byte, 32)
	if len(in) == 160 && d.verify(wordAt(in, 0), wordAt(in, 1), wordAt(in, 2), wordAt(in, 3), wordAt(in, 4)) {
		out[31] = 1
	}
	return out, nil
}

func wordAt(b []byte, i int) *big.Int { return new(big.Int).SetBytes(b[32*i : 32*i+32]) }

func wordsOf(values ...*big.Int) []byte {
	var out []byte
	for _, v := range values {
		out = append(out, v.FillBytes(make([]byte, 32))...)
	}
	return out
}

// verifyGo is the judge: crypto/ecdsa for P-256.
func verifyGo(h, r, s, x, y *big.Int) bool {
	if x.Sign() == 0 && y.Sign() == 0 || !P256().OnCurve(x, y) {
		return false
	}
	return ecdsa.Verify(&ecdsa.PublicKey{Curve: elliptic.P256(), X: x, Y: y}, h.FillBytes(make([]byte, 32)), r, s)
}

// machine is a chain with an engine on it.
type machine struct {
	t     testing.TB
	state *state.StateDB
	evm   *vm.EVM
	rules params.Rules
	slow  *slowDouble
}

func newMachine(t testing.TB, osaka bool, engine []byte, verify func(h, r, s, x, y *big.Int) bool) *machine {
	t.Helper()
	if len(engine) > params.MaxCodeSize {
		t.Errorf("the engine has %d bytes", len(engine))
	}
	st, err := state.New(types.EmptyRootHash, state.NewDatabaseForTesting())
	if err != nil {
		t.Fatal(err)
	}
	config := *params.MergedTestChainConfig
	if !osaka {
		config.OsakaTime, config.PragueTime = nil, nil
	}
	m := &machine{t: t, state: st, slow: &slowDouble{verify: verify}, rules: config.Rules(big.NewInt(1), true, 1)}
	m.evm = runtime.NewEnv(&runtime.Config{
		ChainConfig: &config, State: st, GasLimit: 1 << 30, GasPrice: new(big.Int), BlockNumber: big.NewInt(1), Time: 1,
		Difficulty: new(big.Int), BaseFee: new(big.Int), BlobBaseFee: new(big.Int), Random: &common.Hash{},
	})
	set := vm.ActivePrecompiledContracts(m.rules)
	set[slowAt] = m.slow
	m.evm.SetPrecompiles(set)
	m.put(engineAt, engine)
	return m
}

func (m *machine) put(at common.Address, code []byte) {
	m.state.CreateAccount(at)
	m.state.SetCode(at, code, tracing.CodeChangeUnspecified)
	m.state.Finalise(m.rules)
}

// call is a transaction's only message: it tells the answer and the gas, and whether the slow verifier was asked.
func (m *machine) call(data []byte) (valid bool, gas uint64, slow bool) {
	m.t.Helper()
	asked := m.slow.asked
	ret, gas, err := m.try(data, 10_000_000)
	if err != nil || len(ret) != 32 || new(big.Int).SetBytes(ret).BitLen() > 1 {
		m.t.Fatalf("answer %x, %v", ret, err)
	}
	return ret[31] == 1, gas, m.slow.asked > asked
}

// try is such a call with so much gas, which may fail.
func (m *machine) try(data []byte, limit uint64) (ret []byte, gas uint64, err error) {
	to := engineAt
	m.state.Prepare(m.rules, common.Address{1}, common.Address{}, &to, vm.ActivePrecompiles(m.rules), nil)
	ret, left, err := m.evm.Call(common.Address{1}, engineAt, data, vm.NewGasBudget(limit, 0), new(uint256.Int))
	return ret, limit - left.ExecutionGas, err
}
