// handleOps calldata, both ways.

package userop

import (
	"bytes"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
)

// MaxBundle is how many operations DecodeHandleOps reads at most.
const MaxBundle = 1024

func encodeHandleOps(ep EntryPoint, ops []*Op, beneficiary common.Address) ([]byte, error) {
	if beneficiary == (common.Address{}) {
		return nil, fieldErrf("beneficiary", ErrMissing, "the EntryPoint refuses the zero address (AA90)")
	}
	tuples := make([][]byte, len(ops))
	for i, op := range ops {
		f, err := ep.fields(op)
		if err != nil {
			return nil, fmt.Errorf("operation %d: %w", i, err)
		}
		tuples[i] = encodeTuple(f)
	}
	sel := ep.handleOpsSelector()
	out := append([]byte(nil), sel[:]...)
	out = appendUint(out, 64)
	out = appendAddress(out, beneficiary)
	out = appendUint(out, uint64(len(ops)))
	at := 32 * len(ops)
	for _, t := range tuples {
		out = appendUint(out, uint64(at))
		at += len(t)
	}
	for _, t := range tuples {
		out = append(out, t...)
	}
	return out, nil
}

// DecodeHandleOps reads handleOps calldata back into operations. EntryPoints
// 0.7 to 0.9 share one form, so the caller says which of them was called.
// Authorizations travel beside the calldata and are not in the result.
func DecodeHandleOps(ep EntryPoint, calldata []byte) ([]*Op, common.Address, error) {
	ops, to, err := decodeHandleOps(ep, calldata)
	if err != nil {
		return nil, common.Address{}, fmt.Errorf("handleOps calldata: %w", err)
	}
	return ops, to, nil
}

// IsHandleOps tells whether calldata starts with ep's handleOps selector.
func IsHandleOps(ep EntryPoint, calldata []byte) bool {
	sel := ep.handleOpsSelector()
	return bytes.HasPrefix(calldata, sel[:])
}

func decodeHandleOps(ep EntryPoint, calldata []byte) ([]*Op, common.Address, error) {
	var none common.Address
	if !IsHandleOps(ep, calldata) {
		return nil, none, fmt.Errorf("%w: not a call of handleOps of EntryPoint %s", ErrFormat, ep)
	}
	b := calldata[4:]
	if len(b) < 96 {
		return nil, none, fmt.Errorf("%w: cut short", ErrFormat)
	}
	beneficiary, err := field{word: [32]byte(b[32:64])}.address("beneficiary")
	if err != nil {
		return nil, none, err
	}
	at, err := decodeSmall([32]byte(b[:32]), len(b)-32)
	if err != nil {
		return nil, none, err
	}
	n, err := decodeSmall([32]byte(b[at:at+32]), (len(b)-at-32)/32)
	if err != nil {
		return nil, none, err
	}
	if n > MaxBundle {
		return nil, none, fmt.Errorf("%w: %d operations, at most %d are read", ErrTooLarge, n, MaxBundle)
	}
	elems := b[at+32:]
	// Overlapping byte strings would let a short input stand for a huge bundle.
	budget := len(b)
	ops := make([]*Op, 0, n)
	for i := range n {
		o, err := decodeSmall([32]byte(elems[32*i:32*i+32]), len(elems))
		if err != nil {
			return nil, none, fmt.Errorf("operation %d: %w", i, err)
		}
		f, size, err := decodeTuple(elems[o:], ep.shape())
		if err != nil {
			return nil, none, fmt.Errorf("operation %d: %w", i, err)
		}
		if budget -= size; budget < 0 {
			return nil, none, fmt.Errorf("operation %d: %w: byte strings overlap", i, ErrFormat)
		}
		op, err := ep.fromFields(f)
		if err != nil {
			return nil, none, fmt.Errorf("operation %d: %w", i, err)
		}
		ops = append(ops, op.Clone())
	}
	return ops, beneficiary, nil
}
