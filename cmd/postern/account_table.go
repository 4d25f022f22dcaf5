package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

const accountTableAbout = `
Has the table of a passkey's key built on chain and used, so that its signatures are cheaper to
verify where there is no P256VERIFY. The chain computes the table: nobody needs to be trusted.
Anybody may send it, for a larger table than the one in use; what is smaller, or none, is for the
account itself.

  postern account table --key dev.json --use 1k             an operation of the account
  postern account table 0x… --use 4k --owner-key owner.json   somebody else pays
  postern account table 0x… --use 4k --call                 what to send, for a wallet

Formats: 512, 1k, 4k, 16k, none; larger ones cost more once and less each time. With --for N in
place of --use it is the one with which N signatures cost least.`

func accountTable() verb {
	return verb{name: "table", usage: "[address] --use FORMAT | --for N [flags]", about: accountTableAbout, run: runAccountTable}
}

func runAccountTable(ctx context.Context, c *call) error {
	fs := c.newFlags()
	a := &accountAct{call: c}
	a.flags(fs)
	use := fs.String("use", "", "`format` of the table: 512, 1k, 4k, 16k or none")
	signatures := fs.Uint64("for", 0, "choose the format that costs least for this `number` of signatures")
	of := fs.String("passkey", "", "`passkey` of the account: its public key, or a file as for postern hybrid; not needed where there is one")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if (*use == "") == (*signatures == 0) {
		return usageError("which table?", "--use 1k, or --for 100 for what costs least with 100 signatures")
	}
	var format p256table.Format
	if *use != "" && *use != "none" {
		if format, err = parseTableFormat(*use); err != nil {
			return err
		}
		if _, err := seal.TablePath(format); err != nil {
			return usageError("no verifier uses tables of format "+clip(*use), "512, 1k, 4k, 16k or none")
		}
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	if err := a.open(ctx, "table", rest); err != nil {
		return err
	}
	s, err := a.whose(*of)
	if err != nil {
		return err
	}
	path, known := a.path(ctx, s)
	inUse, has := path.Table()
	if !has {
		inUse = 0
	}
	if *signatures > 0 {
		format = webauthn.BestTable(inUse, *signatures)
	}
	if err := a.useful(ctx, path, known, format); err != nil {
		return err
	}
	if a.deployed && known && path != seal.PathPrecompile && inUse == format {
		out := &done{Account: a.acct.Address().Hex(), Already: true}
		a.tell(out, s)
		return a.print(out)
	}
	calls, err := a.acct.UseTable(s, format)
	if err != nil {
		return err
	}
	var open *account.Call
	if format > inUse {
		open = &calls[0]
	}
	return a.run(ctx, s, calls, open)
}

// whose is the passkey that is meant.
func (a *accountAct) whose(arg string) (webauthn.Signer, error) {
	key := a.passkey
	if arg != "" {
		var err error
		if key, err = parsePasskeyKey(arg); err != nil {
			return webauthn.Signer{}, err
		}
	}
	var found []webauthn.Signer
	for _, m := range a.acct.Members() {
		if k, _, ok := m.Signer.Passkey(); ok && (key.IsZero() || k == key) {
			found = append(found, m.Signer)
		}
	}
	switch {
	case len(found) == 0:
		return webauthn.Signer{}, failf("not-a-signer", "its passkeys: postern account show "+a.acct.Address().Hex(), "this passkey is no signer of the account %s", a.acct.Address())
	case len(found) > 1 && key.IsZero():
		return webauthn.Signer{}, usageError(fmt.Sprintf("the account has %d passkeys: whose table?", len(found)), "--passkey with a public key; they are shown by: postern account show "+a.acct.Address().Hex())
	}
	return found[0], nil
}

// useful refuses a table that would be paid for nothing.
func (a *accountAct) useful(ctx context.Context, path webauthn.P256Path, known bool, format p256table.Format) error {
	has, err := a.conn.node.HasP256(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("ask for P256VERIFY: %w", err)
	case !known:
		return failf("no-tables", "upgrade the account first", "the account %s is of a version that knows no tables", a.acct.Address())
	case format == 0:
		return nil
	case path == seal.PathPrecompile && has:
		return failf("no-use", "nothing is to be done", "this account verifies by P256VERIFY: a table would be of no use")
	case has:
		return failf("no-use", "postern account probe "+a.acct.Address().Hex()+", once; that is cheaper than any table", "the chain has P256VERIFY, and the account does not know it yet")
	}
	return nil
}

// parsePasskeyKey reads a public key, or what names a passkey elsewhere.
func parsePasskeyKey(arg string) (key passkey.PublicKey, err error) {
	if strings.HasPrefix(arg, "0x") && !strings.Contains(arg, ":") { // a credential id may begin so
		return parseKey(arg)
	}
	ref, err := parsePasskeyRef(arg)
	return ref.public, err
}
