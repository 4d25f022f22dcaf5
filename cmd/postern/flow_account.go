package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
)

const flowAccountAbout = `
Accounts of Flow and their keys.

  postern flow account create dev.json --signer 0x…=sponsor.pem        the signer's account pays
  postern flow account keys 0x…
  postern flow account add-key 0x… phone.json --signer 0x…=dev.json
  postern flow account revoke-key 0x… 0 --signer 0x…=phone.json

Each action has a manual.`

const flowCreateAbout = `
Creates an account with passkeys for its keys and waits until it is there. The account of the first --signer
pays. Signatures need weights of 1000 together: one passkey of 1000, or two with --weight 500, which then sign together.

  postern flow account create dev.json --signer 0xf8d6e0586b0a20c7=service.pem --access http://127.0.0.1:8888
  postern flow account create laptop.json phone.json --weight 500 --signer 0x…=sponsor.pem`

const flowAddAbout = `
Adds passkeys to an account. Keys of the account sign, by --signer; with --payer another account pays, which signs as well.
With --out and without enough signers it is kept for others: postern flow tx sign.`

const flowRevokeAbout = `
Revokes a key of an account, for ever. It is refused if the remaining keys would not reach a weight of 1000
together, because nobody could use the account any more; --lock-account does it all the same.`

func flowAccounts() verb {
	return verb{name: "account", usage: "create|keys|add-key|revoke-key …", about: flowAccountAbout, run: func(ctx context.Context, c *call) error {
		return c.dispatch(ctx, []verb{
			{name: "create", usage: "<passkey>… --signer ADDRESS=FILE [flags]", about: flowCreateAbout, run: runFlowCreate},
			{name: "keys", usage: "<address> [flags]", about: "The keys of an account: number, weight, algorithms, and which a passkey can sign as.", run: runFlowKeys},
			{name: "add-key", usage: "<address> <passkey>… --signer ADDRESS=FILE [flags]", about: flowAddAbout, run: runFlowAdd},
			{name: "revoke-key", usage: "<address> <number> --signer ADDRESS=FILE [flags]", about: flowRevokeAbout, run: runFlowRevoke},
		})
	}}
}

func runFlowCreate(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f flowAct
	f.flags(fs)
	f.signFlags(fs)
	weight := fs.Uint("weight", flow.WeightThreshold, "`weight` of each key, of 1000")
	curve := flowCurve(fs)
	rest, err := c.parse(fs, maxFlowKeys)
	if err != nil {
		return err
	}
	keys, err := flowKeysOn(*curve, rest, *weight)
	if err != nil {
		return err
	}
	if together := len(keys) * int(*weight); together < flow.WeightThreshold {
		return usageError(fmt.Sprintf("nobody could use the account: the keys weigh %d together", together), "an account's signatures need 1000 together: raise --weight, or give more keys")
	}
	script, arguments, err := flow.CreateAccount(keys...)
	if err != nil {
		return err
	}
	if len(f.signers) == 0 {
		return usageError("who pays for the account?", "--signer ADDRESS=FILE, an account with coins and its key")
	}
	if err := f.open(c); err != nil {
		return err
	}
	return f.change(ctx, c, f.opened[0].address, "", script, arguments)
}

// change makes a transaction of one authorizer and has it sent if everybody has signed, else kept.
func (f *flowAct) change(ctx context.Context, c *call, a flow.Address, payer string, script []byte, arguments [][]byte) error {
	t := &flow.Transaction{Script: script, Arguments: arguments, Payer: a, Authorizers: []flow.Address{a}, ProposalKey: flow.ProposalKey{Address: a}}
	if payer != "" {
		var err error
		if t.Payer, err = flow.ParseAddress(payer); err != nil {
			return err
		}
	}
	if err := f.proposes(ctx, t, -1); err != nil {
		return err
	}
	send := !slices.ContainsFunc(t.Signers(), func(a flow.Address) bool {
		return !slices.ContainsFunc(f.opened, func(s *flowSigner) bool { return s.address == a })
	})
	if !send && f.out == "" {
		return usageError("not everybody who must sign is here", "give a --signer for each, the payer too; or keep it for them with --out FILE")
	}
	return f.act(ctx, c, t, send)
}

