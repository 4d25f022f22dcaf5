package p256table

// An affine is a point of the curve other than infinity.
type affine struct{ x, y elem }

// onCurve reports whether y² = x³ − 3x + b.
func (p *affine) onCurve() bool {
	var l, r, t elem
	l.sqr(&p.y)
	r.sqr(&p.x)
	r.mul(&r, &p.x)
	r.add(&r, &montB)
	t.add(&p.x, &p.x)
	t.add(&t, &p.x)
	r.sub(&r, &t)
	return l == r
}

func (p *affine) setBytes(b []byte) bool { return p.x.setBytes(b[:32]) && p.y.setBytes(b[32:64]) }

func (p *affine) put(b []byte) {
	p.x.put(b[:32])
	p.y.put(b[32:64])
}

// add sets p = a + b, or a − b for minus, where inv is 1/(x_b − x_a).
func (p *affine) add(a, b *affine, inv *elem, minus bool) {
	var l, x, t elem
	if minus {
		t.add(&b.y, &a.y)
		t.sub(&elem{}, &t)
	} else {
		t.sub(&b.y, &a.y)
	}
	l.mul(&t, inv)
	p.along(&l, a, b, &x, &t)
}

// along sets p to the third point, mirrored, of the line with slope l through a and ±b.
func (p *affine) along(l *elem, a, b *affine, x, t *elem) {
	x.sqr(l)
	x.sub(x, &a.x)
	x.sub(x, &b.x)
	t.sub(&a.x, x)
	t.mul(l, t)
	p.y.sub(t, &a.y)
	p.x = *x
}

// addSlow sets p = a ± b whatever they are, with an inversion of its own. It reports false, and
// leaves p, where the result is infinity.
func (p *affine) addSlow(a, b *affine, minus bool) bool {
	var l, d, x, t elem
	d.sub(&b.x, &a.x)
	if !d.isZero() {
		d.inv(&d)
		p.add(a, b, &d, minus)
		return true
	}
	if (a.y == b.y) == minus { // no point has y = 0: the curve's order is odd
		return false
	}
	x.sqr(&a.x) // the tangent's slope, (3x² − 3)/2y
	x.sub(&x, &montOne)
	t.add(&x, &x)
	x.add(&x, &t)
	d.add(&a.y, &a.y)
	d.inv(&d)
	l.mul(&x, &d)
	p.along(&l, a, a, &x, &t)
	return true
}

// A jacobian is the point (x/z², y/z³).
type jacobian struct{ x, y, z elem }

// double sets p = 2p: dbl-2001-b for a = −3, 3 products and 5 squares.
func (p *jacobian) double() {
	var alpha, beta, gamma, delta, t elem
	delta.sqr(&p.z)
	gamma.sqr(&p.y)
	beta.mul(&p.x, &gamma)
	t.sub(&p.x, &delta)
	alpha.add(&p.x, &delta)
	alpha.mul(&alpha, &t) // x² − z⁴
	t.add(&alpha, &alpha)
	alpha.add(&alpha, &t)
	t.add(&p.y, &p.z)
	t.sqr(&t)
	t.sub(&t, &gamma)
	p.z.sub(&t, &delta) // 2yz
	beta.add(&beta, &beta)
	beta.add(&beta, &beta) // 4xy²
	t.sqr(&alpha)
	t.sub(&t, &beta)
	p.x.sub(&t, &beta)
	t.sub(&beta, &p.x)
	t.mul(&alpha, &t)
	gamma.sqr(&gamma)
	gamma.add(&gamma, &gamma)
	gamma.add(&gamma, &gamma)
	gamma.add(&gamma, &gamma) // 8y⁴
	p.y.sub(&t, &gamma)
}

// affine gives p, where inv is 1/z.
func (p *jacobian) affine(inv *elem) (a affine) {
	var i2 elem
	i2.sqr(inv)
	a.x.mul(&p.x, &i2)
	i2.mul(&i2, inv)
	a.y.mul(&p.y, &i2)
	return a
}
