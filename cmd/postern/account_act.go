package main

import (
	"context"
	"flag"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/account/webauthn"
)

// An accountAct is a call of an account that anybody may make, on its way: as an operation of
// the account, as a transaction of somebody else, or written down.
type accountAct struct {
	accountFlags
	approvalFlags
	payer         payer
	ownerKey, out string
	maxFee        string
	wait, show    bool

	*openAccount
	call *call
}

func (a *accountAct) flags(fs *flag.FlagSet) {
	a.ownFlags(fs)
	fs.StringVar(&a.ownerKey, "owner-key", "", "somebody else pays: `file` with the key of an EOA, or - for standard input (default $"+ownerEnv+")")
	fs.BoolVar(&a.show, "call", false, "print the call and send nothing")
}

// ownFlags are those of what only the account may do.
func (a *accountAct) ownFlags(fs *flag.FlagSet) {
	a.accountFlags.flags(fs)
	a.payer.flags(fs)
	fs.StringVar(&a.maxFee, "max-fee", "", "refuse if the fee may exceed this `amount` (of a transaction: default 0.05eth)")
	fs.StringVar(&a.out, "out", "", "keep the operation in this `file`; without a key here it is not sent but prepared")
	fs.BoolVar(&a.wait, "wait", true, "wait for the receipt")
	fs.BoolVar(&a.yes, "yes", false, "do not ask before signing")
	fs.BoolVar(&a.json, "json", false, "print one JSON object")
}

// open reads the account. What the EOA's key may be for is known before the node is asked.
func (a *accountAct) open(ctx context.Context, verb string, rest []string) error {
	if len(a.keys) > 0 && a.ownerKey != "" {
		return usageError("--key and --owner-key exclude each other", "--key makes an operation of the account, --owner-key a transaction of somebody else")
	}
	var err error
	a.openAccount, err = a.accountFlags.open(ctx, verb, rest)
	return err
}

// done is what became of it.
type done struct {
	Account string   `json:"account"`
	Passkey string   `json:"passkey,omitempty"` // public key
	Path    string   `json:"p256Path,omitempty"`
	Words   string   `json:"verified,omitempty"` // in words
	Already bool     `json:"already"`            // it was so: nothing was sent
	Receipt *receipt `json:"receipt,omitempty"`  // of an operation
	// Of a transaction, and of --call.
	TxHash *common.Hash    `json:"txHash,omitempty"`
	Gas    uint64          `json:"gasUsed,omitempty"`
	To     *common.Address `json:"to,omitempty"`
	Data   hexutil.Bytes   `json:"data,omitempty"`
}

// run brings calls to the chain and says how signatures of the passkey are verified then. open
// is what anybody may send; nil if only the account may.
func (a *accountAct) run(ctx context.Context, s webauthn.Signer, calls []account.Call, open *account.Call) error {
	out := &done{Account: a.acct.Address().Hex()}
	switch {
	case a.show && open == nil:
		return errAccountOnly
	case a.show:
		out.To, out.Data = &open.To, open.Data
		return a.print(out)
	case !a.passkey.IsZero() && a.ownerKey == "":
		r, err := a.operate(ctx, calls)
		if err != nil || r == nil {
			return err
		}
		if !r.Success {
			return a.call.printReceipt(r, a.json)
		}
		out.Receipt = wireReceipt(r)
		if !a.json {
			if err := a.call.printReceipt(r, false); err != nil {
				return err
			}
		}
	case open == nil:
		return errAccountOnly
	default:
		words, _ := a.acct.DescribeCall(*open)
		tx, err := a.transact(ctx, words, *open)
		if err != nil {
			return err
		}
		out.TxHash, out.Gas = &tx.Hash, uint64(tx.GasUsed)
	}
	now, err := webauthn.At(ctx, a.conn.Chain, a.acct.Address())
	if err != nil {
		return err
	}
	a.acct, a.deployed = now, true
	a.tell(out, s)
	return a.print(out)
}

var errAccountOnly = usageError("nobody but the account may do this", "--key FILE, or --public-key with --out, for an operation of the account")

