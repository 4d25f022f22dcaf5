package browsertest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
)

// aWallet is a browser extension's wallet, made of the page's own modules: it says who asked for what.
const aWallet = `globalThis.asked = [];
globalThis.ethereum = { request: async ({ method, params = [] }) => {
	asked.push(method);
	const secret = new Uint8Array(32).fill(7);
	const [{ addressOf, sign }, { fromHex, toHex }, { personal }] = await Promise.all(['secp256k1', 'bytes', 'kernel'].map((m) => import('/' + m + '.js')));
	if (globalThis.refuse) throw Object.assign(new Error('User rejected the request.'), { code: 4001 });
	if (method === 'eth_requestAccounts') return [addressOf(secret).toLowerCase()];
	if (method === 'eth_chainId') return '0x7a69';
	if (method === 'personal_sign') return toHex(sign(personal(fromHex(params[0], 32)), globalThis.another ? secret.map((v) => v + 1) : secret));
	if (method === 'eth_signTypedData_v4') {
		globalThis.typed = params[1];
		return toHex(sign(fromHex(globalThis.digest, 32), globalThis.another ? secret.map((v) => v + 1) : secret));
	}
	throw new Error('no ' + method);
} };`

// A connected wallet is asked for typed data that it can show, and what it signs is checked.
func TestAConnectedWalletOwnsTheAccount(t *testing.T) {
	at := kernelOrigin(t)
	session := openGrant(t, at, "/session", "")
	request := session.ask()
	owner := openGrant(t, at, "/grant", aWallet)
	owner.eval("globalThis.refuse = true", nil)
	owner.click("connect")
	if got := owner.problem(); !strings.Contains(got, "you refused") {
		t.Errorf("a refusal is shown as %q", got)
	}
	owner.eval("globalThis.refuse = false", nil)
	owner.click("connect")
	owner.shows("account")
	owner.faucet()
	owner.grantETH(request, recipient, "0.5", nil)
	owner.shows("approve")

	// The digest that the wallet would work out is the page's: it stands in the details.
	owner.eval(`globalThis.digest = [...document.querySelectorAll('#approve-details div')].find((d) => d.textContent.startsWith('Digest')).querySelector('dd').textContent`, nil)
	owner.eval("globalThis.another = true", nil)
	owner.click("approve-sign")
	if got := owner.problem(); !strings.Contains(got, "with another account") {
		t.Errorf("another key's signature is shown as %q", got)
	}
	owner.eval("globalThis.another = false", nil)
	shown := owner.lines("words")
	text := owner.signGrant()
	document(t, text, request, shown)
	var typed string
	owner.eval("typed", &typed)
	if !strings.Contains(typed, `"primaryType":"Enable"`) || !strings.Contains(typed, `"chainId":"31337"`) {
		t.Errorf("the wallet was shown %s", typed)
	}

	session.click("request-back")
	session.openApproval(text)
	session.shows("session")
	session.act("", "0.1")
	owner.click("handover-back")
	owner.shows("account")
	owner.click("given button")
	owner.shows("review")
	owner.click("sign")
	owner.shows("done")
	owner.until(byID("done-title") + ".textContent === 'The session key is revoked'")
}

// An approval that was changed, or is somebody else's, is of no use, and the page says why.
func TestApprovalsThatAreOfNoUse(t *testing.T) {
	at := kernelOrigin(t)
	session := openGrant(t, at, "/session", "")
	request := session.ask()
	session.click("request-back")
	text := approvalFor(t, at, request, nil)
	open := func(t *testing.T, text, says string) {
		t.Helper()
		session.openApproval(text)
		session.until("!document.querySelector('.busy') && document.querySelector('main').innerText.includes(" + fmt.Sprintf("%q", says) + ")")
		session.t = t
		session.open("")
		session.shows("start")
		session.until("!document.querySelector('#start button').disabled")
	}
	t.Run("cut off", func(t *testing.T) { open(t, text[:len(text)-8], "cut off") })
	t.Run("encrypted", func(t *testing.T) {
		open(t, "postern-approval-1\nname: pocket money\n", "postern grant open FILE --sdk")
	})
	t.Run("limits raised", func(t *testing.T) {
		// Another limit is another permission, for which no key here is.
		open(t, changed(t, text, `"valueLimit":"500000000000000000"`, `"valueLimit":"900000000000000000"`), "Which passkey is it for?")
	})
	t.Run("another signature", func(t *testing.T) {
		at := strings.Index(decoded(t, text), `"enableSignature":"0x`) + len(`"enableSignature":"0x`)
		d := decoded(t, text)
		open(t, encoded(d[:at]+"11"+d[at+2:]), "does not fit")
	})
	t.Run("another account", func(t *testing.T) {
		d := decoded(t, text)
		at := strings.Index(d, `"accountAddress":"`) + len(`"accountAddress":"`)
		open(t, encoded(d[:at]+recipient+d[at+42:]), "contradicts itself")
	})
}

// The link of the QR code opens the approval, with the functions named as the owner wrote them; it
// does not stay in the address.
func TestTheLinkOpensTheApproval(t *testing.T) {
	at := kernelOrigin(t)
	session := openGrant(t, at, "/session", "")
	request := session.ask()
	owner := openGrant(t, at, "/grant#for="+request, "")
	owner.makeKey()
	owner.shows("form")
	if got := owner.value("key"); got != request {
		t.Errorf("the form has the request %q", got)
	}
	owner.write(owner.field("limit"), "0.5")
	owner.click("add-call")
	owner.write(owner.field("target"), recipient)
	owner.write(owner.field("call"), "vote(uint256 id, uint8 choice) where choice <= 2")
	owner.click("grant-form .primary")
	owner.shows("approve")
	shown := owner.lines("words")
	owner.signGrant()
	link := owner.link()
	if len(link) > 1400 {
		t.Errorf("the link has %d characters", len(link))
	}
	session.path = strings.Replace(strings.TrimPrefix(link, at), "#", "?again#", 1)
	session.open("")
	session.shows("session")
	if got := session.lines("words"); strings.Join(got, "\n") != strings.Join(shown, "\n") {
		t.Errorf("the session's page says %q, the owner's %q", got, shown)
	}
	var url string
	session.eval("location.href", &url)
	if url != at+"/session" {
		t.Errorf("the approval stays in the address: %q", url)
	}
}

// A key's request is granted as its address; its private key is nobody's business but its holder's.
func TestARequestCanBeAnAddress(t *testing.T) {
	owner := openGrant(t, kernelOrigin(t), "/grant", "")
	owner.ownKey()
	key, err := crypto.ToECDSA(hexutil.MustDecode("0x0707070707070707070707070707070707070707070707070707070707070707"))
	if err != nil {
		t.Fatal(err)
	}
	address := crypto.PubkeyToAddress(key.PublicKey).Hex()
	owner.faucet()
	owner.grantETH(address, recipient, "0.5", nil)
	owner.shows("approve")
	if !strings.Contains(owner.text("approve-rows"), address) {
		t.Errorf("the page shows %q", owner.text("approve-rows"))
	}
	text := owner.signGrant()

	// Whoever has the key puts it into the document, as the SDK does.
	session := openGrant(t, owner.home, "/session", "")
	session.openApproval(changed(t, text, `,"isPreInstalled"`, `,"privateKey":"0x0707070707070707070707070707070707070707070707070707070707070707","isPreInstalled"`))
	session.shows("session")
	session.act("", "0.3")
	var kept string
	session.eval("JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.documentElement.outerHTML])", &kept)
	if strings.Contains(kept, "070707070707") {
		t.Error("the page keeps the private key where others can read it")
	}
}
