// Stack schedules: data from schedules.json, and the choice of the cheapest chain of them.

package p256gen

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed schedules.json
var schedulesJSON []byte

// Order is an order of the accumulator's values on the stack, bottom first: an index into orders.
type Order int

// orders are all orders of A, C, X and Z, alphabetically: ties are decided by it, so that a program is always the same.
var orders = permutations("", "ACXZ")

func permutations(head, rest string) []string {
	if rest == "" {
		return []string{head}
	}
	var out []string
	for i := range rest {
		out = append(out, permutations(head+rest[i:i+1], rest[:i]+rest[i+1:])...)
	}
	return out
}

func (o Order) String() string { return orders[o] }

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

// Schedules are those of the two formulas of the accumulator.
type Schedules struct{ Add, Double Steps }

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
	for formula, steps := range map[string]*Steps{"add": &s.Add, "dbl": &s.Double} {
		for before, row := range raw[formula] {
			for after, code := range row {
				i, j := orderOf(before), orderOf(after)
				if i < 0 || j < 0 {
					return nil, fmt.Errorf("p256gen: schedules: %s from %q to %q", formula, before, after)
				}
				steps[i][j] = &Schedule{code, ScheduleGas(code)}
			}
		}
	}
	return s, nil
}

func orderOf(text string) int {
	for i, o := range orders {
		if o == strings.ReplaceAll(text, " ", "") {
			return i
		}
	}
	return -1
}

// part is a stretch of steps that is run so many times, with the same code each time; true is a doubling.
type part struct {
	times int
	steps []bool
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
	now := make([]state, len(orders))
	for _, p := range parts {
		next := make([]state, len(orders))
		for i := range next {
			next[i].gas = impossible
		}
		for from := range orders {
			if now[from].gas == impossible {
				continue
			}
			paths, costs := s.paths(Order(from), p.steps)
			for to := range orders {
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
func (s *Schedules) paths(from Order, steps []bool) (paths [24][]Order, gas [24]int) {
	for o := range gas {
		gas[o] = impossible
	}
	gas[from] = 0
	before := make([][24]Order, len(steps))
	for i, double := range steps {
		table := &s.Add
		if double {
			table = &s.Double
		}
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
