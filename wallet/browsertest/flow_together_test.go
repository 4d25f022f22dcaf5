package browsertest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
)

// choosing lets a test choose among passkeys as a person does: picks names the one whose key has this number.
const choosing = `{
	const get = navigator.credentials.get.bind(navigator.credentials);
	navigator.credentials.get = (o) => {
		const id = sessionStorage.getItem('choose');
		const allow = o.publicKey.allowCredentials;
		if (id) {
			const raw = Uint8Array.from(atob(id), (c) => c.charCodeAt(0));
			if (!allow.length || allow.some((a) => btoa(String.fromCharCode(...a.id)) === id)) o.publicKey.allowCredentials = [{ type: 'public-key', id: raw }];
		}
		return get(o);
	};
}`

// picks has the next prompts answered by a key's passkey.
func (p *tab) picks(k flow.AccountKey) {
	p.t.Helper()
	var ids [][2]string
	p.eval(`JSON.parse(localStorage.getItem('postern.flow.ids'))`, &ids)
	for _, one := range ids {
		if one[0] == k.PublicHex() {
			raw, err := base64.RawURLEncoding.DecodeString(one[1])
			if err != nil {
				p.t.Fatal(err)
			}
			p.eval("sessionStorage.setItem('choose', "+quoted(base64.StdEncoding.EncodeToString(raw))+")", nil)
			return
		}
	}
	p.t.Fatalf("the page does not know the passkey of key %d: %v", k.Index, ids)
}

// made makes an account and says which.
func (p *tab) made(node *access.Client) flow.Address {
	p.t.Helper()
	p.until("!" + byID("create-form") + ".hidden")
	p.click("create-form button")
	p.shows("account")
	address, err := flow.ParseAddress(p.text("account-address"))
	if err != nil {
		p.t.Fatal(err)
	}
	return address
}

// returns goes from a receipt to the account.
func (p *tab) returns() {
	p.t.Helper()
	p.click("done-back")
	p.shows("account")
}

// adds a passkey with a weight, and is back at the account.
func (p *tab) adds(weight string) {
	p.t.Helper()
	p.eval(byID("weight")+".value = "+quoted(weight), nil)
	p.click("add")
	p.shows("review")
	if got := p.sealed(); got != "The passkey is a key of your account" {
		p.t.Fatalf("the page says %q: %s", got, p.text("done-rows"))
	}
	p.returns()
}

// enters the account with one of its keys.
func (p *tab) enters(address flow.Address, k flow.AccountKey) {
	p.t.Helper()
	p.open("")
	p.until("!" + byID("open-form") + ".hidden")
	p.picks(k)
	p.write("address", address.String())
	p.click("open-form button")
	p.shows("account")
}

// revokes clicks the button at a key.
func (p *tab) revokes(index string) {
	p.t.Helper()
	p.eval(`[...document.querySelectorAll('#keys li')].find((li) => li.textContent.startsWith('Key `+index+`')).querySelector('button').click()`, nil)
}

// writes a transaction that leaves a note, up to its review.
func (p *tab) writes(script, args string) {
	p.t.Helper()
	p.put("script", script)
	p.put("args", args)
	p.click("write-form button")
	p.shows("review")
}

// signs once, of several times.
func (p *tab) signs(label string) {
	p.t.Helper()
	if got := p.text("sign"); got != label {
		p.t.Errorf("asks to %q, not to %q", got, label)
	}
	p.click("sign")
}

