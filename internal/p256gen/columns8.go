package p256gen

import "fmt"

// bytewise cuts 8 teeth: a column is a byte. Three delta swaps bring bit c of tooth j to bit j of a byte; the bytes'
// indices, times 64 and with the block's address added, become 16-bit lanes of two words.
//
// Words: name0 and name1, offsets of even and odd bytes; Sname, addresses of signs. The macro LANE pushes 0xffff.
type bytewise struct{ column }

// byteColumn is the column in byte i, counted from the least significant.
func byteColumn(i int) int { return i>>2&7 | i&3<<3 }

func (d *bytewise) words() (offsets, signs []string) {
	return []string{d.name + "0", d.name + "1"}, []string{"S" + d.name}
}

func (d *bytewise) split(a *Asm, store func(string)) {
	d.relative(a)
	a.deltaSwap(7, 2)
	a.deltaSwap(6, 1)
	a.deltaSwap(5, 0)
	a.Emit("DUP1 0x2 SHR 0x%x AND 0x%x XOR", every(8, signBit), d.signs(func(i int) (int, bool) { return byteColumn(i), true }))
	store("S" + d.name)
	for odd := range 2 {
		a.Emit("%s", []string{"DUP1", "0x8 SHR"}[odd])
		base := lanes(16, func(i int) int64 { return int64(d.base(byteColumn(2*i+odd) / d.c.E)) })
		a.Emit("0x%x AND 0x6 SHL 0x%x ADD", every(16, 0x7f), base)
		store(fmt.Sprint(d.name, odd))
	}
}

func (d *bytewise) offset(col int) string {
	i := find(32, byteColumn, col)
	word := fmt.Sprintf("$%s%d", d.name, i&1)
	switch i / 2 {
	case 0:
		return word + " LANE AND"
	case 15:
		return word + " 0xf0 SHR"
	}
	return fmt.Sprintf("%s #%d SHR LANE AND", word, i/2*16)
}

func (d *bytewise) y(col int) string {
	return fmt.Sprintf("$p $S%s #%d BYTE MLOAD 0x%x MLOAD MULMOD", d.name, 31-find(32, byteColumn, col), pointY)
}

// shift by 8 columns, from odd groups of eight: byteColumn has them in neighbouring bytes.
func (d *bytewise) shift(a *Asm, by int) {
	if by != 8 {
		panic("p256gen: bytewise columns shift by 8")
	}
	a.Emit("$%s0 !%s1 $S%s 0x8 SHL !S%s", d.name, d.name, d.name, d.name)
}
