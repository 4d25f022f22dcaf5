package account_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/userop"
)

// Send value from an account that a passkey controls. The key and the salt come
// from the registration, ask leads to the browser's navigator.credentials.get().
func Example() {
	send := func(ctx context.Context, key passkey.PublicKey, salt [32]byte, ask func(account.Challenge) (*passkey.Assertion, error)) error {
		chain, err := bundler.NewChain("http://localhost:8080/rpc", bundler.Options{})
		if err != nil {
			return err
		}
		b, err := bundler.Dial("http://localhost:8080/rpc", bundler.Options{})
		if err != nil {
			return err
		}
		client := account.Client{Chain: chain, Bundler: b, ChainID: big.NewInt(31337)}

		// What the chain sees, and who approves.
		deployment, err := contracts.ForEntryPoint(userop.V08)
		if err != nil {
			return err
		}
		acct, err := webauthn.ForPasskey(deployment, key, salt)
		if err != nil {
			return err
		}
		auth, err := acct.Authority(webauthn.PasskeyApprover{
			Passkey: acct.Members()[0].Signer, RPID: "localhost", Origins: []string{"http://localhost:8080"},
		})
		if err != nil {
			return err
		}

		// Prepare, show, approve, seal, send, wait.
		to := common.HexToAddress("0x00000000000000000000000000000000f00dcafe")
		p, err := account.Prepare(ctx, client, acct, auth, []account.Call{{To: to, Value: big.NewInt(1e17)}})
		if err != nil {
			return err
		}
		fmt.Println(p.Summary())
		assertion, err := ask(p.Challenge())
		if err != nil {
			return err
		}
		if _, err := p.Finish(account.Approval{Assertion: assertion}); err != nil {
			return err
		}
		if _, err := p.Send(ctx); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
		defer cancel()
		receipt, err := p.Wait(ctx)
		if err != nil {
			return err
		}
		fmt.Println(receipt.TxHash, receipt.Success)
		return nil
	}
	_ = send // needs a chain and a person
}

// An error that a person can do something about says what.
func ExampleHinter() {
	err := error(&account.NonceUsedError{Sender: common.Address{0xaa}, Nonce: big.NewInt(7)})
	if h, ok := errors.AsType[account.Hinter](err); ok {
		fmt.Println(err)
		fmt.Println("hint:", h.Hint())
	}
	// Output:
	// account: nonce 7 of 0xaa00000000000000000000000000000000000000 is already used by another operation
	// hint: this operation did not run and can never run; look whether the other one did what you want, then prepare and approve again
}

// A prepared operation survives a crash between any two of its steps.
func ExampleResume() {
	var store []byte // a file or a row
	save := func(p *account.Prepared) (err error) {
		store, err = json.Marshal(p)
		return err
	}
	goOn := func(ctx context.Context, client account.Client, acct account.Account, auth account.Authority) (*account.Receipt, error) {
		p, err := account.Resume(store, client, acct, auth)
		if err != nil {
			return nil, err
		}
		if !p.Sealed() {
			return nil, errors.New("ask for the approval again")
		}
		if _, err := p.Send(ctx); err != nil { // sends nothing twice
			return nil, err
		}
		return p.Wait(ctx)
	}
	_, _ = save, goOn
}

// The address of an ordinary key becomes an account that pays its gas in a token:
// it needs no coin of the chain's own, not even for its first operation. The key
// signs twice, the authorization once for all and each operation.
func ExampleRequestAuthorization() {
	send := func(ctx context.Context, client account.Client, eoa common.Address, token common.Address, calls []account.Call, sign func(digest [32]byte) []byte) error {
		acct, err := hybrid.NewStateless(hybrid.V130(), eoa)
		if err != nil {
			return err
		}
		auth, err := acct.Authority(hybrid.OwnerApprover{Address: eoa})
		if err != nil {
			return err
		}
		if client.Paymaster, err = bundler.NewTokenPaymaster("http://localhost:8080/rpc", bundler.Options{}, token); err != nil {
			return err
		}
		request, err := account.RequestAuthorization(ctx, client, acct)
		if err != nil {
			return err
		}
		options := []account.Option{account.WithTokenLimit(big.NewInt(2e18))}
		if request != nil { // the address does not run the code yet
			authorization, err := request.Finish(sign(request.Digest))
			if err != nil {
				return err
			}
			options = append(options, account.WithAuthorization(authorization))
		}
		p, err := account.Prepare(ctx, client, acct, auth, calls, options...)
		if err != nil {
			return err
		}
		fmt.Println(p.Summary()) // says the most that it costs in the token
		if _, err := p.Finish(account.Approval{ECDSA: sign(p.Challenge().Digest)}); err != nil {
			return err
		}
		_, err = p.Send(ctx)
		return err
	}
	_ = send
}
