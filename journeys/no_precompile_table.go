package journeys

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// tableFormat is the table of these journeys.
const tableFormat = p256table.Format4k

// noPrecompileTable: how the passkey's signatures are verified is the chain's affair,
// and gets cheaper on the way.
func noPrecompileTable(ctx context.Context, w *walker) error {
	has, err := w.hasP256(ctx)
	if err != nil {
		return err
	}
	u, err := w.tabler(ctx)
	if err != nil {
		return err
	}
	if has {
		return u.withPrecompile(ctx)
	}
	if err := u.withoutPrecompile(ctx); err != nil || w.env.Stand.Osaka == nil {
		return err
	}
	return u.becomesOsaka(ctx)
}

func (w *walker) hasP256(ctx context.Context) (bool, error) {
	prober, ok := w.client.Chain.(account.P256Prober)
	if !ok {
		return false, errNoProbe
	}
	return prober.HasP256(ctx)
}

// tabler is an account whose signatures are verified in one way or another, and a
// stranger who wishes it well.
type tabler struct {
	*walker
	*user
	stranger owner
}

func (w *walker) tabler(ctx context.Context) (*tabler, error) {
	salt := [32]byte(w.draw(32))
	u, err := w.newPasskey(webauthn.SaltHandle(salt))
	if err != nil {
		return nil, err
	}
	if err := u.opens(w.deployment, salt); err != nil {
		return nil, err
	}
	if _, err := w.fund(ctx, u.account.Address()); err != nil {
		return nil, err
	}
	stranger, err := w.stranger(ctx)
	if err != nil {
		return nil, err
	}
	// Fees come out of a deposit. An account that has to fill up its deposit pays 8,800 gas for
	// that, now in one operation and now in another, and the figures could not be compared.
	deposit := account.Call{To: w.ep.Address(), Value: milliEther(1000), Data: userop.DepositTo(u.account.Address())}
	return &tabler{w, u, stranger}, w.transact(ctx, &Step{Detail: map[string]any{}}, stranger, deposit)
}

// signer is the account's only passkey.
func (t *tabler) signer() webauthn.Signer { return t.account.Members()[0].Signer }

// send is a step that sends value and must be verified on a path.
func (t *tabler) send(ctx context.Context, name string, path seal.P256Path, h hand) error {
	return t.step(name, func(s *Step) error {
		to := t.somebody()
		if _, err := t.act(ctx, s, t.client, h, []account.Call{{To: to, Value: milliEther(1)}}); err != nil {
			return err
		}
		if err := t.received(ctx, to, milliEther(1)); err != nil {
			return err
		}
		return t.on(ctx, s, path)
	})
}

// on notes the path that the account says it verifies on, which must be this one.
func (t *tabler) on(ctx context.Context, s *Step, want seal.P256Path) error {
	now, err := webauthn.At(ctx, t.client.Chain, t.account.Address())
	if err != nil {
		return err
	}
	path, ok := now.P256Path(t.signer())
	if !ok || path != want {
		return fmt.Errorf("journeys: signatures are verified by %s, not by %s", path, want)
	}
	s.Detail["account"], s.Detail["verified by"] = now.Address().Hex(), path.String()
	return nil
}

// unhinted hides that an authority can write hints.
type unhinted struct{ account.Authority }

func (t *tabler) unhinted() hand {
	return hand{t.account, unhinted{t.authority}, t.approve}
}

// table is a step in which the stranger has the passkey's table built.
func (t *tabler) table(ctx context.Context, name string, then seal.P256Path) error {
	return t.step(name, func(s *Step) error {
		before, err := t.client.Chain.Balance(ctx, t.account.Address())
		if err != nil {
			return err
		}
		call, err := webauthn.TableCall(t.account.Address(), t.signer(), tableFormat)
		if err != nil {
			return err
		}
		if err := t.transact(ctx, s, t.stranger, call); err != nil {
			return err
		}
		after, err := t.client.Chain.Balance(ctx, t.account.Address())
		if err != nil {
			return err
		}
		if after.Cmp(before) != 0 {
			return errors.New("journeys: the account has paid for its table")
		}
		if err := t.trueTable(ctx, s, t.user); err != nil {
			return err
		}
		return t.on(ctx, s, then)
	})
}

// trueTable wants the passkey's table on the chain where verifiers look for it, every
// byte as computed here.
func (w *walker) trueTable(ctx context.Context, s *Step, u *user) error {
	key, err := p256table.NewKey(u.key.X(), u.key.Y())
	if err != nil {
		return err
	}
	at, err := contracts.TableAddress(tableFormat, key)
	if err != nil {
		return err
	}
	code, err := w.client.Chain.Code(ctx, at)
	if err != nil {
		return err
	}
	s.Detail["table"] = at.Hex()
	return p256table.Verify(tableFormat, key, code)
}

// withPrecompile is the walk where the chain has P256VERIFY.
func (t *tabler) withPrecompile(ctx context.Context) error {
	for _, name := range []string{"create the account, verified by P256VERIFY", "send, verified by P256VERIFY"} {
		if err := t.send(ctx, name, seal.PathPrecompile, t.hand()); err != nil {
			return err
		}
	}
	if err := t.table(ctx, "a table that nobody needs changes nothing", seal.PathPrecompile); err != nil {
		return err
	}
	return t.send(ctx, "send, still verified by P256VERIFY", seal.PathPrecompile, t.hand())
}

