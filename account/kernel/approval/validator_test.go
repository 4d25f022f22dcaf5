package approval_test

import (
	"testing"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/passkey/softkey"
)

// Whoever opens a document has not chosen its owner's validator: the ones with holes
// are read too, above all the multi-chain one that the packages on npm know.
func TestTheValidatorOfAnInitCodeIsReadWhateverItsVersion(t *testing.T) {
	a := softkey.New(softkey.WithSeed([]byte("owner")))
	if _, err := a.Create([]byte(`{"rp":{"id":"localhost","name":"x"},"user":{"id":"AQ","name":"x","displayName":"x"},"challenge":"AAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`), "http://localhost"); err != nil {
		t.Fatal(err)
	}
	key := a.Credentials()[0].Key
	for _, v := range []kernel.Validator{
		kernel.WebAuthn{Key: key}, kernel.WebAuthn{Key: key, Version: kernel.WebAuthn002, DangerVulnerable: true}, kernel.WebAuthn{Key: key, Version: kernel.WebAuthn001, DangerVulnerable: true},
		kernel.MultiChainWebAuthn{Key: key}, kernel.MultiChainWebAuthn{Key: key, Version: kernel.WebAuthn001, DangerVulnerable: true},
	} {
		contract, err := v.Contract(kernel.V033)
		if err != nil {
			t.Fatal(err)
		}
		got, err := approval.Validator(kernel.V033, contract, v.InitData())
		if err != nil || got != v {
			t.Errorf("%#v is read as %#v: %v", v, got, err)
		}
	}
}
