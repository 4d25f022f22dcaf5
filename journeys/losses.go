package journeys

import (
	"context"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/passkey/softkey"
)

// What the journeys of losses have in common: passkeys come, take another's place, and are refused.

// passkeyOf is a person with a new passkey of a page, on a device of its own.
func (w *walker) passkeyOf(p page, h webauthn.Handle, device ...softkey.Option) (*user, error) {
	u, _, err := p.create(softkey.New(append(device, softkey.WithSeed(w.draw(32)))...), h, "Ada")
	return u, err
}

// stays makes a device whose passkeys never leave it, and say so.
var stays = softkey.WithBackup(false, false)

// opened is a person with a new passkey of a page, and the account of that passkey, with
// money and not deployed yet.
func (w *walker) opened(ctx context.Context, p page, device ...softkey.Option) (*user, error) {
	salt := [32]byte(w.draw(32))
	u, err := w.passkeyOf(p, webauthn.SaltHandle(salt), device...)
	if err != nil {
		return nil, err
	}
	if err := u.opens(w.deployment, salt); err != nil {
		return nil, err
	}
	_, err = w.fund(ctx, u.account.Address())
	return u, err
}

// joins gives an account a further passkey: made on another device, on a page that may be
// another one, and added by a passkey that the account has.
func (w *walker) joins(ctx context.Context, s *Step, by *user, p page, device ...softkey.Option) (*user, error) {
	u, signer, err := w.candidate(by, p, device...)
	if err != nil {
		return nil, err
	}
	call, err := by.account.AddSigners(webauthn.Members(signer)...)
	if err != nil {
		return nil, err
	}
	_, err = w.operate(ctx, s, w.client, by, call)
	return u, err
}

// replaces puts a new passkey in the place of one that is lost.
func (w *walker) replaces(ctx context.Context, s *Step, by, lost *user, p page, device ...softkey.Option) (*user, error) {
	u, signer, err := w.candidate(by, p, device...)
	if err != nil {
		return nil, err
	}
	calls, _, err := by.account.Rotate(lost.signer, signer)
	if err != nil {
		return nil, err
	}
	_, err = w.operate(ctx, s, w.client, by, calls...)
	return u, err
}

// candidate is a new passkey that remembers the account and is no signer of it yet.
func (w *walker) candidate(of *user, p page, device ...softkey.Option) (*user, webauthn.Signer, error) {
	u, err := w.passkeyOf(p, webauthn.AddressHandle(of.account.Address()), device...)
	if err != nil {
		return nil, webauthn.Signer{}, err
	}
	u.signer, err = webauthn.Passkey(u.key, webauthn.FirstRule)
	return u, u.signer, err
}

// finds has a passkey alone lead to its account, and gives the account into its hand.
func (w *walker) finds(ctx context.Context, s *Step, u *user, at common.Address) error {
	one, err := u.page.ask(u.device)
	if err != nil {
		return err
	}
	f, err := webauthn.Find(ctx, w.client.Chain, w.deployment, one)
	if err != nil {
		return err
	}
	s.Detail["account"], s.Detail["signers"] = f.Account.Address().Hex(), len(f.Account.Members())
	if f.Account.Address() != at {
		return errNotTheSame
	}
	return u.takes(f.Account, f.Signer)
}

// refused wants a passkey that was removed to be refused: by the library, which is told so
// by the chain, and with what its holder remembers of the account, by the account.
func (w *walker) refused(ctx context.Context, s *Step, u *user) error {
	one, err := u.page.ask(u.device)
	if err != nil {
		return err
	}
	_, err = webauthn.Find(ctx, w.client.Chain, w.deployment, one)
	if err := s.refusedHere(err); err != nil {
		return err
	}
	_, err = w.operate(ctx, s, w.client, u, account.Call{To: w.somebody(), Value: milliEther(1)})
	return s.wrongSignature(err)
}
