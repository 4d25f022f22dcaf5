package main

import (
	"encoding/json"
	"flag"
	"math/big"
	"os"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/bundler"
)

// A payer says who pays the fee, if it is not the account itself, and who carries the
// operation, if it is not a bundler.
type payer struct{ url, context, token, maxToken, relayKey string }

func (p *payer) flags(fs *flag.FlagSet) {
	fs.StringVar(&p.url, "paymaster", "", "`URL` of a paymaster (ERC-7677) that pays the fee (default $POSTERN_PAYMASTER)")
	fs.StringVar(&p.context, "paymaster-context", "", "`JSON` object that the paymaster wants, such as {\"sponsorshipPolicyId\":\"…\"}")
	fs.StringVar(&p.token, "token", "", "pay the paymaster in the ERC-20 token at this `address`")
	fs.StringVar(&p.maxToken, "max-token", "", "refuse if more than so many `units` of the token may be charged")
	fs.StringVar(&p.relayKey, "relay-key", "", "no bundler: carry it in a transaction of this EOA, whose key `file` it is")
}

// apply puts paymaster and relayer into the connection.
func (p *payer) apply(conn *connection) (err error) {
	if conn.Paymaster, err = p.open(); err != nil || p.relayKey == "" {
		return err
	}
	key, err := readOwnerFile(p.relayKey)
	if err != nil {
		return err
	}
	conn.Bundler = &account.Relayer{Node: conn.node, Chain: conn.node, Key: key.key}
	return nil
}

// options are what --max-fee and --max-token allow.
func (p *payer) options(maxFee string) ([]account.Option, error) {
	var out []account.Option
	if maxFee != "" {
		limit, err := parseAmount(maxFee)
		if err != nil {
			return nil, err
		}
		out = append(out, account.WithFeeLimit(limit))
	}
	if p.maxToken != "" {
		units, ok := new(big.Int).SetString(p.maxToken, 10)
		if !ok || units.Sign() < 0 || p.token == "" {
			return nil, usageError("--max-token needs --token and a whole number of units, not "+clip(p.maxToken), "the smallest units of the token: 1000000 is 1 of a token with 6 decimals")
		}
		out = append(out, account.WithTokenLimit(units))
	}
	return out, nil
}

// open returns the paymaster; nil if the account pays.
func (p *payer) open() (account.Paymaster, error) {
	url := or(p.url, os.Getenv("POSTERN_PAYMASTER"))
	if url == "" {
		if p.token != "" || p.context != "" {
			return nil, usageError("no paymaster is given", "set --paymaster or POSTERN_PAYMASTER to the URL of the service that is to pay")
		}
		return nil, nil
	}
	var context json.RawMessage
	if p.context != "" {
		var object map[string]json.RawMessage
		if err := json.Unmarshal([]byte(p.context), &object); err != nil || object == nil {
			return nil, usageError("--paymaster-context is no JSON object: "+clip(p.context), `for example '{"sponsorshipPolicyId":"sp_…"}'`)
		}
		context = json.RawMessage(p.context)
	}
	noURL := usageError("--paymaster is no URL", "it starts with http:// or https://")
	if p.token == "" {
		out, err := bundler.NewPaymaster(url, bundler.Options{}, context)
		if err != nil {
			return nil, noURL
		}
		return out, nil
	}
	if context != nil {
		return nil, usageError("--token and --paymaster-context exclude each other", `the token is the context: {"token":"0x…"}`)
	}
	token, err := parseAddress("--token", p.token)
	if err != nil {
		return nil, err
	}
	out, err := bundler.NewTokenPaymaster(url, bundler.Options{}, token)
	if err != nil {
		return nil, noURL
	}
	return out, nil
}
