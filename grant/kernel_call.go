// The call policy's bytes: abi.encode((bytes1 callType, address target, bytes4
// selector, uint256 valueLimit, (uint8 condition, uint64 offset, bytes32[]
// params)[] rules)[]). Version 0.0.1 has bytes32 param in the place of params.

package grant

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"
)

func encodeCall(p *Call) ([]byte, error) {
	if p.Address == (common.Address{}) && p.Contract() == (common.Address{}) {
		return nil, fail("version", "use "+string(CallLatest), "there is no call policy %q", p.Version)
	}
	// The contract decides about the form, as in the SDK.
	single := p.Contract() == callContract(Call001)
	n := len(p.Permissions)
	out := append(numberWord(32), numberWord(uint64(n))...)
	head := len(out)
	out = append(out, make([]byte, 32*n)...)
	for i := range p.Permissions {
		copy(out[head+32*i:], numberWord(uint64(len(out)-head)))
		var err error
		if out, err = appendPermission(out, &p.Permissions[i], single); err != nil {
			return nil, inField(err, "permission %d", i+1)
		}
	}
	return out, nil
}

func appendPermission(out []byte, p *Permission, single bool) ([]byte, error) {
	limit := p.valueLimit()
	if limit.Sign() < 0 || limit.BitLen() > 256 {
		return nil, fail("valueLimit", "write a number of 256 bits", "%s wei do not fit", limit)
	}
	var w [32]byte
	w[0] = byte(p.CallType)
	out = append(out, w[:]...)
	out = append(out, common.LeftPadBytes(p.Target[:], 32)...)
	out = append(out, common.RightPadBytes(p.Selector[:], 32)...)
	out = append(out, limit.FillBytes(w[:])...)
	out = append(out, numberWord(5*32)...)
	out = append(out, numberWord(uint64(len(p.Rules)))...)
	head := len(out)
	if !single {
		out = append(out, make([]byte, 32*len(p.Rules))...)
	}
	for i, r := range p.Rules {
		if single && len(r.Params) != 1 {
			return nil, fail(fmt.Sprintf("rule %d", i+1), "use version "+string(CallLatest), "version 0.0.1 takes one word, not %d", len(r.Params))
		}
		if !single {
			copy(out[head+32*i:], numberWord(uint64(len(out)-head)))
		}
		out = append(out, numberWord(uint64(r.Condition))...)
		out = append(out, numberWord(r.Offset)...)
		if !single {
			out = append(out, numberWord(3*32)...)
			out = append(out, numberWord(uint64(len(r.Params)))...)
		}
		for _, w := range r.Params {
			out = append(out, w[:]...)
		}
	}
	return out, nil
}

// decodeCall reads the words in the order in which encodeCall writes them.
func decodeCall(version CallVersion, r *words) (Policy, bool) {
	p := &Call{Version: version}
	single := version == Call001
	r.next()
	n := r.length(7)
	r.skip(n)
	for range n {
		p.Permissions = append(p.Permissions, decodePermission(r, single))
	}
	return p, !r.bad
}

func decodePermission(r *words, single bool) (p Permission) {
	callType, target := r.next(), r.address()
	selector := r.next()
	p.CallType, p.Target, p.Selector = CallType(callType[0]), target, [4]byte(selector[:4])
	p.ValueLimit = r.big()
	r.next()
	if single {
		for range r.length(3) {
			p.Rules = append(p.Rules, Rule{Condition: Condition(r.number()), Offset: r.number(), Params: [][32]byte{r.next()}})
		}
		return p
	}
	n := r.length(5)
	r.skip(n)
	for range n {
		rule := Rule{Condition: Condition(r.number()), Offset: r.number()}
		r.next()
		for range r.length(1) {
			rule.Params = append(rule.Params, r.next())
		}
		p.Rules = append(p.Rules, rule)
	}
	return p
}
