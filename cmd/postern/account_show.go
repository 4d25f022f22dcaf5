package main

import (
	"context"
	"fmt"
	"math/big"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/seal"
)

const accountShowAbout = `
Who signs for an account, as the chain has it now, and how each passkey's signatures are
verified. Of an account that is not on the chain yet, how they will be.

  postern account show 0x… --rpc URL
  postern account show --key dev.json`

func accountShow() verb {
	return verb{name: "show", usage: "[address] [flags]", about: accountShowAbout, run: runAccountShow}
}

// accountInfo is what a chain says of an account.
type accountInfo struct {
	Account    string       `json:"account"`
	ChainID    string       `json:"chainId"`
	Deployed   bool         `json:"deployed"`
	EntryPoint string       `json:"entryPoint"`
	Balance    string       `json:"balanceWei"`
	Threshold  uint64       `json:"threshold"`
	Signers    []signerInfo `json:"signers"`
	P256VERIFY bool         `json:"p256verify"` // the chain has it
	Probe      bool         `json:"probe"`      // the account does not know it: postern account probe

	balance *big.Int
}

// signerInfo is one signer of an account.
type signerInfo struct {
	Name      string `json:"name"`
	Signer    string `json:"signer"` // bytes on chain
	Weight    uint64 `json:"weight"`
	PublicKey string `json:"publicKey,omitempty"`
	// Of a passkey: how its signatures are verified, as a byte and in words.
	Path     string `json:"p256Path,omitempty"`
	Verified string `json:"verified,omitempty"`
	Table    string `json:"table,omitempty"` // address of the table in use
	Advice   string `json:"advice,omitempty"`
}

func runAccountShow(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f accountFlags
	f.flags(fs)
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	o, err := f.open(ctx, "show", rest)
	if err != nil {
		return err
	}
	info, err := o.info(ctx)
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(c.stdout, info)
	}
	c.printAccount(info)
	return nil
}

func (o *openAccount) info(ctx context.Context) (*accountInfo, error) {
	id, err := o.conn.Chain.ChainID(ctx)
	if err != nil {
		return nil, err
	}
	a := o.acct
	balance, err := o.conn.Chain.Balance(ctx, a.Address())
	if err != nil {
		return nil, fmt.Errorf("read the balance of %s: %w", a.Address(), err)
	}
	has, err := o.conn.node.HasP256(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask for P256VERIFY: %w", err)
	}
	out := &accountInfo{Account: a.Address().Hex(), ChainID: id.String(), Deployed: o.deployed, EntryPoint: a.EntryPoint().Version(),
		Balance: balance.String(), Threshold: a.Threshold(), P256VERIFY: has, balance: balance}
	for _, m := range a.Members() {
		path, ok := o.path(ctx, m.Signer)
		out.Signers = append(out.Signers, describeSigner(m, path, ok))
		out.Probe = out.Probe || o.deployed && ok && (path == seal.PathPrecompile) != has
	}
	return out, nil
}

func describeSigner(m webauthn.Member, path webauthn.P256Path, known bool) signerInfo {
	out := signerInfo{Name: webauthn.Name(m.Signer), Signer: m.Signer.String(), Weight: m.Weight}
	key, _, isPasskey := m.Signer.Passkey()
	switch {
	case !isPasskey:
		return out
	case !known:
		out.PublicKey, out.Verified = key.String(), "in a way that the contract does not tell"
		return out
	}
	out.PublicKey, out.Path, out.Verified = key.String(), fmt.Sprintf("0x%02x", byte(path)), path.String()
	format, hasTable := path.Table()
	if k, err := p256table.NewKey(key.X(), key.Y()); hasTable && err == nil {
		if at, err := contracts.TableAddress(format, k); err == nil {
			out.Table = at.Hex()
		}
	}
	if n, ok := webauthn.PaysAfter(0, p256table.Format1k); ok && path == seal.PathNone {
		out.Advice = fmt.Sprintf("a table of 1k pays after %d signatures: postern account table --use 1k", n)
	}
	return out
}

func (c *call) printAccount(info *accountInfo) {
	p := painter(c.stdout)
	fmt.Fprintf(c.stdout, "Postern account %s\n", p.bold(info.Account))
	chain := "on chain " + info.ChainID
	if !info.Deployed {
		chain = "not on chain " + info.ChainID + " yet"
	}
	fmt.Fprintf(c.stdout, "  %s, EntryPoint %s, holds %s ETH, threshold %d\n", chain, info.EntryPoint, account.Ether(info.balance), info.Threshold)
	for _, s := range info.Signers {
		fmt.Fprintf(c.stdout, "  signer    %s, weight %d\n", plain(s.Name), s.Weight)
		if s.PublicKey != "" {
			fmt.Fprintf(c.stdout, "            %s\n", p.dim("public key "+s.PublicKey))
		}
		if s.Verified != "" {
			fmt.Fprintf(c.stdout, "  verified  %s\n", plain(s.Verified))
		}
		if s.Table != "" {
			fmt.Fprintf(c.stdout, "            %s\n", p.dim("table at "+s.Table))
		}
		if s.Advice != "" && !info.Probe && !info.P256VERIFY {
			fmt.Fprintf(c.stdout, "            %s\n", p.dim(s.Advice))
		}
	}
	switch {
	case info.Probe && info.P256VERIFY:
		fmt.Fprintln(c.stdout, p.yellow("  the chain has P256VERIFY and the account does not know it")+": postern account probe makes every operation cheaper")
	case info.Probe:
		fmt.Fprintln(c.stdout, p.red("  the account counts on P256VERIFY and the chain has none")+": postern account probe, before the passkeys can sign again")
	}
}
