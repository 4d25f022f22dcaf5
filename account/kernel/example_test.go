package kernel_test

import (
	"context"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/accounttest"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/internal/kernelstand"
	"github.com/postern-dev/postern/passkey/softkey"
)

// An owner's journey: the account is made and used by a key, and handed to a passkey,
// which leaves the key nothing.
func Example() {
	if err := journey(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// create: paid
	// new owner: the passkey
	// operate by passkey: paid
	// the key can still act: false
}

func journey(ctx context.Context) error {
	// A chain with Kernel 0.3.1, and a key that relays operations.
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
	client := account.Client{Chain: chain, Bundler: &account.Relayer{Node: chain, Chain: chain, Key: newKey("relay")}}
	key := crypto.ToECDSAUnsafe(common.LeftPadBytes([]byte{5}, 32))
	phone := softkey.New(softkey.WithSeed([]byte("phone")))
	options := `{"rp":{"id":"localhost","name":"x"},"user":{"id":"AQ","name":"a","displayName":"a"},"challenge":"AAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`
	if _, err := phone.Create([]byte(options), origin); err != nil {
		return err
	}
	credential := phone.Credentials()[0]

	// The address is known before there is anything on the chain.
	acct, err := kernel.New(kernel.Config{Version: kernel.V031, Root: kernel.ECDSA{Owner: crypto.PubkeyToAddress(key.PublicKey)}})
	if err != nil {
		return err
	}
	for _, a := range []common.Address{acct.Address(), addressOfKey(newKey("relay"))} {
		if err := net.Faucet(ctx, a, big.NewInt(1e18)); err != nil {
			return err
		}
	}
	run := func(acct *kernel.Account, by kernel.Approver, ask approve, calls []account.Call) error {
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
		r, err := p.Wait(ctx)
		if err == nil && !r.Success {
			err = fmt.Errorf("reverted: %s", r.Reason)
		}
		return err
	}
	pay := []account.Call{{To: target, Value: big.NewInt(1)}}
	if err := run(acct, kernel.OwnerApprover{}, approveECDSA(key), pay); err != nil {
		return err
	}
	fmt.Println("create: paid")

	// The passkey becomes the owner.
	calls, err := acct.ReplaceRoot(ctx, chain, kernel.WebAuthn{Key: credential.Key, CredentialHash: kernel.CredentialHash(credential.ID)}, false)
	if err != nil {
		return err
	}
	if err := run(acct, kernel.OwnerApprover{}, approveECDSA(key), calls); err != nil {
		return err
	}
	now, err := kernel.At(ctx, chain, acct.Address())
	if err != nil {
		return err
	}
	if root, ok := now.Root().(kernel.WebAuthn); ok && root.Key == credential.Key {
		fmt.Println("new owner: the passkey")
	}
	byPasskey := kernel.PasskeyApprover{RPID: rpID, Origins: []string{origin}}
	err = run(now, byPasskey, func(c account.Challenge) (account.Approval, error) {
		a, err := phone.Sign(credential.ID, c.Digest[:], rpID, origin)
		return account.Approval{Assertion: a}, err
	}, pay)
	if err != nil {
		return err
	}
	fmt.Println("operate by passkey: paid")
	fmt.Println("the key can still act:", run(acct, kernel.OwnerApprover{}, approveECDSA(key), pay) == nil)
	return nil
}
