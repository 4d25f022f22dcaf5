package main

import (
	"bytes"
	"context"
	"flag"
	"math/big"
	"os"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/grant"
)

// sealedPrefix begins an approval of our own form.
const sealedPrefix = "postern-approval"

// An approvals is what a file of postern grant new, or the SDK's text, holds.
type approvals struct {
	sealed *approval.Sealed   // of our own form, or
	single *approval.Document // the SDK's, which does not say its chain
	label  approval.Label
}

// readFlags are those of actions that read an approval.
type readFlags struct {
	passphrase, session, zone string
}

func (f *readFlags) flags(fs *flag.FlagSet) {
	fs.StringVar(&f.passphrase, "passphrase", "", "`file` with the passphrase of the approval, or - for standard input (default $"+passphraseEnv+", else you are asked)")
	fs.StringVar(&f.session, "session", "", "session `key`: its file, an address, or a passkey as for postern hybrid add-key")
	fs.StringVar(&f.zone, "timezone", "", "`zone` for the times, beside UTC (default the grant's, else $TZ)")
}

// isApproval reports whether text is an approval rather than a policy file.
func isApproval(text []byte) bool {
	text = unquoted(text)
	return isSealed(text) || bytes.HasPrefix(text, []byte("eyJ")) // base64 of {"
}

// unquoted is the text without what copies out of programs have around it.
func unquoted(text []byte) []byte { return bytes.Trim(bytes.TrimSpace(text), `"'`) }

func isSealed(text []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(text), []byte(sealedPrefix))
}

// readApproval reads an approval of either form.
func (c *call) readApproval(rest []string, f *readFlags) (*approvals, string, error) {
	text, path, err := c.readArgument(rest)
	if err != nil {
		return nil, "", err
	}
	a, err := c.parseApproval(text, path, f)
	return a, or(path, "the approval"), err
}

func (c *call) parseApproval(text []byte, path string, f *readFlags) (*approvals, error) {
	switch {
	case isSealed(text):
		passphrase, err := c.passphrase(f.passphrase, false)
		if err != nil {
			return nil, err
		}
		sealed, err := approval.Open(text, passphrase)
		if err != nil {
			return nil, err
		}
		return &approvals{sealed: sealed, label: sealed.Documents[0].Context().Label}, nil
	case isApproval(text):
		if path != "" {
			if err := checkShared(path, text); err != nil {
				return nil, err
			}
		}
		doc, err := approval.Parse(unquoted(text))
		if err != nil {
			return nil, err
		}
		return &approvals{single: doc}, nil
	}
	hint := "it is what postern grant new writes, or the text that the ZeroDev SDK's serializePermissionAccount returns"
	if _, err := grant.ParseFile(text); err == nil {
		hint = "it is a policy file: the owner approves it with postern grant new"
	}
	return nil, failf("no-approval", hint, "%s is no approval", or(path, "what was read"))
}

// checkShared refuses the SDK's text where others can read it and it holds a private key.
func checkShared(path string, text []byte) error {
	doc, err := approval.Parse(unquoted(text))
	if err != nil || !doc.Secret() {
		return nil // said where it matters
	}
	doc.Wipe()
	info, err := os.Stat(path)
	if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		return failf("key-exposed", "run: chmod 600 "+path, "others on this machine can read %s, which holds the session's private key (mode %04o)", path, info.Mode().Perm())
	}
	return nil
}

// on is the document for a chain.
func (a *approvals) on(chainID *big.Int) (*approval.Document, error) {
	if a.sealed == nil {
		return a.single, nil
	}
	return a.sealed.For(chainID)
}

// any is one of the documents: they differ in their chains only.
func (a *approvals) any() *approval.Document {
	if a.sealed == nil {
		return a.single
	}
	return a.sealed.Documents[0]
}

// forKey is one of the documents, for the session key if one is named.
func (a *approvals) forKey(key *sessionKey) (*approval.Document, error) {
	if key == nil {
		return a.any(), nil
	}
	if err := a.isFor(key); err != nil {
		return nil, err
	}
	return a.any().WithContext(approval.Context{Signer: key.signer()})
}

// isFor refuses another key than that of an approval of our own form, which names it.
func (a *approvals) isFor(key *sessionKey) error {
	if key == nil || a.sealed == nil {
		return nil
	}
	has, given := a.any().Context().Signer, key.signer()
	if len(has.Data) == 0 || bytes.Equal(has.Data, given.Data) {
		return nil
	}
	return failf("wrong-key", "name that key, or ask the owner for an approval for this one", "the approval is for %s, not for %s", signerText(has), signerText(given))
}

// style is how the words of an approval are written.
func (a *approvals) style(zone string) (grant.Style, error) {
	style, err := styleOf(grant.Grant{Zone: a.label.Zone}, zone)
	style.Tokens = a.label.Tokens
	return style, err
}

// openSession opens an approval on the chain of conn, for the key that --session names.
func (a *approvals) openSession(ctx context.Context, conn *connection, key *sessionKey, f *readFlags, version string) (*session.Session, error) {
	if err := a.isFor(key); err != nil {
		return nil, err
	}
	id, err := conn.onChain(ctx)
	if err != nil {
		return nil, err
	}
	doc, err := a.on(id)
	if err != nil {
		return nil, err
	}
	style, err := a.style(f.zone)
	if err != nil {
		return nil, err
	}
	opts := []session.Option{session.WithChainID(id), session.WithStyle(style)}
	if key != nil {
		opts = append(opts, session.WithSigner(key.signer()))
	}
	if version != "" {
		opts = append(opts, session.WithVersion(kernel.Version(version)))
	}
	s, err := session.Open(ctx, conn.Chain, doc, opts...)
	return s, a.explain(err, f)
}

// explain says what is missing where the SDK's text does not tell the session key.
func (a *approvals) explain(err error, f *readFlags) error {
	if err == nil || f.session != "" || a.sealed != nil || a.single.Secret() {
		return err
	}
	if e := explain(err); a.single.Context().Signer.Data == nil {
		e.Hint = "name it by --session KEY: " + sessionHint
		return e
	}
	return err
}

// key is the session key that is named, nil for none.
func (f *readFlags) key() (*sessionKey, error) {
	if f.session == "" {
		return nil, nil
	}
	return parseSessionKey(f.session)
}
