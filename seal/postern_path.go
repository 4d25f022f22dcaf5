// On which path a passkey's signature is verified, and the hints that make that cheaper.

package seal

import (
	"fmt"

	"github.com/postern-dev/postern/p256hint"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/passkey"
)

// P256Path is how a contract verifies P-256 signatures of one key. The contract decides, by the chain and by what its
// storage says of the key; nothing in a signature can change it. Values other than the two below are a table's format
// (see [TablePath]).
type P256Path byte

// The paths without a table.
const (
	PathNone       P256Path = 0x00 // arithmetic without a table of the key
	PathPrecompile P256Path = 0x01 // P256VERIFY of EIP-7951 and RIP-7212
)

// How long hints are.
const (
	hintsTable   = 32  // 1/s modulo n
	hintsNoTable = 128 // w ‖ yR ‖ i1 ‖ i2
)

// TablePath is the path through a table of this format. It refuses formats that have no verifier.
func TablePath(f p256table.Format) (P256Path, error) {
	switch f {
	case p256table.Format512, p256table.Format1k, p256table.Format4k, p256table.Format16k:
		return P256Path(f), nil
	}
	return 0, malformed("path", "no verifier for tables of %s", f)
}

// ParseP256Path reads the byte that stands for a path.
func ParseP256Path(b byte) (P256Path, error) {
	if p := P256Path(b); p == PathNone || p == PathPrecompile {
		return p, nil
	}
	if p, err := TablePath(p256table.Format(b)); err == nil {
		return p, nil
	}
	return 0, malformed("path", "unknown path %#02x", b)
}

// Table is the format of the table on the path; false if it goes through none.
func (p P256Path) Table() (p256table.Format, bool) {
	_, err := TablePath(p256table.Format(p))
	return p256table.Format(p), err == nil
}

// HintsLen is how many bytes of hints the path can use: 0, 32 or 128. It ignores hints of another length.
func (p P256Path) HintsLen() int {
	if _, ok := p.Table(); ok {
		return hintsTable
	}
	if p == PathNone {
		return hintsNoTable
	}
	return 0
}

// Hints are those that fit the path, for a signature over digest; nil if it uses none, or if there are none for this
// signature (see [p256hint.Error]). They only save gas: without them the contract says the same.
func (p P256Path) Hints(digest [32]byte, s passkey.Signature, key passkey.PublicKey) []byte {
	switch p.HintsLen() {
	case hintsTable:
		if inverse, err := p256hint.Inverse(s.S); err == nil {
			return inverse[:]
		}
	case hintsNoTable:
		if hints, err := p256hint.For(digest, s.R, s.S, key.X(), key.Y()); err == nil {
			return hints.Bytes()
		}
	}
	return nil
}

// String says the path in words.
func (p P256Path) String() string {
	if f, ok := p.Table(); ok {
		return fmt.Sprintf("table of the key (%s)", f)
	}
	switch p {
	case PathNone:
		return "arithmetic without a table"
	case PathPrecompile:
		return "P256VERIFY of the chain"
	}
	return fmt.Sprintf("unknown path 0x%02x", byte(p))
}
