package p256table

import (
	"encoding/binary"
	"math/bits"
)

// An elem is an element of P-256's base field in Montgomery form: x·2^256 mod p, four limbs of
// 64 bits, least significant first, always below p. Nothing here is constant time: every input
// is public.
type elem [4]uint64

// p = 2^256 − 2^224 + 2^192 + 2^96 − 1. Its limb 0 is −1 and its limb 2 is 0, which the reduction uses.
const (
	p0 = 0xffffffffffffffff
	p1 = 0x00000000ffffffff
	p2 = 0
	p3 = 0xffffffff00000001
)

var (
	montOne = elem{0x0000000000000001, 0xffffffff00000000, 0xffffffffffffffff, 0x00000000fffffffe} // 2^256 mod p
	montRR  = elem{0x0000000000000003, 0xfffffffbffffffff, 0xfffffffffffffffe, 0x00000004fffffffd} // 2^512 mod p
	montB   = elem{0xd89cdf6229c4bddf, 0xacf005cd78843090, 0xe5a220abf7212ed6, 0xdc30061d04874834} // the curve's b
)

// setBytes reads 32 bytes, big endian; it reports whether they are below p. z is set only if so.
func (z *elem) setBytes(b []byte) bool {
	t := elem{binary.BigEndian.Uint64(b[24:]), binary.BigEndian.Uint64(b[16:]), binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b)}
	_, c := bits.Sub64(t[0], p0, 0)
	_, c = bits.Sub64(t[1], p1, c)
	_, c = bits.Sub64(t[2], p2, c)
	_, c = bits.Sub64(t[3], p3, c)
	if c == 0 {
		return false
	}
	z.mul(&t, &montRR)
	return true
}

// put writes 32 bytes, big endian.
func (z *elem) put(b []byte) {
	var t elem
	t.reduce(z[0], z[1], z[2], z[3], 0, 0, 0, 0)
	binary.BigEndian.PutUint64(b[24:], t[0])
	binary.BigEndian.PutUint64(b[16:], t[1])
	binary.BigEndian.PutUint64(b[8:], t[2])
	binary.BigEndian.PutUint64(b, t[3])
}

func (z *elem) isZero() bool { return z[0]|z[1]|z[2]|z[3] == 0 }

// add sets z = x + y.
func (z *elem) add(x, y *elem) {
	t0, c := bits.Add64(x[0], y[0], 0)
	t1, c := bits.Add64(x[1], y[1], c)
	t2, c := bits.Add64(x[2], y[2], c)
	t3, c := bits.Add64(x[3], y[3], c)
	z.subP(t0, t1, t2, t3, c)
}

// sub sets z = x − y.
func (z *elem) sub(x, y *elem) {
	t0, b := bits.Sub64(x[0], y[0], 0)
	t1, b := bits.Sub64(x[1], y[1], b)
	t2, b := bits.Sub64(x[2], y[2], b)
	t3, b := bits.Sub64(x[3], y[3], b)
	m := -b // all ones if it went below zero: p has to be added
	var c uint64
	z[0], c = bits.Add64(t0, m, 0)
	z[1], c = bits.Add64(t1, m&p1, c)
	z[2], c = bits.Add64(t2, 0, c)
	z[3], _ = bits.Add64(t3, m&p3, c)
}

// subP sets z to t, or to t − p where t, with its carry c, is not below p. t must be below 2p.
func (z *elem) subP(t0, t1, t2, t3, c uint64) {
	s0, b := bits.Sub64(t0, p0, 0)
	s1, b := bits.Sub64(t1, p1, b)
	s2, b := bits.Sub64(t2, p2, b)
	s3, b := bits.Sub64(t3, p3, b)
	_, b = bits.Sub64(c, 0, b)
	m := -b // all ones if t was below p
	z[0] = s0 ^ m&(s0^t0)
	z[1] = s1 ^ m&(s1^t1)
	z[2] = s2 ^ m&(s2^t2)
	z[3] = s3 ^ m&(s3^t3)
}

