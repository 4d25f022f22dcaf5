package main

import (
	"context"
	"flag"
	"time"

	"github.com/postern-dev/postern/account"
)

// An actor makes an account's calls.
type actor interface {
	run(ctx context.Context, calls []account.Call, options ...account.Option) error
}

// sendCalls is the send verb of every kind of account: the calls of the arguments, made by the account that flags and open
// make.
func sendCalls(ctx context.Context, c *call, flags func(*flag.FlagSet), timeout *time.Duration, open func(context.Context, *call) (actor, error)) error {
	fs := c.newFlags()
	flags(fs)
	var one wireCall
	one.flags(fs)
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	calls, err := c.callsArgument(rest, one.To)
	if err != nil {
		return err
	}
	if calls == nil {
		if calls, err = one.calls(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	a, err := open(ctx, c)
	if err != nil {
		return err
	}
	return a.run(ctx, calls)
}
