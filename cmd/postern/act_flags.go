package main

import (
	"context"
	"flag"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
)

// actFlags are those of every action that makes an operation of another maker's account.
type actFlags struct {
	network
	payer payer
	approvalFlags
	approver
	maxFee, out string
	wait        bool
}

func (f *actFlags) flags(fs *flag.FlagSet) {
	f.network.flags(fs)
	f.payer.flags(fs)
	f.approver.flags(fs)
	f.resultFlags(fs)
}

// resultFlags say what becomes of the operation.
func (f *actFlags) resultFlags(fs *flag.FlagSet) {
	fs.StringVar(&f.maxFee, "max-fee", "", "refuse if the fee may exceed this `amount`")
	fs.StringVar(&f.out, "out", "", "keep the operation in this `file`; without a key here it is not sent but prepared")
	fs.BoolVar(&f.wait, "wait", true, "wait for the receipt")
	fs.BoolVar(&f.yes, "yes", false, "do not ask before signing")
	fs.BoolVar(&f.json, "json", false, "print one JSON object")
}

// dial is the way to the chain, with who pays.
func (f *actFlags) dial() (*connection, error) {
	conn, err := f.connect()
	if err != nil {
		return nil, err
	}
	return conn, f.payer.apply(conn)
}

// An approver says who approves: the owner's key or a passkey, here or elsewhere.
type approver struct {
	owner, ownerKey, key string
	elsewhere            passkeySigner
}

func (f *approver) flags(fs *flag.FlagSet) {
	fs.StringVar(&f.owner, "owner", "", "owner's `address`, where its key is elsewhere")
	fs.StringVar(&f.ownerKey, "owner-key", "", "the owner approves: `file` with its key, or - for standard input (default $"+ownerEnv+")")
	fs.StringVar(&f.key, "key", "", "a passkey approves: its key `file` (postern key new)")
	fs.StringVar(&f.elsewhere.PublicKey, "public-key", "", "a passkey elsewhere approves: its public `key`")
	fs.StringVar(&f.elsewhere.CredentialID, "credential-id", "", "its credential `id`, base64url")
	fs.StringVar(&f.elsewhere.RPID, "rp-id", "", "its relying party `domain`")
	fs.Var((*repeated)(&f.elsewhere.Origins), "origin", "`origin` whose page asks for it; may be repeated")
}

// approves is who approves: one of the two.
type approves struct {
	Owner   *common.Address
	Passkey *passkeySigner
}

// read reads who approves, and returns the key if it is here. There may be nobody: errNobody
// is the caller's to return.
func (f *approver) read(c *call) (by approves, signer localSigner, err error) {
	far := f.elsewhere.PublicKey != "" || f.elsewhere.CredentialID != ""
	switch {
	case f.key != "" && (f.ownerKey != "" || far), far && f.ownerKey != "":
		return by, nil, usageError("--owner-key, --key and --public-key exclude each other", "one signer is enough: give one of them")
	case f.key != "":
		key, err := openKeyFile(f.key)
		if err != nil {
			return by, nil, err
		}
		ref := passkeyRef{credential: key.credential.ID, public: key.credential.Key}
		by.Passkey = &passkeySigner{ref.credentialText(), ref.public.String(), key.file.RPID, []string{key.file.Origin}}
		return by, key, nil
	case far:
		by.Passkey, err = f.farPasskey()
		return by, nil, err
	}
	owner, err := f.ownerAddress()
	if err != nil {
		return by, nil, err
	}
	key, err := openOwnerKey(f.ownerKey, c.stdin)
	if err != nil {
		return by, nil, err
	}
	if key != nil {
		a := key.address()
		if owner != nil && *owner != a {
			return by, nil, failf("wrong-key", "give the key of "+owner.Hex()+", or leave --owner out; without --owner-key $"+ownerEnv+" counts", "the owner's key is that of %s, but --owner says %s", a, owner)
		}
		by.Owner = &a
		return by, key, nil
	}
	if owner == nil {
		return by, nil, errNobody
	}
	by.Owner = owner
	return by, nil, nil
}

func (f *approver) farPasskey() (*passkeySigner, error) {
	e := f.elsewhere
	if e.PublicKey == "" || e.CredentialID == "" || e.RPID == "" || len(e.Origins) == 0 {
		return nil, usageError("a passkey elsewhere needs --public-key, --credential-id, --rp-id and --origin",
			"for example: --rp-id example.org --origin https://example.org; the first two are publicKey and id of the kit's credential")
	}
	if _, err := passkeyOf(e.CredentialID, e.PublicKey); err != nil {
		return nil, err
	}
	return &e, nil
}

func (f *approver) ownerAddress() (*common.Address, error) {
	if f.owner == "" {
		return nil, nil
	}
	a, err := parseAddress("--owner", f.owner)
	return &a, err
}

// operate returns the operation and its receipt; no operation if it was only written down
// for who approves elsewhere, no receipt if none was waited for.
func (c *call) operate(ctx context.Context, f *actFlags, conn *connection, ref accountRef, acct account.Account, auth account.Authority, signer localSigner, calls []account.Call, options ...account.Option) (*account.Prepared, *account.Receipt, error) {
	limits, err := f.payer.options(f.maxFee)
	if err != nil {
		return nil, nil, err
	}
	p, err := account.Prepare(ctx, conn.Client, acct, auth, calls, append(options, limits...)...)
	if err != nil {
		return nil, nil, err
	}
	file, err := newOpFile(ref, p)
	if err != nil {
		return nil, nil, err
	}
	if signer == nil {
		return nil, nil, c.leave(p, file, f.out, f.json)
	}
	r, err := c.deliver(ctx, p, file, f.out, signer, f.approvalFlags, f.wait)
	return p, r, err
}

// printOutcome is what an action ends with.
func (c *call) printOutcome(p *account.Prepared, r *account.Receipt, asJSON bool) error {
	switch {
	case p == nil:
		return nil
	case r == nil:
		return c.printSent(p.Hash(), asJSON)
	}
	return c.printReceipt(r, asJSON)
}

// leave writes the operation down for whoever approves elsewhere.
func (c *call) leave(p *account.Prepared, file *opFile, out string, asJSON bool) error {
	if out == "" {
		return usageError("the key that approves is not here", "--out op.json keeps the prepared operation for it; then: postern op send op.json")
	}
	if err := file.write(out); err != nil {
		return err
	}
	if asJSON {
		return printJSON(c.stdout, file)
	}
	c.printPrepared(p)
	c.printNext(p, out)
	return nil
}

// keyOfOwner reads the new owner: an address, or the key file that has it.
func keyOfOwner(arg string) (common.Address, error) {
	if strings.HasPrefix(arg, "0x") {
		return parseAddress("the new owner", arg)
	}
	k, err := readOwnerFile(arg)
	if err != nil {
		return common.Address{}, err
	}
	return k.address(), nil
}
