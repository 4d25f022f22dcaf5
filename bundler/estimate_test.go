package bundler_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/userop"
)

var library = common.HexToAddress("0x11b")

func TestEstimateWithOverrides(t *testing.T) {
	c := dial(t, "estimate-overrides")
	for _, o := range []account.Overrides{{library: {Code: []byte{0x60, 0x01}}, factory: {}}, {factory: {}}} {
		if g, err := c.EstimateGasWith(t.Context(), withoutGas(), userop.V08, o); err != nil || g.VerificationGasLimit.Int64() != 100000 {
			t.Errorf("%+v, %v", g, err)
		}
	}
}

func TestABundlerWithoutOverridesIsToldFromAnOperationThatFails(t *testing.T) {
	c := dial(t, "estimate-no-overrides")
	o := account.Overrides{library: {Code: []byte{0x60, 0x01}}}
	if _, err := c.EstimateGasWith(t.Context(), withoutGas(), userop.V08, o); !errors.Is(err, account.ErrNoOverrides) {
		t.Error(err)
	}
	for range 2 { // the second time with the code for parameters
		if _, err := c.EstimateGasWith(t.Context(), withoutGas(), userop.V08, o); errors.Is(err, account.ErrNoOverrides) || account.AACode(err) != "AA23" {
			t.Error(err)
		}
	}
}

func TestAuthorizationsAreWrittenAsCommonClientsDo(t *testing.T) {
	c := dial(t, "estimate-eip7702")
	op := sample()
	op.Factory, op.FactoryData = nil, nil
	op.Authorization = &userop.Authorization{ChainID: chain, Address: common.HexToAddress("0xde1e6a7e"), Nonce: 5, YParity: 1, R: big.NewInt(7), S: big.NewInt(255)}
	if _, err := c.EstimateGas(t.Context(), op, userop.V07); err != nil {
		t.Error(err)
	}
	op.Factory = &userop.EIP7702Marker
	if _, err := c.EstimateGas(t.Context(), op, userop.V08); err != nil {
		t.Error(err)
	}
}

func TestEstimatesOutOfRangeAreRefused(t *testing.T) {
	for name, result := range map[string]string{
		"2^256-1":         `{"callGasLimit":"0x` + strings.Repeat("f", 64) + `","verificationGasLimit":"0x1","preVerificationGas":"0x1"}`,
		"65 bits":         `{"callGasLimit":"0x1","verificationGasLimit":"0x10000000000000000","preVerificationGas":"0x1"}`,
		"more than 2^256": `{"callGasLimit":"0x1` + strings.Repeat("0", 64) + `","verificationGasLimit":"0x1","preVerificationGas":"0x1"}`,
		"negative":        `{"callGasLimit":"-0x1","verificationGasLimit":"0x1","preVerificationGas":"0x1"}`,
		"missing":         `{"callGasLimit":"0x1","preVerificationGas":"0x1"}`,
		"a list":          `[]`,
		"of a paymaster":  `{"callGasLimit":"0x1","verificationGasLimit":"0x1","preVerificationGas":"0x1","paymasterPostOpGasLimit":"0x` + strings.Repeat("f", 64) + `"}`,
	} {
		server := httptest.NewServer(ok(`{"jsonrpc":"2.0","id":ID,"result":` + result + `}`))
		c, err := bundler.Dial(server.URL, noRetries)
		if err != nil {
			t.Fatal(err)
		}
		if g, err := c.EstimateGas(t.Context(), withoutGas(), userop.V08); !errors.Is(err, bundler.ErrBadReply) || g.CallGasLimit != nil {
			t.Errorf("%s: %+v, %v", name, g, err)
		}
		server.Close()
	}
}

func TestHasP256BelievesNoPrecompileThatAcceptsEverything(t *testing.T) {
	for script, want := range map[string]bool{"p256": true, "p256-absent": false, "p256-liar": false} {
		if has, err := node(t, script).HasP256(t.Context()); err != nil || has != want {
			t.Errorf("%s: %t, %v", script, has, err)
		}
	}
	server := httptest.NewServer(reply("text/html", 502, "<html>"))
	defer server.Close()
	n, err := bundler.NewChain(server.URL, noRetries)
	if err != nil {
		t.Fatal(err)
	}
	if has, err := n.HasP256(t.Context()); err == nil || has {
		t.Error("a node that is down has P256VERIFY")
	}
}

func TestHasP256FindsAPrecompileThatComesLater(t *testing.T) {
	asked, works := 0, false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var call struct {
			ID     json.RawMessage
			Params []json.RawMessage
		}
		if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
			t.Error(err)
		}
		asked++
		answer := "0x"
		if works && strings.Contains(string(call.Params[0]), "62add1bfefd4") { // of the good one
			answer = "0x" + strings.Repeat("0", 63) + "1"
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":"%s"}`, call.ID, answer)
	}))
	defer server.Close()
	n, err := bundler.NewChain(server.URL, noRetries)
	if err != nil {
		t.Fatal(err)
	}
	for _, works = range []bool{false, true, true} {
		if has, err := n.HasP256(t.Context()); err != nil || has != works {
			t.Errorf("P256VERIFY works: %t, found: %t (%v)", works, has, err)
		}
	}
	if asked != 4 {
		t.Errorf("asked %d times, not twice each until it was found", asked)
	}
}
