package journeys

import (
	"context"
	"crypto/ecdh"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/audit"
	"github.com/postern-dev/postern/passkey/exported"
	"github.com/postern-dev/postern/recovery"
	"github.com/postern-dev/postern/rescue"
)

// vendorGone: wallet, passkey server, bundler and domain end on one day. What a password
// manager exports, a node and a key with a little ether are enough.
func vendorGone(ctx context.Context, w *walker) error {
	file, err := w.exportOf(wallet)
	if err != nil {
		return err
	}
	manager, err := exported.Parse(file)
	if err != nil {
		return err
	}
	defer manager.Wipe()
	u := user{page: wallet, credential: manager.Passkeys[0].CredentialID, key: manager.Passkeys[0].Key}
	h, err := webauthn.ParseHandle(manager.Passkeys[0].UserHandle)
	if err != nil {
		return err
	}
	salt, _ := h.Salt()
	if err := u.opens(w.deployment, salt); err != nil {
		return err
	}
	at, to := u.account.Address(), w.somebody()

	// 1. While everything is there: the manager's passkey signs on the wallet's page.
	if err := w.step("create the account by a passkey in a password manager", func(s *Step) error {
		if _, err := w.fund(ctx, at); err != nil {
			return err
		}
		p, err := account.Prepare(ctx, w.client, u.account, u.authority, []account.Call{{To: to, Value: milliEther(1)}})
		if err != nil {
			return err
		}
		if err := s.seal(p, func(c account.Challenge) (account.Approval, error) {
			return rescue.Approve(ctx, c, rescue.Exported(manager.Passkeys[0]))
		}); err != nil {
			return err
		}
		s.Detail["account"] = at.Hex()
		_, err = s.land(ctx, p)
		return err
	}); err != nil {
		return err
	}

	// 2. Whether it could be rescued is said before: it hangs on what the manager exports.
	if err := w.step("before the loss: impossible without an export, possible with one", func(s *Step) error {
		for _, exportable := range []bool{false, true} {
			var stated facts
			stated.domain(wallet.rpID, "rp-id", `in = ["vendor"]`)
			stated.domain("vendor", "vendor")
			stated.domain("cloud", "cloud")
			stated.lives(&u, "Manager", `devices = []`, `cloud = "cloud"`, fmt.Sprintf("roaming = false\nexportable = %t", exportable))
			state, chance := recovery.Locked, rescue.Impossible
			if exportable {
				state, chance = recovery.Recoverable, rescue.Possible
			}
			r, err := w.audit(ctx, at, &stated)
			if err != nil {
				return err
			}
			if err := s.foretells(r, "rp-id-lost:"+wallet.rpID, state); err != nil {
				return err
			}
			if err := w.outlook(ctx, s, &u, &stated, chance); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}

	// 3. Everything is gone but the chain. The file leads to the account, a node is asked.
	var found *rescue.Found
	key, err := crypto.ToECDSA(crypto.Keccak256(w.draw(32)))
	if err != nil {
		return err
	}
	relayer := &account.Relayer{Node: w.node, Chain: w.client.Chain, Key: key}
	alone := account.Client{Chain: w.client.Chain, Bundler: relayer, ChainID: w.client.ChainID}
	again, err := exported.Parse(file)
	if err != nil {
		return err
	}
	defer again.Wipe()
	signer := rescue.Exported(again.Passkeys[0])
	if err := w.step("find the account by the exported passkey and a node alone", func(s *Step) error {
		all, err := rescue.Find(ctx, alone.Chain, signer)
		if err != nil {
			return err
		}
		// One handle and key make an account on each EntryPoint; one of them is on the chain.
		i := slices.IndexFunc(all, func(f *rescue.Found) bool { return f.Deployed })
		if i < 0 || all[i].Account.Address() != at {
			return errNotTheSame
		}
		found = all[i]
		s.Detail["kind"], s.Detail["account"] = string(found.Kind), at.Hex()
		return nil
	}); err != nil {
		return err
	}

	// 4. A key of anybody's carries it; the operation pays it back.
	return w.step("move everything by that passkey and a funded key", func(s *Step) error {
		if _, err := w.fund(ctx, relayer.From()); err != nil {
			return err
		}
		before, err := rescue.Balances(ctx, alone.Chain, at)
		if err != nil {
			return err
		}
		safe := w.somebody()
		p, err := rescue.MoveAll(ctx, alone, found, safe, before)
		if err != nil {
			return err
		}
		if err := s.seal(p, func(c account.Challenge) (account.Approval, error) { return rescue.Approve(ctx, c, signer) }); err != nil {
			return err
		}
		if _, err := s.land(ctx, p); err != nil {
			return err
		}
		got, err := alone.Chain.Balance(ctx, safe)
		if err != nil {
			return err
		}
		s.Detail["moved"], s.Detail["of"] = account.Ether(got)+" ETH", before[0].String()
		// What the fee may become while it is signed stays behind as well.
		if most, cost := new(big.Int).Lsh(p.MaxFee(), 1), new(big.Int).Sub(before[0].Amount, got); cost.Cmp(most) > 0 {
			return fmt.Errorf("journeys: %s wei did not arrive, of a fee of %s", cost, p.MaxFee())
		}
		return nil
	})
}

// exportOf is what a password manager writes of a new passkey of a page, in the credential exchange format.
func (w *walker) exportOf(p page) ([]byte, error) {
	scalar := sha256.Sum256(w.draw(32))
	private, err := ecdh.P256().NewPrivateKey(scalar[:])
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	text := base64.RawURLEncoding.EncodeToString
	type object = map[string]any
	one := object{"type": "passkey", "credentialId": text(w.draw(16)), "rpId": p.rpID, "username": "Ada", "userHandle": text(webauthn.SaltHandle([32]byte(w.draw(32))).Bytes()), "key": text(der)}
	return json.Marshal(object{"version": object{"major": 1, "minor": 0}, "accounts": []any{object{"items": []any{object{"title": "Wallet", "credentials": []any{one}}}}}})
}

// outlook wants the rescue's own word to be the same as the audit's.
func (w *walker) outlook(ctx context.Context, s *Step, u *user, f *facts, want rescue.Chance) error {
	a, err := audit.Read(ctx, w.client.Chain, u.account.Address())
	if err != nil {
		return err
	}
	stated, err := recovery.ParseFile([]byte("version = 1\n" + f.text.String()))
	if err != nil {
		return err
	}
	known, err := stated.Apply(&a)
	if err != nil {
		return err
	}
	for _, o := range rescue.Outlooks(known) {
		if o.Domain == u.page.rpID {
			s.Detail["rescue "+want.String()] = o.Words
			if o.Chance == want {
				return nil
			}
			return fmt.Errorf("journeys: a rescue is said to be %s, not %s", o.Chance, want)
		}
	}
	return errors.New("journeys: nothing is said of a rescue")
}