func keysOf(t *testing.T, node *access.Client, a flow.Address) []flow.AccountKey {
	t.Helper()
	account, err := node.Account(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return account.Keys
}

func TestTwoPasskeysOfAFlowAccountSignTogether(t *testing.T) {
	p, node := openFlow(t)
	dir := shotDir(t)
	address := p.made(node)
	if got := p.text("keys-note"); !strings.Contains(got, "Key 0 must not be lost") {
		t.Errorf("of an account with one key the page says %q", got)
	}

	// 1. Two passkeys of weight 500; the account works as before all the while.
	p.adds("500")
	p.adds("500")
	keys := keysOf(t, node, address)
	if len(keys) != 3 || keys[1].Weight != 500 || keys[2].Weight != 500 {
		t.Fatalf("%+v", keys)
	}

	// 2. One of them opens the account, and cannot sign alone.
	p.enters(address, keys[1])
	if got := p.text("keys-note"); !strings.Contains(got, "weighs 500") {
		t.Errorf("the page says %q", got)
	}
	p.size(390, 800)
	p.shot(dir, "flow-together-account")
	p.size(1100, 900)
	p.writes(noteScript, `[{"type":"Int","value":"1"}]`)
	p.signs("Sign with key 1")
	p.until(byID("signed-by") + ".textContent.includes('Key 1 has signed: 500 of 1000')")
	p.shows("review")
	p.shot(dir, "flow-together-review")
	p.scheme("dark")
	p.size(390, 800)
	p.shot(dir, "flow-together-review-narrow-dark")
	p.size(1100, 900)
	p.scheme("light")

	// 3. A passkey that has signed is not taken for another one.
	p.eval(`[localStorage.setItem('others', localStorage.getItem('postern.flow.ids')), localStorage.removeItem('postern.flow.ids')]`, nil)
	p.signs("Sign with key 0 or key 2")
	if got := p.problem(); !strings.Contains(got, "none of the keys that are asked for") {
		t.Errorf("the page says %q", got)
	}
	p.eval(`localStorage.setItem('postern.flow.ids', localStorage.getItem('others'))`, nil)
	p.picks(keys[2])
	p.signs("Sign with key 0 or key 2")
	p.shows("done")
	if got := p.text("done-title"); got != "The transaction is sealed" {
		t.Errorf("the page says %q: %s", got, p.text("done-rows"))
	}
	p.returns()

	// 4. The key of 1000 is revoked by those who stay, and by no other.
	p.revokes("0")
	p.shows("review")
	if got := p.text("cautions"); !strings.Contains(got, "Afterwards key 1 and key 2 must not be lost") {
		t.Errorf("cautions: %q", got)
	}
	p.signs("Sign with key 1")
	p.until(byID("signed-by") + ".textContent.includes('Key 1')")
	p.shows("review")
	p.shot(dir, "flow-together-revoke")
	p.signs("Sign with key 2")
	p.shows("done")
	if got := p.text("done-title"); got != "Key 0 is revoked" {
		t.Errorf("the page says %q: %s", got, p.text("done-rows"))
	}
	if keys = keysOf(t, node, address); !keys[0].Revoked || keys[1].Revoked || keys[2].Revoked {
		t.Fatalf("%+v", keys)
	}
	p.returns()

	// 5. Neither of the two can go any more: not by its button, and not by the script.
	p.revokes("2")
	if got := p.problem(); !strings.Contains(got, "Key 2 is needed") {
		t.Errorf("the page says %q", got)
	}
	script, args := flow.RevokeKey(2)
	p.writes(string(script), "["+string(args[0])+"]")
	if got := p.problem(); !strings.Contains(got, "Without key 2 nobody could use the account") {
		t.Errorf("the page says %q", got)
	}
	p.until(byID("sign") + ".hidden")
	p.click("review-back")
	p.shows("account")

	// 6. Both prove that the account is theirs.
	p.click("prove")
	p.shows("review")
	p.signs("Sign with key 1")
	p.until(byID("signed-by") + ".textContent.includes('Key 1')")
	p.shows("review")
	p.signs("Sign with key 2")
	p.shows("done")
	if got := p.text("done-title"); got != "The account is yours" {
		t.Errorf("the page says %q", got)
	}
}

// device is another browser, with one of a tab's passkeys.
func (p *tab) device(k flow.AccountKey) *tab {
	p.t.Helper()
	p.picks(k)
	var id string
	p.eval("sessionStorage.getItem('choose')", &id)
	raw, err := base64.StdEncoding.DecodeString(id)
	if err != nil {
		p.t.Fatal(err)
	}
	all := call(p, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: p.auth}).Credentials
	at := slices.IndexFunc(all, func(c *webauthn.Credential) bool { return bytes.Equal(c.CredentialID, raw) })
	if at < 0 {
		p.t.Fatalf("none of %d passkeys is key %d's", len(all), k.Index)
	}
	other := blankTab(p.t)
	other.home, other.path = p.home, "/flow"
	other.addAuthenticator()
	c := all[at]
	call(other, cdp.Command[map[string]any, empty]{Method: webauthn.AddCredential.Method}, map[string]any{"authenticatorId": other.auth, "credential": map[string]any{
		"credentialId": c.CredentialID, "isResidentCredential": true, "rpId": c.RpID, "privateKey": c.PrivateKey, "userHandle": c.UserHandle, "signCount": c.SignCount,
		"backupEligibility": c.BackupEligibility, "backupState": c.BackupState,
	}})
	return other
}

