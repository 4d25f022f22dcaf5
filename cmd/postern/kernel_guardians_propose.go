package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/guardians"
	"github.com/postern-dev/postern/recovery"
)

const kernelGuardiansProposeAbout = `
Asks the guardians of a Kernel account to give it a new owner; and, when enough of them have
signed, sends that to the chain, where it begins to wait.

With an address: --out FILE is what the guardians sign, one after the other or each a copy. The new
owner is of the kind of the present one: an address, or a passkey – a key file, a file with the reply
of navigator.credentials.create(), CREDENTIAL-ID:PUBLIC-KEY. Be sure that it can sign: nothing
proves that here.

With the file, or all copies of it: anybody sends it and pays.

  postern kernel guardians propose 0x… --new phone.json --out recovery.json
  postern kernel guardians sign recovery.json --key bob.json       and so on
  postern kernel guardians propose recovery.json --owner-key payer.json`

func kernelGuardiansPropose() verb {
	return verb{name: "propose", usage: "<address --new OWNER --out FILE | FILE…> [flags]", about: kernelGuardiansProposeAbout, run: runKernelGuardiansPropose}
}

// A kernelPropose is one run of propose.
type kernelPropose struct {
	network
	payment
	call                 *call
	newOwner, out, names string
	show                 bool
}

func runKernelGuardiansPropose(ctx context.Context, c *call) error {
	fs := c.newFlags()
	f := &kernelPropose{call: c, payment: payment{nobody: "--owner-key FILE of any EOA, which pays; or --call, and send it with a wallet"}}
	f.network.flags(fs)
	fs.StringVar(&f.newOwner, "new", "", "the new `owner`: an address or a key file; of a passkey's account a passkey's file, or CREDENTIAL-ID:PUBLIC-KEY")
	fs.StringVar(&f.out, "out", "", "keep what guardians sign in this `file`")
	fs.StringVar(&f.names, "names", "", "setup `file` with the names of guardians")
	fs.StringVar(&f.ownerKey, "owner-key", "", "who sends it and pays: `file` with the key of an EOA, or - for standard input (default $"+ownerEnv+")")
	fs.BoolVar(&f.show, "call", false, "print the call and send nothing")
	fs.StringVar(&f.maxFee, "max-fee", "", "refuse if the transaction may cost more than this `amount` (default 0.05eth)")
	fs.BoolVar(&f.yes, "yes", false, "do not ask before signing")
	fs.BoolVar(&f.json, "json", false, "print one JSON object")
	rest, err := c.parse(fs, guardians.MaxGuardians)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return usageError(whichAccount, "postern kernel guardians propose 0x… --new OWNER --out recovery.json; or the file that was signed")
	}
	names, err := openKernelNames(f.names)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	r, spec, err := c.kernelSubject(rest[0])
	switch {
	case err != nil:
		return err
	case r != nil && f.newOwner != "":
		return usageError("--new is for a new recovery, and the file is one already", "without --new it is sent; to begin, give the account's address")
	case r != nil:
		return f.send(ctx, rest, names)
	case len(rest) > 1:
		return usageError("one argument too many: "+clip(rest[1]), "run: postern help "+c.cmd.name)
	case f.newOwner == "":
		return usageError("which new owner?", "--new 0x…, or the file of a passkey; to send what was signed: postern kernel guardians propose FILE")
	case f.out == "":
		return usageError("the guardians need a file", "--out FILE, which goes from one to the other: postern kernel guardians sign FILE")
	}
	return f.begin(ctx, spec, names)
}

// maxVetoed is how many vetoes of one new owner a search goes over.
const maxVetoed = 64

// begin writes the file for the guardians.
func (f *kernelPropose) begin(ctx context.Context, spec *kernelSpec, names *nameBook) error {
	conn, err := f.connect()
	if err != nil {
		return err
	}
	acct, err := spec.account(ctx, conn.Chain)
	if err != nil {
		return explainKernel(err, spec)
	}
	g, err := readKernelGuarded(ctx, conn, acct)
	if err != nil {
		return err
	}
	if err := g.standing(); err != nil {
		return err
	}
	to, err := ownerLike(acct.Root(), f.newOwner)
	if err != nil {
		return err
	}
	if to.Owner != nil {
		if err := signsHere(ctx, conn.Chain, "the new owner", *to.Owner); err != nil {
			return err
		}
	}
	r, err := g.propose(ctx, to)
	if err != nil {
		return err
	}
	if err := f.call.writeKernelRecovery(f.out, r); err != nil {
		return err
	}
	if f.json {
		return printJSON(f.call.stdout, r.wire(names, nil))
	}
	f.call.printKernelRecovery(r, names, nil)
	fmt.Fprintf(f.call.stdout, "next: each of them: postern kernel guardians sign %s\n", plain(f.out))
	return nil
}

