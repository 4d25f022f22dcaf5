package browsertest

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
)

// backup sets what the authenticator's one passkey says of its copies.
func (p *tab) backup(eligible, state bool) {
	p.t.Helper()
	all := call(p, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: p.auth}).Credentials
	if len(all) != 1 {
		p.t.Fatalf("%d passkeys", len(all))
	}
	call(p, webauthn.SetCredentialProperties, webauthn.SetCredentialPropertiesParams{
		AuthenticatorID: p.auth, CredentialID: all[0].CredentialID, BackupEligibility: &eligible, BackupState: &state})
}

// What the passkey server has seen goes into the audit, and its owner reads what happened.
func TestThePasskeyServerTellsWhatItHasSeen(t *testing.T) {
	p, _ := openRecovery(t)
	p.audit()
	if got := p.text("classes"); !strings.Contains(got, "Not known") || strings.Contains(p.text("signers"), "signed)") && strings.Contains(p.text("signers"), "Chromium") {
		t.Fatalf("before: %q", got)
	}

	// 1. One signature, and the audit knows provider and copies.
	p.click("ask-server")
	p.shows("audit")
	p.until(byID("kept") + ".textContent.includes('it was registered')")
	if got := p.text("kept"); !strings.Contains(got, "localhost: syncable, discoverable (claimed)") || !strings.Contains(got, "it was used last") {
		t.Errorf("told: %q", got)
	}
	if got := p.text("signers"); !strings.Contains(got, "provider Chromium virtual authenticator (claimed)") || !strings.Contains(got, "bound to localhost (signed)") {
		t.Errorf("the signers: %q", got)
	}

	// 2. Its copy goes, and its owner hears of it.
	p.backup(true, false)
	p.click("ask-server")
	p.shows("audit")
	p.until(byID("kept") + ".textContent.includes('BS 1→0')")
	if got := p.text("signers"); !strings.Contains(got, "it is no longer backed up") {
		t.Errorf("the signers: %q", got)
	}

	p.size(320, 800)
	var over float64
	if p.eval("document.documentElement.scrollWidth - innerWidth", &over); over > 0 {
		t.Errorf("%v pixels too wide", over)
	}
	p.shot(shotDir(t), "recovery-told")

	// 3. An answer keeps what the server told.
	p.pick("Can ", "Yes")
	p.shows("audit")
	if got := p.text("signers"); !strings.Contains(got, "bound to localhost (signed)") {
		t.Errorf("after an answer: %q", got)
	}
}
