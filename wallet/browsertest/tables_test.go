package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/internal/server"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/seal"
)

// pragueStack is a stack whose chain has no P256VERIFY, until it is told to have it.
func pragueStack(t *testing.T) *server.Stack {
	t.Helper()
	if skipped != "" {
		t.Skip(skipped)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	s, err := server.Start(ctx, server.UpConfig{Listen: "localhost:0", Rules: devnet.Prague, OsakaAt: time.Now().Add(24 * time.Hour).Truncate(time.Second)})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return s
}

// pragueTab is the wallet on that chain, and the signatures of what it sends.
func pragueTab(t *testing.T, s *server.Stack) (*tab, *[]string) {
	t.Helper()
	p := blankTab(t)
	p.home = s.Origin()
	var signatures []string
	p.sent = func(request string) {
		_, body, _ := strings.Cut(request, " ")
		var call struct {
			Method string
			Params []json.RawMessage
		}
		if json.Unmarshal([]byte(body), &call) == nil && call.Method == "eth_sendUserOperation" {
			var op struct{ Signature string }
			if json.Unmarshal(call.Params[0], &op) == nil {
				signatures = append(signatures, op.Signature)
			}
		}
	}
	p.addAuthenticator()
	p.open("")
	return p, &signatures
}

// approval is the one in the nth signature that was sent. What a tab hears may lag behind what it shows.
func (p *tab) approval(signatures *[]string, n int) seal.PosternApproval {
	p.t.Helper()
	var signature string
	p.heard(func() bool {
		if len(*signatures) >= n {
			signature = (*signatures)[n-1]
		}
		return signature != ""
	})
	approvals, err := seal.ParsePostern(hexutil.MustDecode(signature))
	if err != nil || len(approvals) != 1 {
		p.t.Fatalf("%d approvals, %v", len(approvals), err)
	}
	return approvals[0]
}

var gasOf = regexp.MustCompile(`\(([\d,]+) gas\)`)

// gas is what the receipt on view says.
func (p *tab) gas() int {
	p.t.Helper()
	m := gasOf.FindStringSubmatch(p.text("done-rows"))
	if m == nil {
		p.t.Fatalf("no gas in the receipt: %s", p.text("done-rows"))
	}
	n, err := strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

// take clicks an offer by what stands on its button, signs, and waits for the receipt. It leaves the receipt on view.
func (p *tab) take(button, title string) {
	p.t.Helper()
	p.choose(button)
	if got := p.text("review-title"); got != title {
		p.t.Fatalf("the review says %q, want %q", got, title)
	}
	p.click("sign")
	p.shows("done")
}

// choose clicks an offer and waits for the review.
func (p *tab) choose(button string) {
	p.t.Helper()
	p.offered(button)
	p.eval("document.getElementById('check-box').open = true", nil)
	p.eval(fmt.Sprintf(`[...document.querySelectorAll('#offers button')].find((b) => b.textContent === %q).click()`, button), nil)
	p.shows("review")
}

func (p *tab) offered(button string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`[...document.querySelectorAll('#offers button')].some((b) => b.textContent === %q)`, button))
}

func (p *tab) back() {
	p.t.Helper()
	p.click("done-back")
	p.shows("account")
}

// says waits until the account's screen tells how passkeys are checked.
func (p *tab) says(part string) {
	p.t.Helper()
	p.until(fmt.Sprintf("!%s.hidden && %s.textContent.includes(%q)", byID("check-box"), byID("check-how"), part))
}

