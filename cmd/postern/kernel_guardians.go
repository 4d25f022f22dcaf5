package main

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/guardians"
	"github.com/postern-dev/postern/userop"
)

const kernelGuardiansAbout = `
Guardians of a Kernel account, by its makers' own contracts: people with secp256k1 keys who can
together give it a new owner, after a delay in which the owner can veto. From Kernel 0.3.1 on.
docs/kernel.md walks through all of it.

The owner:
  postern kernel guardians set       let guardians in
  postern kernel guardians change    put others in their place, at once
  postern kernel guardians leave     do without guardians
  postern kernel guardians veto      stop a recovery

Anybody:
  postern kernel guardians show      who guards an account, or how far a recovery has come
  postern kernel guardians propose   ask for a recovery; send it when enough guardians signed

A guardian:
  postern kernel guardians sign      read in words what is asked, and sign it
  postern kernel guardians execute   give the account its new owner, after the delay

These contracts promise less than those of Postern's own account (postern help guardian):
  - Enough guardians can sign messages for the account at once, without the delay and without
    the owner; a permit of a token is such a message. So set wants --danger-messages.
  - The chain has no log of proposals: the owner can veto one only if somebody gives her its
    file or its hash.
  - An approved recovery never expires, and a veto stops one: guardians can propose another.
  - Whoever has the owner's key changes the guardians at once.

What guardians sign goes from one to the other as a file, by any way; it holds no secret, and
every signature in it is verified when it is read.

More on each: postern help kernel guardians set`

func kernelGuardianVerbs() []verb {
	return []verb{kernelGuardiansSet(), kernelGuardiansChange(), kernelGuardiansLeave(), kernelGuardiansShow(),
		kernelGuardiansPropose(), kernelGuardiansSign(), kernelGuardiansExecute(), kernelGuardiansVeto()}
}

func kernelGuardians() verb {
	return verb{name: "guardians", usage: "set|change|leave|show|propose|sign|execute|veto [flags]", about: kernelGuardiansAbout,
		run: func(ctx context.Context, c *call) error { return c.dispatch(ctx, kernelGuardianVerbs()) }}
}

// A kernelGuarded is a Kernel account and who guards it, as the chain has it now.
type kernelGuarded struct {
	conn     *connection
	chainID  *big.Int
	acct     *kernel.Account
	setup    guardians.Setup // of the validator, also while the account does not obey it; empty: none
	obeyed   bool            // the account lets these guardians recover it
	executes bool            // and lets them make any call: another tool has set them
	now      time.Time       // of the chain
}

// readKernelGuarded refuses chains and versions that have no guardians.
func readKernelGuarded(ctx context.Context, conn *connection, acct *kernel.Account) (*kernelGuarded, error) {
	g := &kernelGuarded{conn: conn, acct: acct}
	var err error
	if g.chainID, err = conn.onChain(ctx); err != nil {
		return nil, err
	}
	if !acct.Version().AtLeast(kernel.V031) {
		return nil, &kernel.UnsupportedError{Version: acct.Version(), What: "has no guardians", Way: "upgrade to Kernel 0.3.1 or later"}
	}
	if err := guardians.Available(ctx, conn.Chain); err != nil {
		if !is[*guardians.SetupError](err) {
			return nil, err
		}
		f := explain(err)
		f.Code, f.Message = "missing-contract", fmt.Sprintf("chain %s has no guardians for Kernel accounts: %s", g.chainID, f.Message)
		return nil, f
	}
	if g.now, err = chainTime(ctx, conn); err != nil {
		return nil, err
	}
	if g.setup, err = guardians.At(ctx, conn.Chain, acct.Address()); err != nil {
		return nil, err
	}
	code, err := conn.Chain.Code(ctx, acct.Address())
	if err != nil || len(code) == 0 {
		return g, err
	}
	installed, err := kernel.ReadInstalled(ctx, conn.Chain, acct.Address(), kernel.ValidatorID(guardians.Validator))
	g.obeyed, g.executes = installed.Valid && len(g.setup.Guardians) > 0, installed.Valid && installed.Executes
	return g, err
}

// standing refuses an account that nobody guards.
func (g *kernelGuarded) standing() error {
	addr := g.acct.Address()
	switch {
	case len(g.setup.Guardians) == 0:
		return failf("no-guardians", "its owner sets them: postern kernel guardians set FILE", "the account %s has no guardians on chain %s", addr, g.chainID)
	case !g.obeyed:
		return failf("revoked", "its owner begins again: postern kernel guardians leave, then set", "the account %s does not obey its guardians any more: they were revoked with everything else", addr)
	}
	return nil
}

// signsHere refuses who could not sign here: nobody's addresses, and contracts.
func signsHere(ctx context.Context, chain account.Chain, who string, a common.Address) error {
	const way = "give the address of a key, such as a wallet's"
	if a.Big().BitLen() <= 16 || a.Big().Cmp(deadAddress.Big()) == 0 {
		return failf("bad-setup", way, "%s: nobody has the key of %s", who, a)
	}
	code, err := chain.Code(ctx, a)
	if err != nil {
		return fmt.Errorf("read the code of %s: %w", a, err)
	}
	if _, delegated := userop.ParseDelegation(code); len(code) > 0 && !delegated {
		return failf("bad-setup", way, "%s: %s is a contract, and here only keys sign", who, a)
	}
	return nil
}

var deadAddress = common.HexToAddress("0x000000000000000000000000000000000000dEaD")

// guard makes the account's calls, and says what became of it.
func (a *kernelAct) guard(ctx context.Context, does, next string, calls []account.Call) error {
	p, r, err := a.operate(ctx, calls)
	if err != nil || p == nil {
		return err
	}
	return a.call.printGuardedReceipt(p, r, &guarded{Account: a.spec.Address.Hex(), Does: does, Next: next}, a.flags.json)
}

// printGuardedReceipt ends an operation about guardians.
func (c *call) printGuardedReceipt(p *account.Prepared, r *account.Receipt, out *guarded, asJSON bool) error {
	if r == nil || !r.Success {
		return c.printOutcome(p, r, asJSON)
	}
	if out.Receipt = wireReceipt(r); asJSON {
		return printJSON(c.stdout, out)
	}
	return errors.Join(c.printReceipt(r, false), c.printGuarded(out, false))
}
