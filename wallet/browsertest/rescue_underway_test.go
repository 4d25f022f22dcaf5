package browsertest

import (
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// What is signed for one account is still under way when another was open meanwhile: nothing is signed for it twice.

func TestRescueKeepsWhatIsUnderWayWhileAnotherAccountIsOpen(t *testing.T) {
	if skipped != "" {
		t.Skip(skipped)
	}
	one, two := newHolding(t), newHolding(t)
	first, second := created(t, userop.V08, 1, seal.RequireUV, one), created(t, userop.V08, 1, seal.RequireUV, two)
	n := newPlainNode(t, stack.Chain().RPCHandler())
	f := fromFile(t, n.URL)
	defer f.quietly() // the line that is cut is in the browser's log
	before := balance(t, recipient)
	sends := func(amount string) {
		t.Helper()
		f.write("to", recipient)
		f.write("amount", amount)
		f.write("payer", stackPayer(t))
		f.click("review-go")
	}

	// 1. Nobody knows whether the first account's transfer was sent.
	f.useExported(one.export(t, first))
	f.shows("account")
	sends("0.5")
	f.shows("review")
	n.answers("eth_sendRawTransaction", "cut")
	f.click("sign")
	f.until(byID("sign") + ".textContent === 'Send again'")
	n.answers("eth_sendRawTransaction", "")
	f.click("review-back")
	f.shows("account")

	// 2. The second has nothing under way, and is not kept from anything.
	f.click("leave")
	f.shows("who")
	f.useExported(two.export(t, second))
	f.shows("account")
	f.until(byID("held") + ".hidden")
	sends("0.25")
	f.lands("0.25 ETH sent")
	f.click("done-back")
	f.shows("account")
	f.click("leave")
	f.shows("who")
	f.click("who-back")
	f.shows("start")

	// 3. The first again: it is said, nothing else is signed, and the same happens once.
	f.write("rpc", n.URL)
	f.click("connect")
	f.shows("who")
	f.useExported(one.export(t, first))
	f.shows("account")
	if got := f.text("held-text"); !strings.Contains(got, "transfer of 0.5 ETH") {
		t.Errorf("the page says %q", got)
	}
	sends("0.5")
	if got := f.problem(); !strings.Contains(got, "still on its way") {
		t.Errorf("of a second transfer the page says %q", got)
	}
	f.click("held-again")
	f.shows("done")
	f.until(byID("done-step") + ".textContent === 'Receipt'")
	if got := new(big.Int).Sub(balance(t, recipient), before); got.Cmp(ether(0.75)) != 0 {
		t.Errorf("the recipient got %s wei", got)
	}
}

func TestRescueOnFlowKeepsWhatIsUnderWayWhileAnotherAccountIsOpen(t *testing.T) {
	w := openFlowWorld(t)
	one, key := flowSecret(t, flow.SHA3, 1000)
	first := w.account(20, key)
	two, key := flowSecret(t, flow.SHA2, 1000)
	second := w.account(20, key)
	p := w.flowFromFile()
	defer p.quietly()
	before := w.look(w.payer).Balance
	opens := func(a flow.Address, secret string) {
		t.Helper()
		p.write("address", a.String())
		p.useKey(secret)
		p.shows("flow")
	}
	sends := func(amount string) {
		t.Helper()
		p.write("flow-to", w.payer.String())
		p.write("flow-amount", amount)
		p.click("flow-review-go")
	}
	leaves := func() {
		t.Helper()
		p.click("flow-leave")
		p.shows("who")
	}

	// 1. The node keeps what it was sent, and says nothing usable.
	var kept []byte
	opens(first, one)
	sends("1")
	p.shows("flow-review")
	w.face.says("/transactions", func(rw http.ResponseWriter, r *http.Request) {
		kept, _ = io.ReadAll(r.Body)
		rw.WriteHeader(http.StatusBadGateway)
	})
	p.click("flow-sign")
	if got := p.problem(); !strings.Contains(got, "may be on its way all the same") {
		t.Errorf("the page says %q", got)
	}
	p.click("flow-review-back")
	p.shows("flow")
	leaves()
	w.face.says("/transactions", nil)

	// 2. Another account does what it likes meanwhile.
	opens(second, two)
	p.until(byID("flow-held") + ".hidden")
	sends("2")
	p.shows("flow-review")
	p.click("flow-sign")
	p.flowSealed("2 FLOW sent")
	p.flowBack()
	leaves()
	p.click("who-back")
	p.shows("start")

	// 3. The first again: nothing is signed, until the chain has what the node kept.
	p.write("rpc", w.face.URL)
	p.click("connect")
	p.shows("who")
	opens(first, one)
	if got := p.text("flow-held-text"); !strings.Contains(got, "transfer of 1 FLOW") {
		t.Errorf("the page says %q", got)
	}
	sends("1")
	if got := p.problem(); !strings.Contains(got, "still on its way") {
		t.Errorf("of a second transfer the page says %q", got)
	}
	r := httptest.NewRequest(http.MethodPost, "/v1/transactions", strings.NewReader(string(kept)))
	r.Header.Set("Content-Type", "application/json")
	w.face.through.ServeHTTP(httptest.NewRecorder(), r)
	p.until(byID("flow-held") + ".hidden")
	if got := w.look(w.payer).Balance - before; got < 2.9e8 || got > 3.1e8 {
		t.Errorf("%d moved", got)
	}
}