// withoutPrecompile is the walk where it has not.
func (t *tabler) withoutPrecompile(ctx context.Context) error {
	byTable, err := seal.TablePath(tableFormat)
	if err != nil {
		return err
	}

	// 1. The account starts without a table. Hints, which nobody has to believe, halve
	// the arithmetic; without them it works, too.
	if err := t.send(ctx, "create the account, verified without a table", seal.PathNone, t.hand()); err != nil {
		return err
	}
	if err := t.send(ctx, "send, without a table", seal.PathNone, t.hand()); err != nil {
		return err
	}
	if err := t.send(ctx, "send, without a table and without hints", seal.PathNone, t.unhinted()); err != nil {
		return err
	}

	// 2. Somebody else has the table built. From then on it is used.
	if err := t.table(ctx, "a stranger has the table built", byTable); err != nil {
		return err
	}
	if err := t.send(ctx, "send, by the table", byTable, t.hand()); err != nil {
		return err
	}
	if err := t.send(ctx, "send, by the table and without the hint", byTable, t.unhinted()); err != nil {
		return err
	}

	// 3. What a stranger may give a stranger may not take.
	if err := t.step("the stranger cannot take it away", func(s *Step) error {
		for _, f := range []p256table.Format{0, p256table.Format1k, tableFormat} {
			call := account.Call{To: t.account.Address(), Data: contracts.UseTable(t.signer().Bytes(), f)}
			if err := t.refusedByChain(ctx, s, call, notLarger); err != nil {
				return err
			}
		}
		return t.on(ctx, s, byTable)
	}); err != nil {
		return err
	}

	// 4. Another passkey takes over; its table comes in the same operation.
	old := *t.user
	if err := t.step("rotate the passkey with its table", func(s *Step) error { return t.rotate(ctx, s, byTable) }); err != nil {
		return err
	}
	if err := t.send(ctx, "send by the new passkey, by its table", byTable, t.hand()); err != nil {
		return err
	}
	return t.step("the old passkey and its table are worth nothing", func(s *Step) error {
		_, err := t.act(ctx, s, t.client, old.hand(), []account.Call{{To: t.somebody(), Value: milliEther(1)}})
		return s.wrongSignature(err)
	})
}

// notLarger is the account's error TableNotLarger(uint8,uint8).
var notLarger = crypto.Keccak256([]byte("TableNotLarger(uint8,uint8)"))[:4]

// rotate puts a passkey of another device in the place of the first.
func (t *tabler) rotate(ctx context.Context, s *Step, path seal.P256Path) error {
	made, _, err := create(softkey.New(softkey.WithSeed(t.draw(32))), webauthn.AddressHandle(t.account.Address()), "Ada")
	if err != nil {
		return err
	}
	signer, err := webauthn.Passkey(made.key, webauthn.FirstRule)
	if err != nil {
		return err
	}
	now, err := webauthn.At(ctx, t.client.Chain, t.account.Address())
	if err != nil {
		return err
	}
	calls, _, err := now.Rotate(t.signer(), signer)
	if err != nil {
		return err
	}
	if _, err := t.act(ctx, s, t.client, t.hand(), calls); err != nil {
		return err
	}
	if now, err = webauthn.At(ctx, t.client.Chain, t.account.Address()); err != nil {
		return err
	}
	if err := made.takes(now, signer); err != nil {
		return err
	}
	t.user = made
	if err := t.trueTable(ctx, s, made); err != nil {
		return err
	}
	return t.on(ctx, s, path)
}

// becomesOsaka is the walk of an account whose chain gets P256VERIFY.
func (t *tabler) becomesOsaka(ctx context.Context) error {
	byTable, err := seal.TablePath(tableFormat)
	if err != nil {
		return err
	}

	// 5. The account does not ask while it validates; it goes on as before.
	if err := t.step("the chain gets P256VERIFY", func(s *Step) error {
		if err := t.env.Stand.Osaka(ctx); err != nil {
			return err
		}
		if t.client, err = t.env.Stand.connect(); err != nil { // that knows nothing of before
			return err
		}
		if has, err := t.hasP256(ctx); err != nil || !has {
			return errors.Join(errors.New("journeys: P256VERIFY does not answer"), err)
		}
		return t.on(ctx, s, byTable)
	}); err != nil {
		return err
	}
	if err := t.send(ctx, "send, by the table as before", byTable, t.hand()); err != nil {
		return err
	}

	// 6. Anybody may have it ask again, and then it knows.
	if err := t.step("a stranger has the account ask again", func(s *Step) error {
		if err := t.transact(ctx, s, t.stranger, webauthn.ProbeCall(t.account.Address())); err != nil {
			return err
		}
		return t.on(ctx, s, seal.PathPrecompile)
	}); err != nil {
		return err
	}
	return t.send(ctx, "send, verified by P256VERIFY", seal.PathPrecompile, t.hand())
}