func runFlowAdd(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f flowAct
	f.flags(fs)
	f.signFlags(fs)
	weight := fs.Uint("weight", flow.WeightThreshold, "`weight` of each key, of 1000")
	curve := flowCurve(fs)
	payer := fs.String("payer", "", "`address` of who pays; default: the account")
	rest, err := c.parse(fs, maxFlowKeys+1)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return usageError("which account?", "postern flow account add-key 0x… phone.json --signer 0x…=dev.json")
	}
	a, err := flow.ParseAddress(rest[0])
	if err != nil {
		return err
	}
	keys, err := flowKeysOn(*curve, rest[1:], *weight)
	if err != nil {
		return err
	}
	script, arguments, err := flow.AddKeys(keys...)
	if err != nil {
		return err
	}
	if err := f.open(c); err != nil {
		return err
	}
	account, err := f.client.Account(ctx, a)
	if err != nil {
		return err
	}
	for _, k := range account.Keys {
		if slices.ContainsFunc(keys, func(n flow.AccountKey) bool { return n.Public == k.Public && !k.Revoked }) {
			return failf("exists", "its keys: postern flow account keys "+a.String(), "key %d of %s is this passkey already", k.Index, a)
		}
	}
	return f.change(ctx, c, a, *payer, script, arguments)
}

func runFlowRevoke(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f flowAct
	f.flags(fs)
	f.signFlags(fs)
	payer := fs.String("payer", "", "`address` of who pays; default: the account")
	lock := fs.Bool("lock-account", false, "revoke it even if nobody can use the account then")
	rest, err := c.parse(fs, 2)
	if err != nil {
		return err
	}
	if len(rest) != 2 {
		return usageError("which key of which account?", "postern flow account revoke-key 0x… 0 --signer 0x…=phone.json")
	}
	a, err := flow.ParseAddress(rest[0])
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(rest[1], 10, 32)
	if err != nil {
		return usageError("no key has the number "+clip(rest[1]), "the numbers: postern flow account keys "+a.String())
	}
	if err := f.open(c); err != nil {
		return err
	}
	account, err := f.client.Account(ctx, a)
	if err != nil {
		return err
	}
	if err := revocable(account, uint32(n), *lock); err != nil {
		return err
	}
	script, arguments := flow.RevokeKey(uint32(n))
	return f.change(ctx, c, a, *payer, script, arguments)
}

// revocable says whether a key can go without locking the account.
func revocable(a access.Account, index uint32, lock bool) error {
	rest, found := 0, false
	for _, k := range a.Keys {
		switch {
		case k.Index == index && k.Revoked:
			return &flow.Error{Cause: flow.ErrRevoked, Where: fmt.Sprintf("key %d", index), Way: "It is revoked already; there is nothing to do."}
		case k.Index == index:
			found = true
		case !k.Revoked:
			rest += int(k.Weight)
		}
	}
	if !found {
		return failf("no-such-key", "its keys: postern flow account keys "+a.Address.String(), "%s has no key %d", a.Address, index)
	}
	if rest < flow.WeightThreshold && !lock {
		return failf("locks-account", "add another key first: postern flow account add-key; --lock-account revokes it all the same",
			"nobody could use %s any more: the remaining keys weigh %d together, and %d are needed", a.Address, rest, flow.WeightThreshold)
	}
	return nil
}

type flowKeyRow struct {
	Index     uint32             `json:"index"`
	PublicKey string             `json:"publicKey"`
	Curve     flow.Curve         `json:"signatureAlgorithm"`
	Hash      flow.HashAlgorithm `json:"hashAlgorithm"`
	Weight    uint16             `json:"weight"`
	Sequence  uint64             `json:"sequenceNumber"`
	Revoked   bool               `json:"revoked"`
	Passkey   bool               `json:"passkeyCanSign"` // its algorithms are a passkey's; whether it is one, the chain does not know
}

func runFlowKeys(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f flowAct
	f.flags(fs)
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return usageError("which account?", "postern flow account keys 0x…")
	}
	a, err := flow.ParseAddress(rest[0])
	if err != nil {
		return err
	}
	if err := f.open(c); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	account, err := f.client.Account(ctx, a)
	if err != nil {
		return err
	}
	rows := []flowKeyRow{}
	for _, k := range account.Keys {
		rows = append(rows, flowKeyRow{k.Index, k.PublicHex(), k.Curve, k.Hash, k.Weight, k.SequenceNumber, k.Revoked, k.Fits() == nil})
	}
	if f.json {
		return printJSON(c.stdout, map[string]any{"address": a.String(), "balance": flowAmount(account.Balance), "keys": rows})
	}
	p := painter(c.stdout)
	fmt.Fprintf(c.stdout, "%s  %s\n", p.bold("Flow account "+a.String()), flowAmount(account.Balance))
	for _, k := range rows {
		what := fmt.Sprintf("weight %d, %s with %s, sequence number %d", k.Weight, plain(string(k.Curve)), plain(string(k.Hash)), k.Sequence)
		switch {
		case k.Revoked:
			what += ", " + p.red("revoked")
		case !k.Passkey:
			what += ", no passkey's"
		}
		fmt.Fprintf(c.stdout, "  key %-3d %s\n          %s\n", k.Index, what, k.PublicKey)
	}
	return nil
}
