// What validateUserOp and validatePaymasterUserOp answer.

package userop

import (
	"encoding/binary"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

// Aggregator values with a meaning of their own.
var (
	SigValid  = common.Address{}      // the account checked the signature itself
	SigFailed = common.Address{19: 1} // the signature is wrong (AA24, AA34)
)

const (
	maxUint48 = 1<<48 - 1
	// BlockRangeFlag in both ValidAfter and ValidUntil makes block numbers of the
	// remaining 47 bits (EntryPoint 0.9).
	BlockRangeFlag = uint64(1) << 47
)

// ValidationData is the unpacked answer. Times are Unix seconds; an operation is
// valid when ValidAfter < now ≤ ValidUntil. ValidUntil 0 means no end.
type ValidationData struct {
	Aggregator common.Address
	ValidAfter uint64 // 48 bits
	ValidUntil uint64 // 48 bits
}

// Pack is validAfter(6) ‖ validUntil(6) ‖ aggregator(20) as one number.
func (v ValidationData) Pack() (*big.Int, error) {
	if v.ValidAfter > maxUint48 {
		return nil, fieldErrf("validAfter", ErrRange, "more than 48 bits")
	}
	if v.ValidUntil > maxUint48 {
		return nil, fieldErrf("validUntil", ErrRange, "more than 48 bits")
	}
	var w [32]byte
	binary.BigEndian.PutUint64(w[:], v.ValidAfter<<16|v.ValidUntil>>32)
	binary.BigEndian.PutUint32(w[8:], uint32(v.ValidUntil))
	copy(w[12:], v.Aggregator[:])
	return new(big.Int).SetBytes(w[:]), nil
}

// ParseValidationData is the inverse of [ValidationData.Pack].
func ParseValidationData(n *big.Int) (ValidationData, error) {
	if err := checkNumber("validationData", n, 256); err != nil {
		return ValidationData{}, err
	}
	var w [32]byte
	n.FillBytes(w[:])
	hi := binary.BigEndian.Uint64(w[:8])
	return ValidationData{
		Aggregator: common.BytesToAddress(w[12:]),
		ValidAfter: hi >> 16,
		ValidUntil: hi<<32&maxUint48 | uint64(binary.BigEndian.Uint32(w[8:])),
	}, nil
}

// SignatureFailed tells whether the signature was refused.
func (v ValidationData) SignatureFailed() bool { return v.Aggregator == SigFailed }

// BlockRange returns the range as block numbers, ok when EntryPoint 0.9 reads it
// as such.
func (v ValidationData) BlockRange() (after, until uint64, ok bool) {
	if v.ValidAfter <= BlockRangeFlag || v.ValidUntil <= BlockRangeFlag {
		return 0, 0, false
	}
	return v.ValidAfter &^ BlockRangeFlag, v.ValidUntil &^ BlockRangeFlag, true
}

// ValidAt tells whether the time range, in Unix seconds, holds now. It does not
// look at block ranges.
func (v ValidationData) ValidAt(now uint64) bool {
	until := v.ValidUntil
	if until == 0 {
		until = maxUint48
	}
	return v.ValidAfter < now && now <= until
}
