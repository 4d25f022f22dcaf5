package browsertest

import (
	"strings"
	"testing"
	"time"
)

// A node that hides or forges what was proposed makes nobody believe it.
func TestANodeThatLiesAboutAProposalIsNotBelieved(t *testing.T) {
	mum, bob, dan := newFriend(t, "mum"), newFriend(t, "bob"), newFriend(t, "dan")
	ann := blankTab(t)
	ann.addAuthenticator()
	address := ann.guard("1", "2", mum.address.Hex(), bob.address.Hex(), dan.address.Hex())
	lost := blankTab(t)
	lost.addAuthenticator()
	lost.answered(mum.helps(t, lost.lose(address)))
	lost.click("send")
	lost.shows("guardians")
	skip(t, 48*time.Hour)
	lost.until("document.getElementById('execute-0')")
	if got := lost.text("proposals"); !strings.Contains(got, "takes the place of") {
		t.Errorf("an honest node: %q", got)
	}
	for name, lie := range map[string]string{
		"hidden": "[]",
		"forged": "logs.map((l) => ({ ...l, data: l.data.slice(0, 1100) + (l.data[1100] === '0' ? '1' : '0') + l.data.slice(1101) }))",
		"cut":    "logs.map((l) => ({ ...l, data: l.data.slice(0, 400) }))",
		"no log": "logs.map(() => null)",
	} {
		t.Run(name, func(t *testing.T) {
			p := blankTab(t)
			p.addAuthenticator()
			p.path = "/recovery"
			p.open(`(() => { const real = fetch; window.fetch = async (url, o) => {
				const reply = await real(url, o);
				if (!o?.body?.includes('eth_getLogs')) return reply;
				const answer = await reply.json(), logs = answer.result;
				return new Response(JSON.stringify({ ...answer, result: ` + lie + ` }));
			}; })()`)
			p.shows("start")
			p.until("!" + byID("people") + ".hidden")
			p.eval("document.querySelector('#start details').open = true", nil)
			p.write("open-address", address)
			p.click("address-form button")
			p.shows("audit")
			p.click("to-guardians")
			p.shows("guardians")
			if got := p.text("proposals"); !strings.Contains(got, "This node does not tell what was proposed") || strings.Contains(got, "takes the place of") {
				t.Errorf("the page says %q", got)
			}
			p.until("!document.getElementById('execute-0')")
		})
	}
}
