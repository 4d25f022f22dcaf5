package p256gen

import "fmt"

// nibblewise cuts 4 teeth: a column is a nibble of b as it is, sign and all, and selects one of 16 points: the points of
// the table and, beside them in memory, their negatives (see mirror). A column's sign is turned by complementing the
// nibble. Nothing is multiplied.
//
// Words: name0 and name1, even and odd nibbles as bytes, each the address of a point divided by 64.
type nibblewise struct{ column }

// nibbleColumn is the column in nibble i, counted from the least significant.
func nibbleColumn(i int) int { return i>>4&3 | i&15<<2 }

func (d *nibblewise) words() (offsets, signs []string) {
	return []string{d.name + "0", d.name + "1"}, nil
}

func (d *nibblewise) split(a *Asm, store func(string)) {
	flip := repeated(0, 1, 0)
	for col, neg := range d.neg {
		for j := range d.c.T {
			// the second block lies mirrored: there the sign selects the other half
			if neg != (j == d.c.T-1 && col/d.c.E == 1) {
				flip.SetBit(flip, j*d.c.A+col, 1)
			}
		}
	}
	a.Emit("0x%x XOR", flip)
	a.deltaSwap(7, 1)
	a.deltaSwap(6, 0)
	for odd := range 2 {
		a.Emit("%s", []string{"DUP1", "0x4 SHR"}[odd])
		base := lanes(8, func(i int) int64 { return int64(d.base(nibbleColumn(2*i+odd)/d.c.E)) / 64 })
		a.Emit("0x%x AND 0x%x ADD", every(8, 15), base)
		store(fmt.Sprint(d.name, odd))
	}
}

func (d *nibblewise) offset(col int) string {
	i := find(64, nibbleColumn, col)
	return laneOffset(fmt.Sprint(d.name, i&1), i/2)
}

// laneOffset pushes 64 times byte i of a word, counted from the least significant.
func laneOffset(word string, i int) string {
	if i == 0 {
		return fmt.Sprintf("$%s 0x6 SHL 0x3fc0 AND", word)
	}
	return fmt.Sprintf("$%s #%d SHR 0x3fc0 AND", word, 8*i-6)
}

func (d *nibblewise) y(int) string { return fmt.Sprintf("0x%x MLOAD", pointY) }

func (d *nibblewise) shift(*Asm, int) { panic("p256gen: nibblewise columns do not shift") }

// mirror writes the negatives of a table with 4 teeth beside it: the points of up to two blocks lie at from, the
// negatives of the first before them in the order of complemented indices, those of the second after them.
func mirror(a *Asm, blocks, from int) {
	const size = 64 * 8
	for k := range blocks {
		for i := range 8 {
			source := from + k*size + 64*i
			target := from - 64*(i+1)
			if k == 1 {
				target = from + 3*size - 64*(i+1)
			}
			a.Emit("0x%x MLOAD 0x%x MSTORE 0x%x MLOAD $p SUB 0x%x MSTORE", source, target, source+32, target+32)
		}
	}
}

// mirrored is the address nibblewise columns count from: entry 0 of the first block's 16, and of the second's.
func mirrored(from int) func(block int) int {
	return func(block int) int { return from - 512 + 1024*block }
}
