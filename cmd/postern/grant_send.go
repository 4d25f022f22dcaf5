package main

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
)

const grantSendAbout = `
Sends value or makes calls with the session key, within what the owner approved. What the
policies would refuse is refused here, before anybody is asked and anything is paid, by the
rule that does it. The calls are --to, --value and --data, or a JSON list on standard input
or in a file: [{"to":"0x…","value":"0.1eth","data":"0x…"}], all or none.

  postern grant send approval.grant --session session.json --to 0x… --value 0.001eth
  postern grant send approval.grant calls.json --session session.json

The first operation installs the permission, and deploys the account if it has to. --dry-run
only says what the policies say. --lane keeps sequences apart that need not wait for each
other.

A key elsewhere: --session 0x… --out op.json, then postern op send op.json --signature 0x…;
a passkey: --session ID:KEY --rp-id … --origin … --out op.json, then --assertion FILE.

Who pays: the account, or --paymaster URL (ERC-7677).`

func grantSend() verb {
	return verb{name: "send", usage: "<approval.grant|approval.txt> [calls.json|-] --session KEY --to 0x… [flags]", about: grantSendAbout, run: runGrantSend}
}

// A sessionSpec says which approval it is and who signs: enough to open both again in a
// later step. It holds no secret.
type sessionSpec struct {
	Approval string         `json:"approval"` // the SDK's text, without a private key
	Version  string         `json:"version"`  // of Kernel
	Key      common.Address `json:"key"`      // that signs, or
	Passkey  *passkeySigner `json:"passkey,omitempty"`
	Lane     uint16         `json:"lane,omitempty"`
}

var _ accountRef = (*sessionSpec)(nil)

func (s *sessionSpec) open(ctx context.Context, chain account.Chain) (account.Account, account.Authority, error) {
	doc, err := approval.Parse([]byte(s.Approval))
	if err != nil {
		return nil, nil, err
	}
	signer, err := s.signer()
	if err != nil {
		return nil, nil, err
	}
	opened, err := session.Open(ctx, chain, doc, session.WithSigner(signer), session.WithVersion(kernel.Version(s.Version)))
	if err != nil {
		return nil, nil, err
	}
	auth, err := s.authority(ctx, chain, opened)
	if err != nil {
		return nil, nil, err
	}
	return opened.Account(), auth, nil
}

func (s *sessionSpec) signer() (kernel.Signer, error) {
	if s.Passkey == nil {
		return kernel.ECDSASigner(s.Key), nil
	}
	ref, err := passkeyOf(s.Passkey.CredentialID, s.Passkey.PublicKey)
	if err != nil {
		return kernel.Signer{}, err
	}
	return kernel.WebAuthnSigner(ref.public, kernel.CredentialHash(ref.credential)), nil
}

func (s *sessionSpec) authority(ctx context.Context, chain account.Chain, opened *session.Session) (*session.Authority, error) {
	lane := session.WithLane(kernel.Lane(s.Lane))
	if s.Passkey == nil {
		return opened.Authority(ctx, kernel.OwnerApprover{}, lane)
	}
	ref, err := passkeyOf(s.Passkey.CredentialID, s.Passkey.PublicKey)
	if err != nil {
		return nil, err
	}
	precompiled, err := hasP256(ctx, chain)
	if err != nil {
		return nil, err
	}
	return opened.Authority(ctx, kernel.PasskeyApprover{RPID: s.Passkey.RPID, Origins: s.Passkey.Origins, Credential: ref.credential, UsePrecompiled: precompiled}, lane)
}

// sessionSendFlags are those of grant send.
type sessionSendFlags struct {
	network
	readFlags
	approvalFlags
	payer       payer
	rpID        string
	origins     repeated
	lane        string
	maxFee, out string
	wait, dry   bool
}

