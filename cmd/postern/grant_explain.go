package main

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
)

const grantExplainAbout = `
Says in words what a policy file or an approval allows: the same words that the owner reads
before signing, and later on status and on revocation. It needs no network.

With --bytes also what the policy contracts are installed with, and with --session the
permission's id: it follows from policies and session key alone and is the same for every
account, chain and version of Kernel.

  postern grant explain policy.toml
  postern grant explain policy.toml --session session.json --bytes`

func grantExplain() verb {
	return verb{name: "explain", usage: "[policy.toml|approval.grant|-] [flags]", about: grantExplainAbout, run: runGrantExplain}
}

// explained is what explain prints.
type explained struct {
	Name       string       `json:"name,omitempty"`
	Permission string       `json:"permissionId,omitempty"`
	Words      []string     `json:"words"`
	Policies   []wirePolicy `json:"policies"`

	findings int
}

// wirePolicy is one policy as the chain has it.
type wirePolicy struct {
	Kind     string         `json:"kind"`
	Contract common.Address `json:"contract"`
	Flag     string         `json:"flag"` // two bytes
	Data     hexutil.Bytes  `json:"data"`
}

func runGrantExplain(_ context.Context, c *call) error {
	fs := c.newFlags()
	session := fs.String("session", "", "session `key`: its file, an address, or a passkey as for postern hybrid add-key")
	zoneName := fs.String("timezone", "", "`zone` for the times, beside UTC (default the file's, else $TZ)")
	bytes := fs.Bool("bytes", false, "show what the policy contracts are installed with")
	asJSON := fs.Bool("json", false, "print one JSON object, bytes included")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	g, name, err := c.readPolicies(rest)
	if err != nil {
		return err
	}
	style, err := styleOf(g, *zoneName)
	if err != nil {
		return err
	}
	out, err := explainGrant(g, style)
	if err != nil {
		return err
	}
	if *session != "" {
		key, err := parseSessionKey(*session)
		if err != nil {
			return err
		}
		perm, err := permissionOf(g, key.signer())
		if err != nil {
			return err
		}
		out.Permission = perm.ID().String()
	}
	if *asJSON {
		return printJSON(c.stdout, out)
	}
	c.printExplained(out, *bytes)
	if out.findings > 0 {
		fmt.Fprintf(c.stdout, "there is more to know before signing: postern grant check %s\n", plain(name))
	}
	return nil
}

// styleOf is how words write times: in the zone that is named, in the grant's own, or in
// that of the system.
func styleOf(g grant.Grant, zone string) (grant.Style, error) {
	if zone == "" {
		zone = g.Zone
	}
	z, err := zoneOf(zone)
	return grant.Style{Zone: z}, err
}

func explainGrant(g grant.Grant, style grant.Style) (*explained, error) {
	out := &explained{Name: g.Name, Words: grant.Words(g, style), Policies: []wirePolicy{}}
	for i, p := range g.Policies {
		address, data, err := grant.EncodeKernel(p)
		if err != nil {
			return nil, fmt.Errorf("policy %d: %w", i+1, err)
		}
		out.Policies = append(out.Policies, wirePolicy{string(p.Kind()), address, fmt.Sprintf("0x%04x", uint16(p.Flag())), data})
	}
	now, _ := momentOf("")
	out.findings = len(grant.Check(g, grant.Facts{Now: now}))
	return out, nil
}

// permissionOf is the grant for that signer, as Kernel installs it.
func permissionOf(g grant.Grant, signer kernel.Signer) (kernel.Permission, error) {
	p := kernel.Permission{Signer: signer, Flag: uint16(g.Flag)}
	for i, policy := range g.Policies {
		entry, err := grant.KernelEntry(policy)
		if err != nil {
			return p, fmt.Errorf("policy %d: %w", i+1, err)
		}
		p.Policies = append(p.Policies, entry)
	}
	return p, p.Check()
}

func (c *call) printExplained(e *explained, bytes bool) {
	p := painter(c.stdout)
	if e.Name != "" {
		fmt.Fprintln(c.stdout, p.bold(plain(e.Name)))
	}
	if e.Permission != "" {
		fmt.Fprintf(c.stdout, "permission %s, the same on every chain\n", e.Permission)
	}
	for _, line := range e.Words {
		fmt.Fprintf(c.stdout, "  %s\n", plain(line))
	}
	if !bytes {
		return
	}
	for i, policy := range e.Policies {
		fmt.Fprintf(c.stdout, "policy %d: %s at %s, flag %s\n  %s\n", i+1, policy.Kind, policy.Contract, policy.Flag, policy.Data)
	}
}
