package journeys_test

import (
	"errors"
	"math/big"
	"testing"

	"github.com/postern-dev/postern/account"
)

// A person without enough money learns how much is missing before anything is
// signed, and exactly that amount is enough.
func TestInsufficientFunds(t *testing.T) {
	net := osaka(t)
	c := connect(t, net.URL(), net.URL())
	fees := account.WithFees(account.Fees{MaxFeePerGas: big.NewInt(50e9), MaxPriorityFeePerGas: big.NewInt(1e9)})
	for _, ep := range entryPoints {
		t.Run("v"+ep.Version(), func(t *testing.T) {
			p := newPerson(t, ep)

			// 1. Nothing at all: at least the value is missing.
			_, err := p.prepare(t, c, milli(5), fees)
			e, ok := errors.AsType[*account.InsufficientFundsError](err)
			if !ok || !e.AtLeast || e.Missing.Cmp(milli(5)) != 0 {
				t.Fatalf("an empty account: %v", err)
			}

			// 2. The value is there, the fee is not: the exact amount.
			give(t, net, p.acct.Address(), milli(5))
			_, err = p.prepare(t, c, milli(5), fees)
			e, ok = errors.AsType[*account.InsufficientFundsError](err)
			if !ok || e.AtLeast || e.Missing.Cmp(e.MaxFee) != 0 || e.MaxFee.Sign() <= 0 {
				t.Fatalf("no money for the fee: %v", err)
			}

			// 3. One wei less than that is refused, too.
			give(t, net, p.acct.Address(), new(big.Int).Sub(e.Missing, big.NewInt(1)))
			_, err = p.prepare(t, c, milli(5), fees)
			if e, ok := errors.AsType[*account.InsufficientFundsError](err); !ok || e.Missing.Int64() != 1 {
				t.Fatalf("one wei short: %v", err)
			}

			// 4. With it, the operation lands.
			give(t, net, p.acct.Address(), big.NewInt(1))
			op, err := p.prepare(t, c, milli(5), fees)
			if err != nil {
				t.Fatal(err)
			}
			p.seal(t, op)
			lands(t, op)
		})
	}
}
