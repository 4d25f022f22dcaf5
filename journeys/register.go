package journeys

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/provider"
	"github.com/postern-dev/postern/passkey/softkey"
)

// register: a passkey becomes an account.
func register(ctx context.Context, w *walker) (err error) {
	var u *user
	salt := [32]byte(randomBytes(32))
	page, err := openSite(ctx, w.env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, page.stop()) }()

	// 1. The device makes a passkey; its user handle holds the account's salt.
	const name = "Ada"
	var userID string
	var answer []byte
	device := softkey.New()
	if err := w.step("create a passkey", func(s *Step) error {
		options, id, err := page.offer(ctx, name, webauthn.SaltHandle(salt).Bytes())
		if err != nil {
			return err
		}
		userID = id
		if answer, err = device.Create(options, origin); err != nil {
			return err
		}
		r, err := passkey.ParseRegistration(answer)
		if err != nil {
			return err
		}
		u = &user{device: device, page: home, credential: r.ID, key: r.Key()}
		s.Detail["credential"] = fmt.Sprintf("0x%x", r.ID)
		s.Detail["key"] = u.key.String()
		s.Detail["flags"] = r.AuthData.Flags.String()
		s.Detail["provider"] = providerOf(r.AuthData.Credential.AAGUID)
		return nil
	}); err != nil {
		return err
	}

	// 2. The passkey server verifies and keeps it.
	if err := w.step("register it with the passkey server", func(s *Step) error {
		return page.register(ctx, name, userID, answer)
	}); err != nil {
		return err
	}

	// 3. A test signature, before anything depends on the passkey: a login, in which
	// the server must know the key that the device showed.
	if err := w.step("try the passkey", func(s *Step) error {
		key, err := page.login(ctx, func(options []byte) ([]byte, error) { return device.Get(options, origin) })
		if err != nil {
			return err
		}
		if key != u.key {
			return fmt.Errorf("journeys: the passkey server knows the key %s", key)
		}
		s.Detail["key"] = key.String()
		return nil
	}); err != nil {
		return err
	}

	// 4. The address, without a chain.
	if err := w.step("compute the address offline", func(s *Step) error {
		if err := u.opens(w.deployment, salt); err != nil {
			return err
		}
		s.Detail["account"] = u.account.Address().Hex()
		return nil
	}); err != nil {
		return err
	}

	// 5. The factory on the chain says the same.
	return w.step("the factory agrees", func(s *Step) error {
		m := u.account.Members()[0]
		data, err := contracts.FactoryABI.Pack("getAddress", [][]byte{m.Signer.Bytes()}, []uint64{m.Weight}, u.account.Threshold(), salt)
		if err != nil {
			return err
		}
		out, err := w.client.Chain.Call(ctx, w.deployment.Factory, data)
		if err != nil {
			return err
		}
		s.Detail["factory"] = w.deployment.Factory.Hex()
		if got := common.BytesToAddress(out); got != u.account.Address() {
			return fmt.Errorf("journeys: the factory says %s", got)
		}
		return nil
	})
}

// providerOf names the provider of a passkey, as far as its AAGUID tells.
func providerOf(id passkey.AAGUID) string {
	if p, ok := provider.Lookup(id); ok {
		return p.Name
	}
	return "unknown (" + id.String() + ")"
}
