package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/internal/inspect"
)

const flowVerifyAbout = `
Shows a Flow transaction in words and says of each signature whether nodes take it; if not,
which rule is broken and the way out.

The transaction is RLP in hex, [payload, [payload signatures], [envelope signatures]], as
package flow writes it: the argument itself, a file, or - for standard input. Or it is what FCL
hands to a wallet, a Signable, and the wallet's answer, a CompositeSignature: two JSON files.

The keys are the account's, read from an access node (--access, or POSTERN_FLOW_ACCESS), with
their weights; or, with no network, --public-key. Then nobody has asked the chain whether the account has that key,
what it weighs, and whether it is revoked.

Nodes look at neither origin nor relying party. Whether the reference block has expired and the
sequence number is still the next one is not looked at.

Exit code 0: nodes take every signature, and none is missing. 1: otherwise. 2: usage.

  postern flow verify tx.hex --access https://rest-mainnet.onflow.org
  postern flow verify signable.json answer.json --public-key 38c1ecdb…`

func flowVerify() verb {
	return verb{name: "verify", usage: "<hex|file|-> | <signable.json> <answer.json> [flags]", about: flowVerifyAbout, run: runFlowVerify}
}

type flowTransactionInfo struct {
	ID             string            `json:"id,omitempty"` // once everybody has signed
	Script         string            `json:"script"`
	ScriptHash     string            `json:"scriptHash"` // SHA-256
	Arguments      []json.RawMessage `json:"arguments"`  // JSON-Cadence; a text where it is not JSON
	ReferenceBlock string            `json:"referenceBlock"`
	GasLimit       uint64            `json:"gasLimit"`
	Proposer       string            `json:"proposer"`
	ProposalKey    uint32            `json:"proposalKey"`
	SequenceNumber uint64            `json:"sequenceNumber"`
	Payer          string            `json:"payer"`
	Authorizers    []string          `json:"authorizers"`
}

type flowSignatureInfo struct {
	Address  string       `json:"address"`
	KeyIndex uint32       `json:"keyIndex"`
	Signs    string       `json:"signs"`   // payload or envelope
	Scheme   string       `json:"scheme"`  // plain or webauthn
	Checked  bool         `json:"checked"` // its key is known
	Accepted bool         `json:"accepted"`
	Refusal  *flowRefusal `json:"refusal,omitempty"`
	Weight   *uint16      `json:"weight,omitempty"` // as the chain has it
}

type flowVerdict struct {
	OK          bool                `json:"ok"`
	Transaction flowTransactionInfo `json:"transaction"`
	Signatures  []flowSignatureInfo `json:"signatures"`
	Problems    []flowRefusal       `json:"problems,omitempty"` // of the whole
	OfChain     bool                `json:"keysOfChain"`        // the keys were read from a node

	tx *flow.Transaction
}

func runFlowVerify(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var source flowSource
	source.flags(fs)
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 2)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return usageError("which transaction?", "postern flow verify tx.hex, or: postern flow verify signable.json answer.json")
	}
	if err := source.check(); err != nil {
		return err
	}
	signed, err := c.flowSigned(rest)
	if err != nil {
		return err
	}
	keys, err := source.keys(ctx, signed.signatures())
	if err != nil {
		return err
	}
	v := signed.judge(keys, source.access != "")
	if *asJSON {
		err = printJSON(c.stdout, v)
	} else {
		c.printFlowVerdict(v)
	}
	if err == nil && !v.OK {
		return errWrong
	}
	return err
}

// flowSigned is a transaction with its signatures, or an account's message with one.
type flowSigned struct {
	tx       *flow.Transaction
	signable *flow.Signable  // nil for a whole transaction
	one      *flow.Signature // of the signable
}

func (s *flowSigned) signatures() []flow.Signature {
	if s.one != nil {
		return []flow.Signature{*s.one}
	}
	return append(append([]flow.Signature(nil), s.tx.PayloadSignatures...), s.tx.EnvelopeSignatures...)
}