func runGrantSend(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f sessionSendFlags
	f.network.flags(fs)
	f.readFlags.flags(fs)
	f.payer.flags(fs)
	var one wireCall
	one.flags(fs)
	fs.StringVar(&f.rpID, "rp-id", "", "relying party `domain` of a passkey elsewhere")
	fs.Var(&f.origins, "origin", "`origin` whose page asks for it; may be repeated")
	fs.StringVar(&f.lane, "lane", "", "`name` or number of a sequence of its own")
	fs.StringVar(&f.maxFee, "max-fee", "", "refuse if the fee may exceed this `amount`")
	fs.StringVar(&f.out, "out", "", "keep the operation in this `file`; without the key here it is not sent but prepared")
	fs.BoolVar(&f.wait, "wait", true, "wait for the receipt")
	fs.BoolVar(&f.dry, "dry-run", false, "only say what the policies say of the calls")
	fs.BoolVar(&f.yes, "yes", false, "do not ask before signing")
	fs.BoolVar(&f.json, "json", false, "print one JSON object")
	rest, err := c.parse(fs, 2)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return usageError("which approval?", "postern grant send approval.grant --session session.json --to 0x…")
	}
	calls, err := c.callsArgument(rest[1:], one.To)
	if err != nil {
		return err
	}
	if calls == nil {
		if calls, err = one.calls(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	return f.run(ctx, c, rest[:1], calls)
}

func (f *sessionSendFlags) run(ctx context.Context, c *call, rest []string, calls []account.Call) error {
	key, err := f.key()
	if err != nil {
		return err
	}
	a, _, err := c.readApproval(rest, &f.readFlags)
	if err != nil {
		return err
	}
	defer a.wipe()
	conn, err := f.connect()
	if err != nil {
		return err
	}
	if err := f.payer.apply(conn); err != nil {
		return err
	}
	s, err := a.openSession(ctx, conn, key, &f.readFlags, "")
	if err != nil {
		return err
	}
	if f.dry {
		return f.dryRun(ctx, c, s, calls)
	}
	spec, signer, err := f.spec(s, key)
	if err != nil {
		return err
	}
	auth, err := spec.authority(ctx, conn.Chain, s)
	if err != nil {
		return err
	}
	limits, err := f.payer.options(f.maxFee)
	if err != nil {
		return err
	}
	p, err := prepareSession(ctx, conn, s, auth, calls, limits)
	if err != nil {
		return err
	}
	file, err := newOpFile(spec, p)
	if err != nil {
		return err
	}
	if signer == nil {
		return c.leave(p, file, f.out, f.json)
	}
	r, err := c.deliver(ctx, p, file, f.out, signer, f.approvalFlags, f.wait)
	if err != nil {
		return err
	}
	return c.printOutcome(p, r, f.json)
}

// dryRun says what the policies say, and signs nothing.
func (f *sessionSendFlags) dryRun(ctx context.Context, c *call, s *session.Session, calls []account.Call) error {
	status, err := s.Status(ctx)
	if err != nil {
		return err
	}
	if !status.Usable() {
		return &session.StateError{Permission: s.ID(), Account: s.Address(), State: status.State}
	}
	d, err := s.Preview(ctx, calls)
	if err != nil {
		return err
	}
	if !d.Allowed {
		return &session.RefusedError{Decision: d}
	}
	if f.json {
		return printJSON(c.stdout, map[string]any{"allowed": true, "unsure": len(d.Unsure) > 0})
	}
	if len(d.Unsure) > 0 {
		fmt.Fprintf(c.stdout, "allowed as far as it is known; %d policies are of contracts that are not\n", len(d.Unsure))
		return nil
	}
	fmt.Fprintln(c.stdout, "allowed, as things stand; fees are counted when it is prepared")
	return nil
}

// docSigner approves with the private key in an approval.
type docSigner struct{ s *session.Session }

func (d docSigner) approve(c account.Challenge) (account.Approval, error) { return d.s.Approve(c) }

// spec is who signs, with the key if it is here.
func (f *sessionSendFlags) spec(s *session.Session, key *sessionKey) (*sessionSpec, localSigner, error) {
	text, err := s.Document().Redacted().Serialize()
	if err != nil {
		return nil, nil, err
	}
	out := &sessionSpec{Approval: string(text), Version: string(s.Document().Context().Version)}
	if f.lane != "" {
		out.Lane = laneOf(f.lane)
	}
	if address, ok := s.Permission().Signer.ECDSA(); ok {
		out.Key = address
		switch {
		case key != nil:
			return out, key.local, nil
		case s.Document().Secret():
			return out, docSigner{s}, nil
		}
		return out, nil, nil
	}
	if key == nil || key.credential == nil {
		return nil, nil, usageError("the approval is for a passkey", "--session KEY: "+sessionHint)
	}
	out.Passkey = &passkeySigner{passkeyRef{credential: key.credential}.credentialText(), key.public.String(), or(key.rpID, f.rpID), append(key.origins, f.origins...)}
	if out.Passkey.RPID == "" || len(out.Passkey.Origins) == 0 {
		return nil, nil, usageError("a passkey elsewhere needs --rp-id and --origin", "for example: --rp-id example.org --origin https://example.org")
	}
	return out, key.local, nil
}

// laneOf reads a lane's number, or makes one of its name as the SDK does.
func laneOf(text string) uint16 {
	var n uint16
	if _, err := fmt.Sscanf(text, "%d", &n); err == nil && fmt.Sprint(n) == text {
		return n
	}
	return uint16(kernel.LaneOf(text))
}
