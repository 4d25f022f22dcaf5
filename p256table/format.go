package p256table

import "fmt"

// A Format is a layout of a table. Its value is the second byte of the code; the high nibble is
// the version of the layouts, 1.
//
// Formats 0x11 to 0x14 are combs (Lim and Lee, signed): with T teeth, V blocks, A = ⌈256/T⌉ and
// E = ⌈A/V⌉, point i of block k is
//
//	2^(kE)·(2^((T−1)A)·Q + Σ_{j<T−1} ±2^(jA)·Q), + where bit j of i is set
type Format byte

// The formats. More points cost more to deploy, 200 gas per byte, and less to verify with.
const (
	Format512 Format = 0x11 // 8 points, 512 bytes: 4 teeth, 1 block
	Format1k  Format = 0x12 // 16 points, 1,024 bytes: 4 teeth, 2 blocks
	Format4k  Format = 0x13 // 64 points, 4,096 bytes: 6 teeth, 2 blocks
	Format16k Format = 0x14 // 256 points, 16,384 bytes: 8 teeth, 2 blocks

	// FCL is the table of FreshCryptoLib and of the research account built on it; see fcl.go. Its
	// value stands in no bytes: that layout has neither version nor key inside.
	FCL Format = 0xfc
)

// Formats lists all formats, smallest first, FCL last.
func Formats() []Format { return []Format{Format512, Format1k, Format4k, Format16k, FCL} }

// headerSize is 0x00 ‖ format ‖ x ‖ y, in front of the points of every format but FCL.
const headerSize = 66

// A layout is what a format means.
type layout struct {
	name          string
	header        int // bytes in front of the points
	teeth, blocks int // of a comb; 0 for FCL
}

var layouts = map[Format]layout{
	Format512: {"512", headerSize, 4, 1},
	Format1k:  {"1k", headerSize, 4, 2},
	Format4k:  {"4k", headerSize, 6, 2},
	Format16k: {"16k", headerSize, 8, 2},
	FCL:       {"fcl", 0, 0, 0},
}

// ParseFormat reads a format's name: 512, 1k, 4k, 16k or fcl.
func ParseFormat(name string) (Format, error) {
	for f, l := range layouts {
		if l.name == name {
			return f, nil
		}
	}
	return 0, &Error{Cause: ErrFormat, Seen: fmt.Sprintf("%.20q", name)}
}

// String is the name that ParseFormat reads.
func (f Format) String() string {
	if l, ok := layouts[f]; ok {
		return l.name
	}
	return fmt.Sprintf("unknown format 0x%02x", byte(f))
}

// Points is the number of points, 0 for an unknown format. FCL's first is a label.
func (f Format) Points() int {
	l, ok := layouts[f]
	switch {
	case !ok:
		return 0
	case l.teeth == 0:
		return 256
	}
	return l.blocks << (l.teeth - 1)
}

// Size is the length of the code in bytes, header included; 0 for an unknown format.
func (f Format) Size() int { return layouts[f].header + 64*f.Points() }

// exponent is the e of tooth j in block k, which is 2^e·Q.
func (l layout) exponent(j, k int) int {
	a := (256 + l.teeth - 1) / l.teeth
	e := (a + l.blocks - 1) / l.blocks
	return k*e + j*a
}
