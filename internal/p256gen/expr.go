// Field arithmetic on values that have names in memory.

package p256gen

import "strings"

// field compiles expressions modulo p, which must be on the stack under the name p.
type field struct {
	a    *Asm
	at   map[string]int
	next int // memory for the next name
}

// set computes an expression into a named value.
func (f *field) set(name, expression string) {
	f.push(expression)
	f.store(name)
}

// store moves the top of the stack into a named value.
func (f *field) store(name string) {
	if _, ok := f.at[name]; !ok {
		f.at[name] = f.next
		f.next += 32
	}
	f.a.Emit("0x%x MSTORE", f.at[name])
}

// push computes an expression in prefix form, * a b, + a b, - a b or neg a, of named values and whatever else Emit
// takes; what it takes from the stack must be there by name.
func (f *field) push(expression string) {
	if rest := f.compile(strings.Fields(expression)); len(rest) > 0 {
		panic("p256gen: expression " + expression)
	}
}

func (f *field) compile(words []string) (rest []string) {
	w, rest := words[0], words[1:]
	switch w {
	case "*", "+":
		f.a.Emit("$p")
		rest = f.compile(f.compile(rest))
		f.a.Emit("%s", map[string]string{"*": "MULMOD", "+": "ADDMOD"}[w])
	case "-":
		f.a.Emit("$p")
		rest = f.compile(f.compile(rest))
		f.a.Emit("$p SUB ADDMOD")
	case "neg":
		rest = f.compile(rest)
		f.a.Emit("$p SUB")
	default:
		if at, ok := f.at[w]; ok {
			f.a.Emit("0x%x MLOAD", at)
		} else {
			f.a.Emit("%s", w)
		}
	}
	return rest
}

// onCurve pushes zero if the named values x and y are a point's.
func (f *field) onCurve(cv *Curve, x, y string) {
	f.push("* " + y + " " + y)
	f.push("+ 0x" + cv.B.Text(16) + " * " + x + " + 0x" + minus(cv.P, 3).Text(16) + " * " + x + " " + x)
	f.a.Emit("XOR")
}
