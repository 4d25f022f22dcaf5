package main

import (
	"context"
	"flag"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/rescue"
)

// rescueFlags are those of everything that looks at accounts.
type rescueFlags struct {
	network
	rescueSigners
	account string
	flow    string
	tokens  repeated
	json    bool
}

func (f *rescueFlags) flags(fs *flag.FlagSet) {
	f.network.flags(fs)
	f.rescueSigners.flags(fs)
	fs.StringVar(&f.account, "account", "", "`address` of the account; without it the signer leads to it")
	fs.StringVar(&f.flow, "flow", "", "the account is one of Flow: `URL` of any access node, such as https://rest-mainnet.onflow.org")
	fs.Var(&f.tokens, "token", "`address` of an ERC-20 token to look at; may be repeated")
	fs.BoolVar(&f.json, "json", false, "print one JSON object")
}

func (f *rescueFlags) tokenAddresses() (out []common.Address, err error) {
	for _, t := range f.tokens {
		a, err := parseAddress("--token", t)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out, nil
}

// accounts are those that the signers lead to, or the one that is named.
func (f *rescueFlags) accounts(ctx context.Context, c *call, conn *connection) ([]*rescue.Found, error) {
	if f.account == "" {
		return f.find(ctx, c, conn.Chain)
	}
	addr, err := parseAddress("--account", f.account)
	if err != nil {
		return nil, err
	}
	found, err := rescue.Open(ctx, conn.Chain, addr, f.opened...)
	if err != nil {
		return nil, err
	}
	return []*rescue.Found{found}, nil
}

const rescueFindAbout = `
Finds the accounts that a signer leads to, and what they hold: by the user handle of a passkey, by
the key as an account's first signer, and for MetaMask's Hybrid accounts in the node's logs. Kernel
accounts are found by their first owner with index 0. Any other account is opened by --account.

Anybody can make an account that has your key among its signers beside one of theirs: look at all
signers before you pay into what is found, and not at all where it says "as the node says".

  postern rescue find --export export.json --rpc URL --token 0x…
  postern rescue find --security-key auto --rp-id wallet.example --rpc URL`

func rescueFind() verb {
	return verb{name: "find", usage: "[flags]", about: rescueFindAbout, run: runRescueFind}
}

type foundLine struct {
	Address   string           `json:"address"`
	Kind      rescue.Kind      `json:"kind"`
	Deployed  bool             `json:"deployed"`
	Certain   bool             `json:"certain"`
	Threshold uint64           `json:"threshold"`
	Signers   []string         `json:"signers"`
	Balances  []rescue.Balance `json:"balances"`
}

func runRescueFind(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f rescueFlags
	f.flags(fs)
	if _, err := c.parse(fs, 0); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	defer f.close()
	if f.flow != "" {
		return f.findFlow(ctx, c)
	}
	found, conn, err := f.look(ctx, c)
	if err != nil {
		return err
	}
	tokens, err := f.tokenAddresses()
	if err != nil {
		return err
	}
	lines := make([]foundLine, len(found))
	for i, a := range found {
		balances, err := rescue.Balances(ctx, conn.Chain, a.Account.Address(), tokens...)
		if err != nil {
			return err
		}
		lines[i] = foundLine{a.Account.Address().Hex(), a.Kind, a.Deployed, a.Certain, a.Threshold, a.Signers, balances}
	}
	if f.json {
		return printJSON(c.stdout, map[string]any{"accounts": lines})
	}
	for _, l := range lines {
		c.printFound(l)
	}
	return nil
}

func (c *call) printFound(l foundLine) {
	fmt.Fprintf(c.stdout, "%s  %s\n", painter(c.stdout).bold(l.Address), l.Kind)
	if !l.Certain {
		fmt.Fprintln(c.stdout, "  as the node says: do not pay into it before you have looked at its signers")
	}
	if !l.Deployed {
		fmt.Fprintln(c.stdout, "  not on the chain yet: its first operation creates it")
	}
	for _, b := range l.Balances {
		line := "  " + b.String()
		if b.Token != nil {
			line += "  " + b.Token.Hex()
		}
		fmt.Fprintln(c.stdout, plain(line))
	}
	for _, s := range l.Signers {
		fmt.Fprintln(c.stdout, plain("  signer: "+s))
	}
	if l.Threshold > 1 {
		fmt.Fprintf(c.stdout, "  weight %d has to sign\n", l.Threshold)
	}
}

// look opens the keys and the chain, and finds the accounts.
func (f *rescueFlags) look(ctx context.Context, c *call) ([]*rescue.Found, *connection, error) {
	conn, err := f.connect()
	if err != nil {
		return nil, nil, err
	}
	if _, err := conn.onChain(ctx); err != nil {
		return nil, nil, err
	}
	if err := f.rescueSigners.open(ctx, c); err != nil {
		return nil, nil, err
	}
	found, err := f.accounts(ctx, c, conn)
	return found, conn, err
}

// rescueAct are the flags of what sends an operation.
type rescueAct struct {
	rescueFlags
	approvalFlags
	relayKey, maxFee string
	wait             bool
}

func (f *rescueAct) flags(fs *flag.FlagSet) {
	f.rescueFlags.flags(fs)
	fs.StringVar(&f.relayKey, "relay-key", "", "no bundler: carry it in a transaction of this EOA, whose key `file` it is")
	fs.StringVar(&f.maxFee, "max-fee", "", "refuse if the fee may exceed this `amount`")
	fs.BoolVar(&f.wait, "wait", true, "wait for the receipt")
	fs.BoolVar(&f.yes, "yes", false, "do not ask before signing")
}

// one is the account that is meant.
func (f *rescueAct) one(ctx context.Context, c *call) (*rescue.Found, *connection, error) {
	f.approvalFlags.json = f.rescueFlags.json
	found, conn, err := f.look(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	if len(found) > 1 {
		for _, a := range found {
			fmt.Fprintf(c.stderr, "%s  %s\n", a.Account.Address(), a.Kind)
		}
		return nil, nil, usageError("which account?", "the signers lead to several: name one with --account; what each holds: postern rescue find")
	}
	p := payer{relayKey: f.relayKey}
	return found[0], conn, p.apply(conn)
}

// deliverRescue has the operation signed and sent.
func (f *rescueAct) deliverRescue(ctx context.Context, c *call, found *rescue.Found, p *account.Prepared) error {
	file, err := newOpFile(rescueRef{found}, p)
	if err != nil {
		return err
	}
	r, err := c.deliver(ctx, p, file, "", &f.rescueSigners, f.approvalFlags, f.wait)
	if err != nil {
		return err
	}
	return c.printOutcome(p, r, f.approvalFlags.json)
}

// rescueRef is an account that is open already: operations of a rescue are not kept in files.
type rescueRef struct{ found *rescue.Found }

func (r rescueRef) open(context.Context, account.Chain) (account.Account, account.Authority, error) {
	return r.found.Account, r.found.Authority, nil
}

const rescueMoveAbout = `
Sends all that an account holds to another address, in one operation: the tokens that --token
names, and of the chain's coin all but the most that the operation can cost.

Without a bundler, --relay-key FILE carries it in a transaction of any key that has some money for
gas, which the account pays back.

An account of Flow is emptied with --flow: FLOW only, by passkeys; the account pays the fee.

  postern rescue move --to 0x… --export export.json --rpc URL --relay-key gas.json
  postern rescue move --to 0x… --export export.json --flow URL --account 0x…`

func rescueMove() verb {
	return verb{name: "move", usage: "--to ADDRESS [flags]", about: rescueMoveAbout, run: runRescueMove}
}

func runRescueMove(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f rescueAct
	f.flags(fs)
	target := fs.String("to", "", "`address` that gets everything")
	if _, err := c.parse(fs, 0); err != nil {
		return err
	}
	if *target == "" {
		return usageError("where to?", "--to 0x…: an address that is yours, of another wallet")
	}
	if f.flow != "" {
		ctx, cancel := context.WithTimeout(ctx, f.timeout)
		defer cancel()
		defer f.close()
		return f.moveFlow(ctx, c, *target)
	}
	to, err := parseAddress("--to", *target)
	if err != nil {
		return err
	}
	tokens, err := f.tokenAddresses()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	defer f.close()
	found, conn, err := f.one(ctx, c)
	if err != nil {
		return err
	}
	if to == found.Account.Address() {
		return usageError("--to is the account itself", "name another address that is yours")
	}
	balances, err := rescue.Balances(ctx, conn.Chain, found.Account.Address(), tokens...)
	if err != nil {
		return err
	}
	limits, err := (&payer{}).options(f.maxFee)
	if err != nil {
		return err
	}
	p, err := rescue.MoveAll(ctx, conn.Client, found, to, balances, limits...)
	if err != nil {
		return err
	}
	return f.deliverRescue(ctx, c, found, p)
}

const rescueSendAbout = `
Any calls of an account by a rescue's signers: from flags, from a JSON file of calls, or - for
standard input, as in postern op build.

  postern rescue send --to 0x… --value 0.1eth --export export.json --rpc URL --relay-key gas.json
  postern rescue send calls.json --security-key auto --rp-id wallet.example --rpc URL`

func rescueSend() verb {
	return verb{name: "send", usage: "[calls.json|-] [flags]", about: rescueSendAbout, run: runRescueSend}
}

func runRescueSend(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f rescueAct
	var single wireCall
	f.flags(fs)
	single.flags(fs)
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	calls, err := c.callsArgument(rest, single.To)
	if err == nil && calls == nil {
		calls, err = single.calls()
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	defer f.close()
	found, conn, err := f.one(ctx, c)
	if err != nil {
		return err
	}
	limits, err := (&payer{}).options(f.maxFee)
	if err != nil {
		return err
	}
	p, err := account.Prepare(ctx, conn.Client, found.Account, found.Authority, calls, limits...)
	if err != nil {
		return err
	}
	return f.deliverRescue(ctx, c, found, p)
}
