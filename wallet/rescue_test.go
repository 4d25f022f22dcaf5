package wallet_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/userop"
	"github.com/postern-dev/postern/wallet"
)

var (
	rescueMeta = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy" content="([^"]+)">`)
	element    = regexp.MustCompile(`(?s)<(script|style)([^>]*)>(.*?)</(?:script|style)>`)
	fetched    = regexp.MustCompile(`(?i)<(?:script|link|img|iframe|object|embed|form|a|base)[^>]*\s(?:src|href|action|data)="([^"]*)"`)
)

// The file is complete: its policy allows its own script and style, which are all that it runs, and
// nothing in it is fetched.
func TestTheRescuePageIsOneFileUnderItsOwnPolicy(t *testing.T) {
	page := wallet.RescueHTML()
	m := rescueMeta.FindSubmatchIndex(page)
	if m == nil || bytes.Contains(page[:m[0]], []byte("<script")) || bytes.Contains(page[:m[0]], []byte("<style")) || len(rescueMeta.FindAll(page, -1)) != 1 {
		t.Fatal("the policy is not the first of the page's elements")
	}
	policy := html.UnescapeString(string(page[m[2]:m[3]]))
	kinds := map[string]int{}
	for _, e := range element.FindAllSubmatch(page, -1) {
		kind := string(e[1])
		if strings.Contains(string(e[2]), "application/json") {
			continue // is not run
		}
		kinds[kind]++
		if len(e[2]) != 0 {
			t.Errorf("a %s has attributes: %s", kind, e[2])
		}
		sum := sha256.Sum256(e[3])
		if want := kind + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';"; !strings.Contains(policy, want) {
			t.Errorf("the policy lacks %s: %s", want, policy)
		}
	}
	if kinds["script"] != 1 || kinds["style"] != 1 {
		t.Errorf("elements: %v", kinds)
	}
	for part := range strings.SplitSeq(policy, "; ") {
		name, sources, _ := strings.Cut(part, " ")
		want := map[string]string{"default-src": "'none'", "img-src": "data:", "connect-src": "https: http://localhost:* http://127.0.0.1:*", "base-uri": "'none'", "form-action": "'none'",
			"require-trusted-types-for": "'script'", "trusted-types": "'none'"}[name]
		if name != "script-src" && name != "style-src" && (want == "" || sources != want) {
			t.Errorf("the policy has %q", part)
		}
	}
	body := element.ReplaceAll(page, nil)
	for _, f := range fetched.FindAllSubmatch(body, -1) {
		if s := string(f[1]); !strings.HasPrefix(s, "data:") && !strings.HasPrefix(s, "#") {
			t.Errorf("the page fetches %q", s)
		}
	}
	if m := regexp.MustCompile(`(?i)\son\w+=|\sstyle=|javascript:`).Find(body); m != nil {
		t.Errorf("the page has %q", m)
	}
	for _, bad := range []string{"eval(", "new Function", "innerHTML", "document.write", "localStorage.setItem", "import("} {
		if bytes.Contains(comment.ReplaceAll(page, nil), []byte(bad)) {
			t.Errorf("the page has %s", bad)
		}
	}
	if len(page) > 300_000 {
		t.Errorf("the page has %d bytes", len(page))
	}
}

// Served by the wallet it has its own policy, and nobody may frame it.
func TestTheWalletServesTheRescuePage(t *testing.T) {
	w := get(newPage(t), "/rescue")
	if !bytes.Equal(w.Body.Bytes(), wallet.RescueHTML()) {
		t.Error("another page is served")
	}
	own := html.UnescapeString(string(rescueMeta.FindSubmatch(wallet.RescueHTML())[1]))
	if got := w.Header().Get("Content-Security-Policy"); got != own+"; frame-ancestors 'none'" {
		t.Errorf("the policy is %q", got)
	}
	if home := get(newPage(t), "/").Body.String(); !strings.Contains(home, `href="./rescue" download="postern-rescue.html"`) {
		t.Error("the wallet does not offer the page for keeping")
	}
}

// Old accounts are found by the contracts that they were made with: those of package contracts.
func TestTheRescuePageKnowsOurContracts(t *testing.T) {
	page := string(wallet.RescueHTML())
	for _, ep := range []userop.EntryPoint{userop.V07, userop.V08, userop.V09} {
		d, err := contracts.ForEntryPoint(ep)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{d.Factory.Hex(), d.Implementation.Hex(), contracts.ProxyInitCodeHash(d.Implementation).Hex()} {
			if strings.Count(page, want) != 1 {
				t.Errorf("the page has %s %d times: run go run ./internal/rescuepage/cmd", want, strings.Count(page, want))
			}
		}
	}
}
