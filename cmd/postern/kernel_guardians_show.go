package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel/guardians"
)

const kernelGuardiansShowAbout = `
Who guards a Kernel account; or, of the file of a recovery, how far it has come: who has signed it
in the file and on the chain, and when it can be carried out. The chain does not tell which
recoveries there are.

  postern kernel guardians show 0x… --names guardians.toml
  postern kernel guardians show recovery.json`

func kernelGuardiansShow() verb {
	return verb{name: "show", usage: "<address|account.json|recovery.json> [flags]", about: kernelGuardiansShowAbout, run: runKernelGuardiansShow}
}

// wireKernelGuarded is who guards an account, as --json prints it.
type wireKernelGuarded struct {
	Account   string              `json:"account"`
	ChainID   string              `json:"chainId"`
	Now       string              `json:"now"`    // on the chain
	Obeyed    bool                `json:"obeyed"` // the account lets these guardians recover it
	Executes  bool                `json:"makeCalls,omitempty"`
	Threshold uint32              `json:"threshold"`
	Delay     int64               `json:"delaySeconds"`
	Guardians []wireKernelGuard   `json:"guardians"`
	Words     []string            `json:"words"`
	Recovery  *wireKernelRecovery `json:"recovery,omitempty"`
}

type wireKernelGuard struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Weight  uint32 `json:"weight"`
}

// wireKernelRecovery is how far a recovery has come.
type wireKernelRecovery struct {
	Account   string           `json:"account"`
	ChainID   string           `json:"chainId"`
	NewOwner  string           `json:"newOwner"`
	Hash      common.Hash      `json:"hash"`
	Words     []string         `json:"words"`
	Warnings  []string         `json:"warnings,omitempty"`
	Weight    uint64           `json:"weight"` // of who has signed, here or on the chain
	Threshold uint32           `json:"threshold"`
	Ready     bool             `json:"ready"` // to be sent
	Signed    []common.Address `json:"signed"`
	// Of the chain, where it was asked.
	Stage   string           `json:"stage,omitempty"`
	OnChain []common.Address `json:"signedOnChain,omitempty"`
	ReadyAt string           `json:"readyAt,omitempty"`
}

func runKernelGuardiansShow(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var n network
	n.flags(fs)
	book := fs.String("names", "", "setup `file` with the names of guardians")
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return usageError(whichAccount, "postern kernel guardians show 0x…, or the file of a recovery")
	}
	names, err := openKernelNames(*book)
	if err != nil {
		return err
	}
	r, spec, err := c.kernelSubject(rest[0])
	if err != nil {
		return err
	}
	conn, err := n.connect()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	if r != nil {
		s, err := r.on(ctx, conn)
		if err != nil {
			return err
		}
		if *asJSON {
			out := s.kernelGuarded.wire(names)
			out.Recovery = r.wire(names, s)
			return printJSON(c.stdout, out)
		}
		c.printKernelRecovery(r, names, s)
		return nil
	}
	acct, err := spec.account(ctx, conn.Chain)
	if err != nil {
		return explainKernel(err, spec)
	}
	g, err := readKernelGuarded(ctx, conn, acct)
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(c.stdout, g.wire(names))
	}
	c.printKernelGuarded(g, names)
	return nil
}

// kernelSubject is what an argument names: a recovery, or an account.
func (c *call) kernelSubject(arg string) (*kernelRecovery, *kernelSpec, error) {
	if !strings.HasPrefix(arg, "0x") && !isKeyText(arg) {
		text, _, err := c.readArgument([]string{arg})
		if err != nil {
			return nil, nil, err
		}
		if bytes.Contains(text, []byte(`"`+kernelRecoveryFormat+`"`)) {
			r, err := kernelRecoveryIn(arg, text)
			return r, nil, err
		}
	}
	addr, made, err := kernelFiles.parse("the account", arg)
	return nil, &kernelSpec{Address: addr, Create: made}, err
}

