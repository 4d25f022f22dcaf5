package journeys

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
)

// flowPasskey is a passkey on a device of its own.
type flowPasskey struct {
	device     *softkey.Authenticator
	credential []byte
	key        passkey.PublicKey
}

// secret is 32 bytes for one purpose: random ones, or those that every walk with the seed has.
func (f flowWalk) secret(purpose string) []byte {
	if f.Seed == nil {
		return randomBytes(32)
	}
	m := hmac.New(sha256.New, f.Seed)
	m.Write([]byte(purpose))
	return m.Sum(nil)
}

// create makes a passkey as a wallet on Flow does, in wallet mode: no server chooses the challenge, because nobody but the
// wallet looks at the registration; what counts is the key on the chain.
func (f flowWalk) create(name string) (*flowPasskey, error) {
	p, mode := &flowPasskey{device: softkey.New(softkey.WithSeed(f.secret("device " + name)))}, passkey.WalletMode{}
	o, err := mode.Options(passkey.RelyingParty{ID: home.rpID, Name: "Postern"}, passkey.User{ID: f.secret("user " + name), Name: name, DisplayName: name})
	if err != nil {
		return nil, err
	}
	options, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	answer, err := p.device.Create(options, home.origin)
	if err != nil {
		return nil, fmt.Errorf("journeys: create a passkey: %w", err)
	}
	r, _, err := mode.Read(answer, home.rpID, home.origin)
	if err != nil {
		return nil, err
	}
	p.credential, p.key = r.ID, r.Key()
	return p, nil
}

// asserts answers a challenge as browser and passkey do.
func (p *flowPasskey) asserts(challenge [32]byte) (*passkey.Assertion, error) {
	options, err := json.Marshal(passkey.NewRequestOptions(home.rpID, challenge[:], p.credential))
	if err != nil {
		return nil, err
	}
	answer, err := p.device.Get(options, home.origin)
	if err != nil {
		return nil, fmt.Errorf("journeys: sign: %w", err)
	}
	return passkey.ParseAssertion(answer)
}

// signature is a signature by a key of an account.
func (p *flowPasskey) signature(challenge [32]byte, a flow.Address, key uint32) (flow.Signature, error) {
	s := flow.Signature{Address: a, KeyIndex: key}
	made, err := p.asserts(challenge)
	if err == nil {
		s.Signature, s.Extension = flow.WebAuthn(made)
	}
	return s, err
}

// signs adds the passkey's signature to a transaction.
func (p *flowPasskey) signs(t *flow.Transaction, a flow.Address, key uint32) error {
	challenge, err := t.Challenge(a)
	if err != nil {
		return err
	}
	s, err := p.signature(challenge, a, key)
	if err != nil {
		return err
	}
	return t.Sign(s)
}

// flowPolicy is what whoever pays here wants beside the rules of nodes.
func flowPolicy() flow.Policy {
	rule := home.rule(nil)
	return flow.Policy{Assertion: rule, Scripts: []flow.ScriptHash{flow.HashScript([]byte(flowNote))}}
}

// of is a transaction that an account authorizes and proposes by one of its keys.
func of(a flow.Address, key uint32, payer flow.Address, script []byte, arguments [][]byte) *flow.Transaction {
	return &flow.Transaction{Script: script, Arguments: arguments, Payer: payer, Authorizers: []flow.Address{a},
		ProposalKey: flow.ProposalKey{Address: a, KeyIndex: key}}
}

func note(n int64) (script []byte, arguments [][]byte) {
	return []byte(flowNote), [][]byte{flow.Int(n).JSON()}
}

// refusedBy wants an error to be the cause.
func refusedBy(err, cause error) error {
	if err == nil {
		return errAccepted
	}
	if !errors.Is(err, cause) {
		return fmt.Errorf("journeys: refused for another reason than %q: %w", cause, err)
	}
	return nil
}