func (c *call) flowSigned(args []string) (*flowSigned, error) {
	text, err := c.flowInput(args[0])
	if err != nil {
		return nil, err
	}
	isJSON := strings.HasPrefix(text, "{")
	switch {
	case isJSON && len(args) == 1:
		return nil, usageError("a Signable is not signed yet", "give the wallet's answer, too: postern flow verify signable.json answer.json")
	case !isJSON && len(args) == 2:
		return nil, usageError("two arguments are a Signable and a CompositeSignature, both JSON", "a transaction in hex has its signatures in it")
	case !isJSON:
		b, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
		if err != nil {
			return nil, failf("bad-transaction", "give its RLP in hexadecimal digits, a file of them, or a Signable and a CompositeSignature", "this is no transaction: %s", clip(text))
		}
		tx, err := flow.Decode(b)
		if err != nil {
			return nil, err
		}
		return &flowSigned{tx: tx}, nil
	}
	signable, err := flow.ParseSignable([]byte(text))
	if err != nil {
		return nil, err
	}
	if text, err = c.flowInput(args[1]); err != nil {
		return nil, err
	}
	one, err := flow.ParseComposite([]byte(text))
	if err != nil {
		return nil, err
	}
	return &flowSigned{tx: signable.Transaction, signable: signable, one: &one}, nil
}

// flowInput reads an argument: what it says, the file of that name, or standard input.
func (c *call) flowInput(arg string) (string, error) {
	if arg != "-" && len(arg) < 4096 {
		info, err := os.Stat(arg)
		if err == nil && info.Mode().IsRegular() {
			f, err := os.Open(arg)
			if err != nil {
				return "", err
			}
			defer f.Close()
			return trimmed(readFlow(f))
		}
		if strings.ContainsAny(arg, "./\\") && !strings.HasPrefix(arg, "{") {
			return "", failf("no-file", "check the path; the data itself and standard input (-) will do, too", "there is no file %s", clip(arg))
		}
	}
	if arg == "-" {
		return trimmed(readFlow(c.stdin))
	}
	return strings.TrimSpace(arg), nil
}

func schemeOf(s flow.Signature) string {
	if len(s.Extension) == 0 || s.Extension[0] == flow.SchemePlain {
		return "plain"
	}
	if s.Extension[0] == flow.SchemeWebAuthn {
		return "webauthn"
	}
	return "unknown"
}

func flowInfo(t *flow.Transaction) flowTransactionInfo {
	info := flowTransactionInfo{
		Script: string(t.Script), ScriptHash: flow.HashScript(t.Script).String(), Arguments: []json.RawMessage{},
		ReferenceBlock: t.ReferenceBlock.String(), GasLimit: t.GasLimit, Proposer: t.ProposalKey.Address.String(),
		ProposalKey: t.ProposalKey.KeyIndex, SequenceNumber: t.ProposalKey.SequenceNumber, Payer: t.Payer.String(), Authorizers: []string{},
	}
	for _, a := range t.Arguments {
		if !json.Valid(a) {
			a, _ = json.Marshal(string(a)) // a text cannot fail
		}
		info.Arguments = append(info.Arguments, a)
	}
	for _, a := range t.Authorizers {
		info.Authorizers = append(info.Authorizers, a.String())
	}
	if len(t.Missing()) == 0 {
		info.ID = t.ID().String()
	}
	return info
}

func (c *call) printFlowVerdict(v flowVerdict) {
	p := painter(c.stdout)
	fmt.Fprintln(c.stdout, p.bold("Flow transaction"))
	if v.Transaction.ID != "" {
		c.flowRow("id", v.Transaction.ID)
	}
	for _, f := range inspect.FlowTransaction(v.tx) {
		if f.Name != "signed" { // said below
			c.flowRow(f.Name, f.Value)
		}
	}
	for _, s := range v.Signatures {
		weight := ""
		if s.Weight != nil {
			weight = fmt.Sprintf(", weight %d", *s.Weight)
		}
		verdict := p.red("nodes refuse it")
		switch {
		case s.Accepted:
			verdict = p.green("nodes take it")
		case !s.Checked:
			verdict = p.yellow("not checked")
		}
		fmt.Fprintf(c.stdout, "\n  %s, key %d%s, %s, under the %s: %s\n", s.Address, s.KeyIndex, weight, s.Scheme, s.Signs, verdict)
		if s.Refusal != nil {
			c.printRefusal(s.Refusal)
		}
	}
	for _, r := range v.Problems {
		fmt.Fprintln(c.stdout)
		c.printRefusal(&r)
	}
	if !v.OfChain {
		fmt.Fprintln(c.stdout, "\nThe keys are as you gave them: the chain was not asked whose they are, what they weigh and whether they are revoked.")
	}
}
