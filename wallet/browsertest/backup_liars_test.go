package browsertest

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
)

// The owner key is in no request, and in no place but the tab's own storage.
func TestTheOwnerKeyIsNeverSentNorKept(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, "")
	var mu sync.Mutex
	var requests []string
	p.mu.Lock()
	p.sent = func(r string) {
		mu.Lock()
		defer mu.Unlock()
		requests = append(requests, strings.ToLower(r))
	}
	p.mu.Unlock()
	address := p.begin()
	var secret string
	p.eval("sessionStorage.getItem('postern.backup.owner')", &secret)
	p.pay(place{}, address)
	p.create()
	p.addPasskey()
	p.stage("lose")
	var kept string
	p.eval("JSON.stringify({ ...localStorage }) + document.cookie + location.href + document.documentElement.outerHTML", &kept)
	mu.Lock()
	defer mu.Unlock()
	seen := strings.Join(requests, "\n")
	if !strings.Contains(seen, "eth_senduseroperation") || !strings.Contains(seen, strings.ToLower(address[2:])) {
		t.Fatalf("the requests were not seen: %d", len(requests))
	}
	if len(secret) != 66 || strings.Contains(seen, secret[2:]) {
		t.Errorf("the key %q was sent", secret)
	}
	if strings.Contains(strings.ToLower(kept), secret[2:]) {
		t.Error("the key stands in the page, its address or what outlives the tab")
	}
}

func TestAnImportedKeyOfAnotherAccountAsksWhichIsMeant(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, "")
	first := p.begin()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	secret := hexutil.Encode(crypto.FromECDSA(key))
	bring := func() {
		p.eval("sessionStorage.clear()", nil)
		p.open("")
		p.shows("start")
		p.eval("document.querySelector('#import-box').open = true", nil)
		p.write("secret", secret)
		p.click("import-form button")
		p.shows("start")
		p.until("!" + byID("trap-start") + ".hidden")
		if got := p.text("trap-start"); !strings.Contains(got, "Did you mean") || !strings.Contains(got, first) {
			t.Errorf("the page says %q", got)
		}
		if p.value("secret") != "" {
			t.Error("the key still stands in its field")
		}
	}

	// The account that was meant is opened by its address.
	bring()
	p.click("trap-start-old")
	p.stage("create")
	if got := p.text("address"); got != first {
		t.Errorf("the page opened %s, want %s", got, first)
	}
	p.until("!" + byID("create-blocked") + ".hidden") // not its owner

	// The other one is a new account.
	bring()
	p.click("trap-start-new")
	p.stage("create")
	if got := p.text("address"); got == first || !strings.HasPrefix(p.text("key-note"), crypto.PubkeyToAddress(key.PublicKey).Hex()) {
		t.Errorf("the page opened %s of %s", got, p.text("key-note"))
	}
}

func TestSecretsThatAreNoneAreExplained(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, "")
	p.shows("start")
	p.eval("document.querySelector('#import-box').open = true", nil)
	for in, says := range map[string]string{
		"": "Enter the key", "0x12": "64 digits", strings.Repeat("g", 64): "only the digits", strings.Repeat("0", 64): "no key",
		"0x" + strings.Repeat("f", 64): "no key",
	} {
		p.eval(byID("secret")+".value = ''", nil)
		if in != "" {
			p.write("secret", in)
		}
		p.click("import-form button")
		p.until(byID("secret-error") + ".textContent")
		if got := p.text("secret-error"); !strings.Contains(got, says) {
			t.Errorf("%q: says %q", in, got)
		}
		p.eval(byID("secret-error")+".textContent = ''", nil)
	}
}

func TestWhatIsNoAccountIsNotOpened(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, "")
	p.shows("start")
	p.eval("document.querySelectorAll('details').forEach((d) => { d.open = true; })", nil)
	for address, says := range map[string]string{
		recipient: "no account at this address",
		"0x69Aa2f9fe1572F1B640E1bbc512f5c3a734fc77c": "no MetaMask Hybrid account", // the factory
	} {
		p.write("open-address", address)
		p.click("address-form button")
		p.wantProblem(says)
	}
	p.click("open-passkey")
	p.wantProblem("no passkey for this site")
}

