package devnet

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"
)

const (
	blockGas       = 60_000_000
	constructorGas = 30_000_000
)

// workshop runs constructors before the chain exists, under the chain's own rules, and hands the
// accounts they make to the genesis block. So no start-up transaction is needed, and immutables –
// chain id, own address, helper contracts, what a probe of 0x100 answered – are what they would
// have been on the running chain.
type workshop struct {
	config *params.ChainConfig
	state  *state.StateDB
	evm    *vm.EVM
	slots  map[common.Address]map[common.Hash]struct{} // written ones
}

// operator is the sender of the constructors' messages. It keeps nothing.
var operator = common.HexToAddress("0x1000000000000000000000000000000000000001")

func newWorkshop(config *params.ChainConfig) (*workshop, error) {
	db, err := state.New(types.EmptyRootHash, state.NewDatabaseForTesting())
	if err != nil {
		return nil, fmt.Errorf("devnet: preparing the genesis state: %w", err)
	}
	w := &workshop{config: config, state: db, slots: map[common.Address]map[common.Hash]struct{}{}}
	for address, account := range core.SystemContractAllocs() {
		w.state.CreateAccount(address)
		w.slots[address] = map[common.Hash]struct{}{}
		w.state.SetNonce(address, account.Nonce, tracing.NonceChangeGenesis)
		w.state.SetCode(address, account.Code, tracing.CodeChangeGenesis)
	}
	touch := func(address common.Address) {
		if w.slots[address] == nil {
			w.slots[address] = map[common.Hash]struct{}{}
		}
	}
	hooks := &tracing.Hooks{
		OnCodeChange: func(a common.Address, _ common.Hash, _ []byte, _ common.Hash, _ []byte) { touch(a) },
		OnStorageChange: func(a common.Address, slot, _, _ common.Hash) {
			touch(a)
			w.slots[a][slot] = struct{}{}
		},
	}
	w.evm = vm.NewEVM(vm.BlockContext{
		CanTransfer: core.CanTransfer,
		Transfer:    core.Transfer,
		GetHash:     func(uint64) common.Hash { return common.Hash{} },
		BlockNumber: new(big.Int),
		Difficulty:  new(big.Int),
		BaseFee:     big.NewInt(params.InitialBaseFee),
		BlobBaseFee: big.NewInt(1),
		GasLimit:    blockGas,
		Random:      &common.Hash{},
	}, state.NewHookedState(db, hooks), config, vm.Config{})
	return w, nil
}

// deploy sends salt‖creation code to the deterministic deployment factory.
func (w *workshop) deploy(calldata []byte, want common.Address) error {
	if _, err := w.call(params.DeterministicFactoryAddress, calldata); err != nil {
		return fmt.Errorf("deploying %s: %w", want, err)
	}
	if w.state.GetCodeSize(want) == 0 {
		return fmt.Errorf("deploying %s: the factory made no code there", want)
	}
	return nil
}

// construct runs creation code as if a transaction had created address: the code stands at the
// address while it runs, so address(this) and contracts it creates are right. Its result becomes
// the address's code.
func (w *workshop) construct(address common.Address, creation []byte, limit int) error {
	w.slots[address] = map[common.Hash]struct{}{}
	w.state.CreateAccount(address)
	w.state.SetNonce(address, 1, tracing.NonceChangeNewContract)
	w.state.SetCode(address, creation, tracing.CodeChangeGenesis)
	runtime, err := w.call(address, nil)
	if err != nil {
		return fmt.Errorf("constructing %s: %w", address, err)
	}
	if len(runtime) == 0 || len(runtime) > limit {
		return fmt.Errorf("constructing %s: %d bytes of code", address, len(runtime))
	}
	w.state.SetCode(address, runtime, tracing.CodeChangeGenesis)
	return nil
}

func (w *workshop) call(to common.Address, data []byte) ([]byte, error) {
	return w.pay(to, new(big.Int), data)
}

// pay is a call with value, which comes from nowhere.
func (w *workshop) pay(to common.Address, wei *big.Int, data []byte) ([]byte, error) {
	value := uint256.MustFromBig(wei)
	w.state.AddBalance(operator, value, tracing.BalanceIncreaseGenesisBalance)
	rules := w.config.Rules(new(big.Int), true, 0)
	w.state.Prepare(rules, operator, common.Address{}, &to, vm.ActivePrecompiles(rules), nil)
	w.evm.SetTxContext(vm.TxContext{Origin: operator, GasPrice: new(uint256.Int)})
	out, _, err := w.evm.Call(operator, to, data, vm.NewGasBudget(constructorGas, 0), value)
	w.state.Finalise(rules)
	if errors.Is(err, vm.ErrExecutionReverted) {
		return nil, fmt.Errorf("%w: %#x", err, out)
	}
	return out, err
}

// alloc is what has been built.
func (w *workshop) alloc() types.GenesisAlloc {
	alloc := types.GenesisAlloc{}
	for address, slots := range w.slots {
		account := types.Account{
			Nonce:   w.state.GetNonce(address),
			Code:    w.state.GetCode(address),
			Balance: w.state.GetBalance(address).ToBig(),
			Storage: map[common.Hash]common.Hash{},
		}
		for slot := range slots {
			if value := w.state.GetState(address, slot); value != (common.Hash{}) {
				account.Storage[slot] = value
			}
		}
		alloc[address] = account
	}
	return alloc
}

// genesis is a block with the predeployed contracts and funded development accounts.
func genesis(config Config, keys devKeys, list []predeploy) (*core.Genesis, error) {
	chainConfig := config.chainConfig()
	w, err := newWorkshop(chainConfig)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		if err := p.build(w); err != nil {
			return nil, fmt.Errorf("devnet: %s: %w", p.name, err)
		}
	}
	alloc := w.alloc()
	alloc[address(keys.Faucet)] = types.Account{Balance: ether(1_000_000_000_000)}
	alloc[address(keys.Bundler)] = types.Account{Balance: ether(1_000_000)}
	for at, account := range config.Alloc {
		if _, taken := alloc[at]; taken {
			return nil, &Error{Kind: ErrConfig, Err: fmt.Errorf("devnet: Config.Alloc has %s, which this chain needs itself", at)}
		}
		alloc[at] = account
	}
	return &core.Genesis{
		Config:     chainConfig,
		GasLimit:   blockGas,
		BaseFee:    big.NewInt(params.InitialBaseFee),
		Difficulty: new(big.Int),
		Alloc:      alloc,
	}, nil
}
