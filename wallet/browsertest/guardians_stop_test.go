package browsertest

import (
	"strings"
	"testing"
)

// aSender is a wallet of a browser extension that sends transactions, made of the page's own modules.
const aSender = `globalThis.ethereum = { request: async ({ method, params = [] }) => {
	const secret = new Uint8Array(32).fill(9);
	const [{ addressOf }, { quantity, fromHex }, { signed }, { rpc }] = await Promise.all(['secp256k1', 'bytes', 'transaction', 'rpc'].map((m) => import('/' + m + '.js')));
	const from = addressOf(secret), ask = (method, ...params) => rpc('/rpc', method, params);
	if (method === 'eth_requestAccounts') return [from];
	if (method === 'eth_chainId') return '0x7a69';
	if (method !== 'eth_sendTransaction') throw new Error('no ' + method);
	await ask('postern_faucet', from);
	const [nonce, gas, price, tip] = (await Promise.all([ask('eth_getTransactionCount', from, 'latest'), ask('eth_estimateGas', params[0]), ask('eth_gasPrice'), ask('eth_maxPriorityFeePerGas')])).map((n) => quantity(n, 'the answer'));
	const { raw, hash } = signed({ chainId: 31337n, nonce, maxFeePerGas: 2n * price, maxPriorityFeePerGas: tip, gas: 2n * gas, to: params[0].to, data: fromHex(params[0].data) }, secret);
	globalThis.sentBy = from;
	await ask('eth_sendRawTransaction', raw);
	return hash;
} };`

// proposed has somebody with the friends' keys propose a recovery of the account.
func proposed(t *testing.T, address string, who ...friend) {
	t.Helper()
	p := blankTab(t)
	p.addAuthenticator()
	request := p.lose(address)
	for _, f := range who {
		request = f.helps(t, request)
	}
	p.answered(request)
	p.until("!" + byID("send-box") + ".hidden")
	p.click("send")
	p.shows("guardians")
}

// The owner signs, pays nothing, and a stranger with a wallet sends it; nobody else can make such a signature.
func TestTheOwnersSignatureStopsARecoveryThatAStrangerSends(t *testing.T) {
	mum, bob, dan := newFriend(t, "mum"), newFriend(t, "bob"), newFriend(t, "dan")
	ann := blankTab(t)
	ann.before(keepsFiles)
	ann.addAuthenticator()
	address := ann.guard("1", "2", mum.address.Hex(), bob.address.Hex(), dan.address.Hex())
	if !ann.hidden("stop-box") {
		t.Error("there is something to stop before anything was proposed")
	}
	proposed(t, address, dan)

	// 1. Ann signs. The account makes no operation, and nothing is stopped yet.
	ann.recovery()
	ann.audit()
	ann.click("to-guardians")
	ann.shows("guardians")
	ann.until("!" + byID("stop-box") + ".hidden")
	before := balance(t, address)
	ann.eval("document.querySelector('#stop-box').open = true", nil)
	ann.click("stop-begin")
	ann.shows("stop")
	if got := ann.text("stop-words"); !strings.Contains(got, "Stop every recovery of the account "+address) || !strings.Contains(got, "Your account pays nothing for it.") {
		t.Errorf("the page says %q", got)
	}
	ann.click("stop-sign")
	ann.until("!" + byID("stop-send-box") + ".hidden")
	ann.shows("stop")
	if guardState(t, address).Proposals[0] == nil {
		t.Fatal("the signature alone has stopped it")
	}
	text := ann.saved("save-stop")
	link := ann.copied("stop-copy-link")

	// 2. What was changed on the way is refused, or the account refuses it.
	liar := blankTab(t)
	for name, c := range map[string]struct{ old, new, says string }{
		"chain":     {`"chainId":"31337"`, `"chainId":"1"`, "it is for chain 1"},
		"more":      {`"format"`, `"more":1,"format"`, "other parts"},
		"account":   {address, recipient, "gone past this"},
		"nonce":     {`"nonce":"`, `"nonce":"1844674407370955161`, ""},
		"signature": {text[len(text)-40 : len(text)-30], "0123456789", "does not accept this signature"},
	} {
		liar.recovery()
		liar.eval(byID("request")+".value = "+quoted(strings.Replace(text, c.old, c.new, 1)), nil)
		liar.click("open-form button")
		liar.until("!" + byID("stop-stale") + ".hidden || document.querySelector('#start .problem').textContent")
		var got string
		liar.eval(byID("stop-stale")+".textContent + document.querySelector('#start .problem').textContent", &got)
		if !strings.Contains(strings.ToLower(got), strings.ToLower(c.says)) || !liar.hidden("stop-send-box") {
			t.Errorf("%s: the page says %q", name, got)
		}
	}

	// 3. A stranger opens the link and sends it with a wallet.
	stranger := blankTab(t)
	stranger.before(aSender)
	stranger.follow(link)
	stranger.shows("stop")
	if got := stranger.text("stop-words"); !strings.Contains(got, "Its owner has signed this.") || !stranger.hidden("stop-stale") {
		t.Errorf("the stranger reads %q, %q", got, stranger.text("stop-stale"))
	}
	stranger.click("stop-send-wallet")
	stranger.shows("guardians")
	stranger.until(byID("status") + ".textContent === 'Every recovery is stopped.'")
	var by string
	stranger.eval("sentBy", &by)
	if by == "" {
		t.Error("the wallet has sent nothing")
	}
	if s := guardState(t, address); s.Proposals[0] != nil {
		t.Errorf("the chain has %+v", s.Proposals[0])
	}
	if after := balance(t, address); after.Cmp(before) != 0 {
		t.Errorf("the account had %s wei and has %s", before, after)
	}

	// 4. It was good once.
	stranger.follow(link)
	stranger.shows("stop")
	stranger.until("!" + byID("stop-stale") + ".hidden")
	if got := stranger.text("stop-stale"); !strings.Contains(got, "has gone past this") || !stranger.hidden("stop-send-box") {
		t.Errorf("the page says %q", got)
	}
	ann.click("stop-back")
	ann.shows("guardians")
	ann.until(byID("stop-box") + ".hidden")
}

