package p256gen

import "fmt"

// oddMultiples writes the 16 points -15Q, -13Q, … 15Q from at on. Q is the named values Qx and Qy.
//
// Q and 2Q are brought to a common Z, which is 2y. Adding D = 2Q to P with the same Z is cheap, and brings D along to
// the Z of the sum: with d = x(P) - x(D) the new Z is d·Z (additions of Meloni). So the Zs of 3Q … 15Q divide each other,
// and one inverse, of the last, gives all: those before follow by multiplying with the ds. No addition is exceptional.
func oddMultiples(f *field, cv *Curve, at int) {
	f.set("M", fmt.Sprintf("* 0x3 * + 0x1 Qx + 0x%x Qx", minus(cv.P, 1)))
	f.set("Z", "+ Qy Qy")
	f.set("zz", "* Z Z")
	f.set("X1", "* Qx zz")
	f.set("Y1", fmt.Sprintf("* 0x%x * zz zz", cv.halfP())) // y·(2y)³ = (2y)⁴/2
	f.set("DX", "- * M M + X1 X1")
	f.set("DY", "- * M - X1 DX Y1")
	last := 8
	for k := 1; k < last; k++ {
		p, next := fmt.Sprint(k), fmt.Sprint(k+1)
		f.set("d"+p, "- X"+p+" DX")
		f.set("r", "- Y"+p+" DY")
		f.set("dd", "* d"+p+" d"+p)
		f.set("W", "* X"+p+" dd")
		f.set("DX", "* DX dd")
		f.set("DY", "* DY - W DX")
		f.set("X"+next, "- * r r + W DX")
		f.set("Y"+next, "- * r - DX X"+next+" DY")
		f.set("Z", "* Z d"+p)
	}
	f.a.Emit("%s PUSH0 MLOAD", modexp(fmt.Sprintf("0x%x MLOAD", f.at["Z"]), minus(cv.P, 2).Text(16), "$p"))
	f.store("i")
	put := func(k int) { // y and, above it, x are on the stack
		here, there := at+64*(7+k), at+64*(8-k)
		f.a.Emit("DUP1 0x%x MSTORE 0x%x MSTORE DUP1 0x%x MSTORE $p SUB 0x%x MSTORE", here, there, here+32, there+32)
	}
	for k := last; k > 1; k-- {
		p := fmt.Sprint(k)
		f.set("ii", "* i i")
		f.push("* Y" + p + " * i ii")
		f.a.Emit("=y")
		f.push("* X" + p + " ii")
		put(k)
		if k > 2 {
			f.set("i", "* i d"+fmt.Sprint(k-1))
		}
	}
	f.push("Qy")
	f.push("Qx")
	put(1)
}
