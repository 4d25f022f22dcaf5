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
