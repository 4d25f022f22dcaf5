package p256gen

import "fmt"

// jointPoints writes the 16 points b·Q + a·R for a and b in {-3, -1, 1, 3} from at on, in the order of windows: b = -3
// first, a = -3 first. Q and R are the named values Qx, Qy, Rx, Ry. Two inverses, in calldata, are hints: they are
// multiplied back, and a wrong one goes to _slow. That they exist means that no addition here is exceptional.
func jointPoints(f *field, cv *Curve, at int, hint1, hint2 string) {
	f.a.Emit("%s", hint1)
	f.store("i1")
	tripleBegin(f, cv, "Q")
	tripleBegin(f, cv, "R")
	f.push("* i1 * DQ DR")
	f.a.Emit("0x1 XOR @_slow JUMPI")
	tripleEnd(f, "Q", "DR", "V")
	tripleEnd(f, "R", "DQ", "T")
	// one inverse for the four differences of x
	f.set("e1", "- Rx Qx")
	f.set("e2", "- Rx Vx")
	f.set("e3", "- Tx Qx")
	f.set("e4", "- Tx Vx")
	f.set("e12", "* e1 e2")
	f.set("e34", "* e3 e4")
	f.a.Emit("%s", hint2)
	f.store("i2")
	f.push("* i2 * e12 e34")
	f.a.Emit("0x1 XOR @_slow JUMPI")
	f.set("h12", "* i2 e34")
	f.set("h34", "* i2 e12")
	sumAndDifference(f, at, "Q", "R", "* h12 e2", 10, 9)
	sumAndDifference(f, at, "V", "R", "* h12 e1", 14, 13)
	sumAndDifference(f, at, "Q", "T", "* h34 e4", 11, 8)
	sumAndDifference(f, at, "V", "T", "* h34 e3", 15, 12)
}

// tripleBegin: with M = 3x² - 3, t = 2y and d = 3x·t² - M², 3P needs the inverse of D = t·d.
func tripleBegin(f *field, cv *Curve, p string) {
	f.set("M"+p, fmt.Sprintf("* 0x3 * + 0x1 %sx + 0x%x %sx", p, minus(cv.P, 1), p))
	f.set("t"+p, fmt.Sprintf("+ %sy %sy", p, p))
	f.set("u"+p, fmt.Sprintf("* t%s t%s", p, p))
	f.set("d"+p, fmt.Sprintf("- * 0x3 * %sx u%s * M%s M%s", p, p, p, p))
	f.set("D"+p, fmt.Sprintf("* t%s d%s", p, p))
}

// tripleEnd is 3P = 2P + P: the slopes are M/t and t³/d - M/t, and the inverse of D is i1 times the other D.
func tripleEnd(f *field, p, other, to string) {
	f.set("I", "* i1 "+other)
	f.set("l1", fmt.Sprintf("* M%s * d%s I", p, p))
	f.set("l2", fmt.Sprintf("- * * u%s u%s I l1", p, p))
	f.set(to+"x", fmt.Sprintf("+ %sx - * l2 l2 * l1 l1", p))
	f.set(to+"y", fmt.Sprintf("- * l2 - %sx %sx %sy", p, to, p))
}

// sumAndDifference writes S + T and S - T as the points numbered sum and difference, and their negatives as the ones
// with complemented numbers. The inverse is that of x(T) - x(S); the slopes have the y's added or subtracted.
func sumAndDifference(f *field, at int, s, t, inverse string, sum, difference int) {
	f.set("v", inverse)
	f.set("xx", fmt.Sprintf("+ %sx %sx", s, t))
	f.set("u1", fmt.Sprintf("* v %sy", t))
	f.set("u2", fmt.Sprintf("* v %sy", s))
	for i, point := range []int{sum, difference} {
		slope, back := "- u1 u2", fmt.Sprintf("- %sx $x3", s)
		if i == 1 { // the slope is turned, and so is what it multiplies
			slope, back = "+ u1 u2", fmt.Sprintf("- $x3 %sx", s)
		}
		here, there := at+64*point, at+64*(15-point)
		f.set("la", slope)
		f.push("- * la la xx")
		f.a.Emit("=x3")
		f.push(fmt.Sprintf("- * la %s %sy", back, s))
		f.a.Emit("DUP1 0x%x MSTORE $p SUB 0x%x MSTORE DUP1 0x%x MSTORE 0x%x MSTORE", here+32, there+32, here, there)
	}
}
