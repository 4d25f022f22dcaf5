package main

import (
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/flow/secp256k1"
	"github.com/postern-dev/postern/internal/inspect"
)

// flowAct is what all commands have that sign or send a transaction of Flow.
type flowAct struct {
	access           string
	signers, answers repeated
	out              string
	timeout          time.Duration
	approvalFlags

	client *access.Client
	opened []*flowSigner
}

func (f *flowAct) flags(fs *flag.FlagSet) {
	fs.StringVar(&f.access, "access", "", "`URL` of an access node, such as https://rest-testnet.onflow.org (default $POSTERN_FLOW_ACCESS)")
	fs.DurationVar(&f.timeout, "timeout", 2*time.Minute, "how long to wait for the node and until it is sealed")
	fs.BoolVar(&f.yes, "yes", false, "do not ask before signing")
	fs.BoolVar(&f.json, "json", false, "print one JSON object")
}

func (f *flowAct) signFlags(fs *flag.FlagSet) {
	f.whoFlags(fs)
	fs.StringVar(&f.out, "out", "", "`file` for the transaction; without it the file is flow-ID.hex while it is being sent")
}

func (f *flowAct) whoFlags(fs *flag.FlagSet) {
	fs.Var(&f.signers, "signer", "a key here signs: `ADDRESS=FILE` or ADDRESS:INDEX=FILE, a passkey's key file or a plain key (64 hex digits, PEM); may be repeated")
	fs.Var(&f.answers, "answer", "a passkey elsewhere has signed: `ADDRESS=FILE` with the reply of navigator.credentials.get(); may be repeated")
}

// open finds the node and reads the keys.
func (f *flowAct) open(c *call) error {
	f.access = or(f.access, os.Getenv("POSTERN_FLOW_ACCESS"))
	if f.access == "" {
		return usageError("which access node?", "--access URL, such as https://rest-testnet.onflow.org, or POSTERN_FLOW_ACCESS")
	}
	if f.out != "" {
		if err := onlyFlow(f.out); err != nil {
			return err
		}
	}
	var err error
	if f.client, err = access.New(f.access, access.WithPoll(500*time.Millisecond)); err != nil {
		return err
	}
	for _, text := range f.signers {
		s, err := openFlowSigner(text)
		if err != nil {
			return err
		}
		f.opened = append(f.opened, s)
	}
	for _, text := range f.answers {
		s, err := openFlowAnswer(c, text)
		if err != nil {
			return err
		}
		f.opened = append(f.opened, s)
	}
	return nil
}

// proposes fills in what a new transaction takes from the chain. Without an index the proposal key is the first signer's.
func (f *flowAct) proposes(ctx context.Context, t *flow.Transaction, index int64) error {
	if index >= 0 {
		t.ProposalKey.KeyIndex = uint32(index)
	} else if i := slices.IndexFunc(f.opened, func(s *flowSigner) bool { return s.address == t.ProposalKey.Address && !s.elsewhere() }); i >= 0 {
		account, err := f.client.Account(ctx, t.ProposalKey.Address)
		if err != nil {
			return fmt.Errorf("read the keys of %s: %w", t.ProposalKey.Address, err)
		}
		k, err := f.opened[i].key(account)
		if err != nil {
			return err
		}
		t.ProposalKey.KeyIndex = k.Index
	}
	return f.client.Prepare(ctx, t)
}

// sign has the signers sign: the payer last, and not before the others have signed as nodes want it.
func (f *flowAct) sign(ctx context.Context, t *flow.Transaction) error {
	slices.SortStableFunc(f.opened, func(a, b *flowSigner) int { return int(t.Role(a.address)) - int(t.Role(b.address)) })
	for _, s := range f.opened {
		if t.Role(s.address) == flow.RoleEnvelope {
			if err := f.ready(ctx, t); err != nil {
				return err
			}
		}
		if err := signFlow(ctx, f.client, t, s); err != nil {
			return err
		}
	}
	return nil
}

// ready says whether the payer may sign: after that nobody else can.
func (f *flowAct) ready(ctx context.Context, t *flow.Transaction) error {
	source := flowSource{access: f.access, timeout: f.timeout}
	keys, err := source.keys(ctx, t.PayloadSignatures)
	if err != nil {
		return err
	}
	err = t.JudgePayload(keys, flow.Nodes(secp256k1.Verify)).Err()
	if errors.Is(err, flow.ErrWeight) || errors.Is(err, flow.ErrMissing) {
		return failf("not-signed", "let its keys sign first: postern flow tx sign; the payer signs last", "before the payer signs: %s", refusalOf(err).Message)
	}
	return err
}

