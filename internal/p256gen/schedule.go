// Stack schedules: data from schedules.json, and the choice of the cheapest chain of them.

package p256gen

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed schedules.json
var schedulesJSON []byte

// Formula is a step of the accumulator.
type Formula int

// Add and Double are for X, Z, A, C; AddJacobian and DoubleJacobian for X, Z, A, T; Convert goes from the latter to the
// former.
const (
	Add Formula = iota
	Double
	AddJacobian
	DoubleJacobian
	Convert
	formulas
)

// String is the formula's name in schedules.json.
func (f Formula) String() string { return [...]string{"add", "dbl", "addj", "dblj", "convert"}[f] }

// Orders lists the orders of the values before a formula, bottom of the stack first.
func (f Formula) Orders() [][]string {
	before, _ := f.systems()
	var out [][]string
	for o := range permutations {
		out = append(out, strings.Split(before.order(Order(o)), ""))
	}
	return out
}

// A system is the letters of an accumulator's values, alphabetically.
type system string

const (
	xyzz     system = "ACXZ"
	jacobian system = "ATXZ"
)

// systems are those before and after a formula.
func (f Formula) systems() (before, after system) {
	switch f {
	case Add, Double:
		return xyzz, xyzz
	case Convert:
		return jacobian, xyzz
	}
	return jacobian, jacobian
}

// Order is an order of the accumulator's values on the stack: a place in the alphabetical list of all of them. Ties are
// decided by it, so that a program is always the same.
type Order int

var permutations = permute(nil, []int{0, 1, 2, 3})

func permute(head, rest []int) [][]int {
	if len(rest) == 0 {
		return [][]int{head}
	}
	var out [][]int
	for i, x := range rest {
		others := append(slices.Clone(rest[:i]), rest[i+1:]...)
		out = append(out, permute(append(slices.Clone(head), x), others)...)
	}
	return out
}

// order writes the letters in an order, bottom of the stack first.
func (s system) order(o Order) string {
	var b strings.Builder
	for _, i := range permutations[o] {
		b.WriteByte(s[i])
	}
	return b.String()
}

// find is the order that is written so, with or without spaces, or -1.
func (s system) find(text string) Order {
	for o := range permutations {
		if s.order(Order(o)) == strings.ReplaceAll(text, " ", "") {
			return Order(o)
		}
	}
	return -1
}

// Schedule is a program for one step of the accumulator. Besides instructions it has the words p (pushes the prime),
// x and y (push the coordinates of the point to add) and k (pushes 3/2).
type Schedule struct {
	Code string
	Gas  int // with x, y and k at three each
}

// ScheduleGas adds up a schedule, with three for x, y and k.
func ScheduleGas(code string) int {
	gas := 0
	for _, w := range strings.Fields(code) {
		switch w {
		case "MULMOD", "ADDMOD":
			gas += 8
		case "POP":
			gas += 2
		default:
			gas += 3
		}
	}
	return gas
}

// Steps are the schedules of one formula by the orders before and after; nil where there is none.
type Steps [24][24]*Schedule

// cheapest is the order that is cheapest to get to from the given one.
func (s *Steps) cheapest(before Order) Order {
	best := Order(-1)
	for to, x := range s[before] {
		if x != nil && (best < 0 || x.Gas < s[before][best].Gas) {
			best = Order(to)
		}
	}
	return best
}

// Schedules are those of all formulas.
type Schedules [formulas]Steps

// LoadSchedules reads the committed schedules.
func LoadSchedules() *Schedules {
	s, err := ParseSchedules(schedulesJSON)
	if err != nil {
		panic(err) // a test reads them
	}
	return s
}

// ParseSchedules reads schedules by formula, order before and order after.
func ParseSchedules(file []byte) (*Schedules, error) {
	var raw map[string]map[string]map[string]string
	if err := json.Unmarshal(file, &raw); err != nil {
		return nil, fmt.Errorf("p256gen: schedules: %w", err)
	}
	s := &Schedules{}
	for f := range formulas {
		from, to := f.systems()
		for before, row := range raw[f.String()] {
			for after, code := range row {
				i, j := from.find(before), to.find(after)
				if i < 0 || j < 0 {
					return nil, fmt.Errorf("p256gen: schedules: %s from %q to %q", f, before, after)
				}
				s[f][i][j] = &Schedule{code, ScheduleGas(code)}
			}
		}
	}
	return s, nil
}

// part is a stretch of steps that is run so many times, with the same code each time.
type part struct {
	times int
	steps []Formula
}

// impossible is a cost no program has.
const impossible = 1 << 30

// chain chooses the orders along the parts: chosen[i][0] is the order before part i, chosen[i][j] that after its step j.
// A part that is run more than once ends in the order it began with.
func (s *Schedules) chain(parts []part) (chosen [][]Order, gas int) {
	type state struct {
		gas  int
		path [][]Order
	}
	now := make([]state, len(permutations))
	for _, p := range parts {
		next := make([]state, len(permutations))
		for i := range next {
			next[i].gas = impossible
		}
		for from := range permutations {
			if now[from].gas == impossible {
				continue
			}
			paths, costs := s.paths(Order(from), p.steps)
			for to := range permutations {
				if paths[to] == nil || p.times > 1 && to != from {
					continue
				}
				if g := now[from].gas + p.times*costs[to]; g < next[to].gas {
					next[to] = state{g, append(append([][]Order{}, now[from].path...), paths[to])}
				}
			}
		}
		now = next
	}
	best := 0
	for o := range now {
		if now[o].gas < now[best].gas {
			best = o
		}
	}
	if now[best].gas == impossible {
		panic("p256gen: no chain of schedules")
	}
	return now[best].path, now[best].gas
}

// paths finds the cheapest way through the steps from one order to each.
func (s *Schedules) paths(from Order, steps []Formula) (paths [24][]Order, gas [24]int) {
	for o := range gas {
		gas[o] = impossible
	}
	gas[from] = 0
	before := make([][24]Order, len(steps))
	for i, f := range steps {
		table := &s[f]
		var next [24]int
		for to := range next {
			next[to] = impossible
			for o := range gas {
				if x := table[o][to]; x != nil && gas[o]+x.Gas < next[to] {
					next[to], before[i][to] = gas[o]+x.Gas, Order(o)
				}
			}
		}
		gas = next
	}
	for to := range gas {
		if gas[to] >= impossible {
			gas[to] = impossible
			continue
		}
		path := make([]Order, len(steps)+1)
		path[len(steps)] = Order(to)
		for i := len(steps) - 1; i >= 0; i-- {
			path[i] = before[i][path[i+1]]
		}
		paths[to] = path
	}
	return paths, gas
}
