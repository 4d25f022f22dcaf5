package main

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account/hybrid"
)

// created is what create prints.
type created struct {
	Account     string        `json:"account"`
	Kind        string        `json:"kind"` // hybrid, or stateless7702
	Framework   string        `json:"framework"`
	EntryPoint  string        `json:"entryPoint"`
	Owner       *string       `json:"owner"` // null: there is none
	Keys        []hybridKey   `json:"keys"`
	Salt        *common.Hash  `json:"salt,omitempty"`
	Factory     string        `json:"factory,omitempty"`
	FactoryData hexutil.Bytes `json:"factoryData,omitempty"`
	Delegate    string        `json:"delegate,omitempty"`
	Deployed    *bool         `json:"deployed,omitempty"` // absent: not asked
	Operation   *common.Hash  `json:"userOpHash,omitempty"`
	Receipt     *receipt      `json:"receipt,omitempty"`

	keys []hybrid.Key
}

func describeCreation(acct *hybrid.Account, made *hybridCreation) *created {
	d := acct.Deployment()
	factory, data := acct.Factory()
	return &created{Account: acct.Address().Hex(), Kind: "hybrid", Framework: d.Version, EntryPoint: d.EntryPoint.Version(),
		Owner: ownerText(made.Owner), Keys: made.Keys, keys: acct.Keys(), Salt: &made.Salt, Factory: factory.Hex(), FactoryData: data}
}

// ownerText is nil for nobody.
func ownerText(a common.Address) *string {
	if a == (common.Address{}) {
		return nil
	}
	text := a.Hex()
	return &text
}

// printCreated is all of create where nothing is sent, and its beginning where it is.
func (c *call) printCreated(out *created, f *createFlags, last string) error {
	if f.json {
		if last == "" {
			return nil // with what becomes of it
		}
		return printJSON(c.stdout, out)
	}
	p := painter(c.stdout)
	fmt.Fprintf(c.stdout, "account %s\n", p.bold(out.Account))
	if out.Owner == nil {
		fmt.Fprintln(c.stdout, "  owner    nobody: the passkeys are all")
	} else {
		fmt.Fprintf(c.stdout, "  owner    %s\n", *out.Owner)
	}
	for _, k := range out.keys {
		fmt.Fprintf(c.stdout, "  passkey  %s\n", describeKey(k, nil).CredentialID)
	}
	if out.Delegate != "" {
		fmt.Fprintf(c.stdout, "  runs     %s, MetaMask's EIP-7702 code %s for EntryPoint %s\n", out.Delegate, out.Framework, out.EntryPoint)
	} else {
		fmt.Fprintf(c.stdout, "  made by  MetaMask's framework %s, EntryPoint %s, salt %#x\n", out.Framework, out.EntryPoint, out.Salt.Big())
	}
	if last != "" {
		fmt.Fprintln(c.stdout, last)
	}
	return nil
}

const notAsked = "No chain was asked. Next: send it coins, or name a --paymaster, and deploy it: the same command with --rpc URL or --deploy"

// isThere is the last line about an account that needs no operation.
func (out *created) isThere() string {
	yes := true
	out.Deployed = &yes
	return "It is on the chain already; who signs today: postern hybrid signers " + out.Account
}
