package main

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/userop"
)

const keyAbout = `
A software passkey in a file, for development and for scripts: it signs without anybody
being asked. Nothing of value belongs to its account.

  postern key new dev.json     make one; the file is readable by you alone (0600)
  postern key show dev.json    its public key and its account on each EntryPoint
  postern key fund dev.json    coins from a local chain's faucet (postern up)

The secret never leaves the file: no command prints it or takes it as an argument.`

func keyCommand() command {
	return command{
		name:    "key",
		summary: "make, show and fund a development key",
		usage:   "new|show|fund <file> [flags]",
		about:   keyAbout,
		run:     runKey,
	}
}

// keyInfo is what may be shown of a key.
type keyInfo struct {
	File         string            `json:"file"`
	PublicKey    string            `json:"publicKey"`
	CredentialID string            `json:"credentialId"`
	RPID         string            `json:"rpId"`
	Origin       string            `json:"origin"`
	Salt         string            `json:"salt"`
	Accounts     map[string]string `json:"accounts"` // address by EntryPoint version
	TxHash       string            `json:"txHash,omitempty"`
}

func runKey(ctx context.Context, c *call) error {
	fs := c.newFlags()
	rpID := fs.String("rp-id", "localhost", "new: relying party `domain` of the passkey")
	origin := fs.String("origin", "http://localhost:8080", "new: `origin` that it signs for")
	rpc := fs.String("rpc", "", "fund: `URL` of the local chain (default $POSTERN_RPC)")
	version := fs.String("entry-point", "0.8", "fund: EntryPoint `version` of the account")
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 2)
	if err != nil {
		return err
	}
	if len(rest) != 2 {
		return usageError("an action and a file are needed", "postern key new dev.json")
	}
	action, path := rest[0], rest[1]
	var key *devKey
	switch action {
	case "new":
		key, err = createKeyFile(path, *rpID, *origin)
	case "show", "fund":
		key, err = openKeyFile(path)
	default:
		return usageError("there is no action "+clip(action), "postern key new|show|fund <file>")
	}
	if err != nil {
		return err
	}
	info, err := key.info(path)
	if err != nil {
		return err
	}
	if action == "fund" {
		if err := key.fund(ctx, &info, *rpc, *version); err != nil {
			return err
		}
	}
	if *asJSON {
		return printJSON(c.stdout, info)
	}
	c.printKey(info, action)
	return nil
}

func (k *devKey) info(path string) (keyInfo, error) {
	info := keyInfo{
		File: path, PublicKey: k.credential.Key.String(), CredentialID: base64.RawURLEncoding.EncodeToString(k.credential.ID),
		RPID: k.file.RPID, Origin: k.file.Origin, Salt: k.file.Salt, Accounts: map[string]string{},
	}
	for _, ep := range []userop.EntryPoint{userop.V07, userop.V08, userop.V09} {
		acct, err := k.account(ep)
		if err != nil {
			return info, err
		}
		info.Accounts[ep.Version()] = acct.Address().Hex()
	}
	return info, nil
}

func (k *devKey) fund(ctx context.Context, info *keyInfo, rpc, version string) error {
	ep, err := parseEntryPoint(version)
	if err != nil {
		return err
	}
	acct, err := k.account(ep)
	if err != nil {
		return err
	}
	url, err := rpcURL(rpc)
	if err != nil {
		return err
	}
	chain, err := bundler.NewChain(url, bundler.Options{})
	if err != nil {
		return err
	}
	var hash common.Hash
	if err := chain.CallContext(ctx, &hash, "postern_faucet", acct.Address()); err != nil {
		return failf("no-faucet", or(hintOf(err), "only a chain of postern up has a faucet; elsewhere send coins to the account"), "no coins from the faucet: %w", err)
	}
	info.TxHash = hash.Hex()
	return nil
}

func (c *call) printKey(info keyInfo, action string) {
	p := painter(c.stdout)
	fmt.Fprintf(c.stdout, "%s %s\n", p.yellow("development key"), plain(info.File))
	fmt.Fprintf(c.stdout, "  public key     %s\n", info.PublicKey)
	fmt.Fprintf(c.stdout, "  credential id  %s\n", info.CredentialID)
	fmt.Fprintf(c.stdout, "  signs for      %s at %s\n", plain(info.RPID), plain(info.Origin))
	for _, v := range []string{"0.7", "0.8", "0.9"} {
		fmt.Fprintf(c.stdout, "  account        %s on EntryPoint %s\n", info.Accounts[v], v)
	}
	switch action {
	case "new":
		fmt.Fprintf(c.stdout, "The file is unprotected: for development only. Next: postern key fund %s --rpc http://localhost:8080/rpc\n", plain(info.File))
	case "fund":
		fmt.Fprintf(c.stdout, "  funded by      %s\n", info.TxHash)
	}
}
