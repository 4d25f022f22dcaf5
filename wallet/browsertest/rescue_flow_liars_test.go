package browsertest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/postern-dev/postern/flow"
)

// Rescue of accounts on Flow where the access node lies: no lie moves anything else than what was read, or the same twice.

// quietly forgets what the browser's log has about answers that are errors.
func (p *tab) quietly() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.problems = nil
}

func TestRescueOnFlowNamesANodeThatIsNone(t *testing.T) {
	w := openFlowWorld(t)
	p := blankTab(t)
	defer p.quietly()
	p.moves("file://", saved(t), w.face.URL)
	p.shows("start")
	p.click("chain-flow")
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the page has gone where the node sent it") }))
	defer elsewhere.Close()
	for name, c := range map[string]struct {
		lie  http.HandlerFunc
		says string
	}{
		"a page":         {answer(http.StatusBadGateway, "<html>Bad gateway</html>"), "gave no usable answer"},
		"another":        {answer(http.StatusOK, "<html>Welcome</html>"), "gave no usable answer"},
		"a list":         {answer(http.StatusOK, "[]"), "gave no usable answer"},
		"a name":         {answer(http.StatusOK, `{"chain_id":"<b>"}`), "gave no usable answer"},
		"twice":          {answer(http.StatusOK, `{"chain_id":"flow-mainnet","chain_id":"flow-emulator"}`), "gave no usable answer"},
		"a redirect":     {func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, elsewhere.URL, http.StatusFound) }, "sends this page to another address"},
		"no":             {answer(http.StatusForbidden, `{"code":403,"message":"not for you\u202e"}`), "said no"},
		"nothing at all": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "does not answer this page"},
		"an endless one": {func(rw http.ResponseWriter, r *http.Request) {
			for chunk := []byte(strings.Repeat(" ", 1<<16)); ; {
				if _, err := rw.Write(chunk); err != nil {
					return
				}
			}
		}, "longer than 4 MB"},
	} {
		w.face.says("/network/parameters", c.lie)
		p.write("rpc", w.face.URL)
		p.click("connect")
		if got := p.problem(); !strings.Contains(got, c.says) || strings.Contains(got, "\u202e") {
			t.Errorf("of %s the page says %q", name, got)
		}
	}

	// A node that says it is of another network gets no address of this one; of a network that nobody knows nothing is sent.
	w.face.says("/network/parameters", answer(http.StatusOK, `{"chain_id":"flow-mainnet"}`))
	p.click("connect")
	p.shows("who")
	p.write("address", w.payer.String())
	p.click("key-form button")
	p.until(byID("address-error") + ".textContent.includes('an address of Flow emulator, and the node is of Flow.')")
}

