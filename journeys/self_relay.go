package journeys

import (
	"context"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
)

// selfRelay: an ordinary key takes the bundler's place.
func selfRelay(ctx context.Context, w *walker) error {
	u, err := w.fundedUser(ctx)
	if err != nil {
		return err
	}
	key, err := crypto.GenerateKey()
	if err != nil {
		return err
	}
	relayer := &account.Relayer{Node: w.node, Chain: w.client.Chain, Key: key}
	alone := account.Client{Chain: w.client.Chain, Bundler: relayer}
	to, before := randomAddress(), new(big.Int)

	// 1. The key needs gas money; it gets it back from the operations.
	if err := w.step("fund the relaying key", func(s *Step) error {
		if _, err := w.fund(ctx, relayer.From()); err != nil {
			return err
		}
		s.Detail["key"] = relayer.From().Hex()
		before, err = w.client.Chain.Balance(ctx, relayer.From())
		return err
	}); err != nil {
		return err
	}

	// 2. Everything without a bundler: estimate, send, receipt.
	if err := w.step("create the account without a bundler", func(s *Step) error {
		_, err := w.operate(ctx, s, alone, u, account.Call{To: to, Value: milliEther(1)})
		return err
	}); err != nil {
		return err
	}
	if err := w.step("send value without a bundler", func(s *Step) error {
		_, err := w.operate(ctx, s, alone, u, account.Call{To: to, Value: milliEther(2)})
		return err
	}); err != nil {
		return err
	}

	// 3. An operation that was made for the bundler takes the other way.
	if err := w.step("relay an operation made for the bundler", func(s *Step) error {
		p, err := account.Prepare(ctx, w.client, u.account, u.authority, []account.Call{{To: to, Value: milliEther(3)}})
		if err != nil {
			return err
		}
		a, err := u.approve(p.Challenge())
		if err != nil {
			return err
		}
		if _, err := p.Finish(a); err != nil {
			return err
		}
		r, err := p.SelfRelay(ctx, w.node, key)
		if err != nil {
			return err
		}
		if err := s.note(r); err != nil {
			return err
		}
		return w.received(ctx, to, milliEther(6))
	}); err != nil {
		return err
	}

	// 4. The operations paid the key back what their transactions cost.
	return w.step("the relaying key got its gas money back", func(s *Step) error {
		after, err := w.client.Chain.Balance(ctx, relayer.From())
		if err != nil {
			return err
		}
		gain := new(big.Int).Sub(after, before)
		s.Detail["gain"] = account.Ether(gain) + " ETH"
		if gain.Sign() < 0 {
			return fmt.Errorf("journeys: relaying cost %s wei more than it brought in", gain.Neg(gain))
		}
		return nil
	})
}
