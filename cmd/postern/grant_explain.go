package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account/kernel/approval"
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

	last string // line for people
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
	var f readFlags
	f.flags(fs)
	bytes := fs.Bool("bytes", false, "show what the policy contracts are installed with")
	asJSON := fs.Bool("json", false, "print one JSON object, bytes included")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	text, path, err := c.readArgument(rest)
	if err != nil {
		return err
	}
	read := c.explainPolicies
	if isApproval(text) {
		read = c.explainApproval
	}
	out, err := read(text, path, &f)
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(c.stdout, out)
	}
	c.printExplained(out, *bytes)
	return nil
}

// explainPolicies explains a policy file, for the session key if one is named.
func (c *call) explainPolicies(text []byte, path string, f *readFlags) (*explained, error) {
	g, err := grant.ParseFile(text)
	if err != nil {
		return nil, badPolicies(err, path)
	}
	style, err := styleOf(g, f.zone)
	if err != nil {
		return nil, err
	}
	out, err := explainGrant(g, style)
	if err != nil {
		return nil, err
	}
	if len(grant.Check(g, grant.Facts{Now: uint64(time.Now().Unix())})) > 0 {
		out.last = "there is more to know before signing: postern grant check " + or(path, "FILE")
	}
	key, err := f.key()
	if key == nil || err != nil {
		return out, err
	}
	perm, err := approval.ToPermission(g, key.signer())
	out.Permission = perm.ID().String()
	return out, err
}

// explainApproval explains an approval. Of an encrypted one without its passphrase only the
// words in front are known.
func (c *call) explainApproval(text []byte, path string, f *readFlags) (*explained, error) {
	if isSealed(text) && f.passphrase == "" && os.Getenv(passphraseEnv) == "" {
		h, err := approval.ReadHeader(text)
		if err != nil {
			return nil, err
		}
		return &explained{Name: h.Name, Permission: h.Permission.String(), Words: h.Words, Policies: []wirePolicy{},
			last: "That is what it says of itself; --passphrase FILE proves it, and postern grant open holds it against the chain"}, nil
	}
	a, err := c.parseApproval(text, path, f)
	if err != nil {
		return nil, err
	}
	defer a.wipe()
	key, err := f.key()
	if err != nil {
		return nil, err
	}
	d, err := a.forKey(key)
	if err != nil {
		return nil, err
	}
	fields := d.Fields()
	g := grant.Grant{Policies: fields.Policies, Name: a.label.Name, Tokens: a.label.Tokens, Zone: a.label.Zone}
	style, err := a.style(f.zone)
	if err != nil {
		return nil, err
	}
	last := "where it stands: postern grant open " + or(path, "FILE") + " --rpc URL"
	if _, whole, err := d.Permission(); err == nil {
		g.Flag = whole.Flag
	} else if key != nil || d.Secret() || a.sealed != nil {
		return nil, err
	} else {
		last = "It does not say whose it is; with --session KEY it is compared with its permission id. " + last
	}
	out, err := explainGrant(g, style)
	if err != nil {
		return nil, err
	}
	out.Permission, out.last = fields.PermissionID.String(), last
	return out, nil
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
	return out, nil
}

func (c *call) printExplained(e *explained, bytes bool) {
	p := painter(c.stdout)
	if e.Name != "" {
		fmt.Fprintln(c.stdout, p.bold(plain(e.Name)))
	}
	if e.Permission != "" {
		fmt.Fprintf(c.stdout, "permission %s\n", e.Permission)
	}
	for _, line := range e.Words {
		fmt.Fprintf(c.stdout, "  %s\n", plain(line))
	}
	if bytes {
		for i, policy := range e.Policies {
			fmt.Fprintf(c.stdout, "policy %d: %s at %s, flag %s\n  %s\n", i+1, policy.Kind, policy.Contract, policy.Flag, policy.Data)
		}
	}
	if e.last != "" {
		fmt.Fprintln(c.stdout, plain(e.last))
	}
}
