// A model of the call policy. It reads call data as the contract does, except
// that what points out of the call data is refused here and read from elsewhere
// there.

package grant

import (
	"bytes"
	"encoding/binary"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// executeSelector is execute(bytes32 mode, bytes executionCalldata) of ERC-7579.
var executeSelector = [4]byte{0xe9, 0xae, 0x5c, 0x53}

var noRevertData = []byte{}

func malformed() *Refusal { return failed(MalformedCall, noRevertData) }

func (p *Call) decide(data []byte) *Refusal {
	if len(data) < 4 || [4]byte(data) != executeSelector {
		return failed(NotExecute, noRevertData)
	}
	args := data[4:]
	offset, ok := position(args, 32)
	if !ok {
		return malformed()
	}
	length, ok := position(args, offset)
	if !ok || length > len(args)-offset-32 {
		return malformed()
	}
	execution := args[offset+32 : offset+32+length]
	switch CallType(args[0]) {
	case CallSingle:
		return p.single(CallSingle, execution, -1)
	case CallDelegate:
		if v := p.version(); v == Call001 || v == Call002 {
			return p.single(CallDelegate, execution, -1) // the fault: there is no value in a delegatecall
		}
		if len(execution) < 20 {
			return malformed()
		}
		return p.check(CallDelegate, common.BytesToAddress(execution[:20]), nil, execution[20:], -1)
	case CallBatch:
		return p.batch(execution)
	}
	return failed(CallTypeRefused, revertCallType)
}

// single reads target(20) ‖ value(32) ‖ data.
func (p *Call) single(t CallType, execution []byte, call int) *Refusal {
	if len(execution) < 52 {
		return malformed()
	}
	return p.check(t, common.BytesToAddress(execution[:20]), execution[20:52], execution[52:], call)
}

// batch reads abi.encode((address target, uint256 value, bytes data)[]).
func (p *Call) batch(execution []byte) *Refusal {
	list, ok := position(execution, 0)
	if !ok {
		return malformed()
	}
	n, ok := position(execution, list)
	if !ok {
		return malformed()
	}
	elements := execution[list+32:]
	if n > len(elements)/32 {
		return malformed()
	}
	for i := range n {
		at, ok := position(elements, 32*i)
		if !ok || at > len(elements)-96 {
			return malformed()
		}
		tuple := elements[at:]
		start, ok := position(tuple, 64)
		if !ok {
			return malformed()
		}
		size, ok := position(tuple, start)
		if !ok || size > len(tuple)-start-32 || !bytes.Equal(tuple[:12], make([]byte, 12)) {
			return malformed()
		}
		if r := p.check(CallSingle, common.BytesToAddress(tuple[12:32]), tuple[32:64], tuple[start+32:start+32+size], i); r != nil {
			return r
		}
	}
	return nil
}

// position reads a word at an offset as a number that is within the data.
func position(data []byte, at int) (int, bool) {
	if at < 0 || at > len(data)-32 {
		return 0, false
	}
	n := binary.BigEndian.Uint64(data[at+24:])
	if n > uint64(len(data)) || !bytes.Equal(data[at:at+24], make([]byte, 24)) {
		return 0, false
	}
	return int(n), true
}

// check looks one call up. A nil value is 0.
func (p *Call) check(t CallType, target common.Address, value, data []byte, call int) *Refusal {
	v := p.version()
	var fn [4]byte
	switch {
	case len(data) >= 4:
		fn = [4]byte(data)
	case len(data) > 0 || v == Call001:
		r := malformed()
		r.Call = call
		return r
	}
	i := p.find(t, target, fn)
	if i < 0 && v != Call001 {
		i = p.find(t, common.Address{}, fn)
	}
	if i < 0 {
		revert := revertCallData
		switch v {
		case Call001:
			revert = noRevertData
		case Call005:
			revert = revertTarget
		}
		r := failed(CallNotAllowed, revert)
		r.Call = call
		return r
	}
	q := &p.Permissions[i]
	r := q.check(value, data[min(4, len(data)):])
	if r != nil {
		r.Call, r.Permission = call, i
	}
	return r
}

func (p *Call) find(t CallType, target common.Address, fn [4]byte) int {
	for i := range p.Permissions {
		if q := &p.Permissions[i]; q.Selector == fn && q.Target == target && q.CallType == t {
			return i
		}
	}
	return -1
}

// check holds the value and the words behind the selector against the permission.
func (q *Permission) check(value, words []byte) *Refusal {
	if value != nil {
		limit := q.valueLimit()
		if sent := new(big.Int).SetBytes(value); sent.Cmp(limit) > 0 {
			return failed(ValueTooHigh, revertValue)
		}
	}
	for i := range q.Rules {
		r := &q.Rules[i]
		if r.Offset > uint64(len(words)) || len(words)-int(r.Offset) < 32 {
			return q.broken(i, MalformedCall, noRevertData)
		}
		if reason, revert := r.holds(words); reason != 0 {
			return q.broken(i, reason, revert)
		}
	}
	return nil
}

func (q *Permission) broken(i int, reason Reason, revert []byte) *Refusal {
	r := failed(reason, revert)
	r.Rule, r.permission = i, q
	return r
}

// holds is 0, or why it does not hold.
func (r *Rule) holds(data []byte) (Reason, []byte) {
	word := data[r.Offset : r.Offset+32]
	switch r.Condition {
	case OneOf:
		for i := range r.Params {
			if bytes.Equal(word, r.Params[i][:]) {
				return 0, nil
			}
		}
		return RuleBroken, revertParam
	case SliceEqual:
		return r.slice(data)
	}
	if len(r.Params) == 0 {
		return RuleBroken, noRevertData
	}
	ok := false
	order := bytes.Compare(word, r.Params[0][:])
	switch r.Condition {
	case Equal:
		ok = order == 0
	case NotEqual:
		ok = order != 0
	case GreaterThan:
		ok = order > 0
	case LessThan:
		ok = order < 0
	case GreaterOrEqual:
		ok = order >= 0
	case LessOrEqual:
		ok = order <= 0
	default:
		return RuleBroken, noRevertData // no such condition: it could not be installed
	}
	if !ok {
		return RuleBroken, revertParam
	}
	return 0, nil
}

// slice follows the word to a dynamic value.
func (r *Rule) slice(data []byte) (Reason, []byte) {
	if len(r.Params) != 3 {
		return RuleBroken, noRevertData
	}
	at, ok := position(data, int(r.Offset))
	if !ok {
		return MalformedCall, noRevertData
	}
	size, ok := position(data, at)
	if !ok || size > len(data)-at-32 {
		return MalformedCall, noRevertData
	}
	value := data[at+32 : at+32+size]
	start, ok := number31(r.Params[0])
	length, ok2 := number31(r.Params[1])
	if !ok || !ok2 || start+length > len(value) {
		return RuleBroken, revertShort
	}
	if crypto.Keccak256Hash(value[start:start+length]) != r.Params[2] {
		return RuleBroken, revertParam
	}
	return 0, nil
}

// number31 reads a word as a small number.
func number31(w [32]byte) (int, bool) {
	n := binary.BigEndian.Uint64(w[24:])
	return int(n & 0x7fffffff), [24]byte(w[:24]) == [24]byte{} && n < 1<<31
}
