// A tracer that keeps what ERC-7562 asks about.

package contracts_test

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/vm"
)

// trace is what happened while a tracer was set.
type trace struct {
	calls   []common.Address            // every address called, in order, without the first
	storage map[common.Address][]string // "r slot" and "w slot" by contract
	faults  []string                    // breaches of ERC-7562's opcode rules
	gasPC   uint64
	lastGas bool
}

// forbidden in validation, OP-011; GAS is allowed before a call (OP-012).
var forbidden = map[vm.OpCode]bool{
	vm.GASPRICE: true, vm.GASLIMIT: true, vm.DIFFICULTY: true, vm.TIMESTAMP: true, vm.BASEFEE: true, vm.BLOCKHASH: true,
	vm.NUMBER: true, vm.ORIGIN: true, vm.CREATE: true, vm.COINBASE: true, vm.SELFDESTRUCT: true, vm.BALANCE: true,
	vm.SELFBALANCE: true, vm.BLOBHASH: true, vm.BLOBBASEFEE: true, vm.INVALID: true,
}

// watch records a call into w. The entryPoint may be paid although it has no code here, and the
// sender be looked at before it exists (OP-042).
func (w *world) watch(entryPoint, sender common.Address, do func()) *trace {
	t := &trace{storage: map[common.Address][]string{}}
	w.tracer = &tracing.Hooks{
		OnEnter: func(depth int, typ byte, from, to common.Address, input []byte, gas uint64, value *big.Int) {
			if depth > 0 {
				t.calls = append(t.calls, to)
			}
			if depth == 0 || to == entryPoint || vm.OpCode(typ) == vm.CREATE2 {
				return
			}
			// Precompiles of Cancun are 1 to 10, of Prague up to 17; Osaka adds 0x100.
			precompile := to.Big().BitLen() <= 4 || to.Big().Cmp(big.NewInt(17)) <= 0 || w.fork == osaka && to == p256Verify
			if !precompile && len(w.state.GetCode(to)) == 0 {
				t.faults = append(t.faults, fmt.Sprintf("%s of %s, which has no code (OP-041)", vm.OpCode(typ), to))
			}
		},
		OnOpcode: func(pc uint64, op byte, gas, cost uint64, scope tracing.OpContext, rData []byte, depth int, err error) {
			o := vm.OpCode(op)
			isCall := o == vm.CALL || o == vm.STATICCALL || o == vm.DELEGATECALL || o == vm.CALLCODE
			if t.lastGas && !isCall {
				t.faults = append(t.faults, fmt.Sprintf("GAS at %d is not followed by a call (OP-012)", t.gasPC))
			}
			t.lastGas, t.gasPC = o == vm.GAS, pc
			if forbidden[o] {
				t.faults = append(t.faults, fmt.Sprintf("%s at %d (OP-011)", o, pc))
			}
			stack := scope.StackData()
			switch o {
			case vm.SLOAD, vm.SSTORE:
				mode := map[vm.OpCode]string{vm.SLOAD: "r ", vm.SSTORE: "w "}[o]
				slot := common.Hash(stack[len(stack)-1].Bytes32())
				t.storage[scope.Address()] = append(t.storage[scope.Address()], mode+slot.Hex())
			case vm.EXTCODESIZE, vm.EXTCODECOPY, vm.EXTCODEHASH:
				a := common.Address(stack[len(stack)-1].Bytes20())
				if len(w.state.GetCode(a)) == 0 && len(w.state.GetCode(scope.Address())) != 0 && a != sender {
					t.faults = append(t.faults, fmt.Sprintf("%s of %s, which has no code (OP-041)", o, a))
				}
			}
		},
	}
	do()
	w.tracer = nil
	return t
}

func (t *trace) called(a common.Address) bool {
	for _, c := range t.calls {
		if c == a {
			return true
		}
	}
	return false
}

var p256Verify = common.BytesToAddress([]byte{1, 0})
