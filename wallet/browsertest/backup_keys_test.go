package browsertest

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// tabTo presses Tab until a control has the focus, and sees that it shows.
func (p *tab) tabTo(id string) {
	p.t.Helper()
	for range 40 {
		var at struct {
			ID      string
			Lost    bool
			Visible bool
		}
		p.eval(`(() => { const e = document.activeElement; const s = getComputedStyle(e); return { ID: e.id, Lost: e === document.body, Visible: e.matches(':focus-visible') && s.outlineStyle === 'solid' && parseFloat(s.outlineWidth) >= 2 }; })()`, &at)
		if at.ID == id {
			if !at.Visible {
				p.t.Errorf("the focus on %s does not show", id)
			}
			return
		}
		p.do(chromedp.KeyEvent(kb.Tab))
	}
	p.t.Fatalf("Tab does not lead to %s\n%s", id, p.state())
}

func (p *tab) press(keys string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(keys))
}

// at waits until a heading has the focus: a step's, or its screen's.
func (p *tab) at(heading string) {
	p.t.Helper()
	p.until("document.activeElement.matches('" + heading + "')")
}

// The whole way by keyboard alone. After every step the focus is at what comes
// next, and no more than a few keys from it; nothing sends it to the page's top.
func TestTheGuidedPageByKeyboardAlone(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, "")
	p.shows("start")
	p.tabTo("make-key")
	p.press(kb.Enter)
	p.stage("create")
	p.at("#account-title")
	p.tabTo("faucet")
	p.press(kb.Enter)
	p.until(byID("balance") + ".textContent === '10'")
	p.shows("account")
	sign := func() {
		t.Helper()
		p.shows("review")
		p.at("#review-title")
		p.tabTo("sign")
		p.press(kb.Enter)
		p.until("!" + byID("done-step") + ".hidden && " + byID("done-step") + ".textContent === 'Receipt'")
		p.shows("done")
		p.tabTo("done-back")
		p.press(kb.Enter)
	}
	next := func(step string) {
		t.Helper()
		p.stage(step)
		p.at("#step-" + step + " h2")
		var seen bool
		p.eval(`(({ top, bottom }) => top >= 0 && bottom <= innerHeight)(`+byID("step-"+step)+`.getBoundingClientRect())`, &seen)
		if !seen {
			t.Errorf("step %s is out of sight", step)
		}
	}

	p.press(kb.Tab) // on from the faucet: the way to the step leads past few controls
	p.tabTo("create-go")
	p.press(kb.Enter)
	sign()
	next("passkey")
	p.tabTo("passkey-go")
	p.press(kb.Enter)
	p.shows("prove")
	p.tabTo("test")
	p.press(kb.Enter)
	sign()
	next("lose")
	p.tabTo("lose")
	p.press(kb.Enter)
	next("send") // the button is gone, and the focus is not
	p.tabTo("to")
	p.press(recipient)
	p.tabTo("amount")
	p.press("0.25" + kb.Enter)
	p.shows("review")
	p.tabTo("review-back")
	p.press(kb.Enter)
	next("send")
	p.tabTo("review-go")
	p.press(kb.Enter)
	sign()
	next("owner")
	p.tabTo("new-owner")
	p.press(kb.Enter)
	sign()
	p.until("!" + byID("all-done") + ".hidden")
	p.at("#account-title")
}

// On a phone too, what is going on is in sight where the finger is.
func TestWhatGoesOnStaysInSight(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, "")
	p.size(390, 800)
	p.begin()
	p.eval("scrollTo(0, 0)", nil)
	p.click("copy")
	p.until(byID("status") + ".textContent")
	var seen bool
	p.eval(`(({ top, bottom }) => top >= 0 && bottom <= innerHeight)(`+byID("status")+`.getBoundingClientRect())`, &seen)
	if !seen {
		t.Error("the status line is out of sight")
	}
}
