package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

const patience = 2 * time.Minute

// tab is one page in a profile of its own, with a virtual authenticator, and a
// record of everything that should not happen.
type tab struct {
	t    *testing.T
	ctx  context.Context
	auth webauthn.AuthenticatorID
	home string               // origin
	path string               // of the page that open opens
	also string               // a further origin that the page may ask, because somebody typed it
	sent func(request string) // sees every request's URL and body; nil: nobody does

	mu       sync.Mutex
	problems []string // policy violations, exceptions, console errors, requests to elsewhere
	received float64  // bytes on the wire, headers included
	requests int
}

// newTab opens the wallet. script runs before the page's own, if not empty.
func newTab(t *testing.T, script string) *tab {
	t.Helper()
	p := blankTab(t)
	p.addAuthenticator()
	p.open(script)
	return p
}

// blankTab has everything but the page and an authenticator.
func blankTab(t *testing.T) *tab {
	t.Helper()
	if skipped != "" {
		t.Skip(skipped)
	}
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := &tab{t: t, ctx: ctx, home: stack.Origin(), path: "/"}
	if err := chromedp.Listen(ctx, p.hear); err != nil {
		t.Fatal(err)
	}
	call(p, network.Enable, network.EnableParams{})
	call(p, log.Enable, empty{})
	call(p, webauthn.Enable, webauthn.EnableParams{})
	p.before(`addEventListener('securitypolicyviolation', (e) => console.error('policy: ' + e.violatedDirective + ' ' + e.blockedURI));`)
	p.size(1100, 900)
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, problem := range p.problems {
			t.Error(problem)
		}
	})
	return p
}

func (p *tab) before(script string) {
	p.t.Helper()
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
}

func (p *tab) open(script string) {
	p.t.Helper()
	if script != "" {
		p.before(script)
	}
	p.do(chromedp.Navigate(p.home + p.path))
	p.eval(`new Promise((ready) => document.readyState === 'complete' ? ready() : addEventListener('load', ready))`, nil)
}

// hear runs on the reader of the browser's messages and only takes notes.
func (p *tab) hear(ev any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := ev.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			p.problems = append(p.problems, fmt.Sprintf("console: %s", e.Args[0].Value))
		}
	case *runtime.EventExceptionThrown:
		p.problems = append(p.problems, fmt.Sprintf("exception: %s %v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *log.EventEntryAdded:
		if strings.Contains(e.Entry.Text, "at least one of the default algorithm identifiers: ES256 and RS256") {
			return // Chromium's advice; a chain verifies no RSA
		}
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			p.problems = append(p.problems, fmt.Sprintf("log: %s %s", e.Entry.Text, e.Entry.URL))
		}
	case *network.EventRequestWillBeSent:
		p.requests++
		if p.sent != nil {
			body := ""
			for _, part := range e.Request.PostDataEntries {
				body += string(part.Bytes)
			}
			p.sent(e.Request.URL + " " + body)
		}
		if strings.HasPrefix(e.Request.URL, "blob:"+p.home+"/") {
			return // made by the page itself
		}
		if u, err := url.Parse(e.Request.URL); err != nil || u.Scheme != "data" && u.Scheme+"://"+u.Host != p.home && u.Scheme+"://"+u.Host != p.also {
			p.problems = append(p.problems, "request to another origin: "+e.Request.URL)
		}
	case *network.EventLoadingFinished:
		p.received += e.EncodedDataLength
	}
}

// heard waits until a condition on what hear has noted holds.
func (p *tab) heard(condition func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		p.mu.Lock()
		ok := condition()
		p.mu.Unlock()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("waited %s for news\n%s", patience, p.state())
		}
	}
}

func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatalf("%v\n%s", err, p.state())
	}
}

// eval runs JavaScript in the page, awaits it, and decodes its JSON into out.
func (p *tab) eval(js string, out any) {
	p.t.Helper()
	raw, err := p.tryEval(js)
	if err != nil {
		p.t.Fatalf("%s: %v", js, err)
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			p.t.Fatalf("%s: %s: %v", js, raw, err)
		}
	}
}

func (p *tab) tryEval(js string) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`(async () => JSON.stringify((await (`+js+`)) ?? null))()`, chromedp.EvalAwaitPromise))
	return json.RawMessage(text), err
}

// until waits for a JavaScript condition.
func (p *tab) until(condition string) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(30 * time.Millisecond) {
		if raw, err := p.tryEval("!!(" + condition + ")"); err == nil && string(raw) == "true" {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("waited %s for %s\n%s", patience, condition, p.state())
		}
	}
}

func byID(id string) string { return fmt.Sprintf("document.getElementById(%q)", id) }

// shows waits until a section is the one on view and nothing is under way.
func (p *tab) shows(section string) {
	p.t.Helper()
	p.until("!" + byID(section) + ".hidden && !" + byID("status") + ".classList.contains('busy') && !document.querySelector('[aria-disabled=true]')")
}

func (p *tab) click(id string) {
	p.t.Helper()
	p.do(chromedp.ScrollIntoView(chromedp.CSS("#"+id)), chromedp.Click(chromedp.CSS("#"+id)))
}

// write replaces what a field holds, by keyboard.
func (p *tab) write(id, text string) {
	p.t.Helper()
	p.eval(byID(id)+".select()", nil)
	p.do(chromedp.SendKeys(chromedp.CSS("#"+id), text))
}

func (p *tab) text(id string) string {
	p.t.Helper()
	var s string
	p.eval(byID(id)+".textContent", &s)
	return strings.TrimSpace(s)
}

func (p *tab) value(id string) string {
	p.t.Helper()
	var s string
	p.eval(byID(id)+".value", &s)
	return s
}

// problem waits for the words of what went wrong in the section on view.
func (p *tab) problem() string {
	p.t.Helper()
	const js = `document.querySelector('main > section:not([hidden]) .problem')?.textContent`
	p.until(js + " && !document.querySelector('.busy')")
	var s string
	p.eval(js, &s)
	return s
}

// state describes the page for a failure's message.
func (p *tab) state() string {
	raw, err := p.tryEval(`document.querySelector('main').innerText`)
	if err != nil {
		return err.Error()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprintf("the page says: %s\nnoted: %q", raw, p.problems)
}

func (p *tab) size(width, height int64) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(width, height))
}

func (p *tab) scheme(name string) {
	p.t.Helper()
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
}

// shot keeps a picture of the whole page.
func (p *tab) shot(dir, name string) []byte {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	p.eval("document.querySelector('.bar').style.position = 'static'", nil) // what sticks to the window would stand in the middle
	defer p.eval("document.querySelector('.bar').style.position = ''", nil)
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		p.t.Fatal(err)
	}
	return png
}

// follow opens a link that somebody was sent.
func (p *tab) follow(link string) {
	p.t.Helper()
	p.do(chromedp.Navigate("about:blank"))
	p.do(chromedp.Navigate(link))
}
