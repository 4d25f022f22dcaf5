package seal_test

import (
	"fmt"
	"log"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
)

// A passkey approves of an operation.
func ExamplePostern() {
	// 1. A passkey, here a software one, and the signer that stands for it on chain.
	authenticator := softkey.New(softkey.WithSeed([]byte("example")))
	options := `{"rp":{"id":"wallet.example","name":"Wallet"},"user":{"id":"AQIDBAUGBwgJCgsMDQ4PEA","name":"a","displayName":"A"},` +
		`"challenge":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`
	if _, err := authenticator.Create([]byte(options), "https://wallet.example"); err != nil {
		log.Fatal(err)
	}
	credential := authenticator.Credentials()[0]
	signer, err := seal.PasskeySigner(credential.Key, seal.RequireUV)
	if err != nil {
		log.Fatal(err)
	}
	// 2. The operation's hash is the challenge of an assertion.
	hash := crypto.Keccak256Hash([]byte("an operation"))
	assertion, err := authenticator.Sign(credential.ID, hash[:], "wallet.example", "https://wallet.example")
	if err != nil {
		log.Fatal(err)
	}
	// 3. The assertion becomes an approval, and approvals the signature.
	approval, err := seal.PosternPasskey(signer, assertion)
	if err != nil {
		log.Fatal(err)
	}
	signature, err := seal.Postern(approval)
	if err != nil {
		log.Fatal(err)
	}
	// 4. Anybody can read it again.
	parsed, err := seal.ParsePostern(signature)
	if err != nil {
		log.Fatal(err)
	}
	_, rule, _ := parsed[0].Signer.Passkey()
	fmt.Println(len(signature), "bytes:", parsed[0].Kind, "under the rule", rule)
	// Output: 226 bytes: passkey under the rule UV required, BE any, BS any
}
