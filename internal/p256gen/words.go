// Words made of patterns, and the exchange of bits inside one.

package p256gen

import "math/big"

// ones is the word of n set bits.
func ones(n int) *big.Int {
	return new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(n)), big.NewInt(1))
}

// repeated is the word with n bits set, spacing apart, from the given one up.
func repeated(n, spacing, from int) *big.Int {
	r := new(big.Int)
	for j := range n {
		r.SetBit(r, j*spacing+from, 1)
	}
	return r
}

// lanes fills every lane of the width, from the least significant, with f(lane).
func lanes(width int, f func(lane int) int64) *big.Int {
	w := new(big.Int)
	for i := range 256 / width {
		w.Or(w, new(big.Int).Lsh(big.NewInt(f(i)), uint(i*width)))
	}
	return w
}

// every fills every lane with the same value.
func every(width int, v int64) *big.Int { return lanes(width, func(int) int64 { return v }) }

// deltaSwap exchanges bits i and j (i > j) of the position of every bit of the word on top.
func (a *Asm) deltaSwap(i, j int) {
	m := new(big.Int)
	for p := range 256 {
		if p>>i&1 == 0 && p>>j&1 == 1 {
			m.SetBit(m, p, 1)
		}
	}
	d := 1<<i - 1<<j
	a.Emit("DUP1 DUP1 #%d SHR XOR 0x%x AND DUP1 #%d SHL XOR XOR", d, m, d)
}
