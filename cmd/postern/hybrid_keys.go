package main

import (
	"context"
	"os"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/passkey"
)

const hybridAddKeyAbout = `
Lets a passkey sign for the account, alone and for everything: the backup signer. What the
kit calls encodeFunctionData({functionName: 'addKey'}), with the key id in the kit's form.

The passkey is a key file (postern key new), a JSON file with the id and publicKey that
viem's createWebAuthnCredential gave, a file with the reply of navigator.credentials.create(),
or CREDENTIAL-ID:PUBLIC-KEY.

  postern hybrid add-key passkey.json --account 0x… --owner-key owner.json`

func hybridAddKey() verb {
	return verb{name: "add-key", usage: "<passkey> --account 0x… [flags]", about: hybridAddKeyAbout, run: runHybridAddKey}
}

func runHybridAddKey(ctx context.Context, c *call) error {
	return c.hybridChange(ctx, "which passkey is to be added?", "postern hybrid add-key passkey.json --account 0x… --owner-key owner.json",
		func(a *hybridAct, arg string) ([]account.Call, error) {
			ref, err := parsePasskeyRef(arg)
			if err != nil {
				return nil, err
			}
			return a.acct.AddKey(ref.key())
		})
}

const hybridRemoveKeyAbout = `
Takes a passkey's power away. Name it as in add-key, or by its credential id or the hash of
its key id, which postern hybrid signers shows. The last signer stays.

  postern hybrid remove-key passkey.json --account 0x… --owner-key owner.json`

func hybridRemoveKey() verb {
	return verb{name: "remove-key", usage: "<passkey|credential-id|hash> --account 0x… [flags]", about: hybridRemoveKeyAbout, run: runHybridRemoveKey}
}

func runHybridRemoveKey(ctx context.Context, c *call) error {
	return c.hybridChange(ctx, "which passkey is to be removed?", "postern hybrid remove-key passkey.json --account 0x… --owner-key owner.json",
		func(a *hybridAct, arg string) ([]account.Call, error) {
			k, err := namedKey(a.acct, arg)
			if err != nil {
				return nil, err
			}
			return a.acct.RemoveKey(k)
		})
}

// namedKey finds the key that is meant: by hash, text, credential id, or passkey. The text
// of a credential id of 24 bytes is as long as a hash, so the account decides.
func namedKey(acct hybridAccount, arg string) (hybrid.Key, error) {
	if hash, ok := bytes32(arg); ok {
		if text := hybrid.TextKey(arg, passkey.PublicKey{}); hasKey(acct, text.Hash) {
			return text, nil
		}
		return hybrid.Key{Hash: hash}, nil
	}
	// The base64url of a credential id may begin with 0x, too.
	if digits, ok := strings.CutPrefix(arg, "0x"); ok && strings.Trim(digits, "0123456789abcdefABCDEF") == "" {
		return hybrid.TextKey(arg, passkey.PublicKey{}), nil
	}
	if _, err := os.Stat(arg); err != nil && !strings.ContainsAny(arg, ":/.") {
		id, err := parseCredentialID(arg)
		if err != nil {
			return hybrid.Key{}, err
		}
		return hybrid.PasskeyKey(id, passkey.PublicKey{}), nil
	}
	ref, err := parsePasskeyRef(arg)
	if err != nil {
		return hybrid.Key{}, err
	}
	return keyOn(acct, ref.key()), nil
}

func hasKey(acct hybridAccount, hash common.Hash) bool {
	a, ok := acct.(*hybrid.Account)
	return ok && slices.ContainsFunc(a.Keys(), func(k hybrid.Key) bool { return k.Hash == hash })
}

const hybridTransferAbout = `
Makes another key the owner; the old one loses its power. This is how a passkey brings an
account back whose owner key is lost. Name the new owner by address, or by its key file.
With --renounce there is no owner any more: the passkeys are all.

  postern hybrid transfer-ownership 0xNEW --account 0x… --key passkey.json`

func hybridTransfer() verb {
	return verb{name: "transfer-ownership", usage: "<new owner> --account 0x… [flags]", about: hybridTransferAbout, run: runHybridTransfer}
}

func runHybridTransfer(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f hybridFlags
	f.flags(fs)
	renounce := fs.Bool("renounce", false, "no owner any more: leave the account to its passkeys")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if (len(rest) == 1) == *renounce {
		return usageError("who is the new owner?", "postern hybrid transfer-ownership 0x… --account 0x…, or --renounce for none")
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	var to common.Address
	if !*renounce {
		if to, err = keyOfOwner(rest[0]); err != nil {
			return err
		}
	}
	a, err := f.act(ctx, c)
	if err != nil {
		return err
	}
	change := a.acct.RenounceOwnership
	if !*renounce {
		if err := hybrid.CheckOwner(ctx, a.conn.Chain, to); err != nil {
			return err
		}
		change = func() ([]account.Call, error) { return a.acct.TransferOwnership(to) }
	}
	calls, err := change()
	if err != nil {
		return a.explain(err)
	}
	return a.run(ctx, calls)
}

// hybridChange runs an action that has one argument.
func (c *call) hybridChange(ctx context.Context, missing, example string, calls func(*hybridAct, string) ([]account.Call, error)) error {
	fs := c.newFlags()
	var f hybridFlags
	f.flags(fs)
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return usageError(missing, example)
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	a, err := f.act(ctx, c)
	if err != nil {
		return err
	}
	list, err := calls(a, rest[0])
	if err != nil {
		return a.explain(err)
	}
	return a.run(ctx, list)
}
