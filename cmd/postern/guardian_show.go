package main

import (
	"context"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/recovery"
)

const guardianShowAbout = `
Who guards an account, and what is going on, as the chain has it: recoveries that are proposed, with
the time that is left to stop them; a change of guardians that is scheduled; a freeze. The chain
knows keys, not names: --names takes them from the setup file.

Whoever owns an account should look from time to time, or have a program do it: --json.

  postern guardian show 0x… --names guardians.toml`

func guardianShow() verb {
	return verb{name: "show", usage: "[address] [flags]", about: guardianShowAbout, run: runGuardianShow}
}

// wireState is where an account's recovery stands, as --json prints it.
type wireState struct {
	Account    string         `json:"account"`
	ChainID    string         `json:"chainId"`
	Now        string         `json:"now"` // on the chain
	ConfigHash *common.Hash   `json:"configHash,omitempty"`
	Words      []string       `json:"words"`
	Tiers      []wireTier     `json:"tiers"`
	Proposals  []wireProposal `json:"proposals"`
	Pending    *wirePending   `json:"scheduled,omitempty"`
	Frozen     string         `json:"frozenUntil,omitempty"`
}

type wireTier struct {
	Tier      int            `json:"tier"` // from 1
	Name      string         `json:"name,omitempty"`
	Threshold uint64         `json:"threshold"`
	Delay     int64          `json:"delaySeconds"`
	Guardians []wireGuardian `json:"guardians"`
}

type wireProposal struct {
	Tier      int      `json:"tier"` // from 1
	Stage     string   `json:"stage"`
	Digest    string   `json:"digest"`
	ReadyAt   string   `json:"readyAt"`
	ExpiresAt string   `json:"expiresAt"`
	NewSigner string   `json:"newSigner,omitempty"`
	Replaces  []string `json:"replaces,omitempty"`
}

type wirePending struct {
	Stage     string   `json:"stage"`
	ReadyAt   string   `json:"readyAt"`
	ExpiresAt string   `json:"expiresAt"`
	Words     []string `json:"words"`
}

func runGuardianShow(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f accountFlags
	f.flags(fs)
	book := fs.String("names", "", "setup `file` with the names of guardians and tiers")
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	a := &guardianAct{accountAct: accountAct{call: c, accountFlags: f}, namesPath: *book}
	if err := a.open(ctx, "show", rest); err != nil {
		return err
	}
	if *asJSON {
		return printJSON(c.stdout, a.wire())
	}
	a.printState()
	return nil
}

func (a *guardianAct) wire() wireState {
	s := a.state
	out := wireState{
		Account: s.Account.Hex(), ChainID: s.ChainID.String(), Now: a.now.Format(time.RFC3339),
		Words: []string{}, Tiers: []wireTier{}, Proposals: []wireProposal{},
	}
	if !s.Setup.Empty() {
		hash := s.ConfigHash()
		out.ConfigHash, out.Words = &hash, a.names.setup(s.Setup)
	}
	for i, t := range s.Setup.Tiers {
		w := wireTier{Tier: i + 1, Threshold: t.Threshold, Delay: int64(t.Delay / time.Second)}
		if a.names != nil && i < len(a.names.tiers) {
			w.Name = a.names.tiers[i]
		}
		for _, g := range t.Guardians {
			w.Guardians = append(w.Guardians, wireGuardian{Name: a.names.signer(g.Signer), Signer: g.Signer.String(), Weight: g.Weight})
		}
		out.Tiers = append(out.Tiers, w)
	}
	for _, p := range s.Proposals {
		if p == nil {
			continue
		}
		w := wireProposal{int(p.Tier) + 1, p.Stage(a.now).String(), p.Digest.Hex(), p.ReadyAt.Format(time.RFC3339), p.ExpiresAt.Format(time.RFC3339), "", nil}
		if r := p.Recovery; r != nil {
			w.NewSigner = r.NewSigner.String()
			for _, x := range r.Replaces {
				w.Replaces = append(w.Replaces, x.String())
			}
		}
		out.Proposals = append(out.Proposals, w)
	}
	if p := s.Pending; p != nil {
		out.Pending = &wirePending{p.Stage(a.now).String(), p.ReadyAt.Format(time.RFC3339), p.ExpiresAt.Format(time.RFC3339), a.pendingWords(p.Setup)}
	}
	if s.FrozenUntil.After(a.now) {
		out.Frozen = s.FrozenUntil.Format(time.RFC3339)
	}
	return out
}

func (a *guardianAct) pendingWords(s guardian.Setup) []string {
	if s.Empty() {
		return []string{"nobody guards the account any more"}
	}
	return a.names.setup(s)
}

func (a *guardianAct) printState() {
	out, p, s := a.call.stdout, painter(a.call.stdout), a.state
	fmt.Fprintf(out, "account %s on chain %s, where it is %s\n", s.Account.Hex(), s.ChainID, moment(a.now))
	if s.Setup.Empty() {
		fmt.Fprintln(out, "nobody guards it: postern guardian setup FILE")
	} else {
		a.call.printLines(a.names.setup(s.Setup))
	}
	for _, x := range s.Proposals {
		if x != nil {
			a.printProposal(x)
		}
	}
	if x := s.Pending; x != nil {
		fmt.Fprintf(out, "%s, %s:\n", p.bold("scheduled"), a.stage(x.Stage(a.now), x.ReadyAt, x.ExpiresAt))
		for _, line := range a.pendingWords(x.Setup) {
			fmt.Fprintln(out, "  "+plain(line))
		}
	}
	if left := s.FrozenUntil.Sub(a.now); left > 0 {
		fmt.Fprintf(out, "%s for %s more, until %s\n", p.red("frozen"), recovery.Span(left), moment(s.FrozenUntil))
	}
}

func (a *guardianAct) printProposal(x *guardian.Proposal) {
	out, p := a.call.stdout, painter(a.call.stdout)
	fmt.Fprintf(out, "%s by %s, %s\n", p.red("A RECOVERY IS PROPOSED"), plain(a.names.tier(int(x.Tier))), a.stage(x.Stage(a.now), x.ReadyAt, x.ExpiresAt))
	if r := x.Recovery; r != nil {
		fmt.Fprintf(out, "  new signer  %s\n", plain(guardian.Name(r.NewSigner)))
		for _, old := range r.Replaces {
			fmt.Fprintf(out, "  replaces    %s\n", plain(guardian.Name(old)))
		}
	} else {
		fmt.Fprintf(out, "  digest      %s (the node has no logs of block %d)\n", x.Digest.Hex(), x.Block)
	}
	if x.Stage(a.now) != guardian.Expired {
		fmt.Fprintln(out, "  not by you? stop it: postern guardian cancel "+a.state.Account.Hex())
	}
}

// stage says how far something that waits has come.
func (a *guardianAct) stage(s guardian.Stage, ready, expires time.Time) string {
	switch s {
	case guardian.Waiting:
		return fmt.Sprintf("waits for %s more, until %s", recovery.Span(ready.Sub(a.now)), moment(ready))
	case guardian.Ready:
		return fmt.Sprintf("ready, for %s more, until %s", recovery.Span(expires.Sub(a.now)), moment(expires))
	}
	return "void since " + moment(expires)
}
