package browsertest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// lyingConfig changes what /config.json says.
func lyingConfig(change string) string {
	return replies(fmt.Sprintf(`(url, body, config) => { if (url.endsWith('config.json')) { %s; return config; } }`, change))
}

// lyingNode answers as the page's lie(method, params) says, where it says anything.
var lyingNode = replies(`(url, body, j) => {
	const asked = body.startsWith('{') ? JSON.parse(body) : {};
	const result = globalThis.lie?.(asked.method, asked.params ?? []);
	return result === undefined ? undefined : { jsonrpc: '2.0', id: j.id, result };
}`)

// Whoever runs the server cannot have people sign for other contracts than ZeroDev's.
func TestOtherContractsThanKernelsAreRefused(t *testing.T) {
	at := kernelOrigin(t)
	for name, c := range map[string]struct{ path, change, says string }{
		"factory":        {"/grant", "config.kernel.versions[1].factory = config.factory", "other contracts"},
		"implementation": {"/session", "config.kernel.versions[0].implementation = config.factory", "other contracts"},
		"version":        {"/grant", "config.kernel.versions[2].version = '0.3.2'", "other contracts"},
		"meta factory":   {"/session", "config.kernel.metaFactory = config.factory", "other contracts"},
		"none":           {"/grant", "delete config.kernel", "no Kernel accounts"},
	} {
		t.Run(name, func(t *testing.T) {
			p := blankTab(t)
			p.home, p.path = at, c.path
			p.addAuthenticator()
			p.open(lyingConfig(c.change))
			if got := p.problem(); !strings.Contains(got, c.says) {
				t.Errorf("the page says %q", got)
			}
			p.until("[...document.querySelectorAll('#start form button, #open-passkey')].every((b) => b.disabled)")
		})
	}
}

// What a node says of an account decides nothing about what is signed: an owner that it
// invents, or a nonce, shows as an approval that does not fit or an account of somebody else.
func TestANodeThatLiesAboutAnAccount(t *testing.T) {
	at := kernelOrigin(t)
	p := openGrant(t, at, "/grant", lyingNode)
	p.eval(`(globalThis.lie = (method) => method === 'eth_getCode' ? '0x60' : method === 'eth_getStorageAt' ? '0x' + '11'.repeat(32) : undefined, 0)`, nil)
	p.makeKey()
	if got := p.problem(); !strings.Contains(got, "no Kernel account of a version that this page knows") {
		t.Errorf("strange code: %q", got)
	}
	p.eval(`(globalThis.lie = (method, [call]) => method === 'eth_getCode' ? '0x60'
		: method === 'eth_getStorageAt' ? '0x' + '00'.repeat(12) + 'BAC849bB641841b44E965fB01A4Bf5F074f84b4D'.toLowerCase()
		: call?.data === '0x9151e1cf' || call?.data?.length === 10 ? '0x01845adb2c711129d4f3966735ed98a9f09fc4ce57' + '00'.repeat(11)
		: call?.to?.toLowerCase() === '0x845adb2c711129d4f3966735ed98a9f09fc4ce57' ? '0x' + '00'.repeat(12) + '22'.repeat(20) : undefined, 0)`, nil)
	p.click("make-key")
	if got := p.problem(); !strings.Contains(got, "obeys somebody else") || !strings.Contains(got, "0x2222222222222222222222222222222222222222") {
		t.Errorf("another owner: %q", got)
	}
}

// A development key is in no request, and in no place but the tab's own storage; an approval
// and its link are sent to no server.
func TestNothingOfASessionKeyIsSent(t *testing.T) {
	at := kernelOrigin(t)
	session := openGrant(t, at, "/session", "")
	request := session.ask()
	p := openGrant(t, at, "/grant", "")
	var mu sync.Mutex
	var requests []string
	p.mu.Lock()
	p.sent = func(r string) {
		mu.Lock()
		defer mu.Unlock()
		requests = append(requests, r)
	}
	p.mu.Unlock()
	p.ownKey()
	var secret string
	p.eval("sessionStorage.getItem('postern.grant.owner')", &secret)
	p.faucet()
	p.grantETH(request, recipient, "0.5", nil)
	text := p.signGrant()
	link := p.link()
	p.click("handover-back")
	p.shows("account")
	var kept string
	p.eval("JSON.stringify({ ...localStorage }) + document.cookie + location.href", &kept)
	mu.Lock()
	defer mu.Unlock()
	seen := strings.Join(requests, "\n")
	if len(secret) != 66 || !strings.Contains(seen, "postern_faucet") || strings.Contains(seen, secret[2:]) || strings.Contains(kept, secret[2:]) {
		t.Errorf("the key %q was sent or kept", secret)
	}
	for _, part := range []string{text[40:80], link[len(link)-40:], request[:40]} {
		if strings.Contains(seen, part) {
			t.Errorf("%s was sent", part)
		}
	}
	if strings.Contains(kept, "enableSignature") || strings.Contains(kept, text[40:80]) {
		t.Error("the browser keeps the signed approval")
	}
}
