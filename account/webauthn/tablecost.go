// What tables cost and save: which one pays.

package webauthn

import (
	"math"

	"github.com/postern-dev/postern/p256table"
)

// TableCost is what a table of a format costs once and then each time, in gas, on a
// chain without P256VERIFY. Format 0 is no table.
type TableCost struct {
	Format p256table.Format
	Build  uint64 // by the factory, without what the operation takes that asks for it
	Verify uint64 // one signature with the hints that fit, and their calldata
}

// tableCosts are the keys table.build* and p256.*.hint of contracts/gas.json, by
// the rules of Osaka, which are the dearer ones; with 16 gas per byte of hints. A
// test compares them.
var tableCosts = []TableCost{
	{0, 0, 67_211 + 128*16},
	{p256table.Format512, 207_266, 49_786 + 32*16},
	{p256table.Format1k, 321_033, 41_773 + 32*16},
	{p256table.Format4k, 956_188, 34_706 + 32*16},
	{p256table.Format16k, 3_476_348, 30_997 + 32*16},
}

// CostOf returns what a format costs; false for one that no account uses. Format 0
// is no table.
func CostOf(f p256table.Format) (TableCost, bool) {
	for _, c := range tableCosts {
		if c.Format == f {
			return c, true
		}
	}
	return TableCost{}, false
}

// BestTable is the format with which so many signatures of one passkey cost least,
// its table included; 0 is none. inUse is the format that the passkey has, 0 for
// none: it costs nothing more, and smaller ones do not count. It is for chains
// without P256VERIFY – with it no table pays – and for Ethereum's prices of gas,
// which other chains do not all have. From none:
//
//	signatures   1 – 10   none
//	            11 – 14   512 bytes
//	            15 – 89   1 KB
//	            90 – 679  4 KB
//	           from 680   16 KB
func BestTable(inUse p256table.Format, signatures uint64) p256table.Format {
	best, least := inUse, uint64(math.MaxUint64)
	for _, c := range tableCosts {
		if c.Format < inUse {
			continue
		}
		if c.Format == inUse {
			c.Build = 0
		}
		if signatures > (math.MaxUint64-c.Build)/c.Verify {
			return p256table.Format16k // the more signatures, the larger
		}
		if cost := c.Build + signatures*c.Verify; cost < least {
			best, least = c.Format, cost
		}
	}
	return best
}

// PaysAfter is the number of signatures from which a table of format f has cost
// less than going on by the one in use, 0 being none. It is false for one that never
// does.
func PaysAfter(inUse, f p256table.Format) (signatures uint64, ok bool) {
	now, ok1 := CostOf(inUse)
	then, ok2 := CostOf(f)
	if !ok1 || !ok2 || then.Verify >= now.Verify {
		return 0, false
	}
	saved := now.Verify - then.Verify
	return (then.Build + saved - 1) / saved, true
}
