package passkey_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
)

var walletUser = passkey.User{ID: bytes.Repeat([]byte{0xff}, 16), Name: "Flow", DisplayName: "Flow"}

func TestWalletModeOptions(t *testing.T) {
	o, err := passkey.WalletMode{}.Options(passkey.RelyingParty{ID: "example.org", Name: "Example"}, walletUser, []byte{1})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"rp":{"id":"example.org","name":"Example"},"user":{"id":"_____________________w","name":"Flow","displayName":"Flow"},` +
		`"challenge":"cG9zdGVybiB3YWxsZXQtbW9kZSByZWdpc3RyYXRpb24","pubKeyCredParams":[{"type":"public-key","alg":-7}],"timeout":60000,` +
		`"excludeCredentials":[{"type":"public-key","id":"AQ"}],` +
		`"authenticatorSelection":{"residentKey":"required","requireResidentKey":true,"userVerification":"preferred"},` +
		`"attestation":"none","extensions":{"credProps":true}}`
	if got := string(marshal(t, o)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	o, err = passkey.WalletMode{
		Challenge: bytes.Repeat([]byte{7}, 16), UserVerification: "required", Attestation: "direct", Timeout: 90 * time.Second, ES256K: true,
	}.Options(passkey.RelyingParty{Name: "Example"}, walletUser)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(o.Challenge, bytes.Repeat([]byte{7}, 16)) || o.AuthenticatorSelection.UserVerification != "required" || o.Attestation != "direct" || o.Timeout != 90_000 {
		t.Errorf("%+v", o)
	}
	if len(o.PubKeyCredParams) != 2 || o.PubKeyCredParams[0].Alg != -7 || o.PubKeyCredParams[1].Alg != -47 {
		t.Errorf("algorithms %+v", o.PubKeyCredParams)
	}
}

func TestWalletModeRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		mode passkey.WalletMode
		id   int
	}{
		"a short user.id":     {passkey.WalletMode{}, 15},
		"a long user.id":      {passkey.WalletMode{}, 65},
		"a short challenge":   {passkey.WalletMode{Challenge: make([]byte, 15)}, 16},
		"an empty challenge":  {passkey.WalletMode{Challenge: []byte{}}, 16},
		"a long challenge":    {passkey.WalletMode{Challenge: make([]byte, 65)}, 16},
		"a negative timeout":  {passkey.WalletMode{Timeout: -1}, 16},
		"a short timeout":     {passkey.WalletMode{Timeout: time.Microsecond}, 16},
		"a long timeout":      {passkey.WalletMode{Timeout: time.Hour}, 16},
		"other verification":  {passkey.WalletMode{UserVerification: "Required"}, 16},
		"another attestation": {passkey.WalletMode{Attestation: "all"}, 16},
	} {
		if o, err := c.mode.Options(passkey.RelyingParty{Name: "Example"}, passkey.User{ID: make([]byte, c.id)}); !errors.Is(err, passkey.ErrOptions) || o != nil {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
	for _, n := range []int{16, 64} {
		if _, err := (passkey.WalletMode{Timeout: time.Millisecond}).Options(passkey.RelyingParty{}, passkey.User{ID: make([]byte, n)}); err != nil {
			t.Errorf("user.id of %d bytes: %v", n, err)
		}
	}
}

func TestWalletModeRegistrationsAreVerified(t *testing.T) {
	const origin = "https://example.org"
	register := func(mode passkey.WalletMode, quirks softkey.Quirks) *passkey.Registration {
		t.Helper()
		o, err := mode.Options(passkey.RelyingParty{ID: "example.org", Name: "Example"}, walletUser)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := softkey.New(softkey.WithQuirks(quirks)).Create(marshal(t, o), origin)
		if err != nil {
			t.Fatal(err)
		}
		r, err := passkey.ParseRegistration(answer)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	usual := register(passkey.WalletMode{}, softkey.Quirks{})
	if err := usual.Verify(passkey.WalletMode{}.Rule("example.org", origin)); err != nil {
		t.Error(err)
	}
	other := passkey.WalletMode{Challenge: bytes.Repeat([]byte{7}, 32)}
	if err := usual.Verify(other.Rule("example.org", origin)); !errors.Is(err, passkey.ErrChallenge) {
		t.Errorf("under another constant: %v", err)
	}
	if err := register(other, softkey.Quirks{}).Verify(other.Rule("example.org", origin)); err != nil {
		t.Error(err)
	}
	if err := usual.Verify(passkey.WalletMode{}.Rule("example.net", origin)); err == nil {
		t.Error("under another RP ID")
	}
	if err := usual.Verify(passkey.WalletMode{}.Rule("example.org", "https://example.net")); err == nil {
		t.Error("on another page")
	}
	if got := (passkey.WalletMode{}).Rule("example.org").UserVerification; got != passkey.Any {
		t.Errorf("preferred is %v", got)
	}
	if got := (passkey.WalletMode{UserVerification: "required"}).Rule("example.org").UserVerification; got != passkey.Required {
		t.Errorf("required is %v", got)
	}
}