// tell writes down how signatures of a passkey are verified.
func (a *accountAct) tell(out *done, s webauthn.Signer) {
	key, _, ok := s.Passkey()
	path, known := a.acct.P256Path(s)
	if !ok || !known {
		return
	}
	out.Passkey, out.Path, out.Words = key.String(), fmt.Sprintf("0x%02x", byte(path)), path.String()
}

// operate makes an operation of the account; no receipt if none was waited for, or if it is
// prepared for a passkey elsewhere.
func (a *accountAct) operate(ctx context.Context, calls []account.Call) (*account.Receipt, error) {
	if a.spec.RPID == "" || len(a.spec.Origins) == 0 {
		return nil, usageError("the passkey's --rp-id and --origin are missing", "for example: --rp-id example.org --origin https://example.org; --key FILE for a development key")
	}
	limits, err := a.payer.options(a.maxFee)
	if err != nil {
		return nil, err
	}
	if err := a.payer.apply(a.conn); err != nil {
		return nil, err
	}
	auth, err := a.spec.authority(a.acct, a.passkey)
	if err != nil {
		return nil, err
	}
	p, err := account.Prepare(ctx, a.conn.Client, guardian.Account{Account: a.acct}, auth, calls, limits...)
	if err != nil {
		return nil, err
	}
	file, err := newOpFile(&a.spec, p)
	if err != nil {
		return nil, err
	}
	if len(a.with) > 0 {
		return nil, a.call.begin(ctx, p, file, a.out, a.local(), a.approvalFlags)
	}
	if signer := a.local(); signer != nil {
		r, err := a.call.deliver(ctx, p, file, a.out, signer, a.approvalFlags, a.wait)
		if err == nil && r == nil {
			err = a.call.printSent(p.Hash(), a.json)
		}
		return r, err
	}
	return nil, a.call.leave(p, file, a.out, a.json)
}

// transact sends the call from somebody else's account; words say what it does.
func (a *accountAct) transact(ctx context.Context, words string, open account.Call) (*minedTx, error) {
	if err := a.needed(); err != nil {
		return nil, err
	}
	return a.call.transact(ctx, a.conn, a.chainID, payment{a.ownerKey, a.maxFee, a.approvalFlags, "--key FILE for an operation of the account, --owner-key FILE for a transaction of any EOA; or --call, and send it with a wallet"}, words, open)
}

// A payment says who sends what anybody may send, and what it may cost.
type payment struct {
	ownerKey, maxFee string
	approvalFlags
	nobody string // the way out where nobody is named
}

// transact sends the call from the account of who pays; words say what it does.
func (c *call) transact(ctx context.Context, conn *connection, chain *big.Int, f payment, words string, open account.Call) (*minedTx, error) {
	most, err := parseAmount(or(f.maxFee, "0.05eth"))
	if err != nil {
		return nil, err
	}
	payer, err := openOwnerKey(f.ownerKey, c.stdin)
	if err != nil {
		return nil, err
	}
	if payer == nil {
		return nil, usageError("nobody is named who sends it", f.nobody)
	}
	sender := &eoaSender{node: conn.node, payer: payer, most: most, chain: chain, ask: func(what string, cost *big.Int) error {
		if !f.json {
			fmt.Fprintf(c.stdout, "%s: at most %s ETH on chain %s\n", what, account.Ether(cost), chain)
		}
		return c.askBefore(ctx, f.approvalFlags)
	}}
	return sender.send(ctx, words, open.To, open.Data)
}

func (a *accountAct) print(d *done) error {
	out := a.call.stdout
	if a.json {
		return printJSON(out, d)
	}
	row := func(name, value string) { fmt.Fprintf(out, "  %-9s %s\n", name, value) }
	switch {
	case d.To != nil:
		fmt.Fprintln(out, "Send this from any account:")
		row("to", d.To.Hex())
		row("data", d.Data.String())
	case d.TxHash != nil:
		fmt.Fprintln(out, "done")
		row("gas", fmt.Sprint(d.Gas))
		row("in", d.TxHash.Hex())
	case d.Already:
		fmt.Fprintln(out, "It is so already: nothing was sent.")
	}
	if d.Words != "" {
		row("verified", d.Words)
	}
	return nil
}