func TestASecondDeviceSignsOnFlow(t *testing.T) {
	p, node := openFlow(t)
	dir := shotDir(t)
	address := p.made(node)
	p.adds("500")
	p.adds("500")
	keys := keysOf(t, node, address)
	p.enters(address, keys[1])
	phone := p.device(keys[2])

	// 1. Key 1 signs here, and what it has signed goes to the other device as a link, a QR code or a text.
	begin := func(n string, paid bool) (link string, tx *flow.Transaction) {
		p.picks(keys[1])
		p.writes(renoteScript, `[{"type":"Int","value":"`+n+`"}]`)
		if paid {
			p.click("paid")
			p.until(byID("review-rows") + ".textContent.includes('The service pays')")
			p.shows("review")
		}
		p.signs("Sign with key 1")
		p.until("!" + byID("hand-box") + ".hidden")
		p.shows("review")
		raw, err := hex.DecodeString(p.text("hand-text"))
		if err != nil {
			t.Fatal(err)
		}
		if tx, err = flow.Decode(raw); err != nil || len(tx.PayloadSignatures)+len(tx.EnvelopeSignatures) != 1 {
			t.Fatalf("%+v, %v", tx, err)
		}
		var drawn bool
		p.eval("!!document.querySelector('#hand-code svg')", &drawn)
		if !drawn {
			t.Error("no QR code")
		}
		return p.text("hand-link"), tx
	}
	link, tx := begin("7", false)
	if got := tx.VerifySignature(tx.EnvelopeSignatures[0], flow.RoleEnvelope, keys[1], nil); got != nil {
		t.Errorf("what is handed over: %v", got)
	}
	phone.follow(link)
	phone.shows("review")
	if got := phone.text("review-rows"); !strings.Contains(got, `{"type":"Int","value":"7"}`) || !strings.Contains(got, address.String()) || !strings.Contains(got, "more blocks") {
		t.Errorf("on the other device: %q", got)
	}
	if got := phone.text("signed-by"); !strings.Contains(got, "Key 1 has signed") {
		t.Errorf("on the other device: %q", got)
	}
	if got := phone.text("cautions"); !strings.Contains(got, "Key 1 began this elsewhere") {
		t.Errorf("on the other device: %q", got)
	}
	// A link is anybody's: the account in it is offered as one's own only when one's passkey has signed for it.
	last := func() (address string) {
		phone.eval(`localStorage.getItem('postern.flow.last') ?? ''`, &address)
		return address
	}
	if got := last(); got != "" {
		t.Errorf("the page took %s from the link", got)
	}
	phone.size(390, 800)
	phone.shot(dir, "flow-second-device")
	phone.signs("Sign with key 0 or key 2")
	phone.shows("done")
	if got := phone.text("done-title"); got != "The transaction is sealed" {
		t.Errorf("the page says %q: %s", got, phone.text("done-rows"))
	}
	if got := last(); got != address.String() {
		t.Errorf("after its signature the page remembers %q", got)
	}
	phone.click("done-back")
	phone.shows("start")

	// 2. The same link again, and one whose sequence number another transaction has used up.
	phone.follow(link)
	if got := phone.problem(); !strings.Contains(got, "cannot run any more") {
		t.Errorf("the page says %q", got)
	}
	phone.until(byID("sign") + ".hidden")
	phone.shot(dir, "flow-second-device-used")

	// 3. The service pays, by a pasted text, and the sixth hundred of blocks is said.
	p.click("review-back")
	p.shows("account")
	link, tx = begin("8", true)
	if len(tx.PayloadSignatures) != 1 || tx.Payer == address {
		t.Errorf("%+v", tx)
	}
	late := p.device(keys[2])
	late.open(`{ const f = fetch; window.fetch = (u, o) => String(u).endsWith('/block') ? Promise.resolve(Response.json({ height: '10', latest: '610' })) : f(u, o); }`)
	late.until("!" + byID("handed-box") + ".hidden")
	late.click("handed-box summary")
	late.put("handed", hex.EncodeToString(tx.Bytes()))
	late.click("handed-form button")
	if got := late.problem(); !strings.Contains(got, "has expired") {
		t.Errorf("the page says %q", got)
	}
	late.until(byID("sign") + ".hidden")

	// 4. A signature that was tampered with is found before anybody signs.
	bad := *tx
	bad.PayloadSignatures = slices.Clone(tx.PayloadSignatures)
	bad.PayloadSignatures[0].Signature = slices.Clone(bad.PayloadSignatures[0].Signature)
	bad.PayloadSignatures[0].Signature[40] ^= 1
	unsigned := *tx
	unsigned.PayloadSignatures = nil
	phone.open("")
	for text, want := range map[string]string{
		hex.EncodeToString(unsigned.Bytes()): "No key of the account has signed",
		hex.EncodeToString(bad.Bytes()):      "The signature of key 1 is not good",
		"c0":                                 "This is no transaction",
		"z.AAAA":                             "This is no transaction",
	} {
		phone.until("!" + byID("handed-box") + ".hidden")
		phone.eval(byID("handed-box")+".open = true", nil)
		phone.put("handed", text)
		phone.click("handed-form button")
		if got := phone.problem(); !strings.Contains(got, want) {
			t.Errorf("the page says %q, not %q", got, want)
		}
	}
	phone.put("handed", link)
	phone.click("handed-form button")
	phone.shows("review")
	phone.signs("Sign with key 0 or key 2")
	phone.shows("done")
	if got := phone.text("done-rows"); !strings.Contains(got, "The service has paid") {
		t.Errorf("the page says %q: %s", phone.text("done-title"), got)
	}
}

// sent is a transaction as the node has it.
func sent(t *testing.T, url, id string) (payer string) {
	t.Helper()
	res, err := http.Get(url + "/v1/transactions/" + id)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	var tx struct{ Payer string }
	if err != nil || json.Unmarshal(b, &tx) != nil {
		t.Fatalf("%s, %v", b, err)
	}
	return strings.TrimPrefix(tx.Payer, "0x")
}
