package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
)

const grantNewAbout = `
The owner approves what a policy file says, for a session key: an approval, in a file for
whoever has that key. The chain is asked what the approval must be made for; nothing is sent
and nothing costs a fee: the first operation of the session key installs the permission, and
deploys the account if it has to. What the owner approves is printed in words first.

  postern grant new policy.toml --account account.json --owner-key owner.json \
      --session session.json --out approval.grant

The session key is a file of postern key new, or one elsewhere: an address, or a passkey as
for postern hybrid add-key. Its secret is not needed. --with-key puts it into the approval:
one file is then all that it takes to act, for whoever has it.

The approval is encrypted with --passphrase FILE or $POSTERN_PASSPHRASE. With --sdk it is the
text of the ZeroDev SDK's serializePermissionAccount, which deserializePermissionAccount
reads; without --out it goes to standard output.

Several chains with one approval: --also URL for each. The root validator of the account must
be a multi-chain one (postern kernel create).

An owner elsewhere, in two steps, the second with the same flags:
  postern grant new … --owner 0x… --request ask.json        "typedData" for eth_signTypedData_v4,
                                                            or "personal" for personal_sign
  postern grant new … --owner 0x… --signature 0x… --out approval.grant
  postern grant new … --public-key … --credential-id … --rp-id … --origin … --request ask.json
  postern grant new … (the same) --assertion reply.json --out approval.grant`

func grantNew() verb {
	return verb{name: "new", usage: "[policy.toml|policy.json|-] --account FILE --session KEY --owner-key FILE --out FILE [flags]", about: grantNewAbout, run: runGrantNew}
}

// newFlags are those of grant new.
type newFlags struct {
	network
	chains
	approver
	approvalFlags
	address, session, passphrase string
	out, request, zone           string
	sdk, withKey, showSecret     bool
}

func (f *newFlags) flags(fs *flag.FlagSet) {
	f.network.flags(fs)
	f.chains.flags(fs)
	f.approver.flags(fs)
	fs.StringVar(&f.address, "account", "", "the account: its `address`, or the file of postern kernel create --save")
	fs.StringVar(&f.session, "session", "", "the session `key`: its file, an address, or a passkey as for postern hybrid add-key")
	fs.StringVar(&f.out, "out", "", "write the approval to this `file`")
	fs.StringVar(&f.passphrase, "passphrase", "", "encrypt it with the passphrase in this `file`, or - for standard input (default $"+passphraseEnv+", else you are asked)")
	fs.BoolVar(&f.sdk, "sdk", false, "write the ZeroDev SDK's text: readable by anybody, one for each chain")
	fs.BoolVar(&f.withKey, "with-key", false, "put the session's private key into it: whoever has it can act")
	fs.BoolVar(&f.showSecret, "show-secret", false, "print the SDK's text although it holds the private key")
	fs.StringVar(&f.zone, "timezone", "", "`zone` for the times, beside UTC (default the file's, else $TZ)")
	fs.StringVar(&f.request, "request", "", "write what an owner elsewhere has to sign to this `file`, and end")
	fs.StringVar(&f.assertion, "assertion", "", "`file` with the owner's reply of navigator.credentials.get(), or - for standard input")
	fs.StringVar(&f.signature, "signature", "", "the owner's `signature`, 65 bytes hex")
	fs.BoolVar(&f.yes, "yes", false, "do not ask before signing")
	fs.BoolVar(&f.json, "json", false, "print one JSON object")
}

// granted is what new prints.
type granted struct {
	Permission string        `json:"permissionId"`
	Account    string        `json:"account"`
	Chains     []string      `json:"chains"`
	Words      []string      `json:"words"`
	Findings   []wireFinding `json:"findings"`
	Files      []string      `json:"files,omitempty"`
	Texts      []string      `json:"approvals,omitempty"` // the SDK's, one for each chain
	Request    string        `json:"request,omitempty"`   // file
}