// mul sets z = x·y.
func (z *elem) mul(x, y *elem) {
	var c uint64
	y0, y1, y2, y3 := y[0], y[1], y[2], y[3]

	v := x[0]
	h0, t0 := bits.Mul64(v, y0)
	h1, t1 := bits.Mul64(v, y1)
	h2, t2 := bits.Mul64(v, y2)
	t4, t3 := bits.Mul64(v, y3)
	t1, c = bits.Add64(t1, h0, 0)
	t2, c = bits.Add64(t2, h1, c)
	t3, c = bits.Add64(t3, h2, c)
	t4 += c

	v = x[1]
	h0, l0 := bits.Mul64(v, y0)
	h1, l1 := bits.Mul64(v, y1)
	h2, l2 := bits.Mul64(v, y2)
	h3, l3 := bits.Mul64(v, y3)
	l1, c = bits.Add64(l1, h0, 0)
	l2, c = bits.Add64(l2, h1, c)
	l3, c = bits.Add64(l3, h2, c)
	h3 += c
	t1, c = bits.Add64(t1, l0, 0)
	t2, c = bits.Add64(t2, l1, c)
	t3, c = bits.Add64(t3, l2, c)
	t4, c = bits.Add64(t4, l3, c)
	t5 := h3 + c

	v = x[2]
	h0, l0 = bits.Mul64(v, y0)
	h1, l1 = bits.Mul64(v, y1)
	h2, l2 = bits.Mul64(v, y2)
	h3, l3 = bits.Mul64(v, y3)
	l1, c = bits.Add64(l1, h0, 0)
	l2, c = bits.Add64(l2, h1, c)
	l3, c = bits.Add64(l3, h2, c)
	h3 += c
	t2, c = bits.Add64(t2, l0, 0)
	t3, c = bits.Add64(t3, l1, c)
	t4, c = bits.Add64(t4, l2, c)
	t5, c = bits.Add64(t5, l3, c)
	t6 := h3 + c

	v = x[3]
	h0, l0 = bits.Mul64(v, y0)
	h1, l1 = bits.Mul64(v, y1)
	h2, l2 = bits.Mul64(v, y2)
	h3, l3 = bits.Mul64(v, y3)
	l1, c = bits.Add64(l1, h0, 0)
	l2, c = bits.Add64(l2, h1, c)
	l3, c = bits.Add64(l3, h2, c)
	h3 += c
	t3, c = bits.Add64(t3, l0, 0)
	t4, c = bits.Add64(t4, l1, c)
	t5, c = bits.Add64(t5, l2, c)
	t6, c = bits.Add64(t6, l3, c)
	t7 := h3 + c

	z.reduce(t0, t1, t2, t3, t4, t5, t6, t7)
}

// sqr sets z = x².
func (z *elem) sqr(x *elem) {
	var c uint64
	x0, x1, x2, x3 := x[0], x[1], x[2], x[3]

	// The products of different limbs, once.
	t2, t1 := bits.Mul64(x0, x1)
	h02, l02 := bits.Mul64(x0, x2)
	h03, l03 := bits.Mul64(x0, x3)
	h12, l12 := bits.Mul64(x1, x2)
	h13, l13 := bits.Mul64(x1, x3)
	t6, t5 := bits.Mul64(x2, x3)
	t2, c = bits.Add64(t2, l02, 0)
	t3, c := bits.Add64(l03, h02, c)
	t4, c := bits.Add64(l13, h03, c)
	t5, c = bits.Add64(t5, h13, c)
	t6 += c
	t3, c = bits.Add64(t3, l12, 0)
	t4, c = bits.Add64(t4, h12, c)
	t5, c = bits.Add64(t5, 0, c)
	t6 += c

	// Twice them, and the squares.
	t7 := t6 >> 63
	t6 = t6<<1 | t5>>63
	t5 = t5<<1 | t4>>63
	t4 = t4<<1 | t3>>63
	t3 = t3<<1 | t2>>63
	t2 = t2<<1 | t1>>63
	t1 <<= 1
	h0, t0 := bits.Mul64(x0, x0)
	h1, l1 := bits.Mul64(x1, x1)
	h2, l2 := bits.Mul64(x2, x2)
	h3, l3 := bits.Mul64(x3, x3)
	t1, c = bits.Add64(t1, h0, 0)
	t2, c = bits.Add64(t2, l1, c)
	t3, c = bits.Add64(t3, h1, c)
	t4, c = bits.Add64(t4, l2, c)
	t5, c = bits.Add64(t5, h2, c)
	t6, c = bits.Add64(t6, l3, c)
	t7, _ = bits.Add64(t7, h3, c)

	z.reduce(t0, t1, t2, t3, t4, t5, t6, t7)
}

