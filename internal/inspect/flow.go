package inspect

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/passkey"
)

// flowExtension recognises the extension of a signature on Flow, 01 ‖ RLP([authenticatorData, clientDataJSON]). What nodes
// of Flow take is another thing than what contracts take: the parts are explained here, in package flow's words.
func (in *inspector) flowExtension(b []byte) (Reading, bool) {
	if len(b) < 2 || b[0] != flow.SchemeWebAuthn || b[1] < 0xc0 {
		return Reading{}, false
	}
	r := Reading{Kind: "flow-extension", Title: "signature extension of Flow (FLIP 264): a passkey's assertion", Likelihood: Certain}
	authData, clientDataJSON, err := flow.ParseExtension(b)
	if err != nil {
		if !bytes.Contains(b, []byte(`"challenge"`)) {
			return Reading{}, false
		}
		r.Likelihood = Likely
		r.fact("bytes", hexOf(b))
		r.flowRefused("extension", err)
		return r, true
	}
	challenge, err := flow.CheckExtension(b)
	if err != nil {
		r.flowRefused("extension", err)
	}
	in.flowAuthData(&r, authData)
	r.fact("clientDataJSON", show(clientDataJSON))
	if challenge != nil {
		r.fact("challenge", hexOf(challenge))
	}
	if want := in.opt.Challenge; len(want) > 0 && challenge != nil && !bytes.Equal(challenge, want) {
		r.flowRefused("challenge", &flow.Error{Cause: flow.ErrChallenge, Where: "clientDataJSON", Seen: hexOf(challenge),
			Way: "Sign the challenge of this transaction and of this account's role."})
	}
	if c, err := passkey.ParseClientData(clientDataJSON); err != nil {
		r.warn("lenient", flowText(flow.ErrLenient)+": "+err.Error(), "", "pass on clientDataJSON as the browser gave it, byte for byte")
	} else if len(in.opt.Origins) > 0 && !slices.Contains(in.opt.Origins, c.Origin) {
		r.wrong("origin", "the origin is "+shown(c.Origin)+", which is not among those given; nodes do not look at it", "", "whoever pays should: see flow.Policy")
	}
	return r, true
}

func (in *inspector) flowAuthData(r *Reading, b []byte) {
	if len(b) < 37 {
		r.fact("authenticatorData", hexOf(b))
		return
	}
	hash, name := hexOf(b[:32]), in.relyingParty(b[:32])
	if name != "" {
		hash += " = SHA-256 of " + shown(name)
	}
	r.fact("RP ID hash", hash)
	r.fact("flags", fmt.Sprintf("0x%02x = %s", b[32], passkey.Flags(b[32])))
	if in.opt.RPID != "" && name != in.opt.RPID {
		r.wrong("rp-id", "it was made for another relying party than "+shown(in.opt.RPID)+"; nodes do not look at it", "", "whoever pays should: see flow.Policy")
	}
}

// flowMessage recognises what keys of Flow accounts sign: the domain tag, and payload or envelope.
func (in *inspector) flowMessage(b []byte) (Reading, bool) {
	if !bytes.HasPrefix(b, append([]byte(flow.TagTransaction), make([]byte, 32-len(flow.TagTransaction))...)) {
		return Reading{}, false
	}
	r := Reading{Kind: "flow-message", Title: "message of a Flow transaction, which keys sign", Likelihood: Certain}
	challenge := sha256.Sum256(b)
	t, role, err := flow.DecodeMessage(b)
	if err != nil {
		r.flowRefused("message", err)
		return r, true
	}
	r.fact("signed by", map[flow.Role]string{flow.RolePayload: "proposer and authorizers (payload)", flow.RoleEnvelope: "the payer (envelope)"}[role])
	r.fact("challenge", hexOf(challenge[:])+" = SHA-256 of it, for passkeys")
	if len(in.opt.Challenge) > 0 && !bytes.Equal(challenge[:], in.opt.Challenge) {
		r.wrong("challenge", "its challenge is not the given one", "another transaction, or another role's message", "a payload signature added later changes the envelope")
	}
	r.flowTransaction(t)
	return r, true
}

// flowTransactionBytes recognises a whole transaction as package flow writes it.
func (in *inspector) flowTransactionBytes(b []byte) (Reading, bool) {
	if len(b) < 2 || b[0] < 0xf8 {
		return Reading{}, false
	}
	t, err := flow.Decode(b)
	if err != nil {
		return Reading{}, false
	}
	r := Reading{Kind: "flow-transaction", Title: "Flow transaction", Likelihood: Certain}
	r.flowTransaction(t)
	for _, a := range t.Missing() {
		r.note("missing", fmt.Sprintf("%s has not signed the %s yet", a, t.Role(a)))
	}
	r.note("verify", "whether nodes take its signatures: postern flow verify")
	return r, true
}

func (r *Reading) flowTransaction(t *flow.Transaction) {
	r.Facts = append(r.Facts, FlowTransaction(t)...)
	if t.GasLimit > flow.MaxGasLimit {
		e := flow.Error{Cause: flow.ErrGasLimit, Where: "transaction", Seen: fmt.Sprintf("%d, at most %d", t.GasLimit, flow.MaxGasLimit), Way: "Lower the transaction's gas limit."}
		r.flowRefused("gas-limit", &e)
	}
}

// FlowTransaction says a Flow transaction in words.
func FlowTransaction(t *flow.Transaction) []Fact {
	var r Reading
	script := fmt.Sprintf("%s (SHA-256, %d bytes)", flow.HashScript(t.Script), len(t.Script))
	words, facts := flowDeed(t)
	if words != "" {
		script = words + ": " + script
	}
	r.fact("script", script)
	r.Facts = append(r.Facts, facts...)
	for i, a := range t.Arguments {
		if words != "" {
			break // said
		}
		text := show(a)
		if v, err := flow.ParseValue(a); err == nil && v.Text != "" {
			text = v.Type + " " + shown(v.Text)
		}
		r.fact(fmt.Sprintf("argument %d", i), text)
	}
	r.fact("proposer", fmt.Sprintf("%s, key %d, sequence number %d", t.ProposalKey.Address, t.ProposalKey.KeyIndex, t.ProposalKey.SequenceNumber))
	r.fact("payer", t.Payer.String())
	for _, a := range t.Authorizers {
		r.fact("authorizer", a.String())
	}
	r.fact("gas limit", fmt.Sprint(t.GasLimit))
	r.fact("reference block", t.ReferenceBlock.String())
	for _, list := range [][]flow.Signature{t.PayloadSignatures, t.EnvelopeSignatures} {
		for _, s := range list {
			r.fact("signed", fmt.Sprintf("%s, key %d", s.Address, s.KeyIndex))
		}
	}
	return r.Facts
}

// FlowKnown says whether FlowTransaction has words for what a transaction does.
func FlowKnown(t *flow.Transaction) bool {
	words, _ := flowDeed(t)
	return words != ""
}

// flowRefused puts package flow's refusal into a finding.
func (r *Reading) flowRefused(code string, err error) {
	var e *flow.Error
	if errors.As(err, &e) {
		r.wrong(code, flowText(e), "", e.Hint())
		return
	}
	r.wrong(code, err.Error(), "", "")
}

func flowText(err error) string { return strings.TrimPrefix(err.Error(), "flow: ") }
