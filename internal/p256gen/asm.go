// The assembler: it knows the height of the stack everywhere, so that values have names instead of depths, and refuses
// programs whose branches disagree about it.

package p256gen

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Asm collects a program. Its methods panic on a program that makes no sense: programs are written here, not read.
type Asm struct {
	code   []byte
	height int            // values on the stack, unreachable where nothing arrives but by a jump
	max    int            // the most there ever were
	slots  map[string]int // height of each named value
	macros map[string]string
	labels map[string]label
	fixups map[int]string // position of a two-byte address, and the label it is of
}

type label struct {
	at     int // unplaced until it is
	height int
}

const (
	unplaced    = -1
	unreachable = -1
)

// NewAsm begins a program.
func NewAsm() *Asm {
	return &Asm{slots: map[string]int{}, macros: map[string]string{}, labels: map[string]label{}, fixups: map[int]string{}}
}

// Define lets a word stand for a text.
func (a *Asm) Define(word, text string) { a.macros[word] = text }

// Len is the length of the program so far.
func (a *Asm) Len() int { return len(a.code) }

// Height is how many values the stack holds here.
func (a *Asm) Height() int { return a.height }

// MaxHeight is the most values the stack held so far.
func (a *Asm) MaxHeight() int { return a.max }

func (a *Asm) grow(pop, push int) {
	if a.height < pop {
		panic(fmt.Sprintf("p256gen: the stack holds %d values, an instruction at %d takes %d", a.height, len(a.code), pop))
	}
	a.height += push - pop
	a.max = max(a.max, a.height)
}

// Push puts a constant on the stack by the shortest instruction.
func (a *Asm) Push(x *big.Int) {
	if x.Sign() < 0 || x.BitLen() > 256 {
		panic(fmt.Sprintf("p256gen: %x is no word", x))
	}
	b := x.Bytes()
	a.grow(0, 1)
	a.code = append(append(a.code, 0x5f+byte(len(b))), b...)
}

// depth is how deep a named value lies; the top is 1.
func (a *Asm) depth(name string) int {
	at, ok := a.slots[name]
	d := a.height - at + 1
	if !ok || d < 1 || d > 16 {
		panic(fmt.Sprintf("p256gen: value %q is %d deep", name, d))
	}
	return d
}

// Emit appends text: opcodes, DUPn, SWAPn, macros, 0xhex and #decimal (constants), $name (copies a named value to the
// top), =name (names the top), !name (moves the top into a named value), name: (a label) and @name (a label's address,
// followed by JUMP or JUMPI). A label that begins with _ drops what is on the stack: it is reached from anywhere, and
// what comes there must not look down.
func (a *Asm) Emit(format string, args ...any) *Asm {
	words := strings.Fields(fmt.Sprintf(format, args...))
	for i, w := range words {
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		a.word(w, next)
	}
	return a
}

func (a *Asm) word(w, next string) {
	if name, ok := strings.CutSuffix(w, ":"); ok {
		a.place(name)
		return
	}
	if a.height == unreachable {
		panic("p256gen: nothing gets to " + w)
	}
	switch {
	case w[0] == '$':
		a.dup(a.depth(w[1:]))
	case w[0] == '=':
		a.slots[w[1:]] = a.height
	case w[0] == '!':
		a.swap(a.depth(w[1:]) - 1)
		a.word("POP", "")
	case w[0] == '@':
		a.jumpTo(w[1:], next)
	case w[0] == '#', strings.HasPrefix(w, "0x"):
		v, ok := new(big.Int).SetString(strings.TrimPrefix(w, "#"), 0)
		if !ok {
			panic("p256gen: constant " + w)
		}
		a.Push(v)
	case strings.HasPrefix(w, "DUP"):
		a.dup(number(w[3:]))
	case strings.HasPrefix(w, "SWAP"):
		a.swap(number(w[4:]))
	default:
		if text, ok := a.macros[w]; ok {
			a.Emit("%s", text)
			return
		}
		o, ok := opcodes[w]
		if !ok {
			panic("p256gen: no instruction " + w)
		}
		a.grow(o.pop, o.push)
		a.code = append(a.code, o.code)
		if o.ends {
			a.height = unreachable
		}
	}
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 16 {
		panic("p256gen: depth " + s)
	}
	return n
}

func (a *Asm) dup(d int) {
	a.grow(d, d+1)
	a.code = append(a.code, 0x7f+byte(d))
}

func (a *Asm) swap(d int) {
	if d < 1 || d > 16 {
		panic(fmt.Sprintf("p256gen: SWAP%d", d))
	}
	a.grow(d+1, d+1)
	a.code = append(a.code, 0x8f+byte(d))
}

func (a *Asm) jumpTo(name, next string) {
	taken := 0 // the condition
	switch next {
	case "JUMPI":
		taken = 1
	case "JUMP":
	default:
		panic("p256gen: the address of " + name + " is for a jump")
	}
	a.arrive(name, a.height-taken)
	a.fixups[len(a.code)+1] = name
	a.grow(0, 1)
	a.code = append(a.code, 0x61, 0, 0)
}

// arrive notes that a label is reached with so many values on the stack.
func (a *Asm) arrive(name string, height int) {
	if name[0] == '_' {
		height = 0
	}
	l, ok := a.labels[name]
	if !ok {
		l = label{unplaced, height}
	}
	if l.height != height {
		panic(fmt.Sprintf("p256gen: label %s is reached with %d and with %d values", name, l.height, height))
	}
	a.labels[name] = l
}

func (a *Asm) place(name string) {
	l, known := a.labels[name]
	switch {
	case known && l.at != unplaced:
		panic("p256gen: label " + name + " is placed twice")
	case a.height != unreachable:
		a.arrive(name, a.height)
	case known:
	case name[0] == '_':
		a.arrive(name, 0)
	default:
		panic("p256gen: nothing gets to label " + name)
	}
	a.height = a.labels[name].height
	a.labels[name] = label{len(a.code), a.height}
	a.code = append(a.code, 0x5b)
}

// Bytes is the program with its addresses filled in.
func (a *Asm) Bytes() []byte {
	out := slices.Clone(a.code)
	for _, at := range slices.Sorted(maps.Keys(a.fixups)) {
		l := a.labels[a.fixups[at]]
		if l.at == unplaced {
			panic("p256gen: label " + a.fixups[at] + " is nowhere")
		}
		out[at], out[at+1] = byte(l.at>>8), byte(l.at)
	}
	return out
}
