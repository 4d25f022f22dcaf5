package browsertest

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/passkey"
)

const patience = 2 * time.Minute

// profile is a browser profile with the application open and one virtual authenticator.
type profile struct {
	t    *testing.T
	ctx  context.Context
	auth webauthn.AuthenticatorID
}

// key is what toWebAuthnKey returned, or what it threw.
type key struct {
	PubX, PubY, AuthenticatorID, AuthenticatorIDHash, RPID string
	Threw                                                  string
}

func call[P, R any](p *profile, c cdp.Command[P, R], params P) R {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	r, err := chromedp.Call(ctx, c, params)
	if err != nil {
		p.t.Fatalf("%s: %v", c.Method, err)
	}
	return r
}

func newProfile(t *testing.T, browser context.Context, app string) *profile {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := &profile{t: t, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil { // opens the tab, which lives as long as this context
		t.Fatal(err)
	}
	timed, stop := context.WithTimeout(ctx, patience)
	defer stop()
	if err := chromedp.Do(timed, chromedp.Navigate(app+"/")); err != nil {
		t.Fatal(err)
	}
	call(p, webauthn.Enable, webauthn.EnableParams{})
	p.auth = call(p, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		DefaultBackupEligibility: true, DefaultBackupState: true,
	}}).AuthenticatorID
	return p
}

// eval awaits JavaScript and decodes its JSON.
func (p *profile) eval(js string, out any) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`(async () => JSON.stringify(await (`+js+`)))()`, chromedp.EvalAwaitPromise))
	if err == nil {
		err = json.Unmarshal([]byte(text), out)
	}
	if err != nil {
		p.t.Fatalf("%s: %v", js, err)
	}
}

// client calls toWebAuthnKey as an application does.
func (p *profile) client(mode, server string, headers map[string]string) key {
	p.t.Helper()
	parameters, err := json.Marshal(map[string]any{"passkeyName": "Alice’s phone", "passkeyServerUrl": server, "passkeyServerHeaders": headers})
	if err != nil {
		p.t.Fatal(err)
	}
	var k key
	p.eval(fmt.Sprintf("run(%q, %s)", mode, parameters), &k)
	return k
}

// fails is what the client threw.
func (p *profile) fails(mode, server string, headers map[string]string) string {
	p.t.Helper()
	k := p.client(mode, server, headers)
	if k.Threw == "" {
		p.t.Fatalf("%s at %s made a key: %+v", mode, server, k)
	}
	return k.Threw
}

// passkeys is what the authenticator holds.
func (p *profile) passkeys() []*webauthn.Credential {
	return call(p, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: p.auth}).Credentials
}

// added is webauthn.AddCredentialParams without the members that Chromium refuses for an
// authenticator which does not have the abilities they are about.
type added struct {
	AuthenticatorID webauthn.AuthenticatorID `json:"authenticatorId"`
	Credential      struct {
		ID                []byte `json:"credentialId"`
		Resident          bool   `json:"isResidentCredential"`
		RPID              string `json:"rpId"`
		PrivateKey        []byte `json:"privateKey"`
		UserHandle        []byte `json:"userHandle"`
		SignCount         int    `json:"signCount"`
		BackupEligibility bool   `json:"backupEligibility"`
		BackupState       bool   `json:"backupState"`
	} `json:"credential"`
}

// syncTo copies a passkey to another profile's authenticator, as a provider's cloud does.
func (p *profile) syncTo(other *profile) {
	p.t.Helper()
	for _, c := range p.passkeys() {
		a := added{AuthenticatorID: other.auth}
		a.Credential.ID, a.Credential.Resident, a.Credential.RPID = c.CredentialID, true, c.RpID
		a.Credential.PrivateKey, a.Credential.UserHandle, a.Credential.SignCount = c.PrivateKey, c.UserHandle, int(c.SignCount)
		a.Credential.BackupEligibility, a.Credential.BackupState = c.BackupEligibility, c.BackupState
		call(other, cdp.Command[added, cdp.Empty]{Method: webauthn.AddCredential.Method}, a)
	}
}

// publicKey is the client's key on the curve.
func (k key) publicKey(t *testing.T) passkey.PublicKey {
	t.Helper()
	xy, err := hex.DecodeString(k.PubX + k.PubY)
	if err != nil {
		t.Fatalf("%+v: %v", k, err)
	}
	pub, err := passkey.ParseRaw(xy)
	if err != nil {
		t.Fatal(err)
	}
	return pub
}