// reduce sets z = t/2^256 mod p, for t below p·2^256: Montgomery's reduction. −1/p mod 2^64 is 1,
// so each step adds m·p with m = the lowest limb, of which m·(2^96 − 1) only moves m's halves.
func (z *elem) reduce(t0, t1, t2, t3, t4, t5, t6, t7 uint64) {
	var c, k uint64 // k is what a step carries beyond the limb that it ends on

	h, l := bits.Mul64(t0, p3)
	t1, c = bits.Add64(t1, t0<<32, 0)
	t2, c = bits.Add64(t2, t0>>32, c)
	t3, c = bits.Add64(t3, l, c)
	t4, k = bits.Add64(t4, h, c)

	h, l = bits.Mul64(t1, p3)
	t2, c = bits.Add64(t2, t1<<32, 0)
	t3, c = bits.Add64(t3, t1>>32, c)
	t4, c = bits.Add64(t4, l, c)
	t5, k = bits.Add64(t5, h+k, c) // h is below p3: h + k does not overflow

	h, l = bits.Mul64(t2, p3)
	t3, c = bits.Add64(t3, t2<<32, 0)
	t4, c = bits.Add64(t4, t2>>32, c)
	t5, c = bits.Add64(t5, l, c)
	t6, k = bits.Add64(t6, h+k, c)

	h, l = bits.Mul64(t3, p3)
	t4, c = bits.Add64(t4, t3<<32, 0)
	t5, c = bits.Add64(t5, t3>>32, c)
	t6, c = bits.Add64(t6, l, c)
	t7, k = bits.Add64(t7, h+k, c)

	z.subP(t4, t5, t6, t7, k)
}

// sqrN squares n times.
func (z *elem) sqrN(x *elem, n int) {
	z.sqr(x)
	for range n - 1 {
		z.sqr(z)
	}
}

// inv sets z = 1/x = x^(p−2), and 0 for 0. The exponent is, in groups of 32 bits,
// ffffffff 00000001 00000000 00000000 00000000 ffffffff ffffffff fffffffd.
func (z *elem) inv(x *elem) {
	var x2, x3, x15, x30, x32, t elem // xN = x^(2^N − 1)
	t.sqr(x)
	x2.mul(&t, x)
	t.sqr(&x2)
	x3.mul(&t, x)
	t.sqrN(&x3, 3)
	t.mul(&t, &x3) // x6
	x15.sqrN(&t, 6)
	t.mul(&x15, &t) // x12
	t.sqrN(&t, 3)
	x15.mul(&t, &x3)
	t.sqrN(&x15, 15)
	x30.mul(&t, &x15)
	t.sqrN(&x30, 2)
	x32.mul(&t, &x2)

	t.sqrN(&x32, 32)
	t.mul(&t, x)
	t.sqrN(&t, 128)
	t.mul(&t, &x32)
	t.sqrN(&t, 32)
	t.mul(&t, &x32)
	t.sqrN(&t, 30)
	t.mul(&t, &x30)
	t.sqrN(&t, 2)
	z.mul(&t, x)
}

// invAll replaces every element of a by its inverse, at three products each and one inversion.
// scratch is as long as a at least. It reports whether all had one; if not, a is spoilt.
func invAll(a, scratch []elem) bool {
	acc := montOne
	for i := range a {
		scratch[i] = acc
		acc.mul(&acc, &a[i])
	}
	if acc.isZero() {
		return false
	}
	acc.inv(&acc)
	for i := len(a) - 1; i >= 0; i-- {
		scratch[i].mul(&scratch[i], &acc)
		acc.mul(&acc, &a[i])
		a[i] = scratch[i]
	}
	return true
}
