package journeys

import (
	"context"
	"errors"
	"fmt"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/passkey"
)

// What is refused on Flow, and what a sponsor and an app's server look at.

// sponsors looks at a transaction as one does who pays for it, and signs the envelope.
func (f flowWalk) sponsors(ctx context.Context, t *flow.Transaction) error {
	policy := flowPolicy()
	if err := policy.Sponsor(t, f.Service); err != nil {
		return err
	}
	for _, s := range t.PayloadSignatures {
		key, err := f.Key(ctx, s.Address, s.KeyIndex)
		if err != nil {
			return err
		}
		message, err := t.Message(s.Address)
		if err != nil {
			return err
		}
		if err := policy.Verify(s, message, key); err != nil {
			return err
		}
	}
	return f.pays(t)
}

// notSponsored offers the sponsor what it does not pay for: another script, its own account's coins, and what the passkey
// has signed on another page. Nodes would take all three.
func (f flowWalk) notSponsored(ctx context.Context, p *flowPasskey, a flow.Address) error {
	other := of(a, 0, f.Service, []byte("transaction { prepare(a: &Account) {} }"), nil)
	script, arguments := note(1)
	drain := of(f.Service, f.KeyIndex, f.Service, script, arguments)
	phished := of(a, 0, f.Service, script, arguments)
	if err := f.Prepare(ctx, phished); err != nil {
		return err
	}
	challenge, err := phished.Challenge(a)
	if err != nil {
		return err
	}
	elsewhere, err := p.device.Sign(p.credential, challenge[:], home.rpID, "https://localhost:666")
	if err != nil {
		return err
	}
	signature, extension := flow.WebAuthn(elsewhere)
	if err := phished.Sign(flow.Signature{Address: a, Signature: signature, Extension: extension}); err != nil {
		return err
	}
	return errors.Join(refusedBy(f.sponsors(ctx, other), flow.ErrScript), refusedBy(f.sponsors(ctx, drain), flow.ErrAuthorizer),
		refusedBy(f.sponsors(ctx, phished), passkey.ErrOrigin))
}

// mixedUp has the passkey sign one transaction and puts the signature under another.
func (f flowWalk) mixedUp(ctx context.Context, s *Step, p *flowPasskey, a flow.Address) error {
	script, arguments := note(66)
	signed, wanted := of(a, 0, a, script, arguments), of(a, 0, a, script, [][]byte{flow.Int(67).JSON()})
	if err := errors.Join(f.Prepare(ctx, signed), p.signs(signed, a, 0)); err != nil {
		return err
	}
	wanted.ReferenceBlock, wanted.GasLimit, wanted.ProposalKey = signed.ReferenceBlock, signed.GasLimit, signed.ProposalKey
	if err := wanted.Sign(signed.EnvelopeSignatures[0]); err != nil {
		return err
	}
	key, err := f.Key(ctx, a, 0)
	if err != nil {
		return err
	}
	own := wanted.VerifySignature(wanted.EnvelopeSignatures[0], flow.RoleEnvelope, key, nil)
	_, err = f.Send(ctx, wanted)
	s.Detail["rule"], s.Detail["node"] = fmt.Sprint(own), fmt.Sprint(err)
	return errors.Join(refusedBy(own, flow.ErrChallenge), refusedBy(err, access.ErrExtension), f.noted(ctx, a, "7"))
}

// prove makes a proof of the account and has it verified by its keys and by the chain; for another app it is none.
func (f flowWalk) prove(ctx context.Context, p *flowPasskey, a flow.Address) (*flow.Proof, error) {
	proof := &flow.Proof{App: "Postern's demo", Address: a, Nonce: f.secret("nonce")}
	challenge, err := proof.Challenge()
	if err != nil {
		return nil, err
	}
	signature, err := p.signature(challenge, a, 0)
	if err != nil {
		return nil, err
	}
	proof.Signatures = []flow.Signature{signature}
	chain, err := f.Account(ctx, a)
	if err != nil {
		return nil, err
	}
	if err := proof.Verify(chain.Keys, flowPolicy()); err != nil {
		return nil, err
	}
	other := *proof
	other.App = "another app"
	if err := refusedBy(other.Verify(chain.Keys, flowPolicy()), flow.ErrChallenge); err != nil {
		return nil, err
	}
	script, arguments, err := proof.Script()
	if err != nil {
		return nil, err
	}
	v, err := f.Script(ctx, script, arguments)
	if err == nil && v.Text != "true" {
		err = fmt.Errorf("journeys: the chain says %s of the proof", v.Text)
	}
	return proof, err
}

// revoked tries all that the passkey could do before.
func (f flowWalk) revoked(ctx context.Context, p *flowPasskey, a flow.Address, proof *flow.Proof) error {
	chain, err := f.Account(ctx, a)
	if err != nil {
		return err
	}
	if len(chain.Keys) != 2 || !chain.Keys[0].Revoked || chain.Keys[1].Revoked {
		return fmt.Errorf("journeys: the account's keys are %+v", chain.Keys)
	}
	script, arguments := note(10)
	t := of(a, 0, a, script, arguments)
	if err := refusedBy(f.Prepare(ctx, t), flow.ErrRevoked); err != nil {
		return err
	}
	// With the other key's number to propose it gets as far as the node.
	t.ProposalKey.KeyIndex = 1
	if err := errors.Join(f.Prepare(ctx, t), p.signs(t, a, 0)); err != nil {
		return err
	}
	if err := refusedBy(t.VerifySignature(t.EnvelopeSignatures[0], flow.RoleEnvelope, chain.Keys[0], nil), flow.ErrRevoked); err != nil {
		return err
	}
	id, err := f.Send(ctx, t)
	if err == nil {
		_, err = f.Wait(ctx, id)
	}
	if err == nil {
		return errAccepted
	}
	return errors.Join(refusedBy(proof.Verify(chain.Keys, flowPolicy()), flow.ErrRevoked), f.noted(ctx, a, "7"))
}
