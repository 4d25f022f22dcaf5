package p256gen

import "fmt"

// quads are the digits of one scalar, four at a time: with the digits of Comb.bias a nibble of b stands for
// Σ (2b_i - 1) 2^i, an odd number from -15 to 15, and its complement for the negative. There is nothing to transpose.
//
// Words: name0 and name1, even and odd nibbles as bytes, each the address of a point divided by 64.
type quads struct {
	name string
	base int // where the 16 points lie
	neg  [64]bool
}

func (d *quads) comb() Comb   { return Comb{} }
func (d *quads) negate(i int) { d.neg[i] = !d.neg[i] }
func (d *quads) words() (offsets, signs []string) {
	return []string{d.name + "0", d.name + "1"}, nil
}

func (d *quads) split(a *Asm, store func(string)) {
	flip := lanes(4, func(i int) int64 {
		if d.neg[i] {
			return 15
		}
		return 0
	})
	a.Emit("0x%x XOR", flip)
	for odd := range 2 {
		a.Emit("%s", []string{"DUP1", "0x4 SHR"}[odd])
		a.Emit("0x%x AND 0x%x ADD", every(8, 15), every(8, int64(d.base/64)))
		store(fmt.Sprint(d.name, odd))
	}
}

func (d *quads) offset(i int) string { return laneOffset(fmt.Sprint(d.name, i&1), i/2) }

func (d *quads) y(int) string { return fmt.Sprintf("0x%x MLOAD", pointY) }

// shift by an even number of nibbles.
func (d *quads) shift(a *Asm, by int) {
	if by%2 != 0 {
		panic("p256gen: nibbles shift in pairs")
	}
	for _, w := range []string{"0", "1"} {
		a.Emit("$%s%s #%d SHL !%s%s", d.name, w, by/2*8, d.name, w)
	}
}
