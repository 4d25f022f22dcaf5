package journeys_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/userop"
)

// margin is what a bundler adds to the gas that it found to be enough: none of the
// stub's doing.
type margin func(uint64) uint64

// noMargin: our bundler's own is part of the 15 percent.
func noMargin(gas uint64) uint64 { return gas }

// ourMargin is what package devnet adds.
func ourMargin(gas uint64) uint64 { return gas + gas/20 + 3_000 }

// altosMargin is Alto's: its search goes in steps of 7,325 gas, and 30 percent go on
// top (--v7-verification-gas-limit-multiplier). Where the outcome is too little all
// the same, it doubles every limit.
func altosMargin(gas uint64) uint64 { return (gas + 7_325) * 13 / 10 }

// The estimate for a passkey's operation is enough for whatever signature comes.
// Where the bundler can be told what to pretend, it is no more than 15 percent too
// high, with our bundler's margin and before Alto's; what it is too high by elsewhere
// is printed, and said beforehand.
//
// What the chain needs is found by bisection: operations with other limits, each
// signed anew, go through the EntryPoint's handleOps as a call of the node, with
// fees so high that the account must pay them from its balance.
func TestEstimatesForPasskeysAreEnoughAndNotMuchMore(t *testing.T) {
	for _, rules := range []devnet.Rules{devnet.Osaka, devnet.Prague} {
		t.Run(rules.String()+" on the devnet", func(t *testing.T) {
			net, err := chains[rules]()
			if err != nil {
				t.Fatal(err)
			}
			checkEstimates(t, rules, connect(t, net.URL(), net.URL()), noMargin, func(a common.Address) { give(t, net, a, ethers(1)) })
		})
		t.Run(rules.String()+" on Anvil and Alto", func(t *testing.T) {
			s := anvil(t, rules)
			checkEstimates(t, rules, connect(t, s.RPC, s.Bundler), altosMargin, func(a common.Address) {
				if _, err := s.Fund(t.Context(), a, ethers(1)); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

func checkEstimates(t *testing.T, rules devnet.Rules, c account.Client, plus margin, fund func(common.Address)) {
	key, owner := newKitsKey(t), newKey(t)
	a, err := hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: crypto.PubkeyToAddress(owner.PublicKey), Keys: []hybrid.Key{key.signer()}})
	if err != nil {
		t.Fatal(err)
	}
	fund(a.Address())
	auth, err := a.Authority(key.approver())
	if err != nil {
		t.Fatal(err)
	}
	e := &estimated{t: t, client: c, account: a, authority: auth, approve: key.approve}
	for _, step := range []string{"the first operation, which creates the account", "a later operation"} {
		p, err := account.Prepare(t.Context(), c, a, auth, e.calls())
		if err != nil {
			t.Fatal(err)
		}
		limit, least := e.compare(p)
		most := plus(least + least*15/100)
		t.Logf("%s: gas %s, verificationGasLimit %d, the chain needs %d: %+.1f %%, with the bundler's margin %d; said to be too high by %d",
			step, p.Estimate().Source, limit, least, 100*(float64(limit)/float64(least)-1), plus(least), p.Estimate().Excess)
		switch overridden := p.Estimate().Source == account.EstimateOverridden; {
		case overridden != (rules == devnet.Osaka):
			t.Errorf("%s: the gas was %s", step, p.Estimate().Source)
		case limit < least:
			t.Errorf("%s: the estimate is too low", step)
		case overridden && limit > most:
			t.Errorf("%s: the estimate is %d, at most %d can be explained", step, limit, most)
		}
		e.send(p)
	}
}

// estimated is an account of which limits are tried.
type estimated struct {
	t         *testing.T
	client    account.Client
	account   *hybrid.Account
	authority *hybrid.Authority
	approve   func(account.Challenge) (account.Approval, error)
	nth       int64
}

// compare returns the estimated limit of an operation and the least that is enough.
func (e *estimated) compare(p *account.Prepared) (limit, least uint64) {
	t := e.t
	t.Helper()
	op := p.Op()
	limit = op.VerificationGasLimit.Uint64()
	gas := account.GasEstimate{CallGasLimit: op.CallGasLimit, PreVerificationGas: op.PreVerificationGas}
	least = e.least(gas, limit)
	// Whatever the signature: without P256VERIFY its arithmetic is not always as long.
	for range 24 {
		if !e.fits(gas, limit) {
			t.Errorf("a signature needs more than %d gas", limit)
		}
	}
	return limit, least
}

func (e *estimated) send(p *account.Prepared) {
	e.t.Helper()
	answer, err := e.approve(p.Challenge())
	if err != nil {
		e.t.Fatal(err)
	}
	if _, err := p.Finish(answer); err != nil {
		e.t.Fatal(err)
	}
	lands(e.t, p)
}

// high fees are more than any deposit holds.
var high = account.Fees{MaxFeePerGas: big.NewInt(200e9), MaxPriorityFeePerGas: big.NewInt(1e9)}

// calls differ each time, so that signatures do.
func (e *estimated) calls() []account.Call {
	e.nth++
	return []account.Call{{To: friend, Value: big.NewInt(e.nth)}}
}

// least is the lowest limit that is enough, to within 64 gas.
func (e *estimated) least(gas account.GasEstimate, enough uint64) uint64 {
	low := uint64(0)
	for !e.fits(gas, enough) {
		low, enough = enough, 2*enough
	}
	for enough-low > 64 {
		if mid := (low + enough) / 2; e.fits(gas, mid) {
			enough = mid
		} else {
			low = mid
		}
	}
	return enough
}

// fits reports whether an operation with this limit would be included.
func (e *estimated) fits(gas account.GasEstimate, limit uint64) bool {
	t := e.t
	t.Helper()
	gas.VerificationGasLimit = new(big.Int).SetUint64(limit)
	p, err := account.Prepare(t.Context(), e.client, e.account, e.authority, e.calls(), account.WithGas(gas), account.WithFees(high))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := e.approve(p.Challenge())
	if err != nil {
		t.Fatal(err)
	}
	op, err := p.Finish(answer)
	if err != nil {
		t.Fatal(err)
	}
	data, err := e.account.EntryPoint().HandleOps([]*userop.Op{op}, friend)
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.client.Chain.Call(t.Context(), e.account.EntryPoint().Address(), data)
	switch code := account.AACode(err); {
	case err == nil:
		return true
	case code == "AA13" || code == "AA23" || code == "AA26" || code == "AA95":
		return false
	}
	t.Fatalf("a limit of %d: %v", limit, err)
	return false
}

// A bundler that takes no state overrides estimates with the stub alone: too much by
// the Solidity arithmetic that a real signature never needs. The excess is known and
// said, before anyone approves.
func TestWhereABundlerTakesNoOverridesTheExcessIsSaid(t *testing.T) {
	net := osaka(t)
	target, err := url.Parse(net.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = target.Host }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var call struct {
			ID     json.RawMessage   `json:"id"`
			Method string            `json:"method"`
			Params []json.RawMessage `json:"params"`
		}
		if err == nil && json.Unmarshal(body, &call) == nil && call.Method == "eth_estimateUserOperationGas" && len(call.Params) > 2 {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32602,"message":"two parameters are taken"}}`, call.ID)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	defer server.Close()

	c, key := connect(t, net.URL(), server.URL), newKitsKey(t)
	a, err := hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: crypto.PubkeyToAddress(newKey(t).PublicKey), Keys: []hybrid.Key{key.signer()}})
	if err != nil {
		t.Fatal(err)
	}
	give(t, net, a.Address(), ethers(1))
	auth, err := a.Authority(key.approver())
	if err != nil {
		t.Fatal(err)
	}
	e := &estimated{t: t, client: c, account: a, authority: auth, approve: key.approve}
	p, err := account.Prepare(t.Context(), c, a, auth, e.calls())
	if err != nil {
		t.Fatal(err)
	}
	limit, least := e.compare(p)
	excess := p.Estimate().Excess
	t.Logf("gas %s, verificationGasLimit %d, the chain needs %d; said to be too high by %d", p.Estimate().Source, limit, least, excess)
	if p.Estimate().Source != account.EstimatePlain {
		t.Errorf("the gas was %s", p.Estimate().Source)
	}
	// What is said is right to a twentieth of the limit.
	if over := int64(limit) - int64(ourMargin(least+excess)); over < -int64(limit)/20 || over > int64(limit)/20 {
		t.Errorf("with an excess of %d, %d are to be explained and %d remain", excess, limit, over)
	}
	if s := p.Summary().String(); !strings.Contains(s, fmt.Sprint(excess)) {
		t.Errorf("the summary does not say so:\n%s", s)
	}
	e.send(p)
}
