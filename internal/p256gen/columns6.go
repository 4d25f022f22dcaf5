package p256gen

import "fmt"

// gathered cuts teeth of any width A, in two blocks. It is for 6 teeth of 43 columns, too wide to be transposed in one
// word: a column's bits stay A apart. A mask takes them, and MOD 2^(A-1) - 1 gathers them: 2^(Aj) = 2^j there.
//
// Words: name, b shifted so that the gathered index is times 64; Mname, the mask; Nname, the modulus; Sname0 and Sname1,
// addresses of signs, one word for each block.
type gathered struct{ column }

func (d *gathered) words() (offsets, signs []string) {
	return []string{"N" + d.name, d.name, "M" + d.name}, []string{"S" + d.name + "0", "S" + d.name + "1"}
}

func (d *gathered) split(a *Asm, store func(string)) {
	t, w := d.c.T, d.c.A
	a.Emit("DUP1")
	d.relative(a)
	a.Emit("0x6 SHL")
	store(d.name)
	a.Emit("#%d SHR", (t-1)*w) // signs alone
	for block := range d.c.V {
		if block == 0 {
			a.Emit("DUP1 0x%x AND", ones(d.c.E))
		} else {
			a.Emit("#%d SHR", d.c.E)
		}
		d.spread(a, block)
		store(fmt.Sprint("S", d.name, block))
	}
	a.Push(repeated(t-1, w, 6))
	store("M" + d.name)
	a.Push(ones(w - 1))
	store("N" + d.name)
}

// spread makes sign addresses of up to 32 bits: bit i becomes bit 0x20 of byte i.
func (d *gathered) spread(a *Asm, block int) {
	for _, keep := range []int{16, 8, 4} { // halves apart, until four bits stand in every 32
		lane := 8 * keep
		a.Emit("DUP1 #%d SHL OR 0x%x AND", lane-keep, every(lane, 1<<keep-1))
	}
	a.Emit("0x%x MUL 0x%x AND 0x%x XOR", repeated(4, 7, 5), every(8, signBit),
		d.signs(func(i int) (int, bool) { col := block*d.c.E + i; return col, i < d.c.E && col < d.c.A }))
}

func (d *gathered) offset(col int) string {
	s := fmt.Sprintf("$N%s $%s", d.name, d.name)
	if col > 0 {
		s += fmt.Sprintf(" #%d SHR", col)
	}
	s += fmt.Sprintf(" $M%s AND MOD", d.name)
	if base := d.base(col / d.c.E); base > 0 {
		s += fmt.Sprintf(" 0x%x ADD", base)
	}
	return s
}

func (d *gathered) y(col int) string {
	return fmt.Sprintf("$p $S%s%d #%d BYTE MLOAD 0x%x MLOAD MULMOD", d.name, col/d.c.E, 31-col%d.c.E, pointY)
}

func (d *gathered) shift(a *Asm, by int) {
	a.Emit("$%s #%d SHL !%s", d.name, by, d.name)
	for block := range d.c.V {
		a.Emit("$S%s%d #%d SHL !S%s%d", d.name, block, 8*by, d.name, block)
	}
}
