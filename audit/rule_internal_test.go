package audit

import (
	"fmt"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/recovery"
	"github.com/postern-dev/postern/seal"
)

// The rule of a passkey is in its description, however the account holds the passkey; what
// the description then says of flags is what the rule itself says of them.
func TestADescriptionKeepsTheRule(t *testing.T) {
	device := softkey.New(softkey.WithSeed([]byte("rule")))
	if _, err := device.Create([]byte(`{"rp":{"id":"localhost","name":"x"},"user":{"id":"AQ","name":"a","displayName":"a"},"challenge":"AAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`), "http://localhost:8080"); err != nil {
		t.Fatal(err)
	}
	key := device.Credentials()[0].Key
	for b := range byte(64) {
		rule, err := seal.ParseRule(b)
		if err != nil {
			continue
		}
		own, err := seal.PasskeySigner(key, rule)
		if err != nil {
			t.Fatal(err)
		}
		k, err := seal.NewVerifierPasskey(key, rule, seal.PathNone)
		if err != nil {
			t.Fatal(err)
		}
		verified, err := k.Signer(contracts.P256Verifier)
		if err != nil {
			t.Fatal(err)
		}
		for how, s := range map[string]seal.Signer{"built in": own, "by the verifier": verified} {
			d := description{}
			got, err := d.signer(s)
			if err != nil || got.Kind != recovery.KindPasskey {
				t.Fatalf("%s: %+v, %v", how, got, err)
			}
			if len(got.Rules) == 0 != (rule.BE() == passkey.Any && rule.BS() == passkey.Any) {
				t.Errorf("%s, rule %s: %v", how, rule, got.Rules)
			}
			for _, f := range []passkey.Flags{0, passkey.FlagBE, passkey.FlagBE | passkey.FlagBS} {
				got.Passkey = &recovery.Passkey{Uses: []recovery.Sighting{{Flags: f}}}
				asked := f | passkey.FlagUP // what is asked anew with each signature is as the rule wants it
				if rule.UV() == passkey.Required {
					asked |= passkey.FlagUV
				}
				if able := !got.Unable().Relied(); able != rule.Allows(asked) {
					t.Errorf("%s, rule %s, flags %s: able %v, the rule says %v", how, rule, f, able, rule.Allows(asked))
				}
			}
		}
	}
}

// A guardian that is a signer too is under both rules.
func TestAGuardianThatSignsIsUnderBothRules(t *testing.T) {
	device := softkey.New(softkey.WithSeed([]byte("both")))
	if _, err := device.Create([]byte(`{"rp":{"id":"localhost","name":"x"},"user":{"id":"AQ","name":"a","displayName":"a"},"challenge":"AAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`), "http://localhost:8080"); err != nil {
		t.Fatal(err)
	}
	d := description{addr: common.Address{1}}
	for _, bs := range []passkey.Requirement{passkey.Any, passkey.Forbidden, passkey.Required, passkey.Required} {
		rule, err := seal.NewRule(passkey.Required, passkey.Any, bs)
		if err != nil {
			t.Fatal(err)
		}
		s, err := seal.PasskeySigner(device.Credentials()[0].Key, rule)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.guardian(s); err != nil {
			t.Fatal(err)
		}
	}
	if got := fmt.Sprint(len(d.signers), d.signers[0].Rules); got != "1 [BE any, BS forbidden BE any, BS required]" {
		t.Error(got)
	}
}
