package browsertest

import (
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/params"
)

const recipient = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"

// register walks the two steps of a new passkey and returns the account's address.
func (p *tab) register() string {
	p.t.Helper()
	p.shows("start")
	p.click("create")
	p.shows("prove")
	p.click("test")
	p.shows("account")
	return p.text("address")
}

func (p *tab) fund() {
	p.t.Helper()
	p.until(byID("balance") + ".textContent !== '…'")
	before := p.text("balance")
	p.click("faucet")
	p.shows("account")
	if after := p.text("balance"); after == before {
		p.t.Fatalf("the faucet gave nothing: %s ETH\n%s", after, p.state())
	}
}

func (p *tab) fill(to, amount string) {
	p.t.Helper()
	p.write("to", to)
	p.write("amount", amount)
	p.click("review-go")
}

// send fills the form, reviews, signs and waits for the receipt.
func (p *tab) send(to, amount string) {
	p.t.Helper()
	p.fill(to, amount)
	p.shows("review")
	p.click("sign")
	p.shows("done")
	if got, want := p.text("done-title"), amount+" ETH sent"; got != want {
		p.t.Fatalf("the receipt says %q, want %q\n%s", got, want, p.state())
	}
}

func balance(t *testing.T, address string) *big.Int {
	t.Helper()
	wei, err := stack.Chain().Client().BalanceAt(t.Context(), common.HexToAddress(address), nil)
	if err != nil {
		t.Fatal(err)
	}
	return wei
}

func ether(n float64) *big.Int {
	wei, _ := new(big.Float).Mul(big.NewFloat(n), big.NewFloat(params.Ether)).Int(nil)
	return wei
}

func TestPasskeySendsReloadsSignsInAndSendsAgain(t *testing.T) {
	p := newTab(t, "")
	to := common.HexToAddress(recipient).Hex()
	before := balance(t, to)

	// 1. Make a passkey; the account counts only after its first signature.
	p.shows("start")
	p.click("create")
	p.shows("prove")
	if note := p.text("kept"); !strings.Contains(note, "passkey provider") {
		t.Errorf("a synced passkey is described as %q", note)
	}
	p.click("test")
	p.shows("account")
	address := p.text("address")
	if !common.IsHexAddress(address) || common.HexToAddress(address).Hex() != address {
		t.Fatalf("the address is %q", address)
	}

	// 2. Money arrives before the account is on the chain.
	p.fund()
	if got := balance(t, address); got.Sign() == 0 {
		t.Fatal("the faucet paid another address")
	}

	// 3. The operation in words, with the challenge, before anything is signed.
	p.fill(strings.ToLower(to), "0.25")
	p.shows("review")
	for _, want := range []string{"Send 0.25 ETH", to, address, "Network fee, at most", "Creates your account", "31337", "challenge"} {
		if !strings.Contains(p.text("review-title")+p.text("review-rows"), want) {
			t.Errorf("the review does not say %q:\n%s", want, p.state())
		}
	}
	if d := p.text("review-details"); !strings.Contains(d, "0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108") || !strings.Contains(d, "Operation hash") {
		t.Errorf("the details lack entry point or hash: %s", d)
	}

	// 4. Sign, send, receipt.
	p.click("sign")
	p.shows("done")
	if got := p.text("done-title"); got != "0.25 ETH sent" {
		t.Fatalf("the receipt says %q\n%s", got, p.state())
	}
	if got, want := new(big.Int).Sub(balance(t, to), before), ether(0.25); got.Cmp(want) != 0 {
		t.Fatalf("the recipient got %s wei, want %s", got, want)
	}
	code, err := stack.Chain().Client().CodeAt(t.Context(), common.HexToAddress(address), nil)
	if err != nil || len(code) == 0 {
		t.Fatalf("the account is not on the chain: %d bytes, %v", len(code), err)
	}

	// 5. Reload, with nothing remembered: the passkey alone leads back.
	p.eval("localStorage.clear()", nil)
	p.open("")
	p.shows("start")
	p.click("signin")
	p.shows("account")
	// That it is this account is the node's word until the passkey signs again.
	if got, short := p.text("address"), address[:8]+"…"+address[len(address)-6:]; got != short {
		t.Fatalf("signed in to %s, want %s", got, short)
	}
	p.until(byID("copy") + ".hidden && !" + byID("confirm-box") + ".hidden")

	// 6. Send again, which confirms it.
	p.send(to, "0.5")
	if got, want := new(big.Int).Sub(balance(t, to), before), ether(0.75); got.Cmp(want) != 0 {
		t.Fatalf("the recipient got %s wei in all, want %s", got, want)
	}
	p.click("done-back")
	p.shows("account")
	if got := p.text("address"); got != address {
		t.Fatalf("signed in to %s, want %s", got, address)
	}
	p.until("!" + byID("copy") + ".hidden && " + byID("confirm-box") + ".hidden")
	p.until(`document.getElementById('signers').textContent.includes('the one you use now')`)
}