// TestTheUnmodifiedClientRegistersAndSignsInFromAnotherProfile at the plain routes and at a
// project's, of either version.
func TestTheUnmodifiedClientRegistersAndSignsInFromAnotherProfile(t *testing.T) {
	app := application(t)
	server := passkeyServer(t, app)
	browser := chromium(t)
	withKey := map[string]string{"X-Api-Key": apiKey}
	for _, c := range []struct {
		register, login string
		headers         map[string]string
	}{
		{server, server, nil},
		{server + "/api/v4", server + "/api/v3", nil},
		{server + "/api/v3/app", server + "/api/v4/app", withKey},
	} {
		t.Run(strings.TrimPrefix(c.register, server), func(t *testing.T) {
			// 1. Register in one profile.
			first := newProfile(t, browser, app)
			made := first.client("Register", c.register, c.headers)
			if made.Threw != "" {
				t.Fatal(made.Threw)
			}
			id, err := base64.RawURLEncoding.DecodeString(made.AuthenticatorID)
			if err != nil {
				t.Fatal(err)
			}
			if want := "0x" + hex.EncodeToString(crypto.Keccak256(id)); made.AuthenticatorIDHash != want {
				t.Errorf("authenticatorIdHash %s, want %s", made.AuthenticatorIDHash, want)
			}

			// 2. The authenticator holds the text of the handle, as the client's library writes it.
			held := first.passkeys()
			if len(held) != 1 {
				t.Fatalf("%d passkeys", len(held))
			}
			handle := held[0].UserHandle
			if raw, err := base64.RawURLEncoding.Strict().DecodeString(string(handle)); err != nil || len(raw) != 16 {
				t.Errorf("the authenticator holds the handle %q", handle)
			}

			// 3. Login in the same profile, and in a second one to which the passkey was synced.
			second := newProfile(t, browser, app)
			first.syncTo(second)
			for _, p := range []*profile{first, second} {
				p.t = t
				if got := p.client("Login", c.login, c.headers); got != made {
					t.Fatalf("signed in with %+v, made %+v", got, made)
				}
			}

			// 4. The key is the one that signs: the second profile approves of an operation.
			hash := crypto.Keccak256([]byte("an operation"))
			var signed json.RawMessage
			second.eval(fmt.Sprintf(`navigator.credentials.get({ publicKey: { challenge: Uint8Array.from(%s), userVerification: 'required' } }).then((c) => c.toJSON())`, bytesOf(t, hash)), &signed)
			a, err := passkey.ParseAssertion(signed)
			if err != nil {
				t.Fatal(err)
			}
			rule := passkey.Rule{RPID: "localhost", Origins: []string{app}, Challenge: hash, UserVerification: passkey.Required}
			if err := a.Verify(made.publicKey(t), rule); err != nil {
				t.Error(err)
			}
		})
	}
}

// bytesOf is a JavaScript array.
func bytesOf(t *testing.T, b []byte) string {
	t.Helper()
	list := make([]int, len(b))
	for i := range b {
		list[i] = int(b[i])
	}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTheUnmodifiedClientIsRefused: what the application's code reads when the server does
// not want it.
func TestTheUnmodifiedClientIsRefused(t *testing.T) {
	app, elsewhere := application(t), application(t)
	server := passkeyServer(t, app)
	browser := chromium(t)
	p := newProfile(t, browser, app)
	withKey := map[string]string{"X-Api-Key": apiKey}
	if k := p.client("Register", server+"/api/v4/app", withKey); k.Threw != "" {
		t.Fatal(k.Threw)
	}

	// Refused options are JSON, in which the client's library misses the challenge.
	const notJSON, network = "is not valid JSON", "Failed to fetch"
	for name, c := range map[string]struct {
		url     string
		headers map[string]string
	}{
		"no key":     {server + "/api/v4/app", nil},
		"wrong key":  {server + "/api/v4/app", map[string]string{"X-Api-Key": "guessed"}},
		"no project": {server + "/api/v4/none", withKey},
	} {
		for _, mode := range []string{"Register", "Login"} {
			if said := p.fails(mode, c.url, c.headers); strings.Contains(said, notJSON) || strings.Contains(said, network) {
				t.Errorf("%s, %s: the page could not read the refusal: %s", name, mode, said)
			}
		}
	}
	// CORS: a header that is not listed, a page that is not listed.
	if said := p.fails("Login", server+"/api/v4/app", map[string]string{"X-Api-Key": apiKey, "X-Other": "1"}); !strings.Contains(said, network) {
		t.Errorf("an unlisted header: %s", said)
	}
	if said := newProfile(t, browser, elsewhere).fails("Register", server, nil); !strings.Contains(said, network) {
		t.Errorf("an unlisted origin: %s", said)
	}
	// A signature that is wrong, and a passkey that this server never saw: not verified.
	call(p, webauthn.SetResponseOverrideBits, webauthn.SetResponseOverrideBitsParams{AuthenticatorID: p.auth, IsBogusSignature: new(true)})
	if said := p.fails("Login", server, nil); said != "Error: Login not verified" {
		t.Errorf("a bogus signature: %s", said)
	}
	call(p, webauthn.SetResponseOverrideBits, webauthn.SetResponseOverrideBitsParams{AuthenticatorID: p.auth, IsBogusSignature: new(false)})
	if said := p.fails("Login", passkeyServer(t, app), nil); said != "Error: Login not verified" {
		t.Errorf("an unknown passkey: %s", said)
	}
	call(p, webauthn.SetResponseOverrideBits, webauthn.SetResponseOverrideBitsParams{AuthenticatorID: p.auth, IsBadUV: new(true)})
	if said := p.fails("Register", server, nil); said != "Error: Registration not verified" {
		t.Errorf("a registration without user verification: %s", said)
	}
}
