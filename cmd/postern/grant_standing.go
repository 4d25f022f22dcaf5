package main

import (
	"fmt"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/grant"
)

// standingOf is where a permission is on a chain, for --json and for people.
func standingOf(chainID fmt.Stringer, g grant.Grant, s *session.Status) *standing {
	out := &standing{ChainID: chainID.String(), State: s.State.String(), Usable: s.Usable(), Deployed: s.Deployed,
		ValidAfter: s.ValidAfter, ValidUntil: s.ValidUntil, Messages: s.Messages, Left: []left{}, Words: s.Words}
	for i, p := range g.Policies {
		if i >= len(s.Left.Policies) {
			break
		}
		state := s.Left.Policies[i]
		one := left{Policy: string(p.Kind()), StartAt: state.StartAt, ResetAt: state.ResetAt}
		switch p.(type) {
		case *grant.Gas:
			one.Wei = or(number(state.Allowed), "0")
		case *grant.RateLimit:
			one.Uses = &state.Count
		default:
			continue
		}
		out.Left = append(out.Left, one)
	}
	return out
}

// signerText names a session key.
func signerText(s kernel.Signer) string {
	_, isKey := s.ECDSA()
	if _, _, isPasskey := s.WebAuthn(); isKey || isPasskey {
		return s.String()
	}
	return "a key of the signer contract " + s.Contract.Hex()
}

func (c *call) printOpened(o *opened, name string) {
	p := painter(c.stdout)
	title := o.Name
	if title == "" {
		title = name
	}
	fmt.Fprintln(c.stdout, p.bold(plain(title)))
	row := func(label, value string) {
		if value != "" {
			fmt.Fprintf(c.stdout, "  %-10s %s\n", label, plain(value))
		}
	}
	row("permission", o.Permission)
	row("account", o.Account+onChains(o.Chains))
	row("owner", o.Owner)
	row("for", o.Key)
	if o.Secret {
		row("beware", p.yellow("the private key of the session is in it: whoever has it can act"))
	}
	for _, line := range o.Words {
		fmt.Fprintf(c.stdout, "  %s\n", plain(line))
	}
	if o.Status != nil {
		c.printWords(o.Status)
	} else {
		fmt.Fprintln(c.stdout, "No chain was asked: where it stands, and whether the owner approved it there, says --rpc URL")
	}
	if o.File != "" {
		fmt.Fprintf(c.stdout, "kept in %s\n", plain(o.File))
	}
}

func (c *call) printStanding(o *opened) {
	fmt.Fprintf(c.stdout, "permission %s of %s on chain %s\n", o.Permission, o.Account, o.Status.ChainID)
	c.printWords(o.Status)
}

// printWords says where it stands, in colour.
func (c *call) printWords(s *standing) {
	p := painter(c.stdout)
	verdict := p.green(s.State)
	if !s.Usable {
		verdict = p.red(s.State)
	}
	fmt.Fprintf(c.stdout, "%s on chain %s\n", verdict, s.ChainID)
	for _, line := range s.Words {
		fmt.Fprintf(c.stdout, "  %s\n", plain(line))
	}
}

func onChains(ids []string) string {
	switch len(ids) {
	case 0:
		return ""
	case 1:
		return ", chain " + ids[0]
	}
	text := ", chains "
	for i, id := range ids {
		if i > 0 {
			text += ", "
		}
		text += id
	}
	return text
}