type flowWaiting struct {
	Address   string `json:"address"`
	Signs     string `json:"signs"`
	Challenge string `json:"challenge,omitempty"` // hex; empty as long as others sign first
}

type flowActed struct {
	Transaction flowTransactionInfo `json:"transaction"`
	Missing     []flowWaiting       `json:"missing,omitempty"`
	File        string              `json:"file,omitempty"`
	Sealed      bool                `json:"sealed"`
	Block       string              `json:"block,omitempty"`
	Computation uint64              `json:"computation,omitempty"`
	Account     string              `json:"account,omitempty"` // that was created
}

// act shows a transaction, has it signed, keeps it, and sends it if that is asked for.
func (f *flowAct) act(ctx context.Context, c *call, t *flow.Transaction, send bool) error {
	c.showFlow(t, f.json)
	if len(f.opened) > 0 {
		question := "Sign this?"
		if send {
			question = "Sign and send this?"
		}
		if err := c.askFirst(ctx, f.approvalFlags, question); err != nil {
			return err
		}
		if err := f.sign(ctx, t); err != nil {
			return err
		}
	}
	out := flowActed{Transaction: flowInfo(t)}
	if send {
		return f.send(ctx, c, t, &out)
	}
	for _, a := range t.Missing() {
		w := flowWaiting{Address: a.String(), Signs: t.Role(a).String()}
		if challenge, err := t.Challenge(a); err == nil {
			w.Challenge = hex.EncodeToString(challenge[:])
		}
		out.Missing = append(out.Missing, w)
	}
	out.File = f.out
	if err := f.keep(t); err != nil {
		return err
	}
	return c.printFlowActed(out, f.json)
}

// keep writes the transaction into its file.
func (f *flowAct) keep(t *flow.Transaction) error {
	if f.out == "" {
		return usageError("where should the transaction go?", "--out FILE keeps it for the next one who signs; --send sends it")
	}
	return replaceFile(f.out, append(hex.AppendEncode(nil, t.Bytes()), '\n'))
}

// onlyFlow, before anything is signed, lets nothing be replaced but transactions.
func onlyFlow(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return nil // what cannot be read is not replaced either: writing says so
	}
	defer file.Close()
	text, err := trimmed(readFlow(file))
	if err == nil && text != "" {
		var b []byte
		if b, err = hex.DecodeString(text); err == nil {
			_, err = flow.Decode(b)
		}
	}
	if err != nil {
		return failf("exists", "choose another name", "%s is there already and is no transaction of Flow", path)
	}
	return nil
}

func (c *call) showFlow(t *flow.Transaction, quiet bool) {
	if quiet {
		return
	}
	fmt.Fprintln(c.stdout, painter(c.stdout).bold("Flow transaction"))
	for _, fact := range inspect.FlowTransaction(t) {
		c.flowRow(fact.Name, fact.Value)
	}
	if !inspect.FlowKnown(t) {
		fmt.Fprintf(c.stdout, "\nNobody here knows what this script does:\n\n%s\n", plainLines(string(t.Script)))
	}
}

// plainLines is text of others, line by line.
func plainLines(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = "    " + plain(strings.ReplaceAll(line, "\t", "    "))
	}
	return strings.Join(lines, "\n")
}

func (c *call) printFlowActed(out flowActed, asJSON bool) error {
	if asJSON {
		return printJSON(c.stdout, out)
	}
	fmt.Fprintln(c.stdout)
	if out.Transaction.ID != "" {
		c.flowRow("id", out.Transaction.ID)
	}
	for _, m := range out.Missing {
		text := m.Address + " has not signed the " + m.Signs
		if m.Challenge != "" {
			text += "; a passkey's challenge: " + m.Challenge
		}
		c.flowRow("missing", text)
	}
	if out.File != "" {
		c.flowRow("file", out.File)
	}
	if out.Sealed {
		c.flowRow("sealed", "in block "+out.Block)
	}
	if out.Account != "" {
		c.flowRow("account", out.Account)
	}
	return nil
}
