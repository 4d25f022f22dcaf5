package server

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/recovery"
	"github.com/postern-dev/postern/relyingparty/storetest"
)

// oddChain has one contract that is no account; the rest is empty, or out of reach.
type oddChain struct {
	account.Chain
	down bool
	wait chan struct{} // nil: answers at once
}

var odd = common.HexToAddress("0x00000000000000000000000000000000000000aa")

func (c oddChain) Code(ctx context.Context, a common.Address) ([]byte, error) {
	if c.wait != nil {
		c.wait <- struct{}{}
		<-ctx.Done()
	}
	switch {
	case c.down:
		return nil, errors.New("private detail")
	case a == odd:
		return []byte{0xfe}, nil
	}
	return nil, nil
}

func (oddChain) Call(context.Context, common.Address, []byte) ([]byte, error) { return nil, nil }
func (oddChain) ChainID(context.Context) (*big.Int, error)                    { return big.NewInt(1), nil }

func (r *running) ask(body string, header ...string) (*http.Response, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), "POST", "http://"+r.host+auditPath, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res, string(text)
}

// guarded describes all of an account.
func guarded(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/account.json")
	if err != nil {
		t.Fatal(err)
	}
	return `{"facts":` + string(text) + `}`
}

func TestAnAuditHasReportWordsAndPicture(t *testing.T) {
	r := serve(t, func(c *Config) { c.Chain = oddChain{} })
	res, body := r.ask(guarded(t))
	if res.StatusCode != 200 || res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%d %v %s", res.StatusCode, res.Header, body)
	}
	var got struct {
		Report struct {
			Format string
			Rows   []struct{ ID string }
		}
		Verdict, Words, Unread []string
		Outcomes               map[string]string
		SVG, Template          string
		Classes                map[string]struct {
			Synced struct {
				Value  bool
				Source string
			}
			Words string
		}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if got.Report.Format != "postern-audit-1" || len(got.Verdict) == 0 || len(got.Words) == 0 || !strings.Contains(got.Template, "version = 1") {
		t.Fatalf("%+v", got)
	}
	if len(got.Report.Rows) == 0 || len(got.Outcomes) != len(got.Report.Rows) {
		t.Fatalf("%d rows, words for %d", len(got.Report.Rows), len(got.Outcomes))
	}
	for _, row := range got.Report.Rows {
		if got.Outcomes[row.ID] == "" {
			t.Errorf("%s has no words", row.ID)
		}
	}
	if err := xml.Unmarshal([]byte(got.SVG), new(struct{ XMLName xml.Name })); err != nil || !strings.HasPrefix(got.SVG, "<svg ") {
		t.Errorf("the picture: %v", err)
	}
	if c := got.Classes["phone"]; !c.Synced.Value || c.Synced.Source != "stated" || c.Words == "" || len(got.Classes) != 1 {
		t.Errorf("classes %+v", got.Classes)
	}
	if got.Outcomes["signer-lost:phone"] == "" || !strings.Contains(got.Outcomes["signer-lost:phone"], "Mum") {
		t.Errorf("without the phone: %q", got.Outcomes["signer-lost:phone"])
	}
}

func TestAnAuditTakesWhatThePasskeyServerShows(t *testing.T) {
	r := serve(t, func(c *Config) { c.Chain = oddChain{} })
	c := storetest.NewCredential(t)
	c.RPID, c.Flags, c.Provider = "wallet.example", passkey.FlagUP|passkey.FlagBE|passkey.FlagBS, "Some Manager"
	kept, err := recovery.KeptJSON([]recovery.Kept{c.Kept(nil, nil)})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(key, passkeys string) (*http.Response, string) {
		return r.ask(`{"passkeys":` + passkeys + `,"facts":{"version":1,"signer":[{"id":"phone","kind":"passkey","key":"` + key + `"}],
			"route":[{"id":"own","use":"operate","threshold":1,"members":["phone"]}]}}`)
	}
	mine := fmt.Sprintf("0x%x", c.Key.X())
	res, body := ask(mine, string(kept))
	if res.StatusCode != 200 || !strings.Contains(body, "bound to wallet.example (signed)") || !strings.Contains(body, "provider Some Manager (claimed)") {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	if res, body := ask("0x01", string(kept)); res.StatusCode != 200 || strings.Contains(body, "wallet.example") {
		t.Errorf("facts of somebody else: %d %s", res.StatusCode, body)
	}
	if res, body := ask(mine, `{"format":"postern-passkeys-9","passkeys":[]}`); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("another format: %d %s", res.StatusCode, body)
	}
}

func TestWhatCannotBeAuditedIsRefusedWithTheWayOut(t *testing.T) {
	r := serve(t, func(c *Config) { c.Chain = oddChain{} })
	long := `{"facts":"` + strings.Repeat("a", maxAudit) + `"}`
	for _, c := range []struct {
		body   string
		status int
		code   string
		hinted bool
	}{
		{``, 422, "bad_facts", true},
		{`[]`, 422, "bad_facts", true},
		{`{}`, 422, "bad_facts", true},
		{`{"account":"0x12"}`, 422, "bad_facts", true},
		{`{"account":"` + strings.Repeat("0", 40) + `"}`, 422, "bad_facts", true},
		{`{"account":"0x00000000000000000000000000000000000000bb"}`, 404, "no_account", true},
		{`{"account":"` + odd.Hex() + `"}`, 422, "unknown_account", true},
		{`{"account":"` + odd.Hex() + `","facts":{"version":2}}`, 422, "bad_facts", true},
		{`{"facts":{"version":1}}`, 422, "bad_facts", true},
		{`{"facts":{"version":1,"signer":[{"id":"a","kind":"dog"}]}}`, 422, "bad_facts", true},
		{`{"facts":"version = 1\n[[signer]]\nid = 3"}`, 422, "bad_facts", true},
		{long, 413, "too_long", true},
	} {
		res, body := r.ask(c.body)
		r.refused(res, body, c.status, c.code)
		if strings.Contains(body, `"hint"`) != c.hinted || strings.Contains(body, "recovery: ") || strings.Contains(body, "audit: ") {
			t.Errorf("%.80s: %s", c.body, body)
		}
	}
	res, body := r.ask(guarded(t), "Content-Type", "text/plain")
	r.refused(res, body, http.StatusUnsupportedMediaType, "not_json")
	res, body = r.ask(guarded(t), "Origin", "https://evil.example")
	r.refused(res, body, http.StatusForbidden, "origin_not_allowed")
	res, body = r.do("GET", auditPath)
	r.refused(res, body, http.StatusMethodNotAllowed, "method_not_allowed")
}

