package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
)

const hybridSignersAbout = `
Who can sign for an account, as the chain has it now: the owner and the passkeys, with
their credential ids where the account's events tell them. A passkey that you name by
--passkey is recognised, and its provider shown where its registration says it.

  postern hybrid signers 0x… --rpc URL`

func hybridSigners() verb {
	return verb{name: "signers", usage: "<address|file> [flags]", about: hybridSignersAbout, run: runHybridSigners}
}

// signersInfo is what the chain says of an account.
type signersInfo struct {
	Account           string       `json:"account"`
	ChainID           string       `json:"chainId"`
	Kind              string       `json:"kind"` // hybrid, or stateless7702
	Framework         string       `json:"framework"`
	EntryPoint        string       `json:"entryPoint"`
	Implementation    string       `json:"implementation"`
	DelegationManager string       `json:"delegationManager"`
	Owner             *string      `json:"owner"` // null: there is none
	Keys              []keyOnChain `json:"keys"`
	Balance           string       `json:"balanceWei"`

	balance *big.Int
}

// keyOnChain is one P-256 key of an account.
type keyOnChain struct {
	Hash         common.Hash `json:"hash"`                   // of the text
	ID           string      `json:"id,omitempty"`           // the text
	CredentialID string      `json:"credentialId,omitempty"` // base64url, if the text is the kit's
	PublicKey    string      `json:"publicKey,omitempty"`
	File         string      `json:"file,omitempty"` // of --passkey that is this key
	Provider     string      `json:"provider,omitempty"`
}

func runHybridSigners(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var n network
	n.flags(fs)
	address := fs.String("account", "", "the `account`, in place of the argument")
	var contracts string
	environmentFlag(fs, &contracts)
	var passkeys repeated
	fs.Var(&passkeys, "passkey", "a `passkey` to recognise, as for add-key; may be repeated")
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	text := *address
	if len(rest) == 1 {
		if text != "" {
			return usageError("the account is named twice", "give one of them")
		}
		text = rest[0]
	}
	if text == "" {
		return usageError("which account?", "postern hybrid signers 0x…")
	}
	addr, made, err := hybridFiles.parse("the account", text)
	if err != nil {
		return err
	}
	known, err := parsePasskeyRefs(passkeys)
	if err != nil {
		return err
	}
	conn, err := n.connect()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	spec := &hybridSpec{Address: addr}
	if spec.Environment, err = readEnvironment(contracts); err != nil {
		return err
	}
	if spec.Environment == nil && made != nil {
		spec.Environment = made.Environment
	}
	info, err := readSigners(ctx, conn, spec, append(keysOf(known), made.keys()...), known)
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(c.stdout, info)
	}
	c.printSigners(info)
	return nil
}

func readSigners(ctx context.Context, conn *connection, spec *hybridSpec, texts []hybrid.Key, known []passkeyRef) (*signersInfo, error) {
	id, err := conn.Chain.ChainID(ctx)
	if err != nil {
		return nil, err
	}
	if conn.ChainID != nil && conn.ChainID.Cmp(id) != 0 {
		return nil, &account.WrongChainError{Who: "the node", Want: conn.ChainID, Got: id}
	}
	addr := spec.Address
	acct, err := spec.account(ctx, conn.Chain, texts...)
	if err != nil {
		return nil, err
	}
	balance, err := conn.Chain.Balance(ctx, addr)
	if err != nil {
		return nil, fmt.Errorf("read the balance of %s: %w", addr, err)
	}
	d := acct.Deployment()
	info := &signersInfo{Account: addr.Hex(), ChainID: id.String(), Kind: "stateless7702", Framework: d.Version, EntryPoint: d.EntryPoint.Version(),
		Implementation: d.Stateless.Hex(), DelegationManager: d.DelegationManager.Hex(), Owner: ownerText(addr), Keys: []keyOnChain{}, Balance: balance.String(), balance: balance}
	if a, ok := acct.(*hybrid.Account); ok {
		info.Kind, info.Implementation, info.Owner = "hybrid", d.Implementation.Hex(), ownerText(a.Owner())
		for _, k := range a.Keys() {
			info.Keys = append(info.Keys, describeKey(k, known))
		}
	}
	return info, nil
}

func keysOf(refs []passkeyRef) []hybrid.Key {
	out := make([]hybrid.Key, len(refs))
	for i, r := range refs {
		out[i] = r.key()
	}
	return out
}

func describeKey(k hybrid.Key, known []passkeyRef) keyOnChain {
	out := keyOnChain{Hash: k.Hash, ID: k.ID}
	if id, ok := k.Credential(); ok {
		out.CredentialID = base64.RawURLEncoding.EncodeToString(id)
	}
	if !k.Public.IsZero() {
		out.PublicKey = k.Public.String()
	}
	for _, r := range known {
		if r.key().Hash == k.Hash || r.public == k.Public {
			out.File, out.Provider = r.name, r.provider
		}
	}
	return out
}

func (c *call) printSigners(info *signersInfo) {
	p := painter(c.stdout)
	kind := "MetaMask Hybrid account"
	if info.Kind != "hybrid" {
		kind = "MetaMask EIP-7702 account"
	}
	fmt.Fprintf(c.stdout, "%s %s\n", kind, p.bold(info.Account))
	fmt.Fprintf(c.stdout, "  on chain %s, framework %s, EntryPoint %s, holds %s ETH\n", info.ChainID, info.Framework, info.EntryPoint, account.Ether(info.balance))
	if info.Owner == nil {
		fmt.Fprintln(c.stdout, "  owner    nobody: the passkeys are all")
	} else {
		fmt.Fprintf(c.stdout, "  owner    %s\n", *info.Owner)
	}
	for _, k := range info.Keys {
		name := k.CredentialID
		switch {
		case name == "" && k.ID != "":
			name = fmt.Sprintf("named %q", k.ID)
		case name == "":
			name = "known by its hash only: " + k.Hash.Hex()
		}
		fmt.Fprintf(c.stdout, "  passkey  %s\n", plain(name))
		if k.File != "" {
			fmt.Fprintf(c.stdout, "           %s\n", p.green(plain("that is "+k.File+withProvider(k.Provider))))
		}
		if k.PublicKey != "" {
			fmt.Fprintf(c.stdout, "           %s\n", p.dim("public key "+k.PublicKey))
		}
	}
	switch {
	case info.Kind != "hybrid":
		fmt.Fprintln(c.stdout, p.yellow("  no backup: an EIP-7702 account of this kind has its own key only"))
	case len(info.Keys) == 0:
		fmt.Fprintln(c.stdout, p.yellow("  no backup: with the owner's key the account is lost")+"; postern hybrid add-key makes one")
	}
}

func withProvider(name string) string {
	if name == "" {
		return ""
	}
	return " (" + name + ")"
}
