// A virtual machine with contracts in it.

package gasreport

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm/runtime"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/params"

	"github.com/postern-dev/postern/contracts"
)

// Rules name what a chain's gas is counted by.
type Rules string

// The rules that are measured. Osaka has P256VERIFY, and its modular exponentiation, which inversions are made with,
// costs three times what Cancun's does.
const (
	Cancun Rules = "cancun"
	Osaka  Rules = "osaka"
)

func (r Rules) config() *params.ChainConfig {
	c := *params.MergedTestChainConfig
	if r == Cancun {
		c.PragueTime, c.OsakaTime = nil, nil
	}
	return &c
}

const callGas = 20_000_000 // for one call; creations included

// deployerCode is the runtime of the deterministic deployment proxy at [contracts.Deployer].
var deployerCode = common.FromHex("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3")

// nobody sends every call.
var nobody = common.HexToAddress("0x00000000000000000000000000000000006e6f62")

// chain is state alone: each call is a transaction of its own, and finds every address but the one it calls cold.
type chain struct {
	rules   Rules
	state   *state.StateDB
	library []byte // code that a key's table is put behind, for the one verifier that wants that
}

func newChain(rules Rules) (*chain, error) {
	s, err := state.New(types.EmptyRootHash, state.NewDatabaseForTesting())
	if err != nil {
		return nil, err
	}
	s.SetCode(contracts.Deployer, deployerCode, tracing.CodeChangeUnspecified)
	return &chain{rules: rules, state: s}, nil
}

// call sends a message and tells the gas of it alone: without a transaction's 21,000 and calldata.
func (c *chain) call(to common.Address, data []byte) (ret []byte, gas uint64, err error) {
	cfg := c.environment()
	ret, left, err := runtime.Call(to, data, cfg)
	c.state.Finalise(cfg.ChainConfig.Rules(cfg.BlockNumber, true, cfg.Time))
	return ret, callGas - left, err
}

// create runs creation code.
func (c *chain) create(code []byte) (common.Address, error) {
	cfg := c.environment()
	c.state.SetNonce(nobody, c.state.GetNonce(nobody)+1, tracing.NonceChangeUnspecified)
	_, at, _, err := runtime.Create(code, cfg)
	c.state.Finalise(cfg.ChainConfig.Rules(cfg.BlockNumber, true, cfg.Time))
	if err != nil {
		return at, fmt.Errorf("create: %w", err)
	}
	return at, nil
}

// deploy sends the deterministic deployer a salt and creation code.
func (c *chain) deploy(saltAndCode []byte) error {
	at := crypto.CreateAddress2(contracts.Deployer, [32]byte(saltAndCode), crypto.Keccak256(saltAndCode[32:]))
	if c.state.GetCodeSize(at) > 0 {
		return nil
	}
	_, _, err := c.call(contracts.Deployer, saltAndCode)
	return err
}

// put gives an address code.
func (c *chain) put(at common.Address, code []byte) {
	if c.state.GetCodeSize(at) == 0 {
		c.state.SetCode(at, code, tracing.CodeChangeUnspecified)
	}
}

func (c *chain) environment() *runtime.Config {
	return &runtime.Config{ChainConfig: c.rules.config(), State: c.state, Origin: nobody, GasLimit: callGas,
		BlockNumber: big.NewInt(1), Time: 1_700_000_000}
}