func TestRescueOnFlowOnALyingNode(t *testing.T) {
	w := openFlowWorld(t)
	secret, key := flowSecret(t, flow.SHA3, 1000)
	account := w.account(20, key)
	p := w.flowFromFile()
	p.write("address", account.String())
	before := w.look(w.payer).Balance
	got := func() uint64 { return w.look(w.payer).Balance - before }

	// 1. Answers that are no account, or another one.
	for name, lie := range map[string]http.HandlerFunc{
		"another account":   accountLie(w.payer, key, "1"),
		"a balance of text": accountLie(account, key, "lots"),
		"a page":            answer(http.StatusInternalServerError, "<html>"),
		"no list of keys":   answer(http.StatusOK, `{"address":"`+account.Hex()+`","balance":"1","keys":{}}`),
		"nought":            answer(http.StatusOK, "null"),
	} {
		w.face.says("/accounts/", lie)
		p.useKey(secret)
		if got := p.problem(); !strings.Contains(got, "gave no usable answer") {
			t.Errorf("of %s the page says %q", name, got)
		}
	}
	revoked := key
	revoked.Revoked = true
	w.face.says("/accounts/", accountLie(account, revoked, "1"))
	p.useKey(secret)
	if got := p.problem(); !strings.Contains(got, "may not sign for this account") {
		t.Errorf("of a revoked key the page says %q", got)
	}

	// 2. A balance that is not there: what was read is signed, and the chain does nothing.
	w.face.says("/accounts/", nil)
	p.useKey(secret)
	p.shows("flow")
	p.write("flow-to", w.payer.String())
	p.write("flow-amount", "5000")
	w.face.says("/scripts", answer(http.StatusOK, `"eyJ0eXBlIjoiVUZpeDY0IiwidmFsdWUiOiI5OTk5LjAwMDAwMDAwIn0="`)) // 9999.00000000
	p.flowDoes("flow-review-go", "The transaction did nothing")
	if got() != 0 {
		t.Error("something has moved")
	}
	w.face.says("/scripts", answer(http.StatusOK, `"bm90aGluZw=="`))
	p.flowBack()
	p.write("flow-to", w.payer.String())
	p.write("flow-amount", "1")
	p.click("flow-review-go")
	if got := p.problem(); !strings.Contains(got, "gave no usable answer") {
		t.Errorf("of nonsense in a script's place the page says %q", got)
	}
	w.face.says("/scripts", nil)

	// 3. A sequence number of the future: refused by the chain, and said so.
	late := key
	late.SequenceNumber = w.look(account).Keys[0].SequenceNumber + 5
	w.face.says("/accounts/"+account.Hex(), accountLie(account, late, "1"))
	p.flowDoes("flow-review-go", "The transaction did nothing")
	if rows := p.text("flow-done-rows"); got() != 0 || !strings.Contains(rows, "1007") && !strings.Contains(rows, "sequence number") {
		t.Errorf("%d moved: %q", got(), rows)
	}
	w.face.says("/accounts/"+account.Hex(), nil)
	p.flowBack()

	// 4. Nobody knows whether it was sent: the same goes again, and happens once.
	w.face.says("/transactions", answer(http.StatusBadGateway, "<html>"))
	p.write("flow-to", w.payer.String())
	p.write("flow-amount", "1")
	p.click("flow-review-go")
	p.shows("flow-review")
	p.click("flow-sign")
	if got := p.problem(); !strings.Contains(got, "may be on its way all the same") || p.text("flow-sign") != "Send again" {
		t.Errorf("of a page in the place of an id the page says %q, the button %q", got, p.text("flow-sign"))
	}
	p.click("flow-review-back")
	p.shows("flow")
	p.click("flow-review-go")
	if got := p.problem(); !strings.Contains(got, "still on its way") {
		t.Errorf("of a second transaction the page says %q", got)
	}
	w.face.says("/transactions", answer(http.StatusOK, `{"id":"`+strings.Repeat("ab", 32)+`"}`))
	p.click("flow-held-again")
	if got := p.problem(); !strings.Contains(got, "it took "+strings.Repeat("ab", 32)) {
		t.Errorf("of another id the page says %q", got)
	}
	w.face.says("/transactions", nil)
	w.face.says("/transaction_results", answer(http.StatusOK, `{"status":"Sealed?","status_code":0}`))
	p.click("flow-held-again")
	p.until("!" + byID("flow-done") + ".hidden && " + byID("flow-done-step") + ".textContent === 'Signed and sent'")
	w.face.says("/transaction_results", nil)
	p.flowSealed("1 FLOW sent")
	if n := got(); n < 0.9e8 || n > 1.1e8 {
		t.Errorf("%d moved", n)
	}
	p.flowBack()

	// 5. The node says no, and sends it all the same: the next review names it.
	emulator := w.face.through
	w.face.says("/transactions", func(rw http.ResponseWriter, r *http.Request) {
		emulator.ServeHTTP(httptest.NewRecorder(), r)
		rw.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(rw, `{"code":400,"message":"invalid signature"}`)
	})
	p.write("flow-to", w.payer.String())
	p.write("flow-amount", "2")
	p.click("flow-review-go")
	p.shows("flow-review")
	if got := p.text("flow-cautions"); got != "" {
		t.Errorf("cautions before: %q", got)
	}
	p.click("flow-sign")
	if got := p.problem(); !strings.Contains(got, "said no") || !strings.Contains(got, "invalid signature") {
		t.Errorf("of a refusal the page says %q", got)
	}
	w.face.says("/transactions", nil)
	for w.look(account).Keys[0].SequenceNumber != 3 {
		if t.Context().Err() != nil {
			t.Fatal(t.Context().Err())
		}
	}
	p.click("flow-review-back")
	p.shows("flow")
	p.click("flow-review-go")
	p.shows("flow-review")
	if got := p.text("flow-cautions"); !strings.Contains(got, "said no to your transfer of 2 FLOW") {
		t.Errorf("cautions after: %q", got)
	}

	// 6. What the node calls expired is over.
	w.face.says("/transaction_results", answer(http.StatusOK, `{"status":"Expired","status_code":0,"error_message":""}`))
	p.click("flow-sign")
	p.flowSealed("The transaction has expired")
	w.face.says("/transaction_results", nil)
	late.SequenceNumber = w.look(account).Keys[0].SequenceNumber + 7 // one that could follow it
	w.face.says("/accounts/"+account.Hex(), accountLie(account, late, "1"))
	p.flowBack()
	p.write("flow-to", w.payer.String())
	p.write("flow-amount", "2")
	p.click("flow-review-go")
	p.shows("flow-review")
	if got := p.text("flow-cautions"); !strings.Contains(got, "both could happen") {
		t.Errorf("cautions after one that the node calls expired: %q", got)
	}
	p.click("flow-review-back")
	w.face.says("/accounts/"+account.Hex(), nil)

	// 7. What no sealed block has within 600 blocks is over, too, although no node has ever heard of it.
	p.shows("flow")
	p.write("flow-to", w.payer.String())
	p.write("flow-amount", "3")
	p.click("flow-review-go")
	p.shows("flow-review")
	w.face.says("/transactions", answer(http.StatusBadGateway, "<html>"))
	p.click("flow-sign")
	p.problem()
	w.face.says("/blocks", func(rw http.ResponseWriter, r *http.Request) {
		id, height := strings.TrimPrefix(r.URL.Path, "/v1/blocks/"), "5"
		if r.URL.RawQuery != "" {
			id, height = strings.Repeat("ab", 32), "606"
		}
		_, _ = io.WriteString(rw, `[{"header":{"id":"`+id+`","height":"`+height+`"}}]`)
	})
	p.flowSealed("The transaction has expired")
	w.face.says("/blocks", nil)
	w.face.says("/transactions", nil)

	// 8. Nothing of the key is in a page that somebody goes back to.
	p.flowBack()
	p.eval(`dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))`, new(bool))
	p.shows("start")
	p.quietly()
}
