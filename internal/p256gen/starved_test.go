// What the engines do when whom they ask has no answer: too little gas, or nobody there.

package p256gen

import (
	"math/big"
	"math/rand"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/core/vm"
)

// toSlow is a call of a path with a valid signature that only the slow verifier can tell.
func toSlow(t *testing.T, p path, m *machine) []byte {
	t.Helper()
	var c meeting
	switch p.name {
	case "plain":
		c = plainMeetings(t)[0]
	case "notable":
		c = noTableMeetings(t, halves{})[0]
	default:
		c = tableMeetings(t, tables[strings.TrimPrefix(p.name, "table")])[0]
	}
	p.install(t, m, c.signature)
	if valid, _, slow := m.call(c.data); !valid || !slow {
		t.Fatalf("valid %t, slow %t", valid, slow)
	}
	return c.data
}

// A caller who gives just so little gas that the slow verifier runs out of it, and the engine does not, gets no verdict:
// with a 64th of the gas left, there would be enough of it to say no.
func TestTooLittleGasIsNoAnswer(t *testing.T) {
	for _, p := range paths() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, true, p.engine(), verifyGo)
			data := toSlow(t, p, m)
			m.slow.gas = 180_000
			_, enough, _ := m.call(data)
			failed := 0
			for gas := uint64(700); gas < enough+10_000; gas += 700 {
				ret, _, err := m.try(data, gas)
				switch {
				case err != nil:
					failed++
				case len(ret) != 32 || ret[31] != 1:
					t.Fatalf("with %d gas the answer is %x", gas, ret)
				}
			}
			if failed < 250 {
				t.Errorf("failed only %d times", failed)
			}
		})
	}
}

// On a chain without the slow verifier, what needs it has no verdict either.
func TestNoSlowVerifierIsNoAnswer(t *testing.T) {
	for _, p := range paths() {
		m := newMachine(t, true, p.engine(), verifyGo)
		data := toSlow(t, p, m)
		set := vm.ActivePrecompiledContracts(m.rules)
		delete(set, slowAt)
		m.evm.SetPrecompiles(set)
		if ret, _, err := m.try(data, 10_000_000); err == nil {
			t.Errorf("%s: %x", p.name, ret)
		}
	}
}

// answers stands for MODEXP and has a fixed answer.
type answers []byte

func (answers) RequiredGas([]byte) uint64    { return 100 }
func (answers) Name() string                 { return "answers" }
func (a answers) Run([]byte) ([]byte, error) { return a, nil }

// Where MODEXP is not there, engines that need it do not go on with what is in memory by chance.
func TestNoModexpIsNoAnswer(t *testing.T) {
	sig := signFast(big.NewInt(4711), big.NewInt(815), big.NewInt(42))
	for _, p := range paths() {
		if p.name == "notable" {
			continue // no inverse
		}
		for name, modexp := range map[string]vm.PrecompiledContract{"absent": nil, "silent": answers{}, "short": answers(make([]byte, 31))} {
			m := newMachine(t, true, p.engine(), verifyGo)
			p.install(t, m, sig)
			data := p.calls(t, vector{"", sig, sig}, rand.New(rand.NewSource(1)))
			if valid, _, slow := m.call(data[""]); !valid || slow {
				t.Fatal("a valid signature is refused")
			}
			set := vm.ActivePrecompiledContracts(m.rules)
			set[slowAt] = m.slow
			delete(set, modexpAt)
			if modexp != nil {
				set[modexpAt] = modexp
			}
			m.evm.SetPrecompiles(set)
			if ret, _, err := m.try(data[""], 10_000_000); err == nil {
				t.Errorf("%s, MODEXP is %s: %x", p.name, name, ret)
			}
			if hinted, ok := data["hint"]; ok {
				if valid, _, slow := m.call(hinted); !valid || slow {
					t.Errorf("%s, MODEXP is %s: needed with a hint", p.name, name)
				}
			}
		}
	}
}