// An address of Flow is asked about at the access node, with what is stated of its keys.
func TestAnAccountOfFlowIsAuditedWhereThereIsAnAccessNode(t *testing.T) {
	n := newFlowNode(t)
	key := storetest.NewCredential(t).Key
	n.accounts[flowUser.Hex()] = []flow.AccountKey{flow.Passkey(key, 1000)}
	for range recovery.MaxSigners + 1 {
		n.accounts[flowService.Hex()] = append(n.accounts[flowService.Hex()], flow.AccountKey{Index: uint32(len(n.accounts[flowService.Hex()])), Public: [64]byte{1}, Curve: flow.Secp256k1, Hash: flow.SHA2, Weight: 10})
	}
	node, err := access.New(n.URL)
	if err != nil {
		t.Fatal(err)
	}
	r := serve(t, func(c *Config) { c.Chain, c.Flow = oddChain{}, &Flow{Access: node} })
	facts := fmt.Sprintf(`{"version":1,"domain":[{"id":"laptop","name":"My laptop","kind":"device"}],"signer":[{"id":"0x%x","devices":["laptop"]}]}`, key.X())
	res, body := r.ask(`{"account":"` + flowUser.String() + `","facts":` + facts + `}`)
	for _, w := range []string{`"kind":"Flow account"`, `"address":"` + flowUser.String() + `"`, "My laptop is lost or broken", "Capabilities that the account has given away"} {
		if res.StatusCode != 200 || !strings.Contains(body, w) {
			t.Errorf("%d, no %s in %.2000s", res.StatusCode, w, body)
		}
	}
	for _, c := range []struct {
		account string
		status  int
		code    string
	}{
		{"0x00000000000000ff", 404, "no_account"},
		{flowService.String(), 422, "too_large"},
		{"0x00000000000000zz", 422, "bad_facts"},
		{flowUser.Hex(), 422, "bad_facts"},
	} {
		res, body := r.ask(`{"account":"` + c.account + `"}`)
		r.refused(res, body, c.status, c.code)
	}
	n.Close()
	res, body = r.ask(`{"account":"` + flowUser.String() + `"}`)
	r.refused(res, body, http.StatusBadGateway, "chain_failed")

	none := serve(t, func(c *Config) { c.Chain = oddChain{} })
	res, body = none.ask(`{"account":"` + flowUser.String() + `"}`)
	none.refused(res, body, 422, "bad_facts")
	if !strings.Contains(body, "asks no access node") || !strings.Contains(body, "--flow URL") {
		t.Error(body)
	}
}

func TestAChainThatFailsIsNotQuoted(t *testing.T) {
	r := serve(t, func(c *Config) { c.Chain = oddChain{down: true} })
	res, body := r.ask(`{"account":"` + odd.Hex() + `"}`)
	r.refused(res, body, http.StatusBadGateway, "chain_failed")
	if strings.Contains(body, "private") {
		t.Error(body)
	}
}

func TestWithoutAChainThereIsNoAudit(t *testing.T) {
	r := serve(t)
	res, body := r.ask(guarded(t))
	r.refused(res, body, http.StatusNotFound, "not_found")
}

func TestFurtherAuditsAreSentAwayAndNotQueued(t *testing.T) {
	wait := make(chan struct{})
	r := serve(t, func(c *Config) { c.Chain = oddChain{wait: wait} })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan struct{}, auditCount)
	for range auditCount {
		go func() {
			defer func() { ended <- struct{}{} }()
			req, err := http.NewRequestWithContext(ctx, "POST", "http://"+r.host+auditPath, strings.NewReader(`{"account":"`+odd.Hex()+`"}`))
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("Content-Type", "application/json")
			if res, err := http.DefaultTransport.RoundTrip(req); err == nil {
				res.Body.Close()
			}
		}()
		<-wait
	}
	res, body := r.ask(guarded(t))
	r.refused(res, body, http.StatusServiceUnavailable, "busy")
	if res.Header.Get("Retry-After") == "" {
		t.Error("nobody says when to come again")
	}
	cancel()
	for range auditCount {
		<-ended
	}
}

func TestOneAuditComputesAtATime(t *testing.T) {
	a := newAuditor(oddChain{}, nil)
	body := []byte(guarded(t))
	a.work <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := a.audit(ctx, body)
		failed <- err
	}()
	cancel()
	if err := <-failed; !errors.Is(err, errAuditBusy) || refused(err) != auditBusy {
		t.Errorf("while another one computes: %v", err)
	}
	<-a.work
	if _, err := a.audit(ctx, body); !errors.Is(err, errAuditBusy) {
		t.Errorf("for somebody who has gone: %v", err)
	}
	for range 2 {
		if _, err := a.audit(t.Context(), body); err != nil {
			t.Error(err)
		}
	}
}