func runGrantNew(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f newFlags
	f.flags(fs)
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	var passphrase []byte
	if !f.sdk && f.request == "" { // before anybody is asked
		if passphrase, err = c.passphrase(f.passphrase, true); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	p, signer, name, err := f.pending(ctx, c, rest)
	if err != nil {
		return err
	}
	out := &granted{Permission: p.Permission().ID().String(), Words: p.Words(), Findings: wireFindings(p.Findings())}
	if !f.json {
		w := c.stdout
		if f.sdk && f.out == "" && f.request == "" {
			w = c.stderr // standard output is the approval's
		}
		printPending(w, p)
	}
	if f.request != "" {
		out.Request = f.request
		return c.writeRequest(p, out, f.json)
	}
	given, err := c.ownerApproval(ctx, p.Challenge(), signer, f.approvalFlags)
	if err != nil {
		return err
	}
	docs, err := p.Finish(given)
	if err != nil {
		return err
	}
	out.Account = docs[0].Fields().Account.Hex()
	for _, d := range docs {
		out.Chains = append(out.Chains, d.Context().ChainID.String())
	}
	if err := f.deliver(c, docs, passphrase, name, out); err != nil {
		return err
	}
	if f.json {
		return printJSON(c.stdout, out)
	}
	c.printGranted(out, f.session)
	return nil
}

// check refuses what cannot be before anything is read.
func (f *newFlags) check() error {
	switch {
	case f.address == "":
		return usageError("which account?", "--account 0x…, or the file of postern kernel create --save")
	case f.session == "":
		return usageError("for which key?", "--session KEY: "+sessionHint)
	case f.request != "" && (f.assertion != "" || f.signature != "" || f.out != ""):
		return usageError("--request is the first step, --out the second", "first --request ask.json; then the same flags with --assertion or --signature and --out in its place")
	case f.request == "" && f.out == "" && !f.sdk:
		return usageError("where should the approval go?", "--out approval.grant, or --sdk for the SDK's text on standard output")
	case f.showSecret && !(f.sdk && f.withKey && f.out == ""):
		return usageError("there is no secret to show", "--show-secret is for --sdk --with-key without --out")
	case f.sdk && f.withKey && f.out == "" && !f.showSecret:
		return usageError("the SDK's text with the private key is a secret", "--out FILE writes it to a file that you alone can read; --show-secret prints it all the same")
	}
	if f.out != "" {
		return absent(f.out)
	}
	return nil
}

// pending reads everything and asks the chains what the approval must be made for.
func (f *newFlags) pending(ctx context.Context, c *call, rest []string) (p *session.Pending, signer localSigner, name string, err error) {
	key, err := parseSessionKey(f.session)
	if err != nil {
		return nil, nil, "", err
	}
	spec, signer, err := (&kernelFlags{actFlags: actFlags{approver: f.approver}, address: f.address}).spec(c)
	if err != nil {
		return nil, nil, "", err
	}
	g, name, err := c.readPolicies(rest)
	if err != nil {
		return nil, nil, "", err
	}
	if g.Name != "" {
		name = g.Name
	}
	style, err := styleOf(g, f.zone)
	if err != nil {
		return nil, nil, "", err
	}
	opts := []session.GrantOption{session.WithGrantStyle(style)}
	if f.sdk {
		opts = append(opts, session.ForSDK())
	}
	if f.withKey {
		own, ok := key.local.(*ownerKey)
		if !ok {
			return nil, nil, "", usageError("--with-key needs the file of a secp256k1 key", "postern key new session.json --type eoa; the secret of a passkey never leaves it")
		}
		opts = append(opts, session.WithPrivateKey(crypto.FromECDSA(own.key)))
	}
	conns, err := f.chains.connect(&f.network)
	if err != nil {
		return nil, nil, "", err
	}
	targets, err := spec.targets(ctx, conns)
	if err != nil {
		return nil, nil, "", err
	}
	by, err := spec.approverOn(ctx, targets)
	if err != nil {
		return nil, nil, "", err
	}
	p, err = session.NewPending(ctx, targets, by, key.signer(), g, opts...)
	return p, signer, name, explainGranting(err)
}

// deliver writes the approval.
func (f *newFlags) deliver(c *call, docs []*approval.Document, passphrase []byte, name string, out *granted) error {
	if !f.sdk {
		text, err := approval.Seal(docs, approval.Header{Name: name, Created: time.Now()}, passphrase)
		if err != nil {
			return err
		}
		out.Files = []string{f.out}
		return writePrivate(f.out, text)
	}
	texts, err := sdkTexts(docs)
	if err != nil {
		return err
	}
	if f.out == "" {
		for _, t := range texts {
			out.Texts = append(out.Texts, string(t))
		}
		return nil
	}
	out.Files, err = writeTexts(f.out, texts, out.Chains)
	return err
}

// printPending is what the owner reads before anybody is asked.
func printPending(w io.Writer, p *session.Pending) {
	paint := painter(w)
	for _, line := range p.Words() {
		fmt.Fprintln(w, plain(line))
	}
	for _, f := range p.Findings() {
		fmt.Fprintf(w, "%s %s\n", paint.yellow("beware:"), plain(f.String()))
	}
}

func (c *call) printGranted(out *granted, key string) {
	for _, t := range out.Texts {
		fmt.Fprintln(c.stdout, t)
	}
	for _, name := range out.Files {
		fmt.Fprintf(c.stdout, "approved: %s\n", plain(name))
	}
	if len(out.Files) > 0 {
		fmt.Fprintf(c.stdout, "next: postern grant send %s --session %s --to 0x…\n", plain(out.Files[0]), plain(key))
	}
}
