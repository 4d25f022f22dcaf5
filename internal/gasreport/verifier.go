// Verifiers: what they prove before they are counted, and what they cost.

package gasreport

import (
	"cmp"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core"
	"github.com/holiman/uint256"
)

// verifier is a contract that verifies signatures.
type verifier struct {
	Row
	only  Rules // where it is measured, empty for everywhere
	place func(c *chain) (common.Address, error)
	data  func(c *chain, a *Assertion) ([]byte, error) // calldata
}

// refusal is a verifier that does not do what it is for.
type refusal struct{ cause string }

func (r *refusal) Error() string { return r.cause }

// sample is what verifiers get: the signatures that are counted, and valid ones that only have to be accepted.
type sample struct{ counted, awkward []*Assertion }

func newSample() (s sample, err error) {
	if s.counted, err = assertions(); err == nil {
		s.awkward, err = awkward(4)
	}
	return s, err
}

// measure fills the row's figures, after the proof.
func (v *verifier) measure(s sample) error {
	v.Row.Gas = map[Rules]Gas{}
	for _, rules := range []Rules{Cancun, Osaka} {
		if v.only != "" && v.only != rules {
			continue
		}
		used, sent, err := v.run(rules, s)
		if err != nil {
			return fmt.Errorf("%s, rules of %s: %w", v.Name, rules, err)
		}
		v.Row.Gas[rules] = summary(used)
		if rules == Osaka {
			v.Row.AllIn, v.Row.Calldata, v.Row.AtFloor, err = allIn(used, sent)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// run gives the gas and the calldata of every signature that is counted. It is an error if the verifier refuses one, or
// an awkward one, or accepts one with a bit flipped.
func (v *verifier) run(rules Rules, s sample) (used []uint64, sent [][]byte, err error) {
	c, err := newChain(rules)
	if err != nil {
		return nil, nil, err
	}
	at, err := v.place(c)
	if err != nil {
		return nil, nil, err
	}
	ask := func(a *Assertion) (data, ret []byte, gas uint64, failed error, err error) {
		if data, err = v.data(c, a); err != nil {
			return nil, nil, 0, nil, fmt.Errorf("calldata: %w", err)
		}
		ret, gas, failed = c.call(at, data)
		return data, ret, gas, failed, nil
	}
	refused := func(all []*Assertion, count bool) (n int, err error) {
		for _, a := range all {
			data, ret, gas, failed, err := ask(a)
			if err != nil {
				return n, err
			}
			if failed != nil || !isOne(ret) {
				n++
			}
			if count {
				used, sent = append(used, gas), append(sent, data)
			}
		}
		return n, nil
	}
	if n, err := refused(s.counted, true); err != nil || n > 0 {
		return nil, nil, cmp.Or(err, error(&refusal{fmt.Sprintf("refuses %d of %d valid signatures", n, len(s.counted))}))
	}
	if n, err := refused(s.awkward, false); err != nil || n > 0 {
		return nil, nil, cmp.Or(err, error(&refusal{fmt.Sprintf("refuses %d of %d valid signatures of a kind that is one in 256", n, len(s.awkward))}))
	}
	for i := range s.counted {
		a, what, err := flipped(s.counted, i)
		if err != nil {
			return nil, nil, err
		}
		_, ret, _, failed, err := ask(a)
		if err != nil {
			return nil, nil, err
		}
		if failed == nil && !isZero(ret) { // reverting is refusing
			return nil, nil, &refusal{fmt.Sprintf("accepts signature %d with %s changed", i, what)}
		}
	}
	return used, sent, nil
}

// isOne tells whether a reply is the word 1, or the magic value of ERC-7913.
func isOne(ret []byte) bool {
	return len(ret) == 32 && (new(big.Int).SetBytes(ret).Cmp(big.NewInt(1)) == 0 || [4]byte(ret) == erc7913)
}

// isZero tells whether a reply is no word, the word 0, or ERC-7913's refusal.
func isZero(ret []byte) bool {
	return len(ret) == 0 || len(ret) == 32 && (new(big.Int).SetBytes(ret).Sign() == 0 || [4]byte(ret) == [4]byte{0xff, 0xff, 0xff, 0xff})
}

var erc7913 = [4]byte{0x02, 0x4a, 0xd3, 0x18} // verify(bytes,bytes32,bytes)

// Gas is what calls use.
type Gas struct {
	Min  uint64 `json:"min"`
	Mean uint64 `json:"mean"`
	Max  uint64 `json:"max"`
}

func summary(used []uint64) Gas {
	g := Gas{Min: used[0]}
	sum := uint64(0)
	for _, u := range used {
		g.Min, g.Max, sum = min(g.Min, u), max(g.Max, u), sum+u
	}
	g.Mean = (sum + uint64(len(used))/2) / uint64(len(used))
	return g
}

// allIn is what transactions cost that call the verifier directly, on Osaka: 21,000, calldata, execution, and no less
// than the floor of EIP-7623. size is the mean of the calldata's bytes; atFloor is how often the floor decides.
func allIn(used []uint64, sent [][]byte) (total Gas, size, atFloor uint64, err error) {
	var totals, sizes []uint64
	to, rules := p256verify, Osaka.config().Rules(new(big.Int), true, 0)
	for i, data := range sent {
		intrinsic, err := core.IntrinsicGas(data, nil, nil, nobody, &to, new(uint256.Int), rules)
		if err != nil {
			return Gas{}, 0, 0, err
		}
		floor, err := core.FloorDataGas(rules, nobody, &to, new(uint256.Int), data, nil)
		if err != nil {
			return Gas{}, 0, 0, err
		}
		if floor > intrinsic+used[i] {
			atFloor++
		}
		totals = append(totals, max(intrinsic+used[i], floor))
		sizes = append(sizes, uint64(len(data)))
	}
	return summary(totals), summary(sizes).Mean, atFloor, nil
}
