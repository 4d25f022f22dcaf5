package journeys

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/passkey/softkey"
)

// register: a passkey becomes an account.
func register(ctx context.Context, w *walker) error {
	var u *user
	salt := [32]byte(randomBytes(32))

	// 1. The device makes a passkey; its user handle holds the account's salt.
	if err := w.step("create a passkey", func(s *Step) error {
		made, r, err := create(softkey.New(), webauthn.SaltHandle(salt), "Ada")
		if err != nil {
			return err
		}
		u = made
		s.Detail["credential"] = fmt.Sprintf("0x%x", r.ID)
		s.Detail["key"] = u.key.String()
		s.Detail["flags"] = r.AuthData.Flags.String()
		s.Detail["aaguid"] = r.AuthData.Credential.AAGUID.String()
		return nil
	}); err != nil {
		return err
	}

	// 2. A test signature, before anything depends on the passkey.
	if err := w.step("try the passkey", func(s *Step) error {
		c, err := ask(u.device)
		if err != nil {
			return err
		}
		s.Detail["flags"] = c.Assertion.AuthData.Flags.String()
		return c.Assertion.Verify(u.key, c.Rule)
	}); err != nil {
		return err
	}

	// 3. The address, without a chain.
	if err := w.step("compute the address offline", func(s *Step) error {
		if err := u.opens(w.deployment, salt); err != nil {
			return err
		}
		s.Detail["account"] = u.account.Address().Hex()
		return nil
	}); err != nil {
		return err
	}

	// 4. The factory on the chain says the same.
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
