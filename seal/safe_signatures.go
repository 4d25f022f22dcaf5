// A Safe's list of signatures, for owners that are contracts, as a passkey's
// signer is.

package seal

import (
	"encoding/binary"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/internal/abituple"
)

// safeEntry is the length of an owner's entry: owner (32) ‖ offset (32) ‖ 0.
const safeEntry = 65

// SafeOwnerSignature is what one owner, a contract, signed (ERC-1271).
type SafeOwnerSignature struct {
	Owner     common.Address
	Signature []byte
}

// SafeSignatures is what a Safe's checkSignatures takes: per owner, in the order
// of their addresses, the address, where in the list its signature lies, and the
// type 0; behind them each signature's length and bytes. The 4337 module takes
// six bytes validAfter and six bytes validUntil in front, both of which its hash
// covers.
func SafeSignatures(owners ...SafeOwnerSignature) ([]byte, error) {
	const where = "signatures"
	sorted := slices.Clone(owners)
	slices.SortFunc(sorted, func(a, b SafeOwnerSignature) int { return a.Owner.Cmp(b.Owner) })
	if len(sorted) == 0 {
		return nil, malformed(where, "no owners")
	}
	size := safeEntry * len(sorted)
	var entries, tail []byte
	for i, o := range sorted {
		if i > 0 && o.Owner == sorted[i-1].Owner {
			return nil, malformed(where, "two by %s", o.Owner)
		}
		entries = append(entries, common.LeftPadBytes(o.Owner[:], 32)...)
		entries = append(binary.BigEndian.AppendUint64(append(entries, make([]byte, 24)...), uint64(size+len(tail))), 0)
		tail = binary.BigEndian.AppendUint64(append(tail, make([]byte, 24)...), uint64(len(o.Signature)))
		tail = append(tail, o.Signature...)
	}
	if len(entries)+len(tail) > MaxABI {
		return nil, malformed(where, "%d bytes, at most %d", len(entries)+len(tail), MaxABI)
	}
	return append(entries, tail...), nil
}

// ParseSafeSignatures is the inverse of [SafeSignatures]: it reads lists whose
// owners are all contracts. The result refers to b.
func ParseSafeSignatures(b []byte) ([]SafeOwnerSignature, error) {
	const where = "signatures"
	if len(b) > MaxABI {
		return nil, malformed(where, "%d bytes, at most %d", len(b), MaxABI)
	}
	if len(b) < safeEntry {
		return nil, caused(ErrTruncated, where, "%d bytes, at least %d", len(b), safeEntry)
	}
	head := abituple.Word([32]byte(b[32:])).Int()
	if head%safeEntry != 0 || head == 0 || head > len(b) {
		return nil, caused(ErrEncoding, where, "the first signature does not lie behind a list of owners")
	}
	out, next := make([]SafeOwnerSignature, head/safeEntry), head
	for i := range out {
		e := b[safeEntry*i:]
		var err error
		if out[i], err = safeOwner(where, e[:safeEntry], b, &next); err != nil {
			return nil, err
		}
		if i > 0 && out[i-1].Owner.Cmp(out[i].Owner) >= 0 {
			return nil, caused(ErrEncoding, where, "owner %d is not above the one before it", i+1)
		}
	}
	if next != len(b) {
		return nil, caused(ErrTrailing, where, "%d bytes follow its end", len(b)-next)
	}
	return out, nil
}

// safeOwner reads one owner's entry and the signature at *next, which it moves on.
func safeOwner(where string, entry, b []byte, next *int) (o SafeOwnerSignature, err error) {
	switch {
	case entry[64] != 0:
		return o, malformed(where, "a signature of type %d, not 0 of a contract", entry[64])
	case [12]byte(entry[:12]) != [12]byte{} || abituple.Word([32]byte(entry[32:])).Int() != *next:
		return o, caused(ErrEncoding, where, "an owner's entry is not in its canonical form")
	case len(b)-*next < 32:
		return o, caused(ErrTruncated, where, "cut short before a signature")
	}
	size, start := abituple.Word([32]byte(b[*next:])).Int(), *next+32
	if size > len(b)-start {
		return o, caused(ErrTruncated, where, "cut short in a signature")
	}
	*next = start + size
	return SafeOwnerSignature{Owner: common.Address(entry[12:32]), Signature: b[start:*next:*next]}, nil
}
