package main

import (
	"context"
	"fmt"

	"github.com/postern-dev/postern/account"
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

var _ accountRef = (*sessionSpec)(nil)

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
	if signer == nil && key == nil && f.out == "" {
		return usageError("the session key is not here", "--session FILE names it; for a key elsewhere --out op.json keeps the operation, then: postern op send op.json")
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
