package main

import (
	"context"
	"errors"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/internal/inspect"
)

// approveAndSend brings the operation on its way and prints what became of it.
func (c *call) approveAndSend(ctx context.Context, p *account.Prepared, file *opFile, path string, signer localSigner, f sendFlags) error {
	r, err := c.deliver(ctx, p, file, path, signer, f.approvalFlags, f.wait)
	if err != nil {
		return err
	}
	if r == nil {
		return c.printSent(p.Hash(), f.json)
	}
	return c.printReceipt(r, f.json)
}

// deliver seals the operation unless that was done before, writes down that it is
// sealed, sends it, writes down that it was sent. The receipt is nil without wait.
func (c *call) deliver(ctx context.Context, p *account.Prepared, file *opFile, path string, signer localSigner, f approvalFlags, wait bool) (*account.Receipt, error) {
	if !f.json {
		c.printPrepared(p)
	}
	if !p.Sealed() {
		approval, err := c.approval(ctx, p, file, signer, f, "Sign and send this?")
		if err != nil {
			return nil, err
		}
		if _, err := p.Finish(approval); err != nil {
			return nil, file.tooFew(p, approval, path, err)
		}
	}
	save := func() error {
		if err := file.update(p); err != nil || path == "" {
			return err
		}
		return file.write(path)
	}
	if err := save(); err != nil {
		return nil, err
	}
	_, err := p.Send(ctx)
	if saved := save(); err == nil {
		err = saved
	}
	if err != nil {
		return nil, outcome(err, p.Hash(), path)
	}
	if !wait {
		return nil, nil
	}
	r, err := p.Wait(ctx)
	if err != nil {
		return nil, outcome(err, p.Hash(), path)
	}
	return r, nil
}

// outcome adds the way on to an error after which the operation may run all the same.
// The file is sent again without harm; flags would make another operation.
func outcome(err error, hash common.Hash, path string) error {
	open := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	if !open && !is[*bundler.UnknownOutcomeError](err) && !is[*account.UnclearError](err) && !is[*bundler.TransportError](err) {
		return err
	}
	f := explain(err)
	f.Hint = "it may run yet: postern op wait " + hash.Hex() + "; the same flags again would make a second operation"
	if path != "" {
		f.Hint = "it may run yet: postern op wait " + path + "; sending the file again is harmless, it runs only once"
	}
	return f
}

// approval asks the key on this machine, or reads what was signed elsewhere.
// What others have approved of before stands in the file.
func (c *call) approval(ctx context.Context, p *account.Prepared, file *opFile, signer localSigner, f approvalFlags, question string) (account.Approval, error) {
	if p.Challenge().Kind != account.KindSeveral {
		return c.ask(ctx, p.Challenge(), signer, f, question)
	}
	out, err := file.given(p.Challenge())
	if err != nil || signer == nil && f.assertion == "" && f.signature == "" && len(file.Approvals) > 0 {
		return out, err
	}
	more, err := c.ask(ctx, p.Challenge(), signer, f, question)
	if err != nil {
		return out, err
	}
	if more.Parts == nil {
		return out, place(out.Parts, p.Challenge(), more)
	}
	for i, a := range more.Parts {
		if !a.IsZero() {
			out.Parts[i] = a
		}
	}
	return out, nil
}

// ask asks the key on this machine, or reads what was signed elsewhere.
func (c *call) ask(ctx context.Context, challenge account.Challenge, signer localSigner, f approvalFlags, question string) (account.Approval, error) {
	given := 0
	for _, is := range []bool{signer != nil, f.assertion != "", f.signature != ""} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		return account.Approval{}, usageError("a key, --assertion and --signature exclude each other", "give one of them")
	case signer != nil:
		if err := c.askFirst(ctx, f, question); err != nil {
			return account.Approval{}, err
		}
		return signer.approve(challenge)
	case f.signature != "":
		return parseSignature(f.signature)
	case f.assertion == "":
		if challenge.Kind == account.KindECDSA {
			return account.Approval{}, usageError("the operation is not approved yet", "--owner-key FILE, or --signature with what the owner's wallet signed (personal_sign or eth_signTypedData_v4)")
		}
		return account.Approval{}, usageError("the operation is not approved yet", "--assertion FILE with the passkey's reply, or --key FILE for a development key")
	}
	return c.readAssertion(f.assertion)
}

// parseSignature reads r ‖ s ‖ v of a secp256k1 key, as wallets return it.
func parseSignature(text string) (account.Approval, error) {
	sig, err := inspect.ParseBytes(text)
	if err != nil || len(sig) != 65 {
		return account.Approval{}, usageError("--signature is not 65 bytes: "+clip(text), "it is what the wallet returned: 0x and 130 hex digits")
	}
	return account.Approval{ECDSA: sig}, nil
}
