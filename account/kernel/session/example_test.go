package session_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/accounttest"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/internal/kernelstand"
)

// The owner lets a key make two small payments. The key opens what the owner sent,
// pays, is told what is too much before it signs, and is revoked.
func Example() {
	if err := journey(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// approved: 2 of 2 uses are left.
	// enabled: 1 of 2 uses are left.
	// refused: session: it would be refused: policy 1: the call sends more coins than allowed per call
	// the account has: Permission 0x5f977f0b for the key 0x01bCE55aF9bC184e1eC7bCA4E03e3b8215da97a1.
	// revoked
}

func journey(ctx context.Context) error {
	// A chain with Kernel on it, a key that relays, and the parties.
	stand, err := kernelstand.Open(ctx)
	if err != nil {
		return err
	}
	net, err := stand.Start(ctx, devnet.Config{})
	if err != nil {
		return err
	}
	defer net.Close()
	chain := accounttest.NodeChain{Node: net.Client().Client()}
	relay := &account.Relayer{Node: chain, Chain: chain, Key: newKey("relay")}
	client := account.Client{Chain: chain, Bundler: relay}
	owner, key := newKey("owner"), newKey("session")

	acct, err := kernel.New(kernel.Config{Version: kernel.V031, Root: kernel.ECDSA{Owner: addressOf(owner)}})
	if err != nil {
		return err
	}
	for _, a := range []common.Address{acct.Address(), relay.From()} {
		if err := net.Faucet(ctx, a, big.NewInt(1e18)); err != nil {
			return err
		}
	}

	// The owner grants. Words and findings belong before the owner's eyes.
	payments := grant.Grant{Policies: []grant.Policy{
		&grant.Call{Version: grant.Call004, Permissions: []grant.Permission{{Target: target, ValueLimit: big.NewInt(5)}}},
		&grant.RateLimit{Count: 2, StartAt: 1},
		&grant.SignatureCaller{}, // nobody may ask for messages
	}}
	targets := []session.Target{{Chain: chain, ChainID: net.ChainID(), Account: acct}}
	pending, err := session.NewPending(ctx, targets, kernel.OwnerApprover{}, kernel.ECDSASigner(addressOf(key)), payments)
	if err != nil {
		return err
	}
	yes, err := byKey(owner)(pending.Challenge())
	if err != nil {
		return err
	}
	documents, err := pending.Finish(yes)
	if err != nil {
		return err
	}
	text, err := documents[0].Serialize() // the SDK's form; it goes to the other machine
	if err != nil {
		return err
	}

	// The key opens the document and pays: the first payment creates the account and
	// installs the permission.
	document, err := approval.Parse(text)
	if err != nil {
		return err
	}
	s, err := session.Open(ctx, chain, document, session.WithSigner(kernel.ECDSASigner(addressOf(key))))
	if err != nil {
		return err
	}
	show := func() error {
		st, err := s.Status(ctx)
		if err == nil {
			fmt.Printf("%s: %s\n", st.State, st.Words[1])
		}
		return err
	}
	if err := show(); err != nil {
		return err
	}
	send := func(p *account.Prepared, err error, ask approve) error {
		if err != nil {
			return err
		}
		a, err := ask(p.Challenge()) // a person looks at p.Summary() before
		if err != nil {
			return err
		}
		if _, err := p.Finish(a); err != nil {
			return err
		}
		if _, err := p.Send(ctx); err != nil {
			return err
		}
		_, err = p.Wait(ctx)
		return err
	}
	prepared, err := s.Prepare(ctx, client, kernel.OwnerApprover{}, pay(5))
	if err := send(prepared, err, byKey(key)); err != nil {
		return err
	}
	if err := show(); err != nil {
		return err
	}
	_, err = s.Prepare(ctx, client, kernel.OwnerApprover{}, pay(6))
	if !errors.As(err, new(*session.RefusedError)) {
		return err
	}
	fmt.Println("refused:", err)

	// The owner sees what the account has, and revokes it.
	list, err := session.List(ctx, chain, acct)
	if err != nil {
		return err
	}
	fmt.Println("the account has:", list[0].Words[0])
	calls, err := session.Revoke(ctx, chain, acct, list[0].ID)
	if err != nil {
		return err
	}
	root, err := acct.Authority(kernel.OwnerApprover{})
	if err != nil {
		return err
	}
	prepared, err = account.Prepare(ctx, client, acct, root, calls)
	if err := send(prepared, err, byKey(owner)); err != nil {
		return err
	}
	st, err := s.Status(ctx)
	fmt.Println(st.State)
	return err
}
