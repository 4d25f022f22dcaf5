package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"github.com/postern-dev/postern/internal/p256gen"
	"github.com/postern-dev/postern/internal/p256gen/search"
)

// worthKeeping is how much dearer than the best from the same order a schedule may be: two instructions that put the
// values into another order.
const worthKeeping = 6

// findSchedules searches for better schedules, from every order in turn, and keeps what it finds in the file.
func findSchedules(args []string) error {
	flags := flag.NewFlagSet("search", flag.ExitOnError)
	rounds := flags.Int("rounds", 50_000, "length of the search for each order and formula: 50,000 take about 20 seconds")
	formula := flags.String("formula", "", "one of add, dbl, addj, dblj and convert; all if empty")
	seed := flags.Int64("seed", 1, "chance of the search")
	path := flags.String("schedules", "internal/p256gen/schedules.json", "file to improve")
	if err := flags.Parse(args); err != nil {
		return err
	}
	file, err := os.ReadFile(*path)
	if err != nil {
		return err
	}
	all := map[string]map[string]map[string]string{}
	if err := json.Unmarshal(file, &all); err != nil {
		return fmt.Errorf("%s: %w", *path, err)
	}
	problems := map[p256gen.Formula]func([]string) search.Problem{
		p256gen.Add: search.Add, p256gen.Double: search.Double,
		p256gen.AddJacobian: search.AddJacobian, p256gen.DoubleJacobian: search.DoubleJacobian, p256gen.Convert: search.Convert,
	}
	for f := p256gen.Add; f <= p256gen.Convert; f++ {
		rows := all[f.String()]
		if *formula != "" && *formula != f.String() {
			continue
		}
		if rows == nil {
			rows = map[string]map[string]string{}
			all[f.String()] = rows
		}
		for _, before := range f.Orders() {
			key := strings.Join(before, " ")
			if rows[key] == nil {
				rows[key] = map[string]string{}
			}
			if merge(rows[key], problems[f](before).Solve(*rounds, *seed, worthKeeping+1)) {
				fmt.Println(f, before, "is better now")
			}
			text, err := json.MarshalIndent(all, "", " ")
			if err != nil {
				return err
			}
			if err := os.WriteFile(*path, append(text, '\n'), 0o644); err != nil {
				return err
			}
			debug.FreeOSMemory() // a search remembers millions of states
		}
	}
	return nil
}

// merge puts what is cheaper into a row, and drops what is no longer worth keeping.
func merge(row map[string]string, found []search.Found) (better bool) {
	best := 1 << 30
	for _, f := range found {
		after := strings.ReplaceAll(strings.Join(f.Order, " "), "'", "")
		if old, ok := row[after]; !ok || f.Gas < p256gen.ScheduleGas(old) {
			row[after] = f.Code
			better = true
		}
	}
	for _, code := range row {
		best = min(best, p256gen.ScheduleGas(code))
	}
	for after, code := range row {
		if p256gen.ScheduleGas(code) > best+worthKeeping {
			delete(row, after)
		}
	}
	return better
}
