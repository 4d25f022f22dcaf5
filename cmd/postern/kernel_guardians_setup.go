package main

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel/guardians"
	"github.com/postern-dev/postern/internal/textfile"
	"github.com/postern-dev/postern/recovery"
	"github.com/postern-dev/postern/seal"
)

// A kernelSetup is who guards a Kernel account, as its owner writes it down.
type kernelSetup struct {
	setup guardians.Setup
	names *nameBook
}

func (c *call) readKernelSetup(path string) (*kernelSetup, error) {
	text, _, err := c.readArgument([]string{path})
	if err != nil {
		return nil, err
	}
	out, err := parseKernelSetup(text)
	if err != nil {
		f := explain(err)
		f.Code = or(map[bool]string{true: "bad-setup"}[f.Code == "failed"], f.Code)
		f.Message, f.Hint = path+": "+f.Message, or(f.Hint, "what stands in it: postern help kernel guardians set")
		return nil, f
	}
	return out, nil
}

// parseKernelSetup reads TOML or JSON of the same shape; docs/kernel.md describes it. It judges nothing.
func parseKernelSetup(text []byte) (*kernelSetup, error) {
	root, err := textfile.Parse(text)
	if err != nil {
		return nil, err
	}
	r := &textfile.Reader{}
	t := r.Table(root, "")
	t.Version(setupFileVersion)
	out := &kernelSetup{names: newNameBook()}
	small := func(n uint64) uint32 { return uint32(min(n, math.MaxUint32)) } // Check refuses what is too great
	out.setup.Delay = span(t, "delay", -1)
	out.setup.Threshold = small(t.Number(t.Must("threshold", "write the weight that is needed: with weights left out, how many guardians"), t.At("threshold")))
	for i, n := range t.Nodes("guardian", guardians.MaxGuardians) {
		g := r.Table(n, fmt.Sprintf("guardian %d", i+1))
		who := guardians.Guardian{Weight: 1}
		if n := g.Take("weight"); n != nil {
			who.Weight = small(g.Number(n, g.At("weight")))
		}
		name := g.Text(g.Take("name"), g.At("name"), maxSetupName)
		at := g.Must("address", "write 0x… of a wallet's key, or the name of a key file")
		if text := g.Text(at, g.At("address"), maxSetupText); g.Err() == nil {
			signer, err := addressGuardian(text)
			if err != nil {
				f := explain(err)
				g.Refuse(at, g.At("address"), or(f.Hint, "write 0x… of a wallet's key, or the name of a key file"), "%s", f.Message)
			} else if who.Address = signer.Address(); !out.names.add(signer, name) {
				g.Refuse(g.Node, g.At("name"), "give each guardian one name", "%s is another name of the same key, or the name of another", clip(name))
			}
		}
		g.Done()
		out.setup.Guardians = append(out.setup.Guardians, who)
	}
	t.Done()
	if err := r.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

// openKernelNames reads the names out of a setup file; none without one.
func openKernelNames(path string) (*nameBook, error) {
	if path == "" {
		return nil, nil
	}
	if path == "-" {
		return nil, usageError("--names is a file", "standard input may be needed for something else")
	}
	f, err := (&call{}).readKernelSetup(path)
	if err != nil {
		return nil, err
	}
	return f.names, nil
}

// key is the name of a key, or what it is.
func (b *nameBook) key(a common.Address) string {
	s, err := seal.AddressSigner(a)
	if err != nil {
		return "the key " + a.Hex()
	}
	return b.signer(s)
}

// kernelSetup says a setup in words.
func (b *nameBook) kernelSetup(s guardians.Setup) []string {
	weighed := slices.ContainsFunc(s.Guardians, func(g guardians.Guardian) bool { return g.Weight != 1 })
	var who []string
	sum := uint64(0)
	for _, g := range s.Guardians {
		sum += uint64(g.Weight)
		name := b.key(g.Address)
		if weighed {
			name += fmt.Sprintf(" (weighs %d)", g.Weight)
		}
		who = append(who, name)
	}
	need := fmt.Sprintf("%d of %d guardians", s.Threshold, len(who))
	if weighed {
		need = fmt.Sprintf("guardians who weigh %d of %d together", s.Threshold, sum)
	}
	after := recovery.Span(s.Delay) // "at once"
	if s.Delay > 0 {
		after = "after " + after
	}
	return []string{
		fmt.Sprintf("%s can give the account a new owner %s: %s", upperFirst(need), after, strings.Join(who, ", ")),
		"the owner can veto each recovery until it is carried out; it never expires",
		"the same guardians can sign messages for the account at once, permits of tokens among them",
	}
}

var guardianField = regexp.MustCompile(`^guardians\[(\d+)\]$`)

// refuse is nil for a setup that can be put into force.
func (s *kernelSetup) refuse(acct common.Address) error {
	err := s.setup.Check(acct)
	e, ok := err.(*guardians.SetupError)
	if !ok {
		return err
	}
	if e.Field == "messages" {
		return failf("danger", "if that is known and meant: --danger-messages; guardians of Postern's own account cannot do it (postern help guardian)", "%s", e.What)
	}
	field := e.Field
	if m := guardianField.FindStringSubmatch(field); m != nil {
		if i, err := strconv.Atoi(m[1]); err == nil && i < len(s.setup.Guardians) {
			field = s.names.key(s.setup.Guardians[i].Address)
		}
	}
	return failf("bad-setup", e.Way, "%s: %s", field, e.What)
}

// refuseOn is refuse with what the chain knows: who is a contract, and who the owner.
func (s *kernelSetup) refuseOn(ctx context.Context, g *kernelGuarded) error {
	if err := s.refuse(g.acct.Address()); err != nil {
		return err
	}
	owner, _ := rootOf(g.acct.Root())
	for _, x := range s.setup.Guardians {
		if x.Address == owner {
			return failf("bad-setup", "choose somebody else: who loses the owner's key loses this guardian, too", "%s: the owner cannot be a guardian", s.names.key(x.Address))
		}
		if err := signsHere(ctx, g.conn.Chain, s.names.key(x.Address), x.Address); err != nil {
			return err
		}
	}
	return nil
}

// sameSetup compares in whatever order.
func sameSetup(a, b guardians.Setup) bool {
	order := func(s guardians.Setup) []guardians.Guardian {
		return slices.SortedFunc(slices.Values(s.Guardians), func(x, y guardians.Guardian) int { return x.Address.Cmp(y.Address) })
	}
	return a.Threshold == b.Threshold && a.Delay == b.Delay && slices.Equal(order(a), order(b))
}
