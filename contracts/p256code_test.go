// What the code of the verifiers and of the table factory can do at all, read off its instructions: why nobody else gets
// to put a table where a verifier looks for it, and why a verifier has nothing to lose.

package contracts_test

import (
	"bytes"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/vm"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
)

// instructions counts what stands in code, data of PUSH left out.
func instructions(code []byte) map[vm.OpCode]int {
	out := map[vm.OpCode]int{}
	for i := 0; i < len(code); i++ {
		op := vm.OpCode(code[i])
		out[op]++
		if op >= vm.PUSH1 && op <= vm.PUSH32 {
			i += int(op - vm.PUSH0)
		}
	}
	return out
}

// worldly are the instructions by which code acts on anything but its own memory, or depends on who calls, when and with
// how much.
var worldly = []vm.OpCode{
	vm.SSTORE, vm.SLOAD, vm.TSTORE, vm.TLOAD, vm.LOG0, vm.LOG1, vm.LOG2, vm.LOG3, vm.LOG4, vm.CREATE, vm.CREATE2, vm.CALL, vm.CALLCODE, vm.DELEGATECALL,
	vm.STATICCALL, vm.SELFDESTRUCT, vm.CALLER, vm.ORIGIN, vm.CALLVALUE, vm.ADDRESS, vm.BALANCE, vm.SELFBALANCE, vm.TIMESTAMP, vm.NUMBER, vm.COINBASE, vm.GASPRICE,
	vm.BASEFEE, vm.BLOBBASEFEE, vm.BLOBHASH, vm.BLOCKHASH, vm.PREVRANDAO, vm.GASLIMIT, vm.CHAINID, vm.EXTCODECOPY, vm.EXTCODEHASH, vm.EXTCODESIZE,
}

func wantInstructions(t *testing.T, name string, code []byte, want map[vm.OpCode]int) {
	t.Helper()
	got := instructions(code)
	for _, op := range worldly {
		if got[op] != want[op] {
			t.Errorf("%s: %v %d times, not %d", name, op, got[op], want[op])
		}
	}
}

// The verifiers ask MODEXP and each other, copy the table's code, and do nothing else.
func TestVerifiersHaveNoState(t *testing.T) {
	g := 64 * 128 // the table of G at the end of the code, in blocks
	for name, want := range map[string]struct {
		engine         contracts.P256Engine
		blocks         int
		statics, copys int
	}{
		"512": {contracts.P256Table512, 1, 2, 2}, "1k": {contracts.P256Table1k, 1, 2, 2}, "4k": {contracts.P256Table4k, 2, 2, 2},
		"16k":      {contracts.P256Table16k, 2, 2, 32 + 1}, // each point by itself
		"no table": {contracts.P256NoTable, 1, 1, 0}, "plain": {contracts.P256Plain, 1, 3, 0},
	} {
		code := want.engine.Code()
		wantInstructions(t, name, code[:len(code)-want.blocks*g], map[vm.OpCode]int{vm.STATICCALL: want.statics, vm.EXTCODECOPY: want.copys})
	}
	wantInstructions(t, "slow", newSlow(t, osaka).state.GetCode(contracts.P256Slow), map[vm.OpCode]int{vm.STATICCALL: 1, vm.CALLVALUE: 1})
}

// The factory creates by one instruction, and with one init code: what is at a table's address was answered by it to
// that init code, while it was building that table. It has no storage, no owner, and calls nothing but MODEXP. A table
// itself begins with STOP and so never does anything, to destroy itself for instance.
func TestTheFactoryDoesNothingButCreateTables(t *testing.T) {
	code := contracts.P256TableFactory.Code()
	wantInstructions(t, "factory", code, map[vm.OpCode]int{
		vm.CREATE2: 1, vm.STATICCALL: 4, vm.EXTCODESIZE: 1, vm.ADDRESS: 2, vm.CALLVALUE: 1,
		vm.TSTORE: 4, vm.TLOAD: 3,
	})
	if n := bytes.Count(code, contracts.TableInitCode()); n != 1 {
		t.Errorf("the init code stands %d times in the factory", n)
	}
	wantInstructions(t, "init code", contracts.TableInitCode(), map[vm.OpCode]int{vm.STATICCALL: 1, vm.CALLER: 1})
	for _, f := range tableFormats {
		if table, err := p256table.Build(f, tableKey(t, big.NewInt(7))); err != nil || vm.OpCode(table[0]) != vm.STOP {
			t.Errorf("%v: %v", f, err)
		}
	}
}

// TokenSight's verifier kept the public key and never used it: whoever brought the table had the account. Here key and
// table are one thing. A table of another key, or in another format, is not consulted, and what is at the key's own
// address is nobody's to choose.
func TestTokenSightTheKeyDecidesAndNotTheTable(t *testing.T) {
	w, doors := allDoors(t)
	victim := signatureWith(big.NewInt(1001), big.NewInt(5), big.NewInt(9))
	thief := signatureWith(big.NewInt(1002), big.NewInt(5), big.NewInt(9))
	for _, v := range []*ecdsaInput{&victim, &thief} {
		if v.s.Cmp(halfOfN) > 0 {
			v.s.Sub(order, v.s)
		}
		w.buildAll(*v)
	}
	forged := thief // the thief's signature, for the victim's key
	forged.x, forged.y = victim.x, victim.y
	key := func(v ecdsaInput) p256table.Key {
		k, err := p256table.NewKey(word32(v.x), word32(v.y))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	for _, d := range doors {
		for _, f := range tableFormats {
			var read []common.Address
			w.tracer = &tracing.Hooks{OnOpcode: func(_ uint64, op byte, _, _ uint64, scope tracing.OpContext, _ []byte, _ int, _ error) {
				if stack := scope.StackData(); vm.OpCode(op) == vm.EXTCODECOPY {
					read = append(read, common.Address(stack[len(stack)-1].Bytes20()))
				}
			}}
			way := true
			for v, want := range map[*ecdsaInput]bool{&victim: true, &forged: false} {
				if got, err := d.ask(byte(f), *v, nil); err == errNoWay {
					way = false
				} else if err != nil || got != want {
					t.Errorf("%s, %v: %t, %v", d.name, f, got, err)
				}
			}
			w.tracer = nil
			if way && d.chain == w && !slices.Contains(read, tableAt(t, f, key(victim))) {
				t.Errorf("%s, %v: the key's table was not read", d.name, f)
			}
			for _, other := range tableFormats {
				if at := tableAt(t, other, key(thief)); slices.Contains(read, at) {
					t.Errorf("%s, %v: the thief's table was read", d.name, f)
				}
			}
		}
	}
}
