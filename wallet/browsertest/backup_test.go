package browsertest

import (
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
)

// openBackup opens the guided page.
func openBackup(t *testing.T, script string) *tab {
	t.Helper()
	p := blankTab(t)
	p.path = "/backup"
	p.addAuthenticator()
	p.open(script)
	return p
}

func (p *tab) stage(step string) {
	p.t.Helper()
	p.shows("account")
	p.until(byID("step-"+step) + ".className === 'present'")
}

// sign reviews nothing: the test has. It waits for the receipt and returns to the account.
func (p *tab) signAs(done string) {
	p.t.Helper()
	p.click("sign")
	p.shows("done")
	if got := p.text("done-title"); got != done {
		p.t.Fatalf("the receipt says %q, want %q\n%s", got, done, p.state())
	}
	p.click("done-back")
	p.shows("account")
}

func TestBackupSigner(t *testing.T) {
	p := openBackup(t, "")
	p.shows("start")
	p.click("make-key")
	p.stage("create")
	address := p.text("address")
	if !common.IsHexAddress(address) {
		t.Fatalf("the address is %q", address)
	}
	p.click("faucet")
	p.shows("account")
	p.click("create-form button")
	p.shows("review")
	p.signAs("Your account is on the chain")
	p.stage("passkey")
	p.click("passkey-form button")
	p.shows("prove")
	p.click("test")
	p.shows("review")
	p.signAs("The passkey is a signer")
	p.stage("lose")
	p.click("lose")
	p.stage("send")
	p.write("to", recipient)
	p.write("amount", "0.25")
	p.click("review-go")
	p.shows("review")
	p.signAs("0.25 ETH sent")
	p.stage("owner")
	p.click("new-owner")
	p.shows("review")
	p.signAs("The new owner is in place")
	p.until("!" + byID("all-done") + ".hidden")
	if got := p.text("address"); got != address {
		t.Errorf("the address is now %s", got)
	}
	if got := p.text("signers"); !strings.Contains(got, "held by this tab") {
		t.Errorf("signers: %s", got)
	}
}