// A frozen account makes no operations; its owner's signature is heard all the same.
func TestTheOwnerOfAFrozenAccountStopsARecovery(t *testing.T) {
	mum, bob, dan := newFriend(t, "mum"), newFriend(t, "bob"), newFriend(t, "dan")
	ann := blankTab(t)
	ann.addAuthenticator()
	address := ann.onTheChain()
	ann.recovery()
	ann.audit()
	ann.click("to-guardians")
	ann.guardians("2", "2", mum.address.Hex(), bob.address.Hex(), dan.address.Hex())
	ann.click("freeze-on")
	ann.until("!" + byID("freeze-box") + ".hidden")
	ann.write("freeze-days", "5")
	ann.click("setup-go")
	ann.shows("review")
	ann.click("sign")
	ann.shows("done")
	ann.click("done-back")
	ann.shows("guardians")
	ann.until("!" + byID("ask-freeze") + ".hidden")
	ann.click("ask-freeze")
	ann.answered(bob.helps(t, mum.helps(t, ann.request())))
	ann.click("send")
	ann.until("!" + byID("frozen") + ".hidden")
	proposed(t, address, mum, dan)

	ann.shows("guardians")
	ann.until("!" + byID("stop-box") + ".hidden && " + byID("stop-box") + ".open")
	ann.until("!document.getElementById('stop-0')") // an operation would be refused
	if got := ann.text("proposals"); !strings.Contains(got, "While the account is frozen your signature does it") {
		t.Errorf("the page says %q", got)
	}
	ann.click("stop-begin")
	ann.shows("stop")
	ann.click("stop-sign")
	ann.until("!" + byID("stop-send-box") + ".hidden")
	ann.shows("stop")
	ann.click("stop-send")
	ann.shows("guardians")
	ann.until(byID("proposals") + ".textContent === ''")
	if s := guardState(t, address); s.Proposals[0] != nil || s.FrozenUntil.IsZero() {
		t.Errorf("the chain has %+v, frozen until %s", s.Proposals[0], s.FrozenUntil)
	}
}