func TestAServerThatLiesAboutMetaMaskIsCaught(t *testing.T) {
	for _, lie := range []struct{ name, reply, says string }{
		{"no framework", `(url, body, j) => url.endsWith('config.json') ? { ...j, hybrid: undefined } : undefined`, "no MetaMask accounts"},
		{"another factory", `(url, body, j) => url.endsWith('config.json') ? { ...j, hybrid: { ...j.hybrid, factory: j.factory } } : undefined`, "another factory"},
		{"another implementation", `(url, body, j) => url.endsWith('config.json') ? { ...j, hybrid: { ...j.hybrid, implementation: j.implementation } } : undefined`, "another implementation"},
	} {
		t.Run(lie.name, func(t *testing.T) {
			p := openBackup(t, place{origin: origin(t)}, replies(lie.reply))
			p.wantProblem(lie.says)
		})
	}
	t.Run("another address", func(t *testing.T) {
		p := openBackup(t, place{origin: origin(t)}, replies(`(url, body, j) => body.includes('"eth_call"') && body.toLowerCase().includes('69aa2f9f') ? { ...j, result: '0x' + '11'.padStart(64, '0') } : undefined`))
		p.shows("start")
		p.click("make-key")
		p.wantProblem("computes another address")
	})
	for _, lie := range []struct{ name, reply, says string }{
		{"a paymaster that becomes another", `(url, body, j) => body.includes('pm_getPaymasterData') ? { ...j, result: { ...j.result, paymaster: '0x' + '11'.repeat(20) } } : undefined`, "changed to another address"},
		{"a paymaster at no address", `(url, body, j) => body.includes('pm_getPaymasterStubData') ? { ...j, result: { ...j.result, paymaster: '0x' + '00'.repeat(20) } } : undefined`, "not well formed"},
		{"a paymaster of endless gas", `(url, body, j) => body.includes('pm_getPaymasterStubData') ? { ...j, result: { ...j.result, paymasterPostOpGasLimit: '0x' + 'f'.repeat(64) } } : undefined`, "not well formed"},
		{"a paymaster of no words", `(url, body, j) => body.includes('pm_getPaymasterData') ? { ...j, result: null } : undefined`, "not well formed"},
		{"a paymaster that declines", `(url, body, j) => body.includes('pm_getPaymasterStubData') ? { jsonrpc: '2.0', id: j.id, error: { code: -32000, message: 'out of budget' } } : undefined`, "out of budget"},
	} {
		t.Run(lie.name, func(t *testing.T) {
			p := openBackup(t, place{origin: origin(t)}, replies(lie.reply))
			p.begin()
			p.click("gasless")
			p.click("create-form button")
			p.wantProblem(lie.says)
		})
	}
}

// A contract of somebody else's may keep MetaMask's address where a proxy does, and name any signers.
func TestAContractThatPosesAsAnAccountIsNotOpened(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, replies(`(url, body, j) => body.includes('"eth_getCode"') && window.posing ? { ...j, result: j.result.replace(/.$/, (last) => last === '0' ? '1' : '0') } : undefined`))
	address := p.begin()
	p.click("gasless")
	p.create()
	p.stage("passkey")
	p.click("passkey-form button")
	p.shows("prove")
	p.click("test")
	p.approve("The passkey is a signer")
	p.leave()
	p.eval("window.posing = true, document.querySelectorAll('details').forEach((d) => { d.open = true; })", nil)
	p.write("open-address", address)
	p.click("address-form button")
	p.wantProblem("no MetaMask Hybrid account")
	p.click("open-passkey")
	p.wantProblem("account of the wallet")
	p.eval("window.posing = false", nil)
	p.click("open-passkey")
	p.stage("send")
}

