package browsertest

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// Rescue where node or passkey lie, and of an account that is frozen.

// What a node says about an account that is not the holder's own is found out before anybody signs or pays.
func TestRescueOnALyingNode(t *testing.T) {
	p := newTab(t, "")
	address := p.register()
	p.fund()
	n := newPlainNode(t, stack.Chain().RPCHandler())
	p.openRescue(served(t), "/", n.URL)
	p.click("passkey-form button")
	p.shows("account")
	p.write("to", recipient)
	p.write("amount", "0.5")
	p.write("payer", stackPayer(t))
	n.answers("eth_chainId", `"0x1"`)
	p.click("review-go")
	if got := p.problem(); !strings.Contains(got, "changed to another chain") {
		t.Errorf("of another chain the page says %q", got)
	}
	n.answers("eth_chainId", "")
	n.answers("eth_getBalance", `"0x1"`)
	p.click("review-go")
	if got := p.problem(); !strings.Contains(got, "does not hold that much") {
		t.Errorf("of a poor account the page says %q", got)
	}
	n.answers("eth_getBalance", "")
	n.answers("eth_call", `"0x"`)
	p.click("review-go")
	if got := p.problem(); !strings.Contains(got, "EntryPoint 0.8 is not on this chain") {
		t.Errorf("of a chain without an EntryPoint the page says %q", got)
	}
	n.answers("eth_call", "")

	// The fee beyond the base fee is whoever's who makes the block.
	p.write("payer", fundedKey(t, func(a common.Address, _ *big.Int) error { return stack.Chain().Faucet(t.Context(), a, ether(1)) }))
	n.answers("eth_maxPriorityFeePerGas", `"0xe8d4a51000"`)
	p.click("review-go")
	p.shows("review")
	if got := p.text("cautions"); !strings.Contains(got, "beyond the base fee") {
		t.Errorf("of a tip of 1000 gwei the page says %q", got)
	}
	p.click("review-back")
	n.answers("eth_maxPriorityFeePerGas", "")

	// What is signed is sent once: the node swallows it, the page asks for the receipt, and sends the same again.
	p.click("review-go")
	p.shows("review")
	n.answers("eth_sendRawTransaction", "refuse")
	p.click("sign")
	if got := p.problem(); !strings.Contains(got, "fee has risen") || p.text("sign") != "Sign with your passkey" {
		t.Errorf("of a refusal the page says %q, and the button %q", got, p.text("sign"))
	}
	n.answers("eth_sendRawTransaction", "cut")
	p.click("sign")
	p.until(byID("sign") + ".textContent === 'Send again'")
	before := balance(t, recipient)
	n.answers("eth_sendRawTransaction", "")
	p.click("sign")
	p.shows("done")
	p.until(byID("done-step") + ".textContent === 'Receipt'")
	if got := new(big.Int).Sub(balance(t, recipient), before); got.Cmp(ether(0.5)) != 0 {
		t.Errorf("the recipient got %s wei", got)
	}
	if left := balance(t, address); left.Cmp(ether(9.5)) != 0 {
		t.Errorf("%s wei are left", left)
	}

	// A page that browsers keep to go back to has no key in it.
	p.click("done-back")
	p.shows("account")
	p.write("payer", stackPayer(t))
	p.eval(`dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))`, new(bool))
	p.shows("start")
	if got := p.value("payer"); got != "" {
		t.Error("the key that pays is still in its field")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.problems = nil // the line that was cut is in the browser's log
}

// An account that its guardians have frozen says until when, before and in the review.
func TestRescueOfAFrozenAccount(t *testing.T) {
	if skipped != "" {
		t.Skip(skipped)
	}
	h := newHolding(t)
	address := created(t, userop.V08, 1, seal.RequireUV, h)
	n := newPlainNode(t, stack.Chain().RPCHandler())
	f := fromFile(t, n.URL)
	f.useExported(h.export(t, address))
	f.shows("account")
	f.until(byID("frozen") + ".hidden")
	f.click("leave")
	f.shows("who")
	n.answers(hexutil.Encode(crypto.Keccak256([]byte("frozenUntil()"))[:4]), fmt.Sprintf(`"0x%064x"`, time.Date(2100, 1, 2, 12, 0, 0, 0, time.UTC).Unix()))
	f.useExported(h.export(t, address))
	f.shows("account")
	if got := f.text("frozen"); !strings.Contains(got, "frozen this account until January 2, 2100") {
		t.Errorf("the page says %q", got)
	}
	f.write("to", recipient)
	f.click("all")
	f.write("payer", stackPayer(t))
	f.click("review-go")
	f.shows("review")
	if got := f.text("review-rows"); !strings.Contains(got, "January 2, 2100") {
		t.Errorf("the review says %q", got)
	}
}

// A passkey that signs wrongly, or without asking who is there, is found out here, before anything is sent or paid.
func TestRescueByALyingPasskey(t *testing.T) {
	p := newTab(t, "")
	address := p.register()
	p.fund()
	n := newPlainNode(t, stack.Chain().RPCHandler())
	n.answers("eth_sendRawTransaction", "refuse")
	p.openRescue(served(t), "/", n.URL)
	p.click("passkey-form button")
	p.shows("account")
	p.write("to", recipient)
	p.click("all")
	p.write("payer", stackPayer(t))
	p.click("review-go")
	p.shows("review")
	yes, no := true, false
	for _, lie := range []struct {
		how  webauthn.SetResponseOverrideBitsParams
		says string
	}{
		{webauthn.SetResponseOverrideBitsParams{IsBogusSignature: &yes}, "not well formed"},
		{webauthn.SetResponseOverrideBitsParams{IsBogusSignature: &no, IsBadUV: &yes}, "did not check who you are"},
		{webauthn.SetResponseOverrideBitsParams{IsBadUV: &no, IsBadUP: &yes}, "Nobody was present"},
	} {
		p.lies(lie.how)
		p.click("sign")
		if got := p.problem(); !strings.Contains(got, lie.says) {
			t.Errorf("the page says %q, want %q", got, lie.says)
		}
	}
	p.lies(webauthn.SetResponseOverrideBitsParams{IsBadUP: &no})
	n.answers("eth_sendRawTransaction", "")
	p.click("sign")
	p.shows("done")
	p.until(byID("done-step") + ".textContent === 'Receipt'")
	if left := balance(t, address); left.Sign() != 0 {
		t.Errorf("%s wei are left", left)
	}
}
