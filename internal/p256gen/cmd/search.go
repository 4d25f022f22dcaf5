package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/postern-dev/postern/internal/p256gen"
	"github.com/postern-dev/postern/internal/p256gen/search"
)

// worthKeeping is how much dearer than the best from the same order a schedule may be: two instructions that put the
// values into another order.
const worthKeeping = 6

// findSchedules searches for better schedules, from every order in turn, and keeps what it finds in the file.
func findSchedules(args []string) error {
	flags := flag.NewFlagSet("search", flag.ExitOnError)
	seconds := flags.Int("seconds", 20, "time for each order and formula")
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
	for _, formula := range []string{"add", "dbl"} {
		problem := map[string]func([]string) search.Problem{"add": search.Add, "dbl": search.Double}[formula]
		for before, row := range all[formula] {
			found := problem(strings.Fields(before)).Solve(time.Duration(*seconds)*time.Second, *seed, worthKeeping+1)
			if merge(row, found) {
				fmt.Println(formula, before, "is better now")
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
