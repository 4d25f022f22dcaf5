package browsertest

import (
	"context"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

type empty = cdp.Empty

// call sends one command of the DevTools protocol.
func call[P, R any](p *tab, c cdp.Command[P, R], params P) R {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	r, err := chromedp.Call(ctx, c, params)
	if err != nil {
		p.t.Fatalf("%s: %v", c.Method, err)
	}
	return r
}

// addAuthenticator plugs in a platform authenticator with a synced provider's
// flags, which answers at once and has verified the person.
func (p *tab) addAuthenticator() {
	p.t.Helper()
	r := call(p, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		DefaultBackupEligibility: true, DefaultBackupState: true,
	}})
	p.auth = r.AuthenticatorID
}

func (p *tab) removeAuthenticator() {
	p.t.Helper()
	call(p, webauthn.RemoveVirtualAuthenticator, webauthn.RemoveVirtualAuthenticatorParams{AuthenticatorID: p.auth})
}

// answers makes the authenticator wait for a person who does not come, or not.
func (p *tab) answers(yes bool) {
	p.t.Helper()
	call(p, webauthn.SetAutomaticPresenceSimulation, webauthn.SetAutomaticPresenceSimulationParams{AuthenticatorID: p.auth, Enabled: yes})
}

func (p *tab) verifies(yes bool) {
	p.t.Helper()
	call(p, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: p.auth, IsUserVerified: yes})
}

func (p *tab) credentials() []*webauthn.Credential {
	p.t.Helper()
	return call(p, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: p.auth}).Credentials
}

func (p *tab) removeCredential(id []byte) {
	p.t.Helper()
	call(p, webauthn.RemoveCredential, webauthn.RemoveCredentialParams{AuthenticatorID: p.auth, CredentialID: id})
}

func (p *tab) addCredential(c *webauthn.Credential) {
	p.t.Helper()
	call(p, webauthn.AddCredential, webauthn.AddCredentialParams{AuthenticatorID: p.auth, Credential: c})
}
