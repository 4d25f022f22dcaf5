package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/userop"
)

const keyAbout = `
A key in a file, for development and for scripts: it signs without anybody being asked.
Nothing of value belongs to its account.

  postern key new dev.json               a software passkey; readable by you alone (0600)
  postern key new owner.json --type eoa  an ordinary account's key (secp256k1), such as the
                                         owner of a MetaMask account: see postern help hybrid
  postern key show dev.json              what may be shown of it, and its accounts
  postern key fund dev.json              coins from a local chain's faucet (postern up)
  postern key fund 0x…                   the same for any address, or account of hybrid or kernel --save

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
	File         string            `json:"file,omitempty"`
	Address      string            `json:"address,omitempty"` // of an EOA
	PublicKey    string            `json:"publicKey,omitempty"`
	CredentialID string            `json:"credentialId,omitempty"`
	RPID         string            `json:"rpId,omitempty"`
	Origin       string            `json:"origin,omitempty"`
	Salt         string            `json:"salt,omitempty"`
	Accounts     map[string]string `json:"accounts,omitempty"` // address by EntryPoint version
	TxHash       string            `json:"txHash,omitempty"`
	Token        string            `json:"token,omitempty"` // that was given
}

func runKey(ctx context.Context, c *call) error {
	fs := c.newFlags()
	kind := fs.String("type", "passkey", "new: `kind` of key, passkey or eoa")
	rpID := fs.String("rp-id", "localhost", "new: relying party `domain` of the passkey")
	origin := fs.String("origin", "http://localhost:8080", "new: `origin` that it signs for")
	rpc := fs.String("rpc", "", "fund: `URL` of the local chain (default $POSTERN_RPC)")
	token := fs.Bool("token", false, "fund: the test token that the paymaster takes, in place of coins")
	version := fs.String("entry-point", "0.8", "fund: EntryPoint `version` of the passkey's account")
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 2)
	if err != nil {
		return err
	}
	if len(rest) != 2 {
		return usageError("an action and a file are needed", "postern key new dev.json")
	}
	action, path := rest[0], rest[1]
	var info keyInfo
	switch action {
	case "new":
		info, err = newKey(path, *kind, *rpID, *origin)
	case "show":
		info, err = showKey(path)
	case "fund":
		info, err = fundKey(ctx, path, *rpc, *version, *token)
	default:
		return usageError("there is no action "+clip(action), "postern key new|show|fund <file>")
	}
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(c.stdout, info)
	}
	c.printKey(info, action)
	return nil
}

func newKey(path, kind, rpID, origin string) (keyInfo, error) {
	switch kind {
	case "eoa":
		k, err := createOwnerFile(path)
		if err != nil {
			return keyInfo{}, err
		}
		return keyInfo{File: path, Address: k.String()}, nil
	case "passkey":
		k, err := createKeyFile(path, rpID, origin)
		if err != nil {
			return keyInfo{}, err
		}
		return k.info(path)
	}
	return keyInfo{}, usageError("there is no type "+clip(kind), "passkey, or eoa for an ordinary account's key")
}

func showKey(path string) (keyInfo, error) {
	text, err := readSecret(path)
	if err != nil {
		return keyInfo{}, err
	}
	if k, err := parseOwnerKey(text); err == nil {
		return keyInfo{File: path, Address: k.String()}, nil
	}
	k, err := parseKeyFile(path, text)
	if err != nil {
		return keyInfo{}, err
	}
	return k.info(path)
}

// fundKey asks the faucet for coins: for an address, an EOA, or a passkey's account.
func fundKey(ctx context.Context, path, rpc, version string, token bool) (info keyInfo, err error) {
	to, _, err := hybridFiles.parse("the address", path)
	if kernel, _, ok := kernelFiles.parse("the address", path); ok == nil {
		to, err = kernel, nil
	}
	if err == nil || strings.HasPrefix(path, "0x") {
		info.Address = to.Hex()
	} else if info, err = showKey(path); err == nil {
		ep, wrong := parseEntryPoint(version)
		if wrong != nil {
			return info, wrong
		}
		to = common.HexToAddress(or(info.Address, info.Accounts[ep.Version()]))
		if to == (common.Address{}) {
			return info, usageError("Postern's account does not work with EntryPoint "+ep.Version(), "choose 0.7, 0.8 or 0.9")
		}
	}
	if err != nil {
		return info, err
	}
	url, err := rpcURL(rpc)
	if err != nil {
		return info, err
	}
	chain, err := bundler.NewChain(url, bundler.Options{})
	if err != nil {
		return info, usageError("--rpc is no URL", "it starts with http:// or https://")
	}
	var hash common.Hash
	method := "postern_faucet"
	if token {
		method = "postern_tokenFaucet"
	}
	if err := chain.CallContext(ctx, &hash, method, to); err != nil {
		hint := hintOf(err)
		if e, ok := errors.AsType[*bundler.RPCError](err); ok && e.Code == bundler.CodeMethodNotFound {
			hint = "only a chain of postern up has a faucet; elsewhere send coins to " + to.Hex()
		}
		return info, failf("no-faucet", hint, "no coins from the faucet: %w", err)
	}
	info.TxHash = hash.Hex()
	if token {
		var tx struct{ To common.Address }
		if err := chain.CallContext(ctx, &tx, "eth_getTransactionByHash", hash); err != nil {
			return info, fmt.Errorf("look which token it is: %w", err)
		}
		info.Token = tx.To.Hex()
	}
	return info, nil
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

func (c *call) printKey(info keyInfo, action string) {
	p := painter(c.stdout)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(c.stdout, "  %-14s %s\n", name, plain(value))
		}
	}
	if info.File != "" {
		fmt.Fprintf(c.stdout, "%s %s\n", p.yellow("development key"), plain(info.File))
	}
	row("address", info.Address)
	row("public key", info.PublicKey)
	row("credential id", info.CredentialID)
	if info.RPID != "" {
		row("signs for", info.RPID+" at "+info.Origin)
	}
	for _, v := range slices.Sorted(maps.Keys(info.Accounts)) {
		row("account", info.Accounts[v]+" on EntryPoint "+v)
	}
	row("funded by", info.TxHash)
	row("with token", info.Token)
	if action == "new" {
		next := "postern key fund " + info.File
		if os.Getenv("POSTERN_RPC") == "" {
			next += " --rpc http://localhost:8080/rpc"
		}
		if info.Address != "" {
			next = "postern hybrid create --owner-key " + info.File + ", or postern kernel create"
		}
		fmt.Fprintf(c.stdout, "The file is unprotected: for development only. Next: %s\n", plain(next))
	}
}
