package browsertest

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
)

// screens walks to every screen and calls look on each.
func screens(p *tab, look func(name string)) {
	p.t.Helper()
	p.shows("start")
	look("start")
	p.verifies(false)
	p.click("create")
	p.problem()
	look("start-problem")
	p.verifies(true)
	p.click("create")
	p.shows("prove")
	look("prove")
	p.click("test")
	p.shows("account")
	p.until(byID("balance") + ".textContent !== '…'")
	look("account-new")

	// As on another machine, before the first payment.
	p.eval("localStorage.clear()", nil)
	p.open("")
	p.shows("start")
	p.click("signin")
	p.shows("settle")
	look("settle")
	p.click("settle-go")
	p.shows("account")
	p.fund()
	p.fill(strings.Replace(recipient, "C5", "c5", 1), "0,1")
	p.until(byID("to-error") + ".textContent")
	look("account-errors")
	p.fill(recipient, "0.25")
	p.shows("review")
	p.eval("document.querySelector('#review details').open = true", nil)
	look("review")
	p.click("sign")
	p.shows("done")
	look("done")
	p.click("done-back")
	p.shows("account")
	p.eval("document.querySelector('#signers-box').open = true", nil)
	p.until(byID("signers") + ".textContent.includes('the one you use now')")
	p.says("checks passkeys by itself")
	p.eval("document.querySelector('#check-box').open = true", nil)
	look("account")

	// As on another machine, now that it is on the chain; then a fee above the amount.
	p.eval("localStorage.clear()", nil)
	p.open("")
	p.shows("start")
	p.click("signin")
	p.shows("account")
	p.until("!" + byID("confirm-box") + ".hidden")
	look("account-unconfirmed")
	p.fill(recipient, "0.0000001")
	p.shows("review")
	p.until(byID("cautions") + ".textContent.includes('more than the amount')")
	look("review-cautions")
}

// tableScreens walks to what a chain without P256VERIFY adds.
func tableScreens(p *tab, look func(name string)) {
	p.t.Helper()
	p.register()
	p.fund()
	p.says("can be built")
	p.eval("document.querySelector('#check-box').open = true", nil)
	look("account-new")
	p.send(recipient, "0.25")
	p.back()
	p.offered("Build the table of 4 KB")
	look("offers")
	p.choose("Build the table of 1 KB")
	look("review")
	p.click("sign")
	p.shows("done")
	look("done")
	p.back()
	p.says("(1 KB)")
	look("account")
}

// pages are walked by the tests of how they look: each is opened, and shows all its screens.
var pages = []struct {
	name    string
	open    func(t *testing.T) *tab
	screens func(p *tab, look func(name string))
}{
	{"wallet", func(t *testing.T) *tab { return newTab(t, "") }, screens},
	{"tables", func(t *testing.T) *tab { p, _ := pragueTab(t, pragueStack(t)); return p }, tableScreens},
	{"backup", func(t *testing.T) *tab { return openBackup(t, place{origin: origin(t)}, "") }, backupScreens},
	{"grant", func(t *testing.T) *tab { return openGrant(t, kernelOrigin(t), "/grant", "") }, grantScreens},
	{"recovery", func(t *testing.T) *tab { p := blankTab(t); p.addAuthenticator(); return p }, recoveryScreens},
	{"guardians", func(t *testing.T) *tab { p := blankTab(t); p.addAuthenticator(); return p }, guardianScreens},
	{"session", func(t *testing.T) *tab { return openGrant(t, kernelOrigin(t), "/session", "") }, sessionScreens},
}

func TestEveryControlHasANameAndEveryScreenItsLandmarks(t *testing.T) {
	for _, page := range pages {
		t.Run(page.name, func(t *testing.T) {
			p := page.open(t)
			call(p, accessibility.Enable, empty{})
			page.screens(p, p.landmarks)
		})
	}
}

