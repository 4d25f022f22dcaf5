package p256gen

import "fmt"

// windows are the digits of two odd scalars below 2^128 at once, two bits of each: a nibble selects one of 16 points.
// With a' = (a + 2^128 - 1)/2 the digits of a are 2a'_i - 1, so a window of a' is -3, -1, 1 or 3.
//
// split takes a' + 2^128 b'. Words: name0 and name1, even and odd nibbles as bytes, each the address of a point divided
// by 64. Nibbles are b's window, then a's; the complement of a nibble is the negative of its point.
type windows struct {
	name string
	base int // where the 16 points lie
	neg  [64]bool
}

// nibble is where a window lies, counted from the least significant: even windows in the lower half of the word.
func (d *windows) nibble(i int) int { return i&1*32 + i>>1 }

func (d *windows) comb() Comb   { return Comb{} }
func (d *windows) negate(i int) { d.neg[i] = !d.neg[i] }
func (d *windows) words() (offsets, signs []string) {
	return []string{d.name + "0", d.name + "1"}, nil
}

func (d *windows) split(a *Asm, store func(string)) {
	a.deltaSwap(7, 1)
	flip := repeated(0, 1, 0)
	for i, neg := range d.neg {
		for bit := range 4 {
			if neg {
				flip.SetBit(flip, 4*d.nibble(i)+bit, 1)
			}
		}
	}
	a.Emit("0x%x XOR", flip)
	for odd := range 2 {
		a.Emit("%s", []string{"DUP1", "0x4 SHR"}[odd])
		a.Emit("0x%x AND 0x%x ADD", every(8, 15), every(8, int64(d.base/64)))
		store(fmt.Sprint(d.name, odd))
	}
}

func (d *windows) offset(i int) string {
	k := d.nibble(i)
	return laneOffset(fmt.Sprint(d.name, k&1), k/2)
}

func (d *windows) y(int) string { return fmt.Sprintf("0x%x MLOAD", pointY) }

// shift by a multiple of four windows.
func (d *windows) shift(a *Asm, by int) {
	if by%4 != 0 {
		panic("p256gen: windows shift by fours")
	}
	for _, w := range []string{"0", "1"} {
		a.Emit("$%s%s #%d SHL !%s%s", d.name, w, by/4*8, d.name, w)
	}
}
