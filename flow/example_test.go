package flow_test

import (
	"encoding/json"
	"fmt"
	"log"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
)

// A passkey authorizes a transaction that somebody else pays for. The payer's server looks at it before it signs.
func Example() {
	// What registration gave: the passkey, and the account that was created with it as a key.
	authenticator, credential := registered()
	user, sponsor := flow.Address{7: 1}, flow.Address{7: 2}
	key := flow.Passkey(credential.Key, flow.WeightThreshold)

	script, arguments := flow.RevokeKey(3)
	tx := &flow.Transaction{
		Script: script, Arguments: arguments, GasLimit: 100, // access.Client.Prepare fills in block and sequence number
		ProposalKey: flow.ProposalKey{Address: user}, Payer: sponsor, Authorizers: []flow.Address{user},
	}
	challenge, err := tx.Challenge(user)
	if err != nil {
		log.Fatal(err)
	}
	// In the browser: navigator.credentials.get({ publicKey: { challenge, … } }).
	assertion, err := authenticator.Sign(credential.ID, challenge[:], "wallet.example", "https://wallet.example")
	if err != nil {
		log.Fatal(err)
	}
	signature, extension := flow.WebAuthn(assertion)
	if err := tx.Sign(flow.Signature{Address: user, Signature: signature, Extension: extension}); err != nil {
		log.Fatal(err)
	}

	policy := flow.Policy{
		Assertion: passkey.Rule{RPID: "wallet.example", Origins: []string{"https://wallet.example"}, UserVerification: passkey.Required},
		Scripts:   []flow.ScriptHash{flow.HashScript(script)},
	}
	if err := policy.Sponsor(tx, sponsor); err != nil {
		log.Fatal(err)
	}
	message, err := tx.Message(user)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("would be paid for:", policy.Verify(tx.PayloadSignatures[0], message, key) == nil)
	fmt.Println("still to sign:", tx.Missing()[0] == sponsor)

	tx.Arguments[0] = []byte(`{"type":"Int","value":"0"}`) // somebody changes it on its way
	fmt.Println(tx.VerifySignature(tx.PayloadSignatures[0], flow.RolePayload, key, nil).(*flow.Error).Cause)
	// Output:
	// would be paid for: true
	// still to sign: true
	// flow: another message was signed
}

func registered() (*softkey.Authenticator, softkey.Credential) {
	a := softkey.New()
	options := passkey.NewCreationOptions(passkey.RelyingParty{ID: "wallet.example", Name: "Wallet"},
		passkey.User{ID: []byte("stable, opaque user"), Name: "ann", DisplayName: "Ann"}, []byte("flow registration"))
	raw, err := json.Marshal(options)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := a.Create(raw, "https://wallet.example"); err != nil {
		log.Fatal(err)
	}
	return a, a.Credentials()[0]
}
