package main

import (
	"context"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel/guardians"
	"github.com/postern-dev/postern/recovery"
)

const kernelGuardiansExecuteAbout = `
Gives the account its new owner, after the delay: an operation of the account, which any one of its
guardians signs, and which the account pays for, or a --paymaster. The old owner loses its access;
session keys that it granted stay (postern grant revoke --all).

  postern kernel guardians execute recovery.json --key mum.json
  postern kernel guardians execute recovery.json --guardian 0x… --out op.json
                                   then postern op send op.json --signature 0x…`

func kernelGuardiansExecute() verb {
	return verb{name: "execute", usage: "<recovery.json> --key FILE [flags]", about: kernelGuardiansExecuteAbout, run: runKernelGuardiansExecute}
}

func runKernelGuardiansExecute(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f actFlags
	var by guardianKey
	f.network.flags(fs)
	f.payer.flags(fs)
	by.flags(fs)
	f.resultFlags(fs)
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return usageError("which file?", "postern kernel guardians execute recovery.json --key FILE")
	}
	r, err := c.readKernelRecovery(rest[0])
	if err != nil {
		return err
	}
	who, signer, err := by.read(c)
	if err != nil {
		return err
	}
	if err := r.isGuardian(who, nil); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	conn, err := f.dial()
	if err != nil {
		return err
	}
	s, err := r.on(ctx, conn)
	if err != nil {
		return err
	}
	if err := s.ready(); err != nil {
		return err
	}
	if !f.json {
		c.printLines(r.words(nil))
	}
	p, receipt, err := c.operate(ctx, &f, conn, &recoverySpec{r.file(), who}, guardians.Account{Account: s.acct}, guardians.NewAuthority(r.proposal, who), signer, []account.Call{r.proposal.Call()})
	if err != nil || p == nil {
		return err
	}
	if receipt != nil && receipt.Success {
		if s, err = r.on(ctx, conn); err != nil {
			return err
		}
		if !s.done {
			return failf("other-owner", "postern kernel show "+r.proposal.Account.Hex(), "the operation has run, and the account's owner is %s", s.acct.Root())
		}
	}
	return c.printGuardedReceipt(p, receipt, &guarded{Account: r.proposal.Account.Hex(), Does: r.proposal.Owner.String() + " is the owner of the account",
		Next: "take back the session keys that nobody needs: postern grant list " + r.proposal.Account.Hex()}, f.json)
}

// ready refuses what the guardians have not approved, and what waits.
func (s *kernelStand) ready() error {
	if err := s.open(); err != nil {
		return err
	}
	if s.status.Stage != guardians.Approved {
		return failf("not-proposed", "send the file first: postern kernel guardians propose FILE", "on the chain not enough guardians have signed this")
	}
	if left := s.status.ReadyAt.Sub(s.now); left > 0 {
		return failf("too-early", "wait; on a development chain: postern skip "+recovery.Span(left.Round(time.Second)), "the recovery waits for %s more, until %s", recovery.Span(left), moment(s.status.ReadyAt))
	}
	return nil
}

const kernelGuardiansVetoAbout = `
Stops a recovery for good, before it is carried out: by its file, or by its --hash. The owner
approves it. Guardians can propose another one, which has to be stopped by itself; guardians who turn
are put out by change, or leave.

  postern kernel guardians veto recovery.json --owner-key owner.json
  postern kernel guardians veto --hash 0x… --account 0x… --owner-key owner.json`

func kernelGuardiansVeto() verb {
	return verb{name: "veto", usage: "<recovery.json | --hash 0x…> [flags]", about: kernelGuardiansVetoAbout, run: runKernelGuardiansVeto}
}

func runKernelGuardiansVeto(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f kernelFlags
	f.flags(fs)
	text := fs.String("hash", "", "the recovery's `hash`, in place of its file")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if (len(rest) == 1) == (*text != "") {
		return usageError("which recovery?", "its file, or --hash with --account")
	}
	hash, file, err := f.vetoed(c, rest, *text)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	a, err := f.act(ctx, c)
	if err != nil {
		return err
	}
	g, err := readKernelGuarded(ctx, a.conn, a.acct)
	if err != nil {
		return err
	}
	switch {
	case file != nil && file.chainID.Cmp(g.chainID) != 0: // the hash is the same on all chains
		return failf("wrong-chain", "use a node of that chain", "the file is for chain %s, and the node is on chain %s", file.chainID, g.chainID)
	case len(g.setup.Guardians) == 0:
		return g.standing()
	}
	status, err := guardians.LookAt(ctx, a.conn.Chain, g.setup, a.acct.Address(), hash)
	switch {
	case err != nil:
		return err
	case status.Stage == guardians.Vetoed:
		return failf("vetoed", "nothing more is to be done", "this recovery is stopped already")
	case status.Stage == guardians.Executed:
		return failf("executed", "who owns the account: postern kernel show "+a.acct.Address().Hex(), "this recovery was carried out already, or has failed")
	case len(status.Signed) == 0 && *text != "":
		return failf("nothing-proposed", "check the hash; with the recovery's file it can be stopped beforehand", "no guardian of the account has signed that on the chain")
	}
	call, err := guardians.Veto(hash)
	if err != nil {
		return err
	}
	if !f.json {
		fmt.Fprintf(c.stdout, "Stop the recovery %s of the account %s.\n", hash.Hex(), a.acct.Address())
	}
	return a.guard(ctx, "the recovery is stopped", "guardians can propose another; to put them out: postern kernel guardians change, or leave", []account.Call{call})
}

// vetoed is what is to be stopped; a file names its account, too.
func (f *kernelFlags) vetoed(c *call, rest []string, text string) (hash common.Hash, file *kernelRecovery, err error) {
	if text != "" {
		if err := hash.UnmarshalText([]byte(text)); err != nil {
			return hash, nil, usageError("--hash is no hash: "+clip(text), "0x and 64 hex digits, as postern kernel guardians show prints it")
		}
		return hash, nil, nil
	}
	if file, err = c.readKernelRecovery(rest[0]); err != nil {
		return hash, nil, err
	}
	f.address = or(f.address, file.proposal.Account.Hex())
	addr, _, err := kernelFiles.parse("--account", f.address)
	if err == nil && addr != file.proposal.Account {
		err = failf("wrong-file", "leave --account out", "the file is about the account %s", file.proposal.Account)
	}
	return file.proposal.Hash(), file, err
}
