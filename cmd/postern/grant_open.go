package main

import (
	"context"
	"fmt"
	"time"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/grant"
)

const grantOpenAbout = `
Holds an approval against the chain, before anybody relies on it: that the owner of the
account approved exactly this, for this chain; that it is for the session key; that signer
and policies are contracts that are known; and where it stands. Then says in words what it
allows. Without --rpc nothing but the approval itself is looked at.

With --out it is kept in the other form: the SDK's text with --sdk, and otherwise encrypted
(--passphrase FILE is then what the new file is encrypted with, if the old one is the SDK's).

  postern grant open approval.grant --rpc URL
  postern grant open approval.txt --session session.json --rpc URL --out approval.grant

Exit code 0: it can be used. 1: it cannot, or it is not what it says.`

func grantOpen() verb {
	return verb{name: "open", usage: "[approval.grant|approval.txt|-] [flags]", about: grantOpenAbout, run: runGrantOpen}
}

func runGrantOpen(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f openFlags
	f.flags(fs)
	out := fs.String("out", "", "keep the approval in this `file`, encrypted or with --sdk as the SDK's text")
	sdk := fs.Bool("sdk", false, "with --out: the SDK's text")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if *sdk && *out == "" {
		return usageError("--sdk says how --out is written", "--out approval.txt --sdk")
	}
	if *out != "" {
		if err := absent(*out); err != nil {
			return err
		}
	}
	key, err := f.key()
	if err != nil {
		return err
	}
	a, name, err := c.readApproval(rest, &f.readFlags)
	if err != nil {
		return err
	}
	defer a.wipe()
	info, err := a.describe(key, &f.readFlags)
	if err != nil {
		return err
	}
	usable := true
	if _, err := rpcURL(f.rpc); err == nil {
		if usable, err = f.hold(ctx, a, key, info); err != nil {
			return err
		}
	}
	if *out != "" {
		if err := a.keep(c, &f.readFlags, *out, *sdk, info); err != nil {
			return err
		}
	}
	if f.json {
		err = printJSON(c.stdout, info)
	} else {
		c.printOpened(info, name)
	}
	if err == nil && !usable {
		return errWrong
	}
	return err
}

// hold holds the approval against the chain, and adds what it says.
func (f *openFlags) hold(ctx context.Context, a *approvals, key *sessionKey, info *opened) (usable bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	conn, err := f.connect()
	if err != nil {
		return false, err
	}
	s, err := a.openSession(ctx, conn, key, &f.readFlags, f.version)
	if err != nil {
		return false, err
	}
	if err := a.hold(ctx, conn, s); err != nil {
		return false, err
	}
	status, err := s.Status(ctx)
	if err != nil {
		return false, err
	}
	info.Words, info.Status = s.Words(), standingOf(s.ChainID(), s.Grant(), &status)
	info.Key = signerText(s.Permission().Signer)
	return status.Usable(), nil
}

// describe is what the approval says of itself, with the session key that is named.
func (a *approvals) describe(key *sessionKey, f *readFlags) (*opened, error) {
	d, err := a.forKey(key)
	if err != nil {
		return nil, err
	}
	fields := d.Fields()
	out := &opened{Permission: fields.PermissionID.String(), Account: fields.Account.Hex(), Secret: d.Secret()}
	if a.single != nil {
		a.single = d
	}
	p, g, err := d.Permission()
	if err != nil {
		return nil, a.explain(err, f)
	}
	style, err := a.style(f.zone)
	if err != nil {
		return nil, err
	}
	out.Words, out.Key = grant.Words(g, style), signerText(p.Signer)
	if a.sealed == nil {
		return out, nil
	}
	h := a.sealed.Header
	out.Name, out.Owner = h.Name, h.Owner
	for _, id := range h.Chains {
		out.Chains = append(out.Chains, id.String())
	}
	if !h.Expires.IsZero() {
		out.Expires = h.Expires.Format(time.RFC3339)
	}
	return out, nil
}

// hold takes over what opening the SDK's text on a chain has told: who the owner is and for
// which nonce the approval was made, where the text itself does not say it.
func (a *approvals) hold(ctx context.Context, conn *connection, s *session.Session) error {
	if a.sealed != nil {
		return nil
	}
	a.single = s.Document()
	var known approval.Context
	if _, err := a.single.Owner(); err != nil {
		acct, err := kernel.At(ctx, conn.Chain, s.Address())
		if err != nil {
			return err
		}
		known.Owner = acct.Root()
	}
	if a.single.Context().Nonce == 0 {
		var err error
		if known.Nonce, err = kernel.CurrentNonce(ctx, conn.Chain, s.Address()); err != nil {
			return err
		}
	}
	d, err := a.single.WithContext(known)
	if err == nil {
		a.single = d
	}
	return err
}

func (a *approvals) wipe() {
	if a.sealed != nil {
		a.sealed.Wipe()
		return
	}
	a.single.Wipe()
}

// keep writes the approval in another form.
func (a *approvals) keep(c *call, f *readFlags, path string, sdk bool, info *opened) error {
	docs := []*approval.Document{a.single}
	if a.sealed != nil {
		docs = a.sealed.Documents
	}
	info.File = path
	if sdk {
		texts, err := sdkTexts(docs)
		if err != nil {
			return err
		}
		chains := make([]string, len(docs))
		for i, d := range docs {
			chains[i] = fmt.Sprint(d.Context().ChainID)
		}
		names, err := writeTexts(path, texts, chains)
		if err == nil {
			info.File = names[0]
		}
		return err
	}
	if a.single != nil && info.Status == nil {
		return usageError("the SDK's text does not say its chain, which the encrypted form needs", "--rpc URL of the chain that it is for")
	}
	passphrase, err := c.passphrase(f.passphrase, true)
	if err != nil {
		return err
	}
	text, err := approval.Seal(docs, approval.Header{Name: info.Name, Created: time.Now()}, passphrase)
	if err != nil {
		return err
	}
	return writePrivate(path, text)
}