// flowAccount: a passkey is the key of an account on Flow.
func flowAccount(ctx context.Context, w *walker) error {
	stand := w.env.Flow
	if stand == nil {
		var err error
		if stand, _, err = RecordedFlow(); err != nil {
			return err
		}
	}
	f, err := openFlow(stand)
	if err != nil {
		return err
	}
	var phone, laptop *flowPasskey
	var account, shared flow.Address

	// 1. The device makes a passkey; its public key is the account key.
	if err := w.step("create a passkey", func(s *Step) error {
		if phone, err = f.create("phone"); err != nil {
			return err
		}
		s.Detail["key"] = flow.Passkey(phone.key, 0).PublicHex()
		laptop, err = f.create("laptop")
		return err
	}); err != nil {
		return err
	}

	// 2. Somebody pays for the account; the passkey's key alone has its weight.
	if err := w.step("the passkey gets an account", func(s *Step) error {
		account, err = f.account(ctx, s, flow.Passkey(phone.key, flow.WeightThreshold))
		return err
	}); err != nil {
		return err
	}

	// 3. The passkey signs the payload; the sponsor looks at it, then signs the envelope.
	var sponsored *flow.Transaction
	if err := w.step("the passkey authorizes, a sponsor pays", func(s *Step) error {
		script, arguments := note(7)
		sponsored = of(account, 0, f.Service, script, arguments)
		if err := errors.Join(f.Prepare(ctx, sponsored), phone.signs(sponsored, account, 0)); err != nil {
			return err
		}
		if err := f.sponsors(ctx, sponsored); err != nil {
			return err
		}
		r, err := f.sealed(ctx, s, sponsored)
		if err == nil && r.ID != sponsored.ID() {
			err = fmt.Errorf("journeys: the node knows it as %s", r.ID)
		}
		return errors.Join(err, f.noted(ctx, account, "7"))
	}); err != nil {
		return err
	}

	// 4. Whoever is not sure that it arrived sends the same bytes again.
	if err := w.step("sent again it runs once", func(s *Step) error {
		if _, err := f.sealed(ctx, s, sponsored); err != nil {
			return err
		}
		k, err := f.Key(ctx, account, 0)
		if err == nil && k.SequenceNumber != sponsored.ProposalKey.SequenceNumber+1 {
			err = fmt.Errorf("journeys: the sequence number is %d", k.SequenceNumber)
		}
		return err
	}); err != nil {
		return err
	}

	// 5. A signature of something else: the node says "invalid extension data", this library which rule.
	if err := w.step("of a wrong signature the broken rule is named", func(s *Step) error {
		return f.mixedUp(ctx, s, phone, account)
	}); err != nil {
		return err
	}

	// 6. What the sponsor does not pay for.
	if err := w.step("the sponsor pays for nothing else", func(s *Step) error {
		return f.notSponsored(ctx, phone, account)
	}); err != nil {
		return err
	}

	// 7. Two passkeys of half the weight: one is not enough, both are.
	if err := w.step("an account of two passkeys, 500 each", func(s *Step) error {
		shared, err = f.account(ctx, s, flow.Passkey(phone.key, 500), flow.Passkey(laptop.key, 500))
		return err
	}); err != nil {
		return err
	}
	if err := w.step("one of the two is not enough", func(s *Step) error {
		script, arguments := note(8)
		t := of(shared, 0, shared, script, arguments)
		if err := errors.Join(f.Prepare(ctx, t), phone.signs(t, shared, 0)); err != nil {
			return err
		}
		_, err := f.sealed(ctx, s, t)
		return errors.Join(refusedBy(err, access.ErrWeight), f.noted(ctx, shared, "-1"))
	}); err != nil {
		return err
	}
	if err := w.step("both sign, and pay themselves", func(s *Step) error {
		script, arguments := note(9)
		t := of(shared, 0, shared, script, arguments)
		if err := errors.Join(f.Prepare(ctx, t), phone.signs(t, shared, 0), laptop.signs(t, shared, 1)); err != nil {
			return err
		}
		_, err := f.sealed(ctx, s, t)
		return errors.Join(err, f.noted(ctx, shared, "9"))
	}); err != nil {
		return err
	}

	// 8. A new session knows nothing but what the passkey answers, and somebody remembers addresses.
	if err := w.step("the account is found by two answers of the passkey", func(s *Step) error {
		a, err := phone.asserts([32]byte(f.secret("login")))
		if err != nil {
			return err
		}
		b, err := phone.asserts([32]byte(f.secret("login again")))
		if err != nil {
			return err
		}
		found, err := f.FindAccounts(ctx, passkey.RecoverFrom(a, b), access.Known{f.Service, account})
		if err == nil && (len(found) != 1 || found[0].Address != account || found[0].Passkey != phone.key) {
			err = fmt.Errorf("journeys: found %v", found)
		}
		return err
	}); err != nil {
		return err
	}

	// 9. An app's server asks for a proof of the account.
	var proof *flow.Proof
	if err := w.step("the passkey proves the account to an app", func(s *Step) error {
		proof, err = f.prove(ctx, phone, account)
		return err
	}); err != nil {
		return err
	}

	// 10. The next passkey comes, the first one goes.
	if err := w.step("a second passkey is added", func(s *Step) error {
		script, arguments, err := flow.AddKeys(flow.Passkey(laptop.key, flow.WeightThreshold))
		if err != nil {
			return err
		}
		t := of(account, 0, account, script, arguments)
		if err := errors.Join(f.Prepare(ctx, t), phone.signs(t, account, 0)); err != nil {
			return err
		}
		_, err = f.sealed(ctx, s, t)
		return err
	}); err != nil {
		return err
	}
	if err := w.step("it revokes the first", func(s *Step) error {
		script, arguments := flow.RevokeKey(0)
		t := of(account, 1, account, script, arguments)
		if err := errors.Join(f.Prepare(ctx, t), laptop.signs(t, account, 1)); err != nil {
			return err
		}
		_, err := f.sealed(ctx, s, t)
		return err
	}); err != nil {
		return err
	}
	return w.step("the revoked passkey can do nothing any more", func(s *Step) error {
		return f.revoked(ctx, phone, account, proof)
	})
}
