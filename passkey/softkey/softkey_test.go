package softkey_test

import (
	"encoding/json"
	"testing"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
)

func TestCreatedCredentialSignsIn(t *testing.T) {
	a := softkey.New(softkey.WithSeed([]byte("x")))
	ch := []byte("0123456789abcdef0123456789abcdef")
	o, _ := json.Marshal(passkey.NewCreationOptions(passkey.RelyingParty{ID: "localhost", Name: "x"}, passkey.User{ID: []byte("u"), Name: "n"}, ch))
	rj, err := a.Create(o, "http://localhost:8080")
	if err != nil {
		t.Fatal(err)
	}
	t.Log(string(o), string(rj))
	r, err := passkey.ParseRegistration(rj)
	if err != nil {
		t.Fatal(err)
	}
	rule := passkey.Rule{RPID: "localhost", Origins: []string{"http://localhost:8080"}, Challenge: ch, UserVerification: passkey.Required}
	if err := r.Verify(rule); err != nil {
		t.Fatal(err)
	}
	o, _ = json.Marshal(passkey.NewRequestOptions("localhost", ch))
	aj, err := a.Get(o, "http://localhost:8080")
	if err != nil {
		t.Fatal(err)
	}
	t.Log(string(o), string(aj))
	as, err := passkey.ParseAssertion(aj)
	if err != nil {
		t.Fatal(err)
	}
	if err := as.Verify(r.Key(), rule); err != nil {
		t.Fatal(err)
	}
	t.Log(as.Recover(), r.Key())
}
