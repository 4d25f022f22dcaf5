package main

import (
	"flag"
	"fmt"
	"strconv"

	"github.com/postern-dev/postern/recovery"
)

// withAsk says which proposals are counted as made.
type withAsk struct {
	numbers []int // 1 is the first; each of those that are proposed after the ones before it
	given   bool
}

func (w *withAsk) flags(fs *flag.FlagSet) {
	fs.Func("with", "`N`: as if the proposal of this number were made; may be repeated; 0: none, only list them", func(text string) error {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return fmt.Errorf("%q is no number of a proposal", text)
		}
		if w.given = true; n > 0 {
			w.numbers = append(w.numbers, int(n))
		}
		return nil
	})
}

// made is the account with the proposals made.
func (w *withAsk) made(a *recovery.Account) (*recovery.Account, error) {
	for _, n := range w.numbers {
		list, err := recovery.Options(a)
		if err != nil {
			return nil, err
		}
		if n > len(list) {
			return nil, failf("no-proposal", "leave the last --with out to see the list, or give --with 0 alone", "--with %d: %d changes are proposed there", n, len(list))
		}
		a = list[n-1].After()
	}
	return a, nil
}

// next lists what can be chosen, for those who choose.
func (w *withAsk) next(r *recovery.Report) (out []string) {
	if !w.given {
		return nil
	}
	for i, a := range r.Advice {
		out = append(out, fmt.Sprintf("%d. %s", i+1, a.Line()))
	}
	return out
}
