package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/passkey"
)

const flowFindAbout = `
Finds the accounts of a passkey whose address nobody remembers. A passkey is given as in flow key; where its public
key is not known either, by replies of navigator.credentials.get() to any challenge: one leaves up to four public keys
that it can be, two leave the passkey's own.

Which accounts may have the key, an indexer says (--indexer), which then knows that it is asked for; or you remember
addresses (--account). Neither is believed: an account is listed if the chain says that the passkey is a key of it
that is not revoked.

  postern flow find first.json second.json --indexer https://production.key-indexer.flow.com/key --access https://rest-mainnet.onflow.org
  postern flow find reply.json --account 0x01cf0e2f2f715450 --account 0x179b6b1cb6755e31

Exit code 0: one or more were found. 1: none was.`

func flowFind() verb {
	return verb{name: "find", usage: "<reply.json>… | <passkey> [--indexer URL] [--account ADDRESS] [flags]", about: flowFindAbout, run: runFlowFind}
}

// maxFlowReplies bounds how many replies are read: two are enough.
const maxFlowReplies = 8

type flowFoundRow struct {
	Address   string `json:"address"`
	KeyIndex  uint32 `json:"keyIndex"`
	Weight    uint16 `json:"weight"`
	PublicKey string `json:"publicKey"`
}

func runFlowFind(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f flowAct
	f.flags(fs)
	var accounts repeated
	fs.Var(&accounts, "account", "`address` that may be it; may be repeated")
	indexer := fs.String("indexer", "", "`URL` of a service that knows accounts by their keys; URL/KEY is asked")
	rest, err := c.parse(fs, maxFlowReplies)
	if err != nil {
		return err
	}
	keys, err := flowCandidates(rest)
	if err != nil {
		return err
	}
	if len(accounts) == 0 && *indexer == "" {
		return usageError("who knows its accounts?", "--indexer URL, on mainnet https://production.key-indexer.flow.com/key; or --account ADDRESS, where you remember some")
	}
	var sources []access.Source
	var known access.Known
	for _, text := range accounts {
		a, err := flow.ParseAddress(text)
		if err != nil {
			return err
		}
		known = append(known, a)
	}
	sources = append(sources, known)
	if *indexer != "" {
		i, err := access.NewIndexer(*indexer)
		if err != nil {
			return err
		}
		sources = append(sources, i)
	}
	if err := f.open(c); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	found, err := f.client.FindAccounts(ctx, keys, sources...)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return failf("no-account", "is it the right network, and the right passkey? A key may have been revoked: postern flow account keys ADDRESS",
			"none of these accounts has the passkey for a key")
	}
	rows := []flowFoundRow{}
	for _, one := range found {
		rows = append(rows, flowFoundRow{one.Address.String(), one.Key.Index, one.Key.Weight, one.Key.PublicHex()})
	}
	if f.json {
		return printJSON(c.stdout, map[string]any{"candidates": len(keys), "accounts": rows})
	}
	for _, row := range rows {
		fmt.Fprintf(c.stdout, "%s  key %d, weight %d of %d\n  %s\n", painter(c.stdout).bold(row.Address), row.KeyIndex, row.Weight, flow.WeightThreshold, row.PublicKey)
	}
	return nil
}

// flowCandidates are the public keys that the replies, or the passkey, leave.
func flowCandidates(args []string) ([]passkey.PublicKey, error) {
	if len(args) == 0 {
		return nil, usageError("whose accounts?", "replies of navigator.credentials.get() in files, or a passkey file")
	}
	var replies []*passkey.Assertion
	for _, arg := range args {
		a, err := readFlowReply(arg)
		if err != nil {
			return nil, err
		}
		if a == nil && len(args) == 1 {
			ref, err := parsePasskeyRef(arg)
			return []passkey.PublicKey{ref.public}, err
		}
		if a == nil {
			return nil, usageError(clip(arg)+" is no reply of navigator.credentials.get()", "give replies of one passkey, or one passkey file alone")
		}
		if len(replies) > 0 && !slices.Equal(a.ID, replies[0].ID) {
			return nil, usageError(clip(arg)+" is the reply of another passkey", "give replies of one passkey; ask the second time with its id in allowCredentials")
		}
		replies = append(replies, a)
	}
	keys := passkey.RecoverFrom(replies...)
	if len(keys) == 0 {
		return nil, failf("bad-passkey", "take both anew", "no key has signed all of the replies")
	}
	return keys, nil
}

// readFlowReply reads a file with a reply of navigator.credentials.get(); nil if it holds something else.
func readFlowReply(path string) (*passkey.Assertion, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil // a passkey is more than a file
	}
	defer file.Close()
	text, err := readBounded(file)
	if err != nil {
		return nil, err
	}
	a, err := passkey.ParseAssertion(text)
	if err != nil {
		return nil, nil
	}
	return a, nil
}