func TestPaymentsGetCheaperOnAChainWithoutP256VERIFY(t *testing.T) {
	s := pragueStack(t)
	p, signatures := pragueTab(t, s)

	// 1. Before the first payment there is nothing to offer, but something to say.
	p.register()
	p.fund()
	p.says("can be built once your account is on the chain")

	// 2. Without a table a payment carries four hints.
	p.send(recipient, "0.1")
	if a := p.approval(signatures, 1); a.Kind != seal.PosternKindPasskeyHints || len(a.Hints) != 128 {
		t.Errorf("the first payment: %s with %d bytes of hints", a.Kind, len(a.Hints))
	}
	p.back()
	p.says("your account calculates: about 69,000 gas")
	p.send(recipient, "0.1")
	without := p.gas()
	p.back()

	// 3. A table, built by an operation of the account.
	checkBuild := func(f, inUse p256table.Format) {
		t.Helper()
		var said float64
		p.eval(fmt.Sprintf("import('./table.js').then((m) => m.price(%d, %d))", f, inUse), &said)
		got := p.gas()
		t.Logf("building %s: %d gas, said to be about %.0f", f, got, said)
		if math.Abs(float64(got)-said) > 0.05*said {
			t.Errorf("building %s cost %d gas, and the page says about %.0f", f, got, said)
		}
	}
	p.take("Build the table of 1 KB", "Build a table of 1 KB")
	if got := p.text("done-title"); got != "The table is in use" {
		t.Fatalf("the receipt says %q\n%s", got, p.state())
	}
	checkBuild(p256table.Format1k, 0)
	p.back()
	p.says("with a table made from its public key (1 KB): about 42,000 gas")

	// 4. A payment carries one hint now, and costs less by what was promised.
	// (An operation that finds enough in the account's deposit at the EntryPoint saves the transfer, some 9,000 gas.)
	saves := func(before, after int, from, to p256table.Format) {
		t.Helper()
		a, _ := webauthn.CostOf(from)
		b, _ := webauthn.CostOf(to)
		want := float64(a.Verify - b.Verify)
		t.Logf("a payment: %d gas before, %d after; %.0f were promised", before, after, want)
		if got := float64(before - after); got < 0.9*want || got > 1.1*want+10_000 {
			t.Errorf("a payment costs %.0f gas less, and the page promised %.0f", got, want)
		}
	}
	p.send(recipient, "0.1")
	if a := p.approval(signatures, 4); a.Kind != seal.PosternKindPasskeyHints || len(a.Hints) != 32 {
		t.Errorf("with a table: %s with %d bytes of hints", a.Kind, len(a.Hints))
	}
	small := p.gas()
	saves(without, small, 0, p256table.Format1k)
	p.back()

	// 5. A larger one.
	p.take("Build the table of 4 KB", "Build a table of 4 KB")
	checkBuild(p256table.Format4k, p256table.Format1k)
	p.back()
	p.says("(4 KB): about 35,000 gas")
	p.until("!document.querySelector('#offers button')")
	p.send(recipient, "0.1")
	large := p.gas()
	saves(small, large, p256table.Format1k, p256table.Format4k)

	// 6. The chain gets P256VERIFY; the account is told.
	if err := s.Chain().BecomeOsaka(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.open("")
	p.shows("start")
	p.click("signin")
	p.shows("account")
	p.take("Use the chain’s own check", "Use the chain’s own check")
	if got := p.text("done-title"); got != "Your account has asked the chain" {
		t.Fatalf("the receipt says %q\n%s", got, p.state())
	}
	p.back()
	p.says("This chain checks passkeys by itself")
	p.send(recipient, "0.1")
	if a := p.approval(signatures, 8); a.Kind != seal.PosternKindPasskey || len(a.Hints) != 0 {
		t.Errorf("by P256VERIFY: %s with %d bytes of hints", a.Kind, len(a.Hints))
	}
	if gas := p.gas(); gas >= large {
		t.Errorf("by P256VERIFY a payment costs %d gas, by the table %d", gas, large)
	}
}

func TestWhereTheChainChecksPasskeysNothingMoreIsLoaded(t *testing.T) {
	p := newTab(t, "")
	p.register()
	p.fund()
	p.says("This chain checks passkeys by itself")
	p.send(recipient, "0.1")
	p.back()
	var loaded []string
	p.eval(`performance.getEntriesByType('resource').map((r) => r.name).filter((name) => /(table|hints|p256verify)\.js$/.test(name))`, &loaded)
	if len(loaded) != 0 {
		t.Errorf("loaded all the same: %v", loaded)
	}
}

func TestWithoutTheModuleOfHintsAPaymentGoesThrough(t *testing.T) {
	s := pragueStack(t)
	p := blankTab(t)
	p.home = s.Origin()
	call(p, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: "*/hints.js"}}})
	err := chromedp.Listen(p.ctx, func(ev any) {
		if e, ok := ev.(*fetch.EventRequestPaused); ok {
			go chromedp.Call(p.ctx, fetch.FailRequest, fetch.FailRequestParams{RequestID: e.RequestID, ErrorReason: network.ErrorReasonConnectionRefused})
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	p.addAuthenticator()
	p.open("")
	p.register()
	p.fund()
	p.send(recipient, "0.1")
	p.mu.Lock()
	defer p.mu.Unlock()
	blocked := func(problem string) bool { return strings.Contains(problem, "/hints.js") }
	if !slices.ContainsFunc(p.problems, blocked) {
		t.Error("the module was loaded")
	}
	p.problems = slices.DeleteFunc(p.problems, blocked)
}

// A phone is some four to six times slower than what tests run on.
func TestHintsAreComputedQuickly(t *testing.T) {
	p := newTab(t, "")
	call(p, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 4})
	var took struct{ First, Median float64 }
	p.eval(`(async () => {
		const { noTable } = await import('./hints.js');
		const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']);
		const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
		const key = { x: raw.slice(1, 33), y: raw.slice(33) };
		const took = [];
		for (let i = 0; i < 21; i++) {
			const message = Uint8Array.of(i);
			const signature = new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, pair.privateKey, message));
			const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', message));
			const start = performance.now();
			if (!noTable(digest, signature, key)) throw new Error('no hints');
			took.push(performance.now() - start);
		}
		return { First: took[0], Median: took.toSorted((a, b) => a - b)[10] };
	})()`, &took)
	t.Logf("hints at a quarter of this machine's speed: %.1f ms at first, %.1f ms in the median", took.First, took.Median)
	if took.Median > 100 {
		t.Errorf("hints take %.1f ms", took.Median)
	}
}
