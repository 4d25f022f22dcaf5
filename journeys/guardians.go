package journeys

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/seal"
)

// The people of the journeys with guardians, who they are and how they sign.

const day = 24 * time.Hour

// keeper is a guardian, or a new signer, who can be asked for its word.
type keeper struct {
	signer seal.Signer
	word   func(ctx context.Context, m guardian.Message) (guardian.Approval, error)
}

// keyKeeper has a key of the usual kind.
func (w *walker) keyKeeper() (keeper, error) {
	o, err := w.newOwner()
	if err != nil {
		return keeper{}, err
	}
	signer, err := seal.AddressSigner(o.address())
	return w.asked(guardian.Approver{Signer: signer}, o.approve), err
}

// passkeyKeeper has a passkey of its own, of an account that is no part of this.
func (w *walker) passkeyKeeper(p page) (keeper, error) {
	u, err := w.passkeyOf(p, webauthn.SaltHandle([32]byte(w.draw(32))))
	if err != nil {
		return keeper{}, err
	}
	return w.keeper(u)
}

// keeper is a person with a passkey.
func (w *walker) keeper(u *user) (keeper, error) {
	signer, err := seal.PasskeySigner(u.key, webauthn.FirstRule)
	return w.asked(guardian.Approver{Signer: signer, RPID: u.page.rpID, Origins: []string{u.page.origin}, Credential: u.credential}, u.approve), err
}

func (w *walker) asked(by guardian.Approver, approve func(account.Challenge) (account.Approval, error)) keeper {
	return keeper{by.Signer, func(ctx context.Context, m guardian.Message) (guardian.Approval, error) {
		id, err := w.client.Chain.ChainID(ctx)
		if err != nil {
			return guardian.Approval{}, err
		}
		request, err := guardian.Ask(by, m, id)
		if err != nil {
			return guardian.Approval{}, err
		}
		a, err := approve(request.Challenge())
		if err != nil {
			return guardian.Approval{}, err
		}
		return request.Finish(a)
	}}
}

// accountKeeper is a person with an account, which signs as a contract (ERC-1271).
func (w *walker) accountKeeper(ctx context.Context, p page) (keeper, error) {
	u, err := w.opened(ctx, p)
	if err != nil {
		return keeper{}, err
	}
	if _, err := w.operate(ctx, &Step{Detail: map[string]any{}}, w.client, u, account.Call{To: w.somebody(), Value: milliEther(1)}); err != nil {
		return keeper{}, err
	}
	signer, err := seal.AddressSigner(u.account.Address())
	return keeper{signer, func(ctx context.Context, m guardian.Message) (guardian.Approval, error) {
		id, err := w.client.Chain.ChainID(ctx)
		if err != nil {
			return guardian.Approval{}, err
		}
		sig, err := w.signs(ctx, u, m.Digest(id))
		if err != nil {
			return guardian.Approval{}, err
		}
		a, err := guardian.Contract(signer, sig)
		if err != nil {
			return guardian.Approval{}, err
		}
		return a, a.VerifyOn(ctx, w.client.Chain, m, id)
	}}, err
}

// signs has an account sign a hash for isValidSignature.
func (w *walker) signs(ctx context.Context, u *user, hash common.Hash) ([]byte, error) {
	id, err := w.client.Chain.ChainID(ctx)
	if err != nil {
		return nil, err
	}
	message := u.authority.On(ctx, w.client.Chain).SignHash(id, hash)
	a, err := u.approve(message.Challenge())
	if err != nil {
		return nil, err
	}
	return message.Finish(a)
}

// family are three who share nothing with the account's owner, nor with each other: a key,
// a passkey of another RP ID, and an account.
type family struct {
	mum, bob, carol keeper
}

func (w *walker) family(ctx context.Context) (f family, err error) {
	if f.mum, err = w.keyKeeper(); err != nil {
		return f, err
	}
	if f.bob, err = w.passkeyKeeper(second); err != nil {
		return f, err
	}
	f.carol, err = w.accountKeeper(ctx, page{"third.test", "https://third.test"})
	return f, err
}

// twoOfThree recovers after seven days by two of three; who they are can be changed in
// eight days, and they can freeze the account for as long.
func twoOfThree(keepers ...keeper) guardian.Setup {
	t := guardian.Tier{Threshold: 2, Delay: 7 * day}
	for _, k := range keepers {
		t.Guardians = append(t.Guardians, guardian.Guardian{Signer: k.signer, Weight: 1})
	}
	return guardian.Setup{Expiry: 14 * day, ChangeDelay: 8 * day, Freeze: 8 * day, Tiers: []guardian.Tier{t}}.Sorted()
}

// appoints gives an account its first guardians.
func (w *walker) appoints(ctx context.Context, s *Step, u *user, setup guardian.Setup) error {
	if err := setup.CheckOn(ctx, w.client.Chain, nil, u.account.Address(), signersOf(u.account)); err != nil {
		return err
	}
	s.Detail["guardians"] = strings.Join(setup.Words(), " ")
	call, err := guardian.Install(u.account.Address(), setup)
	if err != nil {
		return err
	}
	if _, err := w.operate(ctx, s, w.client, u, call); err != nil {
		return err
	}
	now, err := guardian.At(ctx, w.client.Chain, u.account.Address())
	if err == nil && now.ConfigHash() != setup.Hash() {
		err = errors.New("journeys: the chain has other guardians than were installed")
	}
	return err
}

func signersOf(a *webauthn.Account) (out []seal.Signer) {
	for _, m := range a.Members() {
		out = append(out, m.Signer)
	}
	return out
}

// onInstall is what an account asks of the module when it installs it.
func onInstall(data []byte) account.Call {
	b := append(crypto.Keccak256([]byte("onInstall(bytes)"))[:4], common.LeftPadBytes([]byte{32}, 32)...)
	b = append(b, common.BigToHash(big.NewInt(int64(len(data)))).Bytes()...)
	return account.Call{To: guardian.Module, Data: append(b, common.RightPadBytes(data, (len(data)+31)&^31)...)}
}

// state adds the three to what an account's owner states: they live apart.
func (f family) state(to *facts) {
	for _, k := range []struct {
		keeper
		name, kind string
	}{{f.mum, "Mum", "person"}, {f.bob, "Bob", "passkey"}, {f.carol, "Carol", "contract"}} {
		to.person(k.signer, k.name, k.kind)
	}
}

// person states that a signer is somebody else's.
func (f *facts) person(s seal.Signer, name, kind string) {
	id := s.Address().Hex()
	if key, _, ok := s.Passkey(); ok {
		id = fmt.Sprintf("0x%x", key.X())
	}
	fmt.Fprintf(&f.text, "[[signer]]\nid = %q\nname = %q\nkind = %q\napart = true\n", id, name, kind)
}

// copied is a setup that can be changed without changing the other.
func copied(s guardian.Setup) guardian.Setup {
	s.Tiers = slices.Clone(s.Tiers)
	for i := range s.Tiers {
		s.Tiers[i].Guardians = slices.Clone(s.Tiers[i].Guardians)
	}
	return s
}
