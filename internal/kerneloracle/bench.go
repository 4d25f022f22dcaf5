//go:build unix

// Speed, measured as interop/js/kernel/bench.mjs measures the packages': a loop of a fixed time of the processor.

package main

import (
	"context"
	"math/big"
	"syscall"
	"time"

	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/userop"
)

func init() { actions["bench"] = action(bench) }

type benchArgs struct {
	Text         string  `json:"text"`
	Owner        owner   `json:"owner"`
	Session      grantee `json:"session"`
	Op           opArgs  `json:"op"`
	Milliseconds int     `json:"milliseconds"` // for each figure
}

// bench returns microseconds for each step, by name.
func bench(a benchArgs) (map[string]float64, error) {
	ctx := context.Background()
	acct, err := a.Session.account(a.Owner)
	if err != nil {
		return nil, err
	}
	signer, err := a.Session.Signer.signer()
	if err != nil {
		return nil, err
	}
	list, err := grants(grantsArgs{Owner: a.Owner, Sessions: []grantee{a.Session}})
	if err != nil {
		return nil, err
	}
	g, err := makeGrant(a.Session.Policies, a.Session.Flag)
	if err != nil {
		return nil, err
	}
	c, by := &chain{id: a.Session.ChainID, account: acct, nonce: 1}, owner{Key: a.Session.Signer}.approver(big.NewInt(a.Session.ChainID))
	open := func(d *approval.Document) (*session.Session, error) {
		return session.Open(ctx, c, d, session.WithSigner(signer), session.WithMachineClock(clock))
	}
	d, err := approval.Parse([]byte(a.Text))
	if err != nil {
		return nil, err
	}
	s, err := open(d)
	if err != nil {
		return nil, err
	}
	ready := func(s *session.Session) (*userop.Op, *session.Authority, error) {
		auth, err := s.Authority(ctx, by)
		if err != nil {
			return nil, nil, err
		}
		op, err := a.Op.op(s.Account(), auth, true)
		if err != nil {
			return nil, nil, err
		}
		_, err = auth.Challenge(op, s.ChainID())
		return op, auth, err
	}
	op, _, err := ready(s)
	if err != nil {
		return nil, err
	}
	state := g.NewState(1)
	steps := map[string]func() error{
		"read and write the document": func() error {
			d, err := approval.Parse([]byte(a.Text))
			if err != nil {
				return err
			}
			_, err = d.Serialize()
			return err
		},
		"open the document": func() error {
			d, err := approval.Parse([]byte(a.Text))
			if err != nil {
				return err
			}
			_, err = open(d)
			return err
		},
		"permission id and enable data of the policies": func() error {
			g, err := makeGrant(a.Session.Policies, a.Session.Flag)
			if err != nil {
				return err
			}
			p, err := approval.ToPermission(g, signer)
			if err == nil {
				p.ID()
				p.EnableData()
			}
			return err
		},
		"from the opened document to an operation ready to sign": func() error {
			_, _, err := ready(s)
			return err
		},
		"from the grant, approved, to an operation ready to sign": func() error {
			g, err := makeGrant(a.Session.Policies, a.Session.Flag)
			if err != nil {
				return err
			}
			p, err := approval.ToPermission(g, signer)
			if err != nil {
				return err
			}
			d, err := approval.FromPermission(p, g, acct, list[0].Approval, approval.Options{ChainID: big.NewInt(a.Session.ChainID), Nonce: 1})
			if err != nil {
				return err
			}
			s, err := open(d)
			if err != nil {
				return err
			}
			_, _, err = ready(s)
			return err
		},
		"check an operation against the policies": func() error {
			if d := g.Decide(state, op); !d.Allowed {
				return &session.RefusedError{Decision: d}
			}
			return nil
		},
	}
	out := map[string]float64{}
	for name, step := range steps {
		if out[name], err = microseconds(step, time.Duration(a.Milliseconds)*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// microseconds is the processor's time for a step, whatever else the machine does.
func microseconds(step func() error, long time.Duration) (float64, error) {
	for range 20 { // warm
		if err := step(); err != nil {
			return 0, err
		}
	}
	begin, n := cpu(), 0
	for ; cpu()-begin < long; n++ {
		if err := step(); err != nil {
			return 0, err
		}
	}
	return float64((cpu() - begin).Nanoseconds()) / 1000 / float64(n), nil
}

// cpu is the time that this process has had.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // there is no such error for oneself
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