func (g *kernelGuarded) wire(names *nameBook) *wireKernelGuarded {
	out := &wireKernelGuarded{Account: g.acct.Address().Hex(), ChainID: g.chainID.String(), Now: g.now.Format(time.RFC3339), Obeyed: g.obeyed,
		Executes: g.executes, Threshold: g.setup.Threshold, Delay: int64(g.setup.Delay / time.Second), Guardians: []wireKernelGuard{}, Words: []string{}}
	for _, x := range g.setup.Guardians {
		out.Guardians = append(out.Guardians, wireKernelGuard{names.key(x.Address), x.Address.Hex(), x.Weight})
	}
	if len(out.Guardians) > 0 {
		out.Words = names.kernelSetup(g.setup)
	}
	return out
}

func (c *call) printKernelGuarded(g *kernelGuarded, names *nameBook) {
	fmt.Fprintf(c.stdout, "account %s on chain %s, where it is %s\n", g.acct.Address().Hex(), g.chainID, moment(g.now))
	if len(g.setup.Guardians) == 0 {
		fmt.Fprintln(c.stdout, "nobody guards it: postern kernel guardians set FILE")
		return
	}
	c.printLines(names.kernelSetup(g.setup))
	if !g.obeyed {
		c.printHazards([]string{"The account does not obey them any more: they were revoked with everything else. Begin again: postern kernel guardians leave, then set."})
	}
	if g.executes {
		c.printHazards([]string{"These guardians can make any call of the account, after the delay: another tool has set them."})
	}
}

// wire says how far a recovery has come; s is nil where no chain was asked.
func (r *kernelRecovery) wire(names *nameBook, s *kernelStand) *wireKernelRecovery {
	out := &wireKernelRecovery{Account: r.proposal.Account.Hex(), ChainID: r.chainID.String(), NewOwner: r.proposal.Owner.String(), Hash: r.proposal.Hash(),
		Words: r.words(names), Warnings: r.warnings(), Threshold: r.setup.Threshold, Signed: []common.Address{}}
	for _, x := range r.signed {
		out.Signed = append(out.Signed, x.Guardian)
	}
	has := func(a common.Address) bool { return r.of(a) != nil }
	if s != nil {
		has, out.Stage, out.OnChain = s.signed, s.status.Stage.String(), s.status.Signed
		if s.status.Stage == guardians.Approved {
			out.ReadyAt = s.status.ReadyAt.Format(time.RFC3339)
		}
	}
	out.Weight = r.weight(has)
	out.Ready = out.Weight >= uint64(out.Threshold) && (s == nil || s.status.Stage == guardians.Ongoing)
	return out
}

// printKernelRecovery says what is asked and how far it has come; s is nil where no chain was asked.
func (c *call) printKernelRecovery(r *kernelRecovery, names *nameBook, s *kernelStand) {
	c.printLines(r.words(names))
	c.printHazards(r.warnings())
	c.printKernelSigned(r, names, s)
}

func (c *call) printKernelSigned(r *kernelRecovery, names *nameBook, s *kernelStand) {
	p := painter(c.stdout)
	for _, g := range r.setup.Guardians {
		word := p.yellow("not yet")
		if r.of(g.Address) != nil {
			word = p.green("signed")
		} else if s != nil && s.signed(g.Address) {
			word = p.green("signed on the chain")
		}
		fmt.Fprintf(c.stdout, "  %s: %s\n", plain(names.key(g.Address)), word)
	}
	w := r.wire(names, s)
	switch {
	case s != nil && s.status.Stage != guardians.Ongoing:
		fmt.Fprintln(c.stdout, p.bold(s.words()))
	case w.Ready:
		fmt.Fprintln(c.stdout, p.green("enough have signed")+": anybody may send it: postern kernel guardians propose FILE")
	default:
		fmt.Fprintf(c.stdout, "%d of %d that are needed\n", w.Weight, w.Threshold)
	}
}
