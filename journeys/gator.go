package journeys

import (
	"context"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// The people of the journeys with MetaMask's accounts: owners with a key of the
// usual kind, and passkeys.

// hybridEntryPoints is where MetaMask's Hybrid accounts live.
var hybridEntryPoints = []userop.EntryPoint{userop.V07}

// draw returns n bytes, at most 32: random ones, or with [Env.Seed] those that every
// walk with this seed gets at this place.
func (w *walker) draw(n int) []byte {
	if w.env.Seed == nil {
		return randomBytes(n)
	}
	w.drawn++
	m := hmac.New(sha256.New, w.env.Seed)
	m.Write([]byte(w.journey + " " + w.ep.Version()))
	m.Write(binary.BigEndian.AppendUint64(nil, w.drawn))
	return m.Sum(nil)[:n]
}

// somebody is an address that nobody has used.
func (w *walker) somebody() common.Address { return common.BytesToAddress(w.draw(20)) }

// owner is a key of the usual kind (secp256k1).
type owner struct{ key *ecdsa.PrivateKey }

func (w *walker) newOwner() (owner, error) {
	key, err := crypto.ToECDSA(w.draw(32))
	return owner{key}, err
}

func (o owner) address() common.Address { return crypto.PubkeyToAddress(o.key.PublicKey) }

func (o owner) sign(digest [32]byte) ([]byte, error) { return crypto.Sign(digest[:], o.key) }

func (o owner) approve(c account.Challenge) (account.Approval, error) {
	sig, err := o.sign(c.Digest)
	return account.Approval{ECDSA: sig}, err
}

// hand is a Hybrid account in the owner's hand.
func (o owner) hand(a *hybrid.Account) (hand, error) {
	auth, err := a.Authority(hybrid.OwnerApprover{Address: o.address()})
	return hand{a, auth, o.approve}, err
}

// newPasskey is a person with a passkey on a new device. The handle is what the
// passkey remembers of the account.
func (w *walker) newPasskey(h webauthn.Handle) (*user, error) {
	return w.passkeyOf(home, h)
}

// gatorKey is the passkey as a key of a Hybrid account.
func (u *user) gatorKey() hybrid.Key { return hybrid.PasskeyKey(u.credential, u.key) }

// gator is a Hybrid account in the hand of the passkey.
func (u *user) gator(a *hybrid.Account) (hand, error) {
	auth, err := a.Authority(hybrid.PasskeyApprover{
		Key: u.gatorKey(), RPID: rpID, Origins: []string{origin}, Credential: u.credential, Limits: limits,
	})
	return hand{a, auth, u.approve}, err
}

// limits are those of the software authenticator, which writes as a desktop browser
// does.
var limits = seal.StubLimits{PackageName: -1}

// refuse takes an operation to the chain that must not run, without the checks that
// this library makes before: the operation is prepared by h and carries another
// signature. The EntryPoint must call the signature wrong.
func (w *walker) refuse(ctx context.Context, s *Step, h hand, calls []account.Call, forge func(account.Challenge) ([]byte, error)) error {
	p, err := account.Prepare(ctx, w.client, h.account, h.authority, calls)
	if err != nil {
		return err
	}
	op := p.Op()
	if op.Signature, err = forge(p.Challenge()); err != nil {
		return err
	}
	_, err = w.client.Bundler.Send(ctx, op, h.account.EntryPoint())
	return s.wrongSignature(err)
}

// wrongSignature wants the refusal AA24.
func (s *Step) wrongSignature(err error) error { return s.refusedWith(err, "AA24") }

// refusedWith wants the EntryPoint's refusal of that code.
func (s *Step) refusedWith(err error, code string) error {
	if err == nil {
		return errAccepted
	}
	if got := account.AACode(err); got != code {
		return fmt.Errorf("journeys: refused for another reason than %s: %w", code, err)
	}
	s.Detail["chain"] = code
	return nil
}

// refusedHere wants a refusal before anything is signed.
func (s *Step) refusedHere(err error) error {
	if err == nil {
		return errAccepted
	}
	s.Detail["refusal"] = err.Error()
	if h, ok := errors.AsType[account.Hinter](err); ok {
		s.Detail["way out"] = h.Hint()
	}
	return nil
}

// reopen reads an account from the chain by its address alone.
func (w *walker) reopen(ctx context.Context, s *Step, at common.Address) (*hybrid.Account, error) {
	a, err := hybrid.At(ctx, w.client.Chain, at)
	if err != nil {
		return nil, err
	}
	s.Detail["account"], s.Detail["owner"], s.Detail["keys"] = a.Address().Hex(), a.Owner().Hex(), len(a.Keys())
	if a.Address() != at {
		return nil, errNotTheSame
	}
	return a, nil
}

// read asks a contract for a number by a function that takes addresses only.
func (w *walker) read(ctx context.Context, contract common.Address, function string, args ...common.Address) (*big.Int, error) {
	data := crypto.Keccak256([]byte(function))[:4]
	for _, a := range args {
		data = append(data, common.LeftPadBytes(a[:], 32)...)
	}
	out, err := w.client.Chain.Call(ctx, contract, data)
	if err == nil && len(out) != 32 {
		err = fmt.Errorf("journeys: %s of %s returned %d bytes", function, contract, len(out))
	}
	return new(big.Int).SetBytes(out), err
}
