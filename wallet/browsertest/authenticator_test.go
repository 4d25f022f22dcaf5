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
	p.plug(webauthn.AuthenticatorTransportInternal, true)
}

// addKey plugs in a security key, whose passkeys never leave it.
func (p *tab) addKey() {
	p.t.Helper()
	p.plug(webauthn.AuthenticatorTransportUsb, false)
}

func (p *tab) plug(transport webauthn.AuthenticatorTransport, synced bool) {
	p.t.Helper()
	r := call(p, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: transport,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		DefaultBackupEligibility: synced, DefaultBackupState: synced,
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

// lies makes the authenticator's next answers wrong in one way each.
func (p *tab) lies(how webauthn.SetResponseOverrideBitsParams) {
	p.t.Helper()
	how.AuthenticatorID = p.auth
	call(p, webauthn.SetResponseOverrideBits, how)
}
