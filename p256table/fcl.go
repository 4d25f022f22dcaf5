package p256table

import "sync"

// The table of FreshCryptoLib (FCL_ecdsa_precompute.sage) and of the research account that took it
// over: 256 places of 64 bytes for Shamir's trick in eight dimensions. Place i is
//
//	Σ_{j<4} bit j of i·2^(64j)·G + Σ_{j<4} bit 4+j of i·2^(64j)·Q
//
// so 15 places are the same for every key and place 16 is the key. Place 0, infinity, holds x = 0
// and, as y, a label: SHA-256 of "itsakindofmagic" with a line feed. The bytes carry no version.
//
// Two things are wrong with what reads it, not with the bytes:
//
//   - The loop of ecZZ_mulmuladd_S8_hackmem, and of the research account's contract, first looks for
//     the highest column of bits that is not zero, from column 63 down, and then goes on from
//     column 62 wherever it found one ("index := 254"; it should be one less than where the search
//     ended). If column 63 is empty, which happens to 1 of 256 signatures, the column that was found
//     is counted again in its own turn, as well as too high, and the valid signature is refused. FCL's
//     variant that reads by EXTCODECOPY starts where it should.
//   - A key that is a small known combination of 2^(64j)·G makes two sums of the table equal or
//     opposite. An opposite pair is infinity, which the reading loop would take for the point
//     (0, 1). [Build] refuses such keys ([ErrNoFCL]); nobody has one by chance.
//
// The research account trusts the table alone, whatever public key it stores: whoever delivers the
// table delivers the key. Verify it.
const fclLabel = "\x9a\x82\x95\xd6\xf2\x25\xe4\xf0\x73\x13\xe2\xe1\x44\x0a\xb7\x6e\x26\xd4\xc6\xed\x2d\x1e\xb4\xcb\xaa\x84\x82\x7c\x8b\x7c\xaa\x8d"

// fclKey is the place of the key.
const fclKey = 16

// generator is G, in Montgomery form.
var generator = affine{
	elem{0x79e730d418a9143c, 0x75ba95fc5fedb601, 0x79fb732b77622510, 0x18905f76a53755c6},
	elem{0xddf25357ce95560a, 0x8b4ab8e4ba19e45c, 0xd2e88688dd21f325, 0x8571ff1825885d85},
}

// fclPlan computes the generator's part once.
var fclPlan = sync.OnceValue(func() *plan {
	g := subsetPlan(1) // as if the generator were the key, in the low places
	w := newWork(g, 1)
	if w.run([]affine{generator}) != nil {
		panic("p256table: the generator's own sums") // constants; a test runs it
	}
	p := subsetPlan(fclKey)
	p.fixed = append(p.fixed, w.points[1:16]...)
	var last []step
	for q := 16; q < 256; q += 16 {
		for i := 1; i < 16; i++ {
			last = append(last, step{q + i, none, q, i})
		}
	}
	p.levels = append(p.levels, last)
	return p
})

// subsetPlan plans the 15 sums of 2^(64j) times a key into the places that are multiples of unit.
func subsetPlan(unit int) *plan {
	p := &plan{places: 256}
	for j := range 4 {
		p.teeth = append(p.teeth, tooth{64 * j, unit << j})
	}
	var second []step
	for high := 4; high < 16; high += 4 {
		for low := 1; low < 4; low++ {
			second = append(second, step{unit * (high + low), none, unit * high, unit * low})
		}
	}
	p.levels = [][]step{{{unit * 3, none, unit * 2, unit}, {unit * 12, none, unit * 8, unit * 4}}, second}
	return p
}