func (p *tab) landmarks(screen string) {
	t := p.t
	t.Helper()
	roles := map[string]int{}
	for _, n := range call(p, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes {
		if n.Ignored || n.Role == nil {
			continue
		}
		role, name := axText(n.Role), axText(n.Name)
		roles[role]++
		if slices.Contains([]string{"button", "textbox", "link", "heading", "image", "region", "DisclosureTriangle"}, role) && name == "" {
			t.Errorf("%s: a %s has no name", screen, role)
		}
	}
	for _, want := range []string{"main", "banner", "contentinfo", "status"} {
		if roles[want] != 1 {
			t.Errorf("%s: %d × %s, want one; roles %v", screen, roles[want], want, roles)
		}
	}
	if strings.Contains(screen, "problem") && roles["alert"] == 0 {
		t.Errorf("%s: the problem is no alert", screen)
	}
	p.eval(`document.querySelectorAll('h1:not([hidden] h1)').length === 1 || Promise.reject('not one h1')`, nil)
}

func axText(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	var s string
	if err := json.Unmarshal(v.Value, &s); err != nil {
		return ""
	}
	return strings.TrimSpace(s)
}

func TestThePageFitsNarrowAndWideLightAndDark(t *testing.T) {
	dir := shotDir(t)
	for _, look := range []struct {
		name, scheme string
		width        int64
	}{{"narrow-light", "light", 320}, {"wide-dark", "dark", 1280}, {"narrow-dark", "dark", 360}, {"wide-light", "light", 1280}} {
		for _, page := range pages {
			t.Run(page.name+"-"+look.name, func(t *testing.T) {
				p := page.open(t)
				p.scheme(look.scheme)
				p.size(look.width, 800)
				page.screens(p, func(screen string) {
					t.Helper()
					var over float64
					p.eval("document.documentElement.scrollWidth - innerWidth", &over)
					if over > 0 {
						t.Errorf("%s: %v pixels too wide", screen, over)
					}
					for _, low := range p.contrast() {
						t.Errorf("%s: %s", screen, low)
					}
					for _, small := range p.smallTargets() {
						t.Errorf("%s: %s", screen, small)
					}
					p.shot(dir, page.name+"-"+look.name+"-"+screen)
				})
			})
		}
	}
}

// contrast lists texts below WCAG's 4.5 to 1 against the nearest background.
func (p *tab) contrast() []string {
	p.t.Helper()
	var low []string
	p.eval(`(() => {
		const parse = (c) => c.match(/[\d.]+/g).map(Number);
		const light = ([r, g, b]) => { const f = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
		const out = [];
		for (const e of document.querySelectorAll('body *')) {
			if (!e.checkVisibility() || ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || e.closest('.skip, [aria-disabled], :disabled')) continue;
			let back = e;
			while (back && (parse(getComputedStyle(back).backgroundColor)[3] ?? 1) === 0) back = back.parentElement;
			const a = light(parse(getComputedStyle(e).color)), b = light(parse(getComputedStyle(back ?? document.documentElement).backgroundColor));
			const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
			if (ratio < 4.5) out.push(e.textContent.slice(0, 30) + ': contrast ' + ratio.toFixed(2));
		}
		return out;
	})()`, &low)
	return low
}

// smallTargets lists controls that are hard to hit (WCAG 2.5.8: 24 by 24 pixels).
func (p *tab) smallTargets() []string {
	p.t.Helper()
	var small []string
	p.eval(`[...document.querySelectorAll('button, input, summary')].filter((e) => e.checkVisibility()).map((e) => [e, e.getBoundingClientRect()])
		.filter(([, r]) => r.width < 24 || r.height < 24).map(([e, r]) => e.outerHTML.slice(0, 60) + ': ' + r.width + ' by ' + r.height)`, &small)
	return small
}

func TestTheFirstLoadIsSmallAndStaysAtHome(t *testing.T) {
	p := newTab(t, "")
	p.shows("start")
	p.until("performance.getEntriesByType('resource').some((r) => r.name.endsWith('/register/options'))")
	p.mu.Lock()
	load, requests := p.received, p.requests
	p.mu.Unlock()
	t.Logf("first load: %.0f bytes on the wire, headers included, in %d requests", load, requests)
	if load > 67_000 || load == 0 {
		t.Errorf("the first load is %.0f bytes, more than 67,000", load)
	}

	// Signing in loads the curve and the account's screen beside the prompt, whatever the prompt brings.
	p.click("signin")
	p.problem()
	p.until("performance.getEntriesByType('resource').some((r) => r.name.endsWith('/weierstrass.js'))")
	p.until("performance.getEntriesByType('resource').filter((r) => r.name.includes('noble-curves')).length === 5")
	p.until("performance.getEntriesByType('resource').some((r) => r.name.endsWith('/path.js'))")
	var files struct{ Bytes, Files float64 }
	p.eval(`(() => { const r = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].filter((r) => /\.(js|css|svg)$|\/$/.test(r.name));
		return { Bytes: r.reduce((n, r) => n + r.encodedBodySize, 0), Files: r.length }; })()`, &files)
	t.Logf("with the modules for signing in: %.0f compressed bytes in %.0f files", files.Bytes, files.Files)
	if files.Bytes > 117_000 {
		t.Errorf("all files are %.0f bytes, more than 117,000", files.Bytes)
	}
}

// The pictures in the README: the wallet before signing, and the guided page when
// the owner key is gone and the passkey has sent.
func TestReadmePictures(t *testing.T) {
	if !*readmeShot {
		t.Skip("run with -readme-shot to write docs/wallet.png and docs/backup.png")
	}
	for _, picture := range []struct {
		name string
		take func(t *testing.T) *tab
	}{
		{"wallet", func(t *testing.T) *tab {
			p := newTab(t, "")
			p.scheme("light")
			p.size(760, 640)
			p.register()
			p.fund()
			p.fill(recipient, "0.25")
			p.shows("review")
			return p
		}},
		{"backup", func(t *testing.T) *tab {
			p := openBackup(t, place{origin: origin(t)}, "")
			p.scheme("light")
			p.size(760, 640)
			address := p.begin()
			p.pay(place{}, address)
			p.create()
			p.addPasskey()
			p.stage("lose")
			p.click("lose")
			p.stage("send")
			p.sendByPasskey("0.25")
			p.stage("owner")
			p.size(620, 640)
			return p
		}},
	} {
		t.Run(picture.name, func(t *testing.T) {
			small := compressed(t, picture.take(t).shot(t.TempDir(), picture.name))
			if len(small) > 80_000 {
				t.Errorf("the picture is %d bytes, more than 80,000", len(small))
			}
			if err := os.WriteFile("../../docs/"+picture.name+".png", small, 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// compressed is a picture in its 256 most frequent colors: text on plain ground has few.
func compressed(t *testing.T, shot []byte) []byte {
	t.Helper()
	full, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	area := full.Bounds()
	count := map[color.Color]int{}
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			count[full.At(x, y)]++
		}
	}
	palette := color.Palette(slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int { return count[b] - count[a] }))
	few := image.NewPaletted(area, palette[:min(256, len(palette))])
	draw.Draw(few, area, full, area.Min, draw.Src)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, few); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