// On a chain where keys guard something, the page takes none, keeps none and makes none.
func TestThereAreNoOwnerKeysOutsideOfDevelopmentChains(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, replies(`(url, body, j) => !localStorage.getItem('real') ? undefined : url.endsWith('config.json') ? { ...j, chainId: 11155111 } : body.includes('"eth_chainId"') ? { ...j, result: '0xaa36a7' } : undefined`))
	p.begin()
	p.click("gasless")
	p.create()
	p.addPasskey()
	p.stage("lose")
	p.eval(`localStorage.setItem('real', '1'), sessionStorage.setItem('postern.backup.account', JSON.stringify({ ...JSON.parse(localStorage.getItem('postern.backup.account')), sent: true }))`, nil)
	p.open("")
	p.stage("owner") // although the key is still in the tab's storage
	if got := p.text("key-note"); !strings.Contains(got, "No owner key") {
		t.Errorf("the page says %q", got)
	}
	var offered bool
	p.eval(byID("new-owner")+".checkVisibility()", &offered)
	if offered || !strings.Contains(p.text("owner-panel"), "no development chain") {
		t.Error("the page offers to make an owner key")
	}
	p.click("leave")
	p.shows("start")
	p.eval(byID("key-box")+".checkVisibility()", &offered)
	if offered {
		t.Error("the page takes owner keys")
	}
}

// A browser's offer to save a password would carry the key to its owner's other devices.
func TestTheImportedKeyIsNoPassword(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, "")
	p.shows("start")
	var field struct{ Type, Autocomplete, Shown string }
	p.eval(`(({ type, autocomplete }, s) => ({ Type: type, Autocomplete: autocomplete, Shown: s.webkitTextSecurity }))(`+byID("secret")+`, getComputedStyle(`+byID("secret")+`))`, &field)
	if field.Type != "text" || field.Autocomplete != "off" || field.Shown != "disc" {
		t.Errorf("the field is %+v", field)
	}
}

// A bundler that allows the call no gas would have the fee for nothing.
func TestACallWithoutGasIsPointedOut(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, replies(`(url, body, j) => body.includes('eth_estimateUserOperationGas') && window.starve ? { ...j, result: { ...j.result, callGasLimit: '0x0' } } : undefined`))
	p.begin()
	p.click("gasless")
	p.create()
	p.stage("passkey")
	p.click("passkey-form button")
	p.shows("prove")
	p.click("test")
	p.shows("review")
	if got := p.text("cautions"); got != "" {
		t.Errorf("the page warns %q", got)
	}
	p.click("review-back")
	p.stage("passkey")
	p.eval("window.starve = true", nil)
	p.click("passkey-go")
	p.shows("review")
	if got := p.text("cautions"); !strings.Contains(got, "the call 0 gas") {
		t.Errorf("the page warns %q", got)
	}
}

// A passkey of a MetaMask account is told in the wallet where it belongs, and one
// that the account does not list opens nothing.
func TestPasskeysFindTheirOwnPage(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, "")
	address := p.begin()
	p.pay(place{}, address)
	p.create()
	p.stage("passkey")
	p.click("passkey-form button")
	p.shows("prove")
	p.click("test")
	p.shows("review") // made and proven, never added
	p.open("")
	p.stage("passkey")
	p.leave()
	p.click("open-passkey")
	p.wantProblem("no signer of its account", address)
	p.path = "/"
	p.open("")
	p.shows("start")
	p.click("signin")
	p.wantProblem("another kind", address, "/backup")
}

// A reload between signature and receipt loses neither the operation nor the new owner's key.
func TestAReloadOnTheWayLosesNothing(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, replies(`(url, body, j) => body.includes('"eth_getUserOperationReceipt') && sessionStorage.getItem('hold') ? { ...j, result: null } : undefined`))
	address := p.begin()
	p.pay(place{}, address)
	p.create()
	p.addPasskey()
	p.stage("lose")
	p.click("lose")
	p.stage("send")
	p.sendByPasskey("0.1")
	p.stage("owner")
	p.eval("sessionStorage.setItem('hold', '1')", nil)
	p.click("new-owner")
	p.shows("review")
	p.click("sign")
	p.until(byID("done-title") + ".textContent === 'Waiting for the chain'")
	p.eval("sessionStorage.removeItem('hold')", nil)
	p.open("")
	p.until("!" + byID("all-done") + ".hidden")
	owner := onChain(t, place{origin: origin(t)}, address).Owner()
	if owner == (common.Address{}) || !strings.HasPrefix(p.text("key-note"), owner.Hex()) {
		t.Errorf("the owner is %s, the page holds %q", owner, p.text("key-note"))
	}
}

