package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
)

// A hybridAct is one action on an account, opened and ready.
type hybridAct struct {
	call   *call
	flags  *hybridFlags
	conn   *connection
	spec   *hybridSpec
	acct   hybridAccount
	signer localSigner // nil: elsewhere

	unborn bool // the account was opened and is not on the chain
}

// explain gives an error about signers the account's name, and says that the account is
// not there where that is the likelier cause.
func (a *hybridAct) explain(err error) error {
	f := explain(err)
	who := "who signs today: postern hybrid signers " + a.spec.Address.Hex()
	if f.Hint = strings.Replace(f.Hint, whoSigns, who, 1); errors.Is(err, hybrid.ErrNotSigner) {
		f.Hint = who
	}
	if a.unborn && errors.Is(err, hybrid.ErrNotSigner) {
		f.Message = fmt.Sprintf("the account %s is not on this chain yet, and who approves is none of its first signers", a.spec.Address)
		f.Hint = "a first signer creates it; is it another chain that is meant? A development chain without --data begins anew each time"
	}
	return f
}

// act opens the account that --account names and whoever approves.
func (f *hybridFlags) act(ctx context.Context, c *call) (*hybridAct, error) {
	spec := &hybridSpec{}
	signer, err := f.approvers(c, spec)
	if err != nil {
		return nil, err
	}
	made, err := f.creation(spec)
	if err != nil {
		return nil, err
	}
	if f.address != "" {
		var saved *hybridCreation
		if spec.Address, saved, err = hybridFiles.parse("--account", f.address); err != nil {
			return nil, err
		}
		if saved != nil && f.contracts == "" {
			made.Environment, spec.Environment = saved.Environment, saved.Environment
		}
		if saved != nil && f.salt == "" && len(f.passkeys) == 0 {
			made = saved
		}
	}
	conn, err := f.dial()
	if err != nil {
		return nil, err
	}
	a := &hybridAct{call: c, flags: f, conn: conn, spec: spec, signer: signer}
	if err := spec.Environment.findLibrary(ctx, conn.Chain); err != nil {
		return nil, err
	}
	if f.address == "" {
		return nil, a.whichAccount(ctx)
	}
	return a, a.open(ctx, made)
}

// open opens the account at the spec's address. What it was created with is needed
// while it is not on the chain; given later, it must be right.
func (a *hybridAct) open(ctx context.Context, made *hybridCreation) error {
	there, err := a.deployed(ctx, a.spec.Address)
	if err != nil {
		return err
	}
	given := a.flags.salt != "" || len(a.flags.passkeys) > 0
	a.unborn = !there
	if there && given || !there && !made.empty() {
		if err := a.checkMeant(ctx, made, there); err != nil {
			return err
		}
		a.spec.Create = made
	}
	a.acct, err = a.spec.account(ctx, a.conn.Chain)
	return err
}

// checkMeant refuses an account that is not made of what is given. Where nothing is at its
// address, that comes first, and whether the other one is there.
func (a *hybridAct) checkMeant(ctx context.Context, made *hybridCreation, there bool) error {
	err := made.checkIs(a.spec.Address)
	different, ok := errors.AsType[*hybrid.DifferentAccountError](err)
	if !ok || there {
		return err
	}
	other, err := a.deployed(ctx, different.Computed)
	if err != nil {
		return err
	}
	if other {
		return failf("different-account", "did you mean --account "+different.Computed.Hex()+"? It is on the chain and follows from the signers given",
			"there is no account at %s", a.spec.Address)
	}
	return failf("not-deployed", "check address and chain; what is given makes another account, "+different.Computed.Hex()+", which is not there either",
		"there is no account at %s on this chain, and none that is made of these signers has this address", a.spec.Address)
}

// deployed reports whether there is a contract at the address.
func (a *hybridAct) deployed(ctx context.Context, addr common.Address) (bool, error) {
	code, err := a.conn.Chain.Code(ctx, addr)
	if err != nil {
		return false, fmt.Errorf("read the code of %s: %w", addr, err)
	}
	return len(code) > 0, nil
}

// whichAccount refuses to guess, and says what it found.
func (a *hybridAct) whichAccount(ctx context.Context) error {
	hint := "--account 0x…; to make a new one: postern hybrid create"
	if found := a.found(ctx); found != nil {
		hint = fmt.Sprintf("did you mean --account %s? It has this passkey as a signer; anybody can make such an account, so look at its other signers first: postern hybrid signers %s", found, found)
	}
	return usageError("which account? It cannot be told from who approves: other first signers give another, empty account", hint)
}

// found looks for an account that the approving passkey was added to. It is a help only:
// many nodes do not search all blocks.
func (a *hybridAct) found(ctx context.Context) *common.Address {
	if a.spec.Passkey == nil {
		return nil
	}
	ref, err := passkeyOf(a.spec.Passkey.CredentialID, a.spec.Passkey.PublicKey)
	if err != nil {
		return nil
	}
	d, err := a.spec.Environment.deployment()
	if err != nil {
		return nil
	}
	found, err := hybrid.FindByKey(ctx, a.conn.Chain, d, ref.key())
	if err != nil || len(found) == 0 {
		return nil
	}
	address := found[0].Address()
	return &address
}

// run prepares the calls, has them approved, sends them, and prints what became of it.
func (a *hybridAct) run(ctx context.Context, calls []account.Call, options ...account.Option) error {
	p, r, err := a.operate(ctx, calls, options...)
	if err != nil {
		return err
	}
	return a.call.printOutcome(p, r, a.flags.json)
}

func (a *hybridAct) operate(ctx context.Context, calls []account.Call, options ...account.Option) (*account.Prepared, *account.Receipt, error) {
	auth, err := a.spec.authority(a.acct)
	if err != nil {
		return nil, nil, a.explain(err)
	}
	return a.call.operate(ctx, &a.flags.actFlags, a.conn, a.spec, a.acct, auth, a.signer, calls, options...)
}
