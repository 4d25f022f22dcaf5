package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// handApp speaks FCL's protocol by hand: one answer to whoever is ready, and what was heard.
const handApp = `<!doctype html><title>An app</title><link rel="icon" href="data:,"><main><button id="go">Go</button></main><script>
	var heard = [];
	var own, next, outcome, answers = true;
	addEventListener('message', (e) => {
		heard.push({ origin: e.origin, own: e.source === own, ...e.data });
		if (e.data.type === 'FCL:VIEW:READY' && answers) say({ type: 'authn' });
	});
	const say = (service, body = {}) => own.postMessage({ type: 'FCL:VIEW:READY:RESPONSE', body, service }, '*');
	const popup = () => void (own = window.open(%q, '_blank', 'popup,width=640,height=770'));
	document.querySelector('#go').addEventListener('click', () => { next(); outcome = true; });
</script>`

// openHand opens such an app at another site than the wallet's, which speaks to no Flow chain.
func openHand(t *testing.T) *app {
	t.Helper()
	if skipped != "" {
		t.Skip(skipped)
	}
	a := &app{wallet: stack.Origin()}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, handApp, a.wallet+"/fcl")
	}))
	t.Cleanup(site.Close)
	a.tab = appTab(t, site.URL)
	a.do(chromedp.Navigate(site.URL))
	return a
}

func TestTheWalletForAppsAnswersWhoeverOpenedIt(t *testing.T) {
	a := openHand(t)
	w := a.popup("popup()")
	w.shows("refused")
	if got := w.text("refused-title"); got != "This wallet speaks to no Flow chain." {
		t.Errorf("the page says %q", got)
	}
	if got := w.text("refused-rows"); !strings.Contains(got, a.home) {
		t.Errorf("who asked: %q", got)
	}
	a.leave(w, "refuse")
	a.closed(w)
	a.declined("This wallet speaks to no Flow chain.")
}

func TestTheWalletForAppsHearsNobodyElse(t *testing.T) {
	a := openHand(t)
	a.eval("void (answers = false)", nil)
	w := a.popup("popup()")
	a.until("heard.length === 1 && heard[0].own && heard[0].type === 'FCL:VIEW:READY' && Object.keys(heard[0]).length === 3")

	// A frame of the app's own site is another window than the one that opened the wallet.
	a.eval(`new Promise((ready) => {
		const frame = document.createElement('iframe');
		frame.srcdoc = "<script>parent.own2().postMessage({ type: 'FCL:VIEW:READY:RESPONSE', body: {}, service: { type: 'authn' } }, '*'); parent.told()</" + "script>";
		window.own2 = () => own; window.told = () => setTimeout(ready, 200);
		document.body.append(frame);
	})`, nil)
	w.until("!" + byID("start") + ".hidden && " + byID("status") + ".textContent.includes('Waiting for the app')")

	// The one that opened it is heard; when it has gone, that is said, and nothing is answered.
	a.eval("say({ type: 'authn' })", nil)
	w.shows("refused")
	var n int
	if a.eval("heard.length", &n); n != 1 {
		t.Errorf("the app has heard %d messages", n)
	}
	call(a.tab, page.Close, empty{})
	w.until("window.opener === null || window.opener.closed")
	a.leave(w, "refuse")
	a.closed(w)
}

func TestTheWalletForAppsSaysThatNoAppHasOpenedIt(t *testing.T) {
	p := blankTab(t)
	p.path = "/fcl"
	p.addAuthenticator()
	p.open("")
	p.shows("refused")
	if got := p.text("refused-title"); got != "No app has opened this window." {
		t.Errorf("the page says %q", got)
	}
	if got := p.text("refuse"); got != "Close" {
		t.Errorf("the button says %q", got)
	}
	for _, look := range []struct {
		scheme string
		width  int64
	}{{"light", 320}, {"dark", 1280}} {
		p.scheme(look.scheme)
		p.size(look.width, 770)
		var over float64
		p.eval("document.documentElement.scrollWidth - innerWidth", &over)
		if over > 0 {
			t.Errorf("%v pixels too wide", over)
		}
		for _, low := range p.contrast() {
			t.Error(low)
		}
	}
}
