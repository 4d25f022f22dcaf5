// How a scalar is cut into the columns of a comb, so that each column costs a few instructions.

package p256gen

import "math/big"

// Points come to memory at pointX and pointY before they are added; a sign is the address of 1 or of p-1.
const (
	pointX  = 0x00
	pointY  = 0x20
	plusAt  = 0x40
	minusAt = 0x60
)

const signBit = plusAt ^ minusAt

// columns are the columns of one scalar. One kind of recoding exists for each number of teeth in use.
type columns interface {
	comb() Comb
	// negate turns the sign of a column; before split.
	negate(col int)
	// split takes b (see Comb.bias) from the top of the stack and hands the words of the columns to store, one by one,
	// each from the top of the stack.
	split(a *Asm, store func(word string))
	// words are the names of those words, for offsets and for signs: they have to be on the stack, under these names,
	// where columns are used. Signs are wanted while more lies on the stack, so they belong above.
	words() (offsets, signs []string)
	// offset is a program that pushes where the column's point lies, y one that pushes y with the column's sign when
	// the point is in memory.
	offset(col int) string
	y(col int) string
	// shift moves every word so that column c - by is found where c was.
	shift(a *Asm, by int)
}

// column is what the recodings share.
type column struct {
	name string
	c    Comb
	base func(block int) int // where the first point of a block lies
	neg  []bool
}

func newColumn(name string, c Comb, base func(block int) int) column {
	return column{name, c, base, make([]bool, c.A)}
}

func (d *column) comb() Comb     { return d.c }
func (d *column) negate(col int) { d.neg[col] = !d.neg[col] }

// newColumns picks the recoding.
func newColumns(name string, c Comb, base func(block int) int) columns {
	d := newColumn(name, c, base)
	switch {
	case c.T == 8 && c.A == 32:
		return &bytewise{d}
	case c.T < 8 && c.V == 2 && c.E <= 32:
		return &gathered{d}
	}
	panic("p256gen: no recoding for this comb")
}

// newMirrored is for the table of a comb with 4 teeth that has its negatives beside it in memory, see mirror.
func newMirrored(name string, c Comb, from int) columns {
	if c.T != 4 || c.A != 64 {
		panic("p256gen: no recoding for this comb")
	}
	return &nibblewise{newColumn(name, c, mirrored(from))}
}

// relative replaces, under a copy of the sign bits s (the top tooth), the other teeth of b by the ones relative to them:
// a digit is 1 if it has the sign of its column. It takes b and leaves b' with s still in its place.
func (d *column) relative(a *Asm) {
	t, w := d.c.T, d.c.A
	a.Emit("DUP1 #%d SHR 0x%x XOR 0x%x MUL XOR", (t-1)*w, ones(w), repeated(t-1, w, 0))
}

// signs is the constant that makes sign addresses of bytes that hold bit 0x20 where the sign is plus: col tells which
// column a byte belongs to, if any.
func (d *column) signs(col func(lane int) (int, bool)) *big.Int {
	return lanes(8, func(i int) int64 {
		v := int64(minusAt)
		if c, ok := col(i); ok && d.neg[c] {
			v = plusAt
		}
		return v
	})
}

// find is the lane of a column.
func find(lanes int, column func(lane int) int, col int) int {
	for i := range lanes {
		if column(i) == col {
			return i
		}
	}
	panic("p256gen: no such column")
}
