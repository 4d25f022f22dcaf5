package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/internal/inspect"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

const guardianApproveAbout = `
Says in words what a file asks for, and signs it as one of its guardians, or as the new signer of a
recovery. Nothing is sent, and no chain is asked but with --rpc, for the time: the signature is
verified and stands in the file, which goes back, or on to the next.

A key on this machine: --owner-key FILE, or --key FILE for a development passkey. Elsewhere: first
--request ask.json, which holds the typed data for a wallet (eth_signTypedData_v4) or the request
for navigator.credentials.get(), with --owner 0x… or --public-key, --rp-id and --origin; then the
same with --signature or --assertion. A contract (ERC-1271), or the key of a verifier (ERC-7913):
--signer and --signature; only the chain can tell whether that is good.

Several files are signed at once: the recovery of accounts on many chains by one signature, over a
Merkle root; each is shown in words before.

Sign a recovery only if its owner has asked you, in person or by voice, and has read the new
signer's name to you.

  postern guardian approve recovery.json --owner-key bob.json
  postern guardian approve recovery.json --key carol.json --names guardians.toml
  postern guardian approve on-base.json on-optimism.json --owner-key bob.json
  postern guardian approve recovery.json --owner 0x… --request ask.json
  postern guardian approve recovery.json --owner 0x… --signature 0x…`

func guardianApprove() verb {
	return verb{name: "approve", usage: "<FILE>… [flags]", about: guardianApproveAbout, run: func(ctx context.Context, c *call) error {
		return c.approveFile(ctx, func(m guardian.Message) error {
			if _, drill := m.(guardian.Drill); drill {
				return failf("wrong-file", "postern drill sign FILE", "the file is about a drill")
			}
			return nil
		})
	}}
}

// approveFlags say who approves a file, and how.
type approveFlags struct {
	approver
	approvalFlags
	signer, request, out, names, rpc string
}

func (f *approveFlags) flags(fs *flag.FlagSet) {
	f.approver.flags(fs)
	fs.StringVar(&f.signer, "signer", "", "`signer` whose signature only the chain can verify: a contract's address, or 0x and the bytes of verifier and key")
	fs.StringVar(&f.signature, "signature", "", "what the wallet or the contract's signers signed, 0x `hex`")
	fs.StringVar(&f.assertion, "assertion", "", "`file` with the passkey's reply, or - for standard input")
	fs.StringVar(&f.request, "request", "", "write what has to be signed elsewhere to this `file`, and sign nothing")
	fs.StringVar(&f.out, "out", "", "keep the result in this `file`, in place of the one that was read")
	fs.StringVar(&f.names, "names", "", "setup `file` with the names of guardians and tiers")
	fs.StringVar(&f.rpc, "rpc", "", "node's `URL`, asked for the time only: whether it is too late (default: this machine's clock)")
	fs.BoolVar(&f.yes, "yes", false, "do not ask before signing")
	fs.BoolVar(&f.json, "json", false, "print one JSON object")
}

