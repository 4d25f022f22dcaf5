package passkey_test

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/provider"
	"github.com/postern-dev/postern/passkey/softkey"
)

// browser stands for a person's browser: here the software authenticator.
var browser = softkey.New(softkey.WithSeed([]byte("examples")))

// A registration: options go to the browser, its answer comes back and is checked, and what is
// worth keeping is the key, the credential ID and the flag BE.
func Example_registration() {
	challenge := []byte("32 random bytes, used only once!")
	options := passkey.NewCreationOptions(
		passkey.RelyingParty{ID: "example.org", Name: "Example"},
		passkey.User{ID: []byte("random user id 1"), Name: "alice", DisplayName: "Alice"},
		challenge)
	optionsJSON, err := json.Marshal(options) // for PublicKeyCredential.parseCreationOptionsFromJSON()
	if err != nil {
		panic(err)
	}

	answer, err := browser.Create(optionsJSON, "https://example.org")
	if err != nil {
		panic(err)
	}

	r, err := passkey.ParseRegistration(answer)
	if err != nil {
		panic(err)
	}
	err = r.Verify(passkey.Rule{
		RPID: "example.org", Origins: []string{"https://example.org"}, Challenge: challenge,
		UserVerification: passkey.Required,
	})
	who, _ := provider.Lookup(r.AuthData.Credential.AAGUID)
	fmt.Println(err, r.AuthData.Flags, r.Trust, who.Name)
	fmt.Println(len(r.Key().Raw()), "byte key,", len(r.ID), "byte ID, discoverable:", *r.Discoverable)
	// Output:
	// <nil> UP|UV|BE|BS|AT none Postern software authenticator
	// 64 byte key, 32 byte ID, discoverable: true
}

// A sign-in: the assertion is verified against the stored key and a rule that names everything
// that must hold.
func Example_signIn() {
	key := registeredKey()
	challenge := []byte("32 other bytes, used only once!!")
	optionsJSON, err := json.Marshal(passkey.NewRequestOptions("example.org", challenge))
	if err != nil {
		panic(err)
	}

	answer, err := browser.Get(optionsJSON, "https://example.org")
	if err != nil {
		panic(err)
	}

	a, err := passkey.ParseAssertion(answer)
	if err != nil {
		panic(err)
	}
	rule := passkey.Rule{
		RPID: "example.org", Origins: []string{"https://example.org"}, Challenge: challenge,
		UserVerification: passkey.Required,
	}
	fmt.Println("verified:", a.Verify(key, rule) == nil)

	rule.Origins = []string{"https://app.example.org"}
	err = a.Verify(key, rule)
	fmt.Println(errors.Is(err, passkey.ErrOrigin), err)
	// Output:
	// verified: true
	// true passkey: origin is not allowed (clientDataJSON.origin): saw "https://example.org", want "https://app.example.org"
}

// After a refusal, DiagnoseJSON says everything that is wrong and where it likely comes from.
func ExampleDiagnoseJSON() {
	key := registeredKey()
	challenge := []byte("32 other bytes, used only once!!")
	browser.SetQuirks(softkey.Quirks{NoUV: true, AndroidPackageName: "org.example.app", LowS: true})
	defer browser.SetQuirks(softkey.Quirks{})
	optionsJSON, err := json.Marshal(passkey.NewRequestOptions("example.org", []byte(fmt.Sprintf("%x", challenge))))
	if err != nil {
		panic(err)
	}
	answer, err := browser.Get(optionsJSON, "https://example.org")
	if err != nil {
		panic(err)
	}

	rule := passkey.Rule{
		RPID: "example.org", Origins: []string{"https://example.org"}, Challenge: challenge,
		UserVerification: passkey.Required,
	}
	for _, f := range passkey.DiagnoseJSON(answer, &key, rule) {
		fmt.Printf("%t %s\n  %s\n", f.Blocking(), f.Where, f.Source)
	}
	// Output:
	// true clientDataJSON.challenge
	//   the UTF-8 bytes of its hexadecimal text were signed: it was not decoded before it was passed on
	// true authenticatorData
	//   1Password on iOS, which leaves UV unset; or a request that did not say userVerification "required", with which desktops without biometrics and security keys without a PIN skip it
	// false clientDataJSON
	//   the Credential Manager or FIDO2 API of Android
	// false clientDataJSON
	//   Android, or an older Safari or Firefox
}

// A public key can be found from an assertion alone; which candidate is right, other knowledge
// such as the account's address says.
func ExampleAssertion_Recover() {
	key := registeredKey()
	c := browser.Credentials()[0]
	a, err := browser.Sign(c.ID, []byte("the hash of an operation, 32 byt"), "example.org", "https://example.org")
	if err != nil {
		panic(err)
	}
	for _, candidate := range a.Recover() {
		if candidate == key {
			fmt.Println("found")
		}
	}
	// Output: found
}

// registeredKey is the key of the browser's credential; a server has it from the registration.
func registeredKey() passkey.PublicKey {
	optionsJSON, err := json.Marshal(passkey.NewCreationOptions(passkey.RelyingParty{ID: "example.org", Name: "Example"},
		passkey.User{ID: []byte("random user id 1"), Name: "alice", DisplayName: "Alice"}, []byte("32 random bytes, used only once!")))
	if err != nil {
		panic(err)
	}
	answer, err := browser.Create(optionsJSON, "https://example.org")
	if err != nil {
		panic(err)
	}
	r, err := passkey.ParseRegistration(answer)
	if err != nil {
		panic(err)
	}
	return r.Key()
}