// propose makes the first proposal of a new owner that was not stopped: a veto is for good,
// and for one lane.
func (g *kernelGuarded) propose(ctx context.Context, to kernelOwner) (*kernelRecovery, error) {
	root, err := to.root()
	if err != nil {
		return nil, err
	}
	if contract, err := root.Contract(g.acct.Version()); err != nil || contract != g.acct.RootContract() {
		return nil, failf("other-owner", "the owner hands it on, with another tool, while there is one", "guardians cannot recover an account whose root is %s (%s)", g.acct.Root(), g.acct.RootContract())
	}
	if sameOwner(g.acct.Root(), root) {
		return nil, failf("no-change", "name the new key", "%s is the owner already", root)
	}
	for lane := kernel.Lane(0); lane < maxVetoed; lane++ {
		nonce, err := guardians.Next(ctx, g.conn.Chain, g.acct, lane)
		if err != nil {
			return nil, err
		}
		r, err := newKernelRecovery(g.chainID, g.acct.Address(), g.acct.Version(), to, nonce, g.setup)
		if err != nil {
			return nil, err
		}
		status, err := guardians.Look(ctx, g.conn.Chain, g.setup, r.proposal)
		if err != nil {
			return nil, err
		}
		if status.Stage != guardians.Vetoed {
			return r, nil
		}
	}
	return nil, failf("vetoed", "ask the owner", "the owner has stopped this %d times", maxVetoed)
}

// ownerLike reads the new owner of an account: one of the same kind as the present.
func ownerLike(root kernel.Validator, text string) (kernelOwner, error) {
	out := kernelOwner{}
	switch root.(type) {
	case kernel.ECDSA:
		out.Validator = "ecdsa"
	case kernel.MultiChainECDSA:
		out.Validator = "multi-chain-ecdsa"
	case kernel.WebAuthn:
		out.Validator = "webauthn"
	case kernel.MultiChainWebAuthn:
		out.Validator = "multi-chain-webauthn"
	default:
		return out, failf("other-owner", "the root must be an ECDSA or WebAuthn validator", "guardians cannot recover an account whose root is %s", root)
	}
	address := strings.HasPrefix(text, "0x") && !strings.Contains(text, ":")
	if strings.HasSuffix(out.Validator, "ecdsa") {
		a, err := keyOfOwner(text)
		if err != nil && !address && !isKeyText(text) {
			if _, e := parsePasskeyRef(text); e == nil {
				return out, failf("bad-owner", "--new 0x…, or a file of postern key new --type eoa", "the account's owner is a key, and %s is a passkey", clip(text))
			}
		}
		out.Owner = &a
		return out, err
	}
	if address && !isKeyText(text) {
		return out, failf("bad-owner", "give "+passkeyRefHint, "the account's owner is a passkey, and %s is an address", clip(text))
	}
	ref, err := parsePasskeyRef(text)
	if err != nil {
		if _, e := readOwnerFile(text); e == nil {
			return out, failf("bad-owner", "give "+passkeyRefHint, "the account's owner is a passkey, and %s holds the key of an EOA", clip(text))
		}
		return out, err
	}
	out.Passkey = &creationPasskey{ref.credentialText(), ref.public.String()}
	return out, nil
}

// send brings what enough guardians have signed to the chain.
func (f *kernelPropose) send(ctx context.Context, paths []string, names *nameBook) error {
	r, err := f.call.readKernelRecoveries(paths)
	if err != nil {
		return err
	}
	conn, err := f.connect()
	if err != nil {
		return err
	}
	s, err := r.on(ctx, conn)
	if err != nil {
		return err
	}
	if err := s.open(); err != nil {
		return err
	}
	if s.status.Stage == guardians.Approved {
		return failf("proposed", "postern kernel guardians execute FILE --key GUARDIAN", "enough guardians have signed this on the chain already: %s", s.words())
	}
	if sum := r.weight(s.signed); sum < uint64(r.setup.Threshold) {
		var missing []string
		for _, g := range r.setup.Guardians {
			if !s.signed(g.Address) {
				missing = append(missing, names.key(g.Address))
			}
		}
		return failf("no-quorum", "not signed by "+strings.Join(missing, ", ")+": postern kernel guardians sign FILE", "the signatures weigh %d, and %d are needed", sum, r.setup.Threshold)
	}
	var fresh []guardians.Signed // the contract takes none twice
	for _, x := range r.signed {
		if !slices.Contains(s.status.Signed, x.Guardian) {
			fresh = append(fresh, x)
		}
	}
	call, err := guardians.Approve(s.setup, r.proposal, r.chainID, fresh...)
	if err != nil {
		return err
	}
	out := &guarded{Account: r.proposal.Account.Hex(), Does: "the recovery is proposed"}
	if f.show {
		out.To, out.Data = &call.To, call.Data
		return f.call.printCall(out, f.json)
	}
	tx, err := f.call.transact(ctx, conn, r.chainID, f.payment, "Propose the recovery of the account "+r.proposal.Account.Hex()+": its new owner is "+r.proposal.Owner.String(), call)
	if err != nil {
		return err
	}
	out.TxHash, out.Gas = &tx.Hash, uint64(tx.GasUsed)
	if s, err = r.on(ctx, conn); err != nil {
		return err
	}
	out.ReadyAt = s.status.ReadyAt.Format(time.RFC3339)
	out.Next = fmt.Sprintf("in %s, at %s: postern kernel guardians execute %s --key GUARDIAN; until then the owner can stop it: postern kernel guardians veto %s",
		recovery.Span(s.status.ReadyAt.Sub(s.now)), moment(s.status.ReadyAt), paths[0], paths[0])
	return f.call.printGuarded(out, f.json)
}
