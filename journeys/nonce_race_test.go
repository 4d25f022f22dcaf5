package journeys_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/devnet"
)

// Two windows of one wallet prepare at the same time: one operation runs, the
// other says so and does not run.
func TestNonceRace(t *testing.T) {
	net := osaka(t)
	c := connect(t, net.URL(), net.URL())
	for _, ep := range entryPoints {
		t.Run("v"+ep.Version(), func(t *testing.T) {
			p := newPerson(t, ep)
			give(t, net, p.acct.Address(), milli(200))

			// 1. Both are approved, for the same nonce.
			one := p.prepared(t, c)
			two, err := p.prepare(t, c, milli(2))
			if err != nil {
				t.Fatal(err)
			}
			if one.Op().Nonce.Cmp(two.Op().Nonce) != 0 {
				t.Fatal("the nonces differ")
			}
			p.seal(t, one)
			p.seal(t, two)

			// 2. One lands.
			lands(t, one)

			// 3. The other is refused with the way out.
			_, err = two.Send(t.Context())
			if !errors.Is(err, account.ErrNonceUsed) {
				t.Fatalf("the loser: %v", err)
			}
			if h, ok := errors.AsType[account.Hinter](err); !ok || h.Hint() == "" {
				t.Error("no hint")
			}

			// 4. It never runs.
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if _, err := two.Wait(ctx); !errors.Is(err, account.ErrDropped) {
				t.Errorf("waiting for the loser: %v", err)
			}

			// 5. Prepared again, it does.
			again, err := p.prepare(t, c, milli(2))
			if err != nil {
				t.Fatal(err)
			}
			p.seal(t, again)
			lands(t, again)
		})
	}
}

// Different lanes do not wait for each other.
func TestLanesDoNotRace(t *testing.T) {
	net, err := listen(devnet.Config{BlockTime: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	c := connect(t, net.URL(), net.URL())
	p := newPerson(t, entryPoints[1])
	give(t, net, p.acct.Address(), milli(500))
	first := p.prepared(t, c)
	p.seal(t, first)
	lands(t, first) // creates the account

	var ops []*account.Prepared
	auth := p.auth
	for lane := range uint32(3) {
		p.auth = auth.Lane(lane + 1)
		op := p.prepared(t, c)
		p.seal(t, op)
		if _, err := op.Send(t.Context()); err != nil {
			t.Fatal(err)
		}
		ops = append(ops, op)
	}
	for _, op := range ops {
		if r, err := op.Wait(t.Context()); err != nil || !r.Success {
			t.Errorf("%+v, %v", r, err)
		}
	}
}
