// Sums of two, three and four teeth.

package builder

// Places in the work area of four teeth: slots for H, K and the four differences of the second generation, and J.
const (
	slotH    = slot(workAt)
	slotK    = slot(workAt + 0x40)
	slotE    = slot(workAt + 0x80)
	factorJ  = workAt + 0x180
	workSize = 0x1a0
)

// collectFour takes the differences for four teeth d, c, b, a at window (a is the highest) into the batch: H = x(a) -
// x(b), K = x(c) - x(d), and for both signs of both sums
//
//	x(a±b) - x(c±d) = E/J, J = H²K², E = (y(a) ∓ y(b))²·K² - (y(c) ∓ y(d))²·H² + (x(c) + x(d) - x(a) - x(b))·J
func (g *program) collectFour() {
	d, c, b, a := window, window+toothSize, window+2*toothSize, window+3*toothSize
	g.Emit("=product")
	g.Emit("p 0x%x MLOAD 0x%x MLOAD ADDMOD =H p 0x%x MLOAD 0x%x MLOAD ADDMOD =K", b+0x40, a, d+0x40, c)
	g.Emit("p $H DUP1 MULMOD =hh p $K DUP1 MULMOD =kk")
	g.Emit("p p p 0x%x MLOAD 0x%x MLOAD ADDMOD p 0x%x MLOAD 0x%x MLOAD ADDMOD ADDMOD", c, d, a+0x40, b+0x40)
	g.Emit("p $hh $kk MULMOD DUP1 0x%x MSTORE MULMOD =r", factorJ)
	square := func(y1, y2 int, factor string) { // factor·(y1 + y2)²
		g.Emit("p $%s p p 0x%x MLOAD 0x%x MLOAD ADDMOD DUP1 MULMOD MULMOD", factor, y1, y2)
	}
	for i, y := range []int{b + 0x20, b + 0x60} { // the difference, the sum
		g.Emit("p $r")
		square(a+0x20, y, "kk")
		g.Emit("ADDMOD =u%d", i)
	}
	g.Emit("$hh p SUB !hh")
	for i, y := range []int{d + 0x20, d + 0x60} {
		square(c+0x20, y, "hh")
		g.Emit("=w%d", i)
	}
	for i := range 4 {
		g.Emit("p $u%d $w%d ADDMOD", i>>1, i&1)
		g.collectFar(slotE + slot(0x40*i))
	}
	g.drop(7)
	g.collectFar(slotK)
	g.collectFar(slotH)
}

// sumFour goes back through these and writes the eight points to outAt, by index.
func (g *program) sumFour() {
	d, c, b, a := window, window+toothSize, window+2*toothSize, window+3*toothSize
	upper, lower := b, d // sums take the place of teeth
	g.firstTooth(a)
	g.sums(tooth(b), slotH, 0)
	for i := range 2 {
		g.unscale()
		g.storePoint(upper + pointSize*(1-i))
	}
	g.firstTooth(c)
	g.sums(tooth(d), slotK, 0)
	for i := range 2 {
		g.unscale()
		g.storeSum(lower + sumSize*(1-i))
	}
	g.Emit("p 0x%x MLOAD 0x%x MLOAD MULMOD 0x%x MSTORE", factorJ, weight2, factorJ)
	for i := 3; i >= 0; i-- {
		if i&1 == 1 {
			g.firstPoint(upper + pointSize*(i>>1))
		}
		g.sums(sum(lower+sumSize*(i&1)), slotE+slot(0x40*i), factorJ)
		g.storePoint(outAt + pointSize*(i>>1<<2|2|i&1))
		g.storePoint(outAt + pointSize*(i>>1<<2|1-i&1))
	}
}

// triple is three teeth, c, b, a (a is the highest), and its work area.
type triple struct{ c, b, a, work int }

func (t triple) slot(i int) slot { return slot(t.work + 0x40*i) } // H, and the differences of a - b and of a + b
func (t triple) factor() int     { return t.work + 0xc0 }

// collectThree takes the differences for three teeth into the batch: H = x(a) - x(b) and
//
//	x(a±b) - x(c) = E/H², E = (y(a) ∓ y(b))² - (x(a) + x(b) + x(c))·H²
func (g *program) collectThree(t triple) {
	g.Emit("=product")
	g.Emit("p 0x%x MLOAD 0x%x MLOAD ADDMOD =H p $H DUP1 MULMOD =hh $hh 0x%x MSTORE", t.b+0x40, t.a, t.factor())
	g.Emit("p p 0x%x MLOAD p 0x%x MLOAD 0x%x MLOAD ADDMOD ADDMOD $hh MULMOD =r", t.a+0x40, t.b+0x40, t.c+0x40)
	for i, y := range []int{t.b + 0x20, t.b + 0x60} { // the difference, the sum
		g.Emit("p $r p p 0x%x MLOAD 0x%x MLOAD ADDMOD DUP1 MULMOD ADDMOD", t.a+0x20, y)
		g.collectFar(t.slot(1 + i))
	}
	g.drop(2)
	g.collectFar(t.slot(0))
}

// sumThree goes back through these and hands the four points to store, by index, x and y on the top.
func (g *program) sumThree(t triple, store func(i int)) {
	g.firstTooth(t.a)
	g.sums(tooth(t.b), t.slot(0), 0)
	for i := range 2 {
		g.unscale()
		g.storePoint(t.a + pointSize*(1-i))
	}
	g.Emit("0x%x MLOAD 0x%x MLOAD", t.c, t.c+0x20)
	g.unscale()
	g.storeSum(t.b)
	g.Emit("p 0x%x MLOAD 0x%x MLOAD MULMOD 0x%x MSTORE", t.factor(), weight2, t.factor())
	for i := 1; i >= 0; i-- {
		g.firstPoint(t.a + pointSize*i)
		g.sums(sum(t.b), t.slot(1+i), t.factor())
		store(2*i + 1)
		store(2 * i)
	}
}
