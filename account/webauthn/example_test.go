package webauthn_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/userop"
)

// The address of a passkey's account is known before any chain is asked.
func ExampleForPasskey() {
	device := softkey.New(softkey.WithSeed([]byte("example")))
	options := `{"rp":{"id":"localhost","name":"x"},"user":{"id":"AQ","name":"a","displayName":"a"},"challenge":"AAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`
	if _, err := device.Create([]byte(options), "http://localhost:8080"); err != nil {
		fmt.Println(err)
		return
	}
	d, err := contracts.ForEntryPoint(userop.V08)
	if err != nil {
		fmt.Println(err)
		return
	}
	salt := [32]byte{1}
	acct, err := webauthn.ForPasskey(d, device.Credentials()[0].Key, salt)
	if err != nil {
		fmt.Println(err)
		return
	}
	again, err := webauthn.ForPasskey(d, device.Credentials()[0].Key, salt)
	fmt.Println(acct.Address() == again.Address(), acct.Threshold(), err)
	// Output: true 1 <nil>
}

// One assertion is enough to operate a deployed account; an address to pay to is
// shown only when it is certain, which a second assertion makes it.
func ExampleFind() {
	signIn := func(ctx context.Context, chain account.Chain, d contracts.Deployment, ask func() webauthn.Ceremony, deposit bool) (*webauthn.Found, error) {
		one := ask()
		f, err := webauthn.Find(ctx, chain, d, one)
		if errors.Is(err, webauthn.ErrAmbiguous) || err == nil && deposit && !f.Certain {
			f, err = webauthn.Find(ctx, chain, d, one, ask())
		}
		return f, err
	}
	_ = signIn
}

// On a chain without P256VERIFY: which table pays, and who may build it.
func ExampleBestTable() {
	for _, signatures := range []uint64{5, 50, 500, 5000} {
		if f := webauthn.BestTable(0, signatures); f == 0 {
			fmt.Printf("%d signatures: no table\n", signatures)
		} else {
			fmt.Printf("%d signatures: %s\n", signatures, f)
		}
	}
	// The calls go into an operation of the account, or into transactions of anybody.
	build := func(ctx context.Context, chain account.Chain, acct *webauthn.Account, s webauthn.Signer) ([]account.Call, error) {
		now, err := acct.With(ctx, chain)
		if err != nil {
			return nil, err
		}
		path, _ := now.P256Path(s)
		inUse, ok := path.Table()
		if !ok {
			inUse = 0
		}
		return now.UseTable(s, webauthn.BestTable(inUse, 100))
	}
	_ = build
	// Output:
	// 5 signatures: no table
	// 50 signatures: 1k
	// 500 signatures: 4k
	// 5000 signatures: 16k
}
