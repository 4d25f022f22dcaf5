// Package search finds cheap stack programs for straight-line formulas modulo a prime: the schedules of package p256gen.
//
// A formula is a list of operations on named values. A program begins with some values on the stack, may push words
// (the modulus p, coordinates, constants) whenever it likes, and has to end with exactly the outputs on the stack, in
// whatever order is cheap: the cheapest program for every order that was met is reported.
//
// [Problem.Solve] is a search by best estimate, in layers by the number of operations done, with a limit of rounds. It is a
// heuristic: what it finds is right by construction, but nothing says that there is nothing cheaper. More rounds or
// another seed may find better.
package search

// Op is an operation: Kind is MULMOD or ADDMOD (of two values, modulo p) or SUB (the first minus the second; p - x
// negates).
type Op struct {
	Out, Kind string
	In        [2]string
}

// Problem is a formula and the stack it begins on.
type Problem struct {
	In    []string // values on the stack, bottom first
	Out   []string
	Ops   []Op     // at most 32
	Words []string // what can be pushed besides p
	// Height is the most values the program may use, at most maxHeight.
	Height int
}

// Found is a program that leaves the outputs in an order, bottom first.
type Found struct {
	Order []string
	Gas   int
	Code  string
}

// Add is the addition of package p256gen, from X, Z, A, C and the words x and y.
func Add(in []string) Problem {
	return Problem{In: in, Out: []string{"X'", "Z'", "A'", "C'"}, Words: []string{"x", "y"}, Height: 12, Ops: []Op{
		{"xZ", "MULMOD", [2]string{"x", "Z"}}, {"P", "ADDMOD", [2]string{"xZ", "X"}},
		{"yC", "MULMOD", [2]string{"y", "C"}}, {"R", "ADDMOD", [2]string{"yC", "A"}},
		{"PP", "MULMOD", [2]string{"P", "P"}}, {"PPP", "MULMOD", [2]string{"P", "PP"}},
		{"Q", "MULMOD", [2]string{"X", "PP"}}, {"-Q", "SUB", [2]string{"p", "Q"}},
		{"RR", "MULMOD", [2]string{"R", "R"}}, {"s", "ADDMOD", [2]string{"RR", "PPP"}}, {"t", "ADDMOD", [2]string{"s", "-Q"}}, {"X'", "ADDMOD", [2]string{"t", "-Q"}},
		{"Z'", "MULMOD", [2]string{"Z", "PP"}}, {"W", "ADDMOD", [2]string{"X'", "-Q"}},
		{"RW", "MULMOD", [2]string{"R", "W"}}, {"AP", "MULMOD", [2]string{"A", "PPP"}}, {"A'", "ADDMOD", [2]string{"RW", "AP"}},
		{"C'", "MULMOD", [2]string{"C", "PPP"}},
	}}
}

// Double is the doubling, from X, Z, A, C and the word k, 3/2.
func Double(in []string) Problem {
	return Problem{In: in, Out: []string{"X'", "Z'", "A'", "C'"}, Words: []string{"k"}, Height: 12, Ops: []Op{
		{"V", "MULMOD", [2]string{"A", "A"}}, {"AC", "MULMOD", [2]string{"A", "C"}},
		{"S", "MULMOD", [2]string{"X", "V"}}, {"-S", "SUB", [2]string{"p", "S"}},
		{"X+Z", "ADDMOD", [2]string{"X", "Z"}}, {"-Z", "SUB", [2]string{"p", "Z"}}, {"X-Z", "ADDMOD", [2]string{"X", "-Z"}},
		{"T", "MULMOD", [2]string{"X+Z", "X-Z"}}, {"M", "MULMOD", [2]string{"T", "k"}},
		{"MM", "MULMOD", [2]string{"M", "M"}}, {"t", "ADDMOD", [2]string{"MM", "-S"}}, {"X'", "ADDMOD", [2]string{"t", "-S"}},
		{"W", "ADDMOD", [2]string{"X'", "-S"}}, {"MW", "MULMOD", [2]string{"M", "W"}},
		{"VV", "MULMOD", [2]string{"V", "V"}}, {"A'", "ADDMOD", [2]string{"MW", "VV"}},
		{"Z'", "MULMOD", [2]string{"V", "Z"}}, {"C'", "MULMOD", [2]string{"V", "AC"}},
	}}
}