// chainNow is the time of the chain that all the files are for.
func (f *approveFlags) chainNow(ctx context.Context, files []*guardian.Collected) (time.Time, error) {
	n := network{rpc: f.rpc, timeout: 30 * time.Second}
	conn, err := n.connect()
	if err != nil {
		return time.Time{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	id, err := conn.Chain.ChainID(ctx)
	if err != nil {
		return time.Time{}, err
	}
	for _, col := range files {
		if col.ChainID().Cmp(id) != 0 {
			return time.Time{}, failf("wrong-chain", "use a node of that chain, or leave --rpc out", "the file is for chain %s, and the node is on chain %s", col.ChainID(), id)
		}
	}
	return chainTime(ctx, conn)
}

// approvalOf gets the signature of who is named, from here or from elsewhere.
func (c *call) approvalOf(ctx context.Context, f *approveFlags, s *signing) (guardian.Approval, error) {
	if f.signer != "" {
		return f.ofContract(s)
	}
	by, local, err := f.read(c)
	if err == errNobody {
		err = usageError("who signs?", "--owner-key FILE, --key FILE, --owner 0x…, or --public-key; of a contract: --signer")
	}
	if err != nil {
		return guardian.Approval{}, err
	}
	who := guardian.Approver{}
	if by.Owner != nil {
		who.Signer, err = seal.AddressSigner(*by.Owner)
	} else {
		who, err = farApprover(by.Passkey)
	}
	if err != nil {
		return guardian.Approval{}, err
	}
	if who.Signer, err = s.asked(who.Signer); err != nil {
		return guardian.Approval{}, err
	}
	ask, err := guardian.Ask(who, s.message, s.files[0].ChainID())
	if err != nil {
		return guardian.Approval{}, err
	}
	if !f.json {
		fmt.Fprintf(c.stdout, "signed by %s\n", plain(s.names.signer(who.Signer)))
	}
	if f.request != "" {
		return guardian.Approval{}, c.writeAsk(f, ask.Challenge(), s.words())
	}
	if local == nil && f.signature == "" && f.assertion == "" {
		return guardian.Approval{}, usageError("the key that signs is not here", "--request ask.json writes what has to be signed; then the same flags with --signature or --assertion")
	}
	if f.signature != "" || f.assertion != "" {
		local = nil
	}
	reply, err := c.ownerApproval(ctx, ask.Challenge(), local, f.approvalFlags)
	if err != nil {
		return guardian.Approval{}, err
	}
	return ask.Finish(reply)
}

// ofContract takes a signature that is not verified here.
func (f *approveFlags) ofContract(what *signing) (guardian.Approval, error) {
	s, _, err := parseSignerRef("--signer", f.signer)
	if err != nil {
		return guardian.Approval{}, err
	}
	if _, err := what.asked(s); err != nil {
		return guardian.Approval{}, err
	}
	sig, err := inspect.ParseBytes(f.signature)
	if err != nil || len(sig) == 0 {
		return guardian.Approval{}, usageError("--signer needs --signature with what it signed", "0x and hex digits, as its isValidSignature or verify takes it")
	}
	return guardian.Contract(s, sig)
}

func farApprover(p *passkeySigner) (guardian.Approver, error) {
	ref, err := passkeyOf(p.CredentialID, p.PublicKey)
	if err != nil {
		return guardian.Approver{}, err
	}
	s, err := seal.PasskeySigner(ref.public, seal.RequireUV)
	return guardian.Approver{Signer: s, RPID: p.RPID, Origins: p.Origins, Credential: ref.credential}, err
}

// asked is the signer as the file has it, with its own rule; an error if nobody asks it.
func asked(col *guardian.Collected, s seal.Signer, names *nameBook) (seal.Signer, error) {
	var all []seal.Signer
	about := subjectOf(col.Message())
	for i, t := range col.Setup().Tiers {
		if about.tier >= 0 && i != about.tier {
			continue
		}
		for _, g := range t.Guardians {
			all = append(all, g.Signer)
		}
	}
	if r, ok := col.Message().(guardian.Recovery); ok {
		all = append(all, r.NewSigner)
	}
	if i := slices.IndexFunc(all, func(x seal.Signer) bool { return guardian.ID(x) == guardian.ID(s) }); i >= 0 {
		return all[i], nil
	}
	hint := "asked are"
	for i, x := range all {
		if i > 0 {
			hint += ","
		}
		hint += " " + names.signer(x)
	}
	return s, failf("not-a-guardian", hint, "%s is not asked to sign this", names.signer(s))
}

const askFormat = "postern/guardian-request/1"

// writeAsk writes what somebody elsewhere has to sign.
func (c *call) writeAsk(f *approveFlags, challenge account.Challenge, words []string) error {
	r := signRequest{Format: askFormat, Words: words, Digest: hexutil.Bytes(challenge.Digest[:]), TypedData: challenge.TypedData}
	next := `sign "typedData" of it with eth_signTypedData_v4, then the same flags with --signature 0x… in place of --request`
	if challenge.Kind == account.KindWebAuthn {
		text, err := json.Marshal(passkey.NewRequestOptions(challenge.Rule.RPID, challenge.Digest[:], challenge.Credentials...))
		if err != nil {
			return fmt.Errorf("write the request: %w", err)
		}
		r.Request = text
		next = `give "request" of it to navigator.credentials.get(), then the same flags with --assertion FILE in place of --request`
	}
	if err := writeJSON(f.request, r); err != nil {
		return err
	}
	if f.json {
		return printJSON(c.stdout, r)
	}
	fmt.Fprintf(c.stdout, "next: %s\n", next)
	return nil
}
