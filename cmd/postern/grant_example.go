package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

const grantExampleAbout = `
Prints a policy file to start from: a little money to one address, a few times, for thirty
days. What else can stand in it: docs/grants.md.

  postern grant example > policy.toml`

func grantExample() verb {
	return verb{name: "example", usage: "[--timezone ZONE] > policy.toml", about: grantExampleAbout, run: runGrantExample}
}

// examplePolicy has the names of zone and last day filled in.
const examplePolicy = `# What a session key may do. All policies must agree.
version = 1
name = "pocket money"
timezone = "%s"

# Which calls. Amounts have a unit; without one they are in wei, or in the token's smallest.
[[policy]]
kind = "call"

[[policy.allow]] # coins to one address
target = "0x000000000000000000000000000000000000dEaD"
value = "0.01 ETH" # at most with each call, not in total: a batch has many calls

# [[policy.allow]] # a function of a contract, if the conditions hold
# target = "USDC"
# call = "transfer(address to, uint256 amount) where amount <= 5 USDC and to = 0x000000000000000000000000000000000000dEaD"

# How often, in total.
[[policy]]
kind = "rate-limit"
count = 20

# Until when.
[[policy]]
kind = "timestamp"
until = "%s"

# What it may cost in fees, in total.
[[policy]]
kind = "gas"
budget = "0.02 ETH"

# No messages: a signed message can let others take tokens, whatever the limits above say.
[[policy]]
kind = "signature-caller"
callers = []

# [tokens]
# USDC = { address = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", decimals = 6 }
`

func runGrantExample(_ context.Context, c *call) error {
	fs := c.newFlags()
	zoneName := fs.String("timezone", "", "`zone` in which its times are, such as Europe/Berlin (default $TZ, else UTC)")
	asJSON := fs.Bool("json", false, "print the file as one JSON object, which is read as well")
	if _, err := c.parse(fs, 0); err != nil {
		return err
	}
	zone, err := zoneOf(*zoneName)
	if err != nil {
		return err
	}
	if zone == nil {
		zone = time.UTC
	}
	end := time.Now().In(zone).AddDate(0, 0, 30).Format("2006-01-02") + " 00:00"
	if *asJSON {
		return printJSON(c.stdout, map[string]any{
			"version": 1, "name": "pocket money", "timezone": zone.String(),
			"policy": []map[string]any{
				{"kind": "call", "allow": []map[string]any{{"target": "0x000000000000000000000000000000000000dEaD", "value": "0.01 ETH"}}},
				{"kind": "rate-limit", "count": 20},
				{"kind": "timestamp", "until": end},
				{"kind": "gas", "budget": "0.02 ETH"},
				{"kind": "signature-caller", "callers": []string{}},
			},
		})
	}
	_, err = fmt.Fprintf(c.stdout, examplePolicy, zone, end)
	return err
}

// zoneOf is the time zone of that name, or else of $TZ; nil if there is neither.
func zoneOf(name string) (*time.Location, error) {
	given := name != ""
	if !given {
		name = strings.TrimPrefix(os.Getenv("TZ"), ":")
	}
	if name == "" || name == "Local" || len(name) > 64 {
		if given {
			return nil, usageError("--timezone is no name of a zone: "+clip(name), "such as Europe/Berlin or UTC")
		}
		return nil, nil
	}
	zone, err := time.LoadLocation(name)
	switch {
	case err == nil:
		return zone, nil
	case given:
		return nil, usageError("there is no time zone "+clip(name), "such as Europe/Berlin or UTC")
	}
	return nil, nil // $TZ may be a rule of its own, such as CET-1CEST
}