// AddJacobian is the addition to (X, Z, A, T) with x = X/Z², y = ±A/Z³ and T = -3/2·Z⁴.
func AddJacobian(in []string) Problem {
	return Problem{In: in, Out: []string{"X'", "Z'", "A'", "T'"}, Words: []string{"x", "y"}, Height: 13, Ops: []Op{
		{"ZZ", "MULMOD", [2]string{"Z", "Z"}}, {"xZZ", "MULMOD", [2]string{"x", "ZZ"}}, {"-xZZ", "SUB", [2]string{"p", "xZZ"}}, {"P", "ADDMOD", [2]string{"-xZZ", "X"}},
		{"ZZZ", "MULMOD", [2]string{"Z", "ZZ"}}, {"yZZZ", "MULMOD", [2]string{"y", "ZZZ"}}, {"R", "ADDMOD", [2]string{"yZZZ", "A"}},
		{"PP", "MULMOD", [2]string{"P", "P"}}, {"PPP", "MULMOD", [2]string{"P", "PP"}},
		{"Q", "MULMOD", [2]string{"X", "PP"}}, {"-Q", "SUB", [2]string{"p", "Q"}},
		{"RR", "MULMOD", [2]string{"R", "R"}}, {"s", "ADDMOD", [2]string{"RR", "PPP"}}, {"t", "ADDMOD", [2]string{"s", "-Q"}}, {"X'", "ADDMOD", [2]string{"t", "-Q"}},
		{"W", "ADDMOD", [2]string{"X'", "-Q"}}, {"RW", "MULMOD", [2]string{"R", "W"}},
		{"AP", "MULMOD", [2]string{"A", "PPP"}}, {"A'", "ADDMOD", [2]string{"RW", "AP"}},
		{"Z'", "MULMOD", [2]string{"Z", "P"}}, {"P4", "MULMOD", [2]string{"PP", "PP"}}, {"T'", "MULMOD", [2]string{"T", "P4"}},
	}}
}

// DoubleJacobian is the doubling of (X, Z, A, T), from the word k, 3/2.
func DoubleJacobian(in []string) Problem {
	return Problem{In: in, Out: []string{"X'", "Z'", "A'", "T'"}, Words: []string{"k"}, Height: 12, Ops: []Op{
		{"V", "MULMOD", [2]string{"A", "A"}}, {"S", "MULMOD", [2]string{"X", "V"}}, {"-S", "SUB", [2]string{"p", "S"}},
		{"XX", "MULMOD", [2]string{"X", "X"}}, {"kXX", "MULMOD", [2]string{"k", "XX"}}, {"M", "ADDMOD", [2]string{"kXX", "T"}},
		{"MM", "MULMOD", [2]string{"M", "M"}}, {"t", "ADDMOD", [2]string{"MM", "-S"}}, {"X'", "ADDMOD", [2]string{"t", "-S"}},
		{"W", "ADDMOD", [2]string{"X'", "-S"}}, {"MW", "MULMOD", [2]string{"M", "W"}},
		{"VV", "MULMOD", [2]string{"V", "V"}}, {"A'", "ADDMOD", [2]string{"MW", "VV"}},
		{"Z'", "MULMOD", [2]string{"A", "Z"}}, {"T'", "MULMOD", [2]string{"T", "VV"}},
	}}
}

// Convert goes from (X, Z, A, T) to (X, -ZZ, A, ZZZ).
func Convert(in []string) Problem {
	return Problem{In: in, Out: []string{"X", "Z'", "A", "C'"}, Height: 10, Ops: []Op{
		{"ZZ", "MULMOD", [2]string{"Z", "Z"}}, {"Z'", "SUB", [2]string{"p", "ZZ"}}, {"C'", "MULMOD", [2]string{"Z", "ZZ"}},
	}}
}
