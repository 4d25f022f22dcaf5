package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/recovery"
)

const skipAbout = `
Lets days pass at once on a development chain, for what waits on chain: the delay of a recovery,
of a change of guardians, the end of a session. The time is in the next block; every contract
sees it. It never goes back. Other chains have no such thing, and refuse.

  postern skip 7 days
  postern skip 36 hours --rpc http://localhost:8545`

func skipCommand() command {
	return command{name: "skip", summary: "let days pass on a development chain", usage: "<duration> [flags]", about: skipAbout, run: runSkip}
}

func runSkip(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var n network
	n.flags(fs)
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 4)
	if err != nil {
		return err
	}
	d, err := skipped(strings.Join(rest, " "))
	if err != nil {
		return err
	}
	conn, err := n.connect()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	for _, call := range []struct {
		method string
		args   []any
	}{{"evm_increaseTime", []any{uint64(d / time.Second)}}, {"evm_mine", nil}} {
		if err := conn.node.CallContext(ctx, nil, call.method, call.args...); err != nil {
			hint := hintOf(err)
			if e, ok := errors.AsType[*bundler.RPCError](err); ok {
				hint = "try less at once, in several steps"
				if d > devnet.MaxSkip {
					hint = fmt.Sprintf("go in several steps: postern up takes %s at most, so: postern skip %s, and so on", recovery.Span(devnet.MaxSkip), recovery.Span(devnet.MaxSkip))
				}
				if e.Code == bundler.CodeMethodNotFound {
					hint = "only a development chain can skip days, such as that of postern up; elsewhere they have to pass"
				}
			}
			return failf("no-skip", hint, "the chain's time stays: %w", err)
		}
	}
	now, err := chainTime(ctx, conn)
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(c.stdout, map[string]any{"time": now.Format(time.RFC3339), "seconds": now.Unix()})
	}
	fmt.Fprintf(c.stdout, "%s later: on the chain it is %s\n", recovery.Span(d), moment(now))
	return nil
}

// skipped reads how long.
func skipped(text string) (time.Duration, error) {
	const way = "postern skip 7 days, or: 1 day 12 hours"
	if text == "" {
		return 0, usageError("how long?", way)
	}
	if d, ok := recovery.ParseSpan(text); ok && d > 0 {
		return d, nil
	}
	if n, err := strconv.ParseUint(text, 10, 32); err == nil && n > 0 {
		return 0, usageError("of what? a number needs a unit: "+text, fmt.Sprintf("for days: postern skip %d days; else hours, minutes or seconds", n))
	}
	if n, unit, ok := strings.Cut(text, " "); ok {
		_, known := recovery.ParseSpan("1 " + unit)
		if _, err := strconv.ParseUint(n, 10, 64); err == nil && known && strings.Trim(n, "0") != "" {
			return 0, usageError("that is more than 100 years: "+clip(text), fmt.Sprintf("a development chain takes %s at once: postern skip %s", recovery.Span(devnet.MaxSkip), recovery.Span(devnet.MaxSkip)))
		}
	}
	return 0, usageError("this is no duration: "+clip(text), way)
}

// chainTime is the time of the newest block: what contracts compare delays with.
func chainTime(ctx context.Context, conn *connection) (time.Time, error) {
	var block *struct {
		Timestamp hexutil.Uint64 `json:"timestamp"`
	}
	if err := conn.node.CallContext(ctx, &block, "eth_getBlockByNumber", "latest", false); err != nil {
		return time.Time{}, fmt.Errorf("ask for the chain's time: %w", err)
	}
	if block == nil || block.Timestamp == 0 || block.Timestamp > maxMoment {
		return time.Time{}, failf("bad-node", "use another node", "the node names no time for its newest block")
	}
	return time.Unix(int64(block.Timestamp), 0).UTC(), nil
}

// maxMoment is the end of the 48 bits that contracts keep times in.
const maxMoment = 1<<48 - 1

// moment is a time as people read it, the same everywhere.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
