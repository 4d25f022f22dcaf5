package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/accounttest"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/passkey/softkey"
)

// The main journey: an owner creates the account and adds a passkey, and is lost;
// the passkey runs the same account and finds it a new owner.
func Example() {
	if err := journey(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// create: made by 0xe1AB8145F7E55DC933d51a18c793F901A3A0b276
	// add key: 1 key
	// operate by passkey: paid
	// new owner: 0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF
	// the address stays: true
}

func journey(ctx context.Context) error {
	// A chain with MetaMask's contracts, a key that relays, and the parties.
	net, err := devnet.Start(ctx, devnet.Config{})
	if err != nil {
		return err
	}
	defer net.Close()
	chain := accounttest.NodeChain{Node: net.Client().Client()}
	relay := &account.Relayer{Node: chain, Chain: chain, Key: newKey("relay")}
	client := account.Client{Chain: chain, Bundler: relay}
	owner, heir := crypto.ToECDSAUnsafe(common.LeftPadBytes([]byte{5}, 32)), crypto.ToECDSAUnsafe(common.LeftPadBytes([]byte{2}, 32))
	phone := softkey.New(softkey.WithSeed([]byte("phone")))
	options := `{"rp":{"id":"localhost","name":"x"},"user":{"id":"AQ","name":"a","displayName":"a"},"challenge":"AAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`
	if _, err := phone.Create([]byte(options), origin); err != nil {
		return err
	}
	credential := phone.Credentials()[0]
	key := hybrid.PasskeyKey(credential.ID, credential.Key)

	// The address is known before there is anything on the chain.
	acct, err := hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: crypto.PubkeyToAddress(owner.PublicKey)})
	if err != nil {
		return err
	}
	for _, a := range []common.Address{acct.Address(), relay.From()} {
		if err := net.Faucet(ctx, a, big.NewInt(1e18)); err != nil {
			return err
		}
	}
	run := func(acct *hybrid.Account, by hybrid.Approver, ask approve, calls []account.Call, err error) error {
		if err != nil {
			return err // the change was refused
		}
		auth, err := acct.Authority(by)
		if err != nil {
			return err
		}
		p, err := account.Prepare(ctx, client, acct, auth, calls)
		if err != nil {
			return err
		}
		approval, err := ask(p.Challenge()) // a person looks at p.Summary() before
		if err != nil {
			return err
		}
		if _, err := p.Finish(approval); err != nil {
			return err
		}
		if _, err := p.Send(ctx); err != nil {
			return err
		}
		_, err = p.Wait(ctx)
		return err
	}
	byOwner := hybrid.OwnerApprover{Address: acct.Owner()}
	byPasskey := hybrid.PasskeyApprover{Key: key, RPID: "localhost", Origins: []string{origin}}
	touch := func(c account.Challenge) (account.Approval, error) {
		a, err := phone.Sign(credential.ID, c.Digest[:], "localhost", origin)
		return account.Approval{Assertion: a}, err
	}

	// Create: the first operation deploys the account.
	pay := []account.Call{{To: target, Value: big.NewInt(1)}}
	if err := run(acct, byOwner, approveECDSA(owner), pay, nil); err != nil {
		return err
	}
	fmt.Println("create: made by", acct.Owner())

	// Add key.
	calls, err := acct.AddKey(key)
	if err := run(acct, byOwner, approveECDSA(owner), calls, err); err != nil {
		return err
	}

	// The owner's key is lost. What is left is the address, and the passkey.
	same, err := hybrid.At(ctx, chain, acct.Address())
	if err != nil {
		return err
	}
	fmt.Println("add key:", len(same.Keys()), "key")
	if err := run(same, byPasskey, touch, pay, nil); err != nil {
		return err
	}
	fmt.Println("operate by passkey: paid")
	calls, err = same.TransferOwnership(crypto.PubkeyToAddress(heir.PublicKey))
	if err := run(same, byPasskey, touch, calls, err); err != nil {
		return err
	}
	now, err := same.With(ctx, chain)
	if err != nil {
		return err
	}
	fmt.Println("new owner:", now.Owner())
	fmt.Println("the address stays:", now.Address() == acct.Address())
	return nil
}

// Building an account again from today's signers makes another one. That is found
// out before anything is sent to it.
func ExampleCompare() {
	phone := softkey.New(softkey.WithSeed([]byte("phone")))
	options := `{"rp":{"id":"localhost","name":"x"},"user":{"id":"AQ","name":"a","displayName":"a"},"challenge":"AAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`
	if _, err := phone.Create([]byte(options), origin); err != nil {
		fmt.Println(err)
		return
	}
	key := hybrid.PasskeyKey(phone.Credentials()[0].ID, phone.Credentials()[0].Key)
	created := hybrid.Config{Deployment: hybrid.V130(), Owner: common.HexToAddress("0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A")}
	rebuilt := hybrid.Config{Deployment: hybrid.V130(), Keys: []hybrid.Key{key}}

	var e *hybrid.DifferentAccountError
	if errors.As(hybrid.Compare(rebuilt, created), &e) {
		fmt.Println("did you mean", e.Meant)
		fmt.Println(e.Differs[0])
	}
	// Output:
	// did you mean 0xc2DD1c6b3911A05e0424Ff2E590832535F0d380E
	// the owner is nobody instead of 0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A
}