// Safari opens a prompt only from the click itself; see TestPromptsOpenFromTheClickItself.
func TestPromptsOfTheGuidedPageOpenFromTheClickItself(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, `window.opened = []; for (const name of ['create', 'get']) {
		const real = CredentialsContainer.prototype[name];
		CredentialsContainer.prototype[name] = function (o) { window.opened.push(name + ' in ' + window.event?.type); return real.call(this, o); };
	}`)
	address := p.begin()
	p.pay(place{}, address)
	p.create()
	p.stage("passkey")
	p.until("performance.getEntriesByType('resource').some((r) => r.name.endsWith('/register/options'))")
	p.addPasskey()
	p.stage("lose")
	p.click("lose")
	p.stage("send")
	p.sendByPasskey("0.1")
	var opened []string
	p.eval("window.opened", &opened)
	if want := []string{"create in submit", "get in click", "get in click"}; !slices.Equal(opened, want) {
		t.Errorf("prompts opened: %v, want %v", opened, want)
	}
}

// What the passkey answers is verified here: nothing that the account would refuse is sent.
func TestAnAnswerThatDoesNotVerifyIsNotSent(t *testing.T) {
	// bend: one bit of r is another one.
	p := openBackup(t, place{origin: origin(t)}, `{ const real = CredentialsContainer.prototype.get; CredentialsContainer.prototype.get = async function (o) {
		const c = await real.call(this, o);
		if (!window.bend) return c;
		const { authenticatorData, clientDataJSON, signature, userHandle } = c.response;
		new Uint8Array(signature)[20] ^= 1;
		return { rawId: c.rawId, response: { authenticatorData, clientDataJSON, signature, userHandle } };
	}; }`)
	address := p.begin()
	p.pay(place{}, address)
	p.create()
	p.addPasskey()
	p.stage("lose")
	p.click("lose")
	p.stage("send")
	p.write("to", recipient)
	p.write("amount", "0.1")
	p.click("review-go")
	p.shows("review")
	var mu sync.Mutex
	sent := 0
	p.mu.Lock()
	p.sent = func(r string) {
		mu.Lock()
		defer mu.Unlock()
		if strings.Contains(r, "eth_sendUserOperation") {
			sent++
		}
	}
	p.mu.Unlock()
	yes := true
	for _, lie := range []struct {
		how  webauthn.SetResponseOverrideBitsParams
		says string
	}{
		{webauthn.SetResponseOverrideBitsParams{IsBogusSignature: &yes}, "signature is not DER"},
		{webauthn.SetResponseOverrideBitsParams{IsBadUV: &yes}, "did not check who you are"},
		{webauthn.SetResponseOverrideBitsParams{IsBadUP: &yes}, "Nobody was present"},
	} {
		p.lies(lie.how)
		p.click("sign")
		p.wantProblem(lie.says, "Nothing was sent")
	}
	p.lies(webauthn.SetResponseOverrideBitsParams{})
	p.eval("window.bend = true", nil)
	p.click("sign")
	p.wantProblem("not by the key that the account lists", "Nothing was sent")
	p.eval("window.bend = false", nil)
	mu.Lock()
	if sent != 0 {
		t.Errorf("%d operations were sent", sent)
	}
	mu.Unlock()
	p.approve("0.1 ETH sent")
	mu.Lock()
	if sent != 1 {
		t.Errorf("%d operations were sent, want one", sent)
	}
	mu.Unlock()

	// Nor does it open the account.
	p.leave()
	p.eval("window.bend = true", nil)
	p.click("open-passkey")
	p.wantProblem("no signer of its account")
	p.eval("window.bend = false", nil)
	p.click("open-passkey")
	p.shows("account")
}
