package browsertest

import (
	"fmt"
	"strings"
	"testing"
)

// replies runs f on each parsed reply of the server: (url, request body, reply).
func replies(f string) string {
	return fmt.Sprintf(`{ const real = fetch; window.fetch = async (url, o) => {
		const r = await real(url, o);
		const text = (%s)(String(url), String(o?.body ?? ''), await r.clone().json());
		return text === undefined ? r : new Response(typeof text === 'string' ? text : JSON.stringify(text), { status: r.status });
	}; }`, f)
}

func TestAServerThatLiesIsCaught(t *testing.T) {
	for _, lie := range []struct{ name, reply, says string }{
		{"another entry point", `(url, body, j) => url.endsWith('config.json') ? { ...j, entryPoint: { ...j.entryPoint, address: j.factory } } : undefined`, "entry point that is not the known one"},
		{"no JSON", `(url) => url.endsWith('config.json') ? '<html>502</html>' : undefined`, "no usable answer"},
	} {
		t.Run(lie.name, func(t *testing.T) {
			p := blankTab(t)
			p.open(replies(lie.reply))
			p.wantProblem(lie.says)
		})
	}

	for _, lie := range []struct{ name, reply, says string }{
		{"another user", `(url, body, j) => { if (url.endsWith('/register/options')) { j.options.user.id = 'AAAA'; return j; } }`, "something else than was asked"},
		{"another domain", `(url, body, j) => { if (url.endsWith('/register/options')) { j.options.rp.id = 'example.com'; return j; } }`, "something else than was asked"},
		{"too busy", `(url) => url.endsWith('/register/options') ? { error: { code: 'rate_limited', message: 'too many', hint: 'wait a minute' } } : undefined`, "wait a minute"},
	} {
		t.Run(lie.name, func(t *testing.T) {
			p := newTab(t, replies(lie.reply))
			p.shows("start")
			p.click("create")
			p.wantProblem(lie.says)
		})
	}

	t.Run("no registration", func(t *testing.T) {
		p := newTab(t, replies(`(url) => url.endsWith('/register/verify') ? { verified: false } : undefined`))
		p.shows("start")
		p.click("create")
		p.shows("prove")
		p.click("test")
		p.wantProblem("did not accept the passkey", "Start over")
	})

	for _, lie := range []struct{ name, reply, at, says string }{
		{"another chain", `(url, body, j) => body.includes('"eth_chainId"') ? { ...j, result: '0x1' } : undefined`, "account", "another chain"},
		{"an answer to another question", `(url, body, j) => body.includes('"eth_estimate') ? { ...j, id: 77 } : undefined`, "account", "no usable answer"},
		{"gas that costs a fortune", `(url, body, j) => body.includes('"eth_estimate') ? { ...j, result: { ...j.result, callGasLimit: '0xffffffffffff' } } : undefined`, "account", "does not cover the network fee"},
		{"another operation taken", `(url, body, j) => body.includes('"eth_sendUserOperation') ? { ...j, result: '0x' + '11'.repeat(32) } : body.includes('"eth_getUserOperation') ? { ...j, result: null } : undefined`, "review", "another operation than the one you signed"},
	} {
		t.Run(lie.name, func(t *testing.T) {
			p := newTab(t, replies(lie.reply))
			p.register()
			p.fund()
			p.fill(recipient, "0.1")
			if lie.at == "review" {
				p.shows("review")
				p.click("sign")
			}
			p.wantProblem(lie.says)
		})
	}
}

func TestAFailedTransferSaysWhyAndWhatItCost(t *testing.T) {
	// The receipt and the chain's log of it agree that it failed.
	p := newTab(t, replies(`(url, body, j) => {
		if (body.includes('"eth_getUserOperationReceipt') && j.result) return { ...j, result: { ...j.result, success: false, reason: '0x' } };
		if (body.includes('"eth_getTransactionReceipt') && j.result) return { ...j, result: { ...j.result, logs: j.result.logs.map((l) => l.data.length === 258 ? { ...l, data: l.data.slice(0, 66) + '0'.repeat(64) + l.data.slice(130) } : l) } };
	}`))
	p.register()
	p.fund()
	p.fill(recipient, "0.1")
	p.shows("review")
	p.click("sign")
	p.shows("done")
	if got := p.text("done-title") + p.text("done-rows"); !strings.Contains(got, "failed") || !strings.Contains(got, "Only the fee was paid") || !strings.Contains(got, "gas") {
		t.Errorf("the receipt says %q", got)
	}
}

func TestAReceiptThatTakesLongKeepsNobody(t *testing.T) {
	p := newTab(t, replies(`(url, body, j) => body.includes('"eth_getUserOperationReceipt') && !window.release ? { ...j, result: null } : undefined`))
	p.register()
	p.fund()
	p.fill(recipient, "0.1")
	p.shows("review")
	p.click("sign")
	p.until("!" + byID("done") + ".hidden && !document.querySelector('[aria-disabled=true]')")
	p.click("done-back")
	p.until("!" + byID("account") + ".hidden")
	p.eval("window.release = true", nil)
	p.until(byID("status") + ".textContent.includes('The transfer of 0.1 ETH is on the chain')")
}
