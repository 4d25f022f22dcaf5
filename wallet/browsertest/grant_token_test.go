package browsertest

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// A grant in a token's own units: the form asks the token how it counts, the words, the form of
// the session's page and its refusals say it so, and the chain counts the same.
func TestATokenIsGrantedInItsOwnUnits(t *testing.T) {
	at := kernelOrigin(t)
	session := openGrant(t, at, "/session", "")
	request := session.ask()
	owner := openGrant(t, at, "/grant", "")
	address := owner.ownPasskey()
	owner.faucet()
	token := kernels.token
	owner.eval(`fetch('/rpc', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'postern_tokenFaucet', params: ['`+address+`'] }) }).then((r) => r.json())`, nil)
	owner.click("new-grant")
	owner.shows("form")
	owner.eval("(document.getElementById('key').value = '"+request+"', document.querySelector('#calls button').click(), 0)", nil) // no ether
	owner.click("add-token")
	owner.write(owner.field("token"), recipient)
	owner.write(owner.field("limit"), "5")
	owner.write(owner.field("to"), recipient)
	owner.click("grant-form .primary")
	owner.until("[...document.querySelectorAll('#calls .field-error')].some((e) => e.textContent.includes('no token'))")
	owner.write(owner.field("token"), token)
	owner.click("grant-form .primary")
	owner.shows("approve")
	shown := strings.Join(owner.lines("words"), "\n")
	for _, says := range []string{"transfer(address to, uint256 amount)", "to is one of [" + recipient + "]", "amount <= 5 "} {
		if !strings.Contains(shown, says) {
			t.Errorf("the words do not say %q:\n%s", says, shown)
		}
	}
	text := owner.signGrant()

	session.click("request-back")
	session.shows("start")
	session.openApproval(text)
	session.shows("session")
	if got := strings.Join(session.lines("words"), "\n"); got != shown {
		t.Errorf("the session's page says\n%s\nthe owner's\n%s", got, shown)
	}
	session.until("document.getElementById('fields').textContent.includes('At most 5.')")
	before := held(t, at, token, recipient)
	session.write("act-p1", "5.000001")
	session.click("act-form .primary")
	if got := session.problem(); !strings.Contains(got, "It must hold that amount <= ") || !strings.Contains(got, "condition 2") {
		t.Errorf("over the limit the page says %q", got)
	}
	session.write("act-p1", "2.5")
	session.click("act-form .primary")
	session.shows("review")
	if got := session.text("review-title"); !strings.HasPrefix(got, "Send 2.5 ") {
		t.Errorf("the review says %q", got)
	}
	session.click("sign")
	session.shows("done")
	if got := session.text("done-title"); !strings.HasPrefix(got, "2.5 ") {
		t.Fatalf("%q\n%s", got, session.state())
	}
	if got := new(big.Int).Sub(held(t, at, token, recipient), before); got.Sign() <= 0 || !strings.HasPrefix(got.String(), "25") {
		t.Errorf("the recipient has %s more", got)
	}
}

// held is how much of a token somebody has.
func held(t *testing.T, at, token, who string) *big.Int {
	t.Helper()
	data := append(crypto.Keccak256([]byte("balanceOf(address)"))[:4], common.LeftPadBytes(common.HexToAddress(who).Bytes(), 32)...)
	out, err := node(t, place{origin: at}).Call(t.Context(), common.HexToAddress(token), data)
	if err != nil {
		t.Fatal(err)
	}
	return new(big.Int).SetBytes(out)
}

// A reload forgets no account, and asks nobody.
func TestAReloadGoesOnWhereItWas(t *testing.T) {
	at := kernelOrigin(t)
	for name, open := range map[string]func(*tab) string{"owned by a passkey": (*tab).ownPasskey, "owned by a key": (*tab).ownKey} {
		t.Run(name, func(t *testing.T) {
			p := openGrant(t, at, "/grant", "")
			address := open(p)
			p.open("")
			p.shows("start")
			p.until("!document.querySelector('#last-open').disabled")
			p.click("last-open")
			p.shows("account")
			if got := p.text("address"); got != address {
				t.Errorf("the account is %s, was %s", got, address)
			}
			p.click("leave")
			p.shows("start")
			p.open("")
			p.shows("start")
			var kept string
			p.eval("JSON.stringify([{ ...sessionStorage }, localStorage.getItem('postern.grant.account'), document.getElementById('last').hidden])", &kept)
			var list []json.RawMessage
			if err := json.Unmarshal([]byte(kept), &list); err != nil || string(list[0]) != "{}" || string(list[1]) != "null" || string(list[2]) != "true" {
				t.Errorf("after leaving the page keeps %s", kept)
			}
		})
	}
}
