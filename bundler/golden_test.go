package bundler_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/userop"
)

var (
	factory = common.HexToAddress("0xf0")
	hash8   = common.HexToHash("0xc8e806b18bd70ba1e5ea564188e6f878c54136b22bdf0207f77601856615918d")
	tx      = common.HexToHash("0x" + strings.Repeat("22", 32))
	chain   = big.NewInt(31337)
)

// sample is the operation of the scripts.
func sample() *userop.Op {
	f := factory
	return &userop.Op{
		Sender: common.HexToAddress("0xaa"), Nonce: big.NewInt(5), Factory: &f, FactoryData: []byte{1, 2},
		CallData: []byte{0xde, 0xad}, CallGasLimit: big.NewInt(30000), VerificationGasLimit: big.NewInt(100000),
		PreVerificationGas: big.NewInt(50000), MaxFeePerGas: big.NewInt(2e9), MaxPriorityFeePerGas: big.NewInt(1e9),
		Signature: []byte{0x51},
	}
}

func withoutGas() *userop.Op {
	op := sample()
	op.CallGasLimit, op.VerificationGasLimit, op.PreVerificationGas = nil, nil, nil
	return op
}

func TestSend(t *testing.T) {
	got, err := dial(t, "send").Send(t.Context(), sample(), userop.V08)
	if err != nil || got != hash8 {
		t.Error(got, err)
	}
}

func TestRefusalsCarryCodeCauseAndWayOut(t *testing.T) {
	for script, want := range map[string]struct {
		aa, text, root string
		code           int
		reverter       bool
	}{
		"send-aa24":      {"AA24", "AA24 signature error", "AA24 signature error", bundler.CodeSignature, true},
		"send-aa23":      {"AA23", "no such key", "no such key", bundler.CodeRejected, true},
		"send-text-only": {"AA21", "prefund", "", bundler.CodeRejected, false},
	} {
		_, err := dial(t, script).Send(t.Context(), sample(), userop.V08)
		var rpc *bundler.RPCError
		if !errors.As(err, &rpc) || rpc.Code != want.code || rpc.AACode() != want.aa || rpc.Hint() == "" || !strings.Contains(err.Error(), want.text) {
			t.Errorf("%s: %v", script, err)
			continue
		}
		if account.AACode(err) != want.aa {
			t.Errorf("%s: account sees %q", script, account.AACode(err))
		}
		var r *userop.Revert
		if errors.As(err, &r) != want.reverter {
			t.Errorf("%s: reverter is %t", script, !want.reverter)
		}
		if want.root != "" && rpc.Revert.Root().Reason != want.root {
			t.Errorf("%s: root %q", script, rpc.Revert.Root().Reason)
		}
	}
}

func TestAnOperationThatIsThereAlreadyCountsAsSent(t *testing.T) {
	got, err := dial(t, "send-known").Send(t.Context(), sample(), userop.V08)
	if err != nil || got != hash8 {
		t.Error(got, err)
	}
	_, err = dial(t, "send-nonce-used").Send(t.Context(), sample(), userop.V08)
	if account.AACode(err) != "AA25" {
		t.Error(err)
	}
}

func TestABundlerThatAnswersAnotherHashIsNotBelieved(t *testing.T) {
	_, err := dial(t, "send-other-hash").Send(t.Context(), sample(), userop.V08)
	var m *account.HashMismatchError
	if !errors.As(err, &m) || m.Want != hash8 {
		t.Error(err)
	}
}

func TestWhatCannotBeAcceptedIsNotSent(t *testing.T) {
	c := dial(t, "estimate-nothing")
	op := sample()
	op.Sender = common.Address{}
	if _, err := c.Send(t.Context(), op, userop.V08); !errors.Is(err, userop.ErrMissing) {
		t.Error(err)
	}
}

func TestEstimateGas(t *testing.T) {
	op := withoutGas()
	g, err := dial(t, "estimate").EstimateGas(t.Context(), op, userop.V08)
	if err != nil || g.CallGasLimit.Int64() != 30000 || g.VerificationGasLimit.Int64() != 100000 || g.PreVerificationGas.Int64() != 50000 {
		t.Errorf("%+v, %v", g, err)
	}
	if g.PaymasterPostOpGasLimit != nil {
		t.Error("limits of a paymaster that is not there")
	}
	if op.CallGasLimit != nil {
		t.Error("the caller's operation was changed")
	}
	_, err = dial(t, "estimate-reverts").EstimateGas(t.Context(), op, userop.V08)
	var r *userop.Revert
	if !errors.As(err, &r) || r.Reason != "no such key" {
		t.Error(err)
	}
}

func TestWaitForTheReceipt(t *testing.T) {
	r, err := dial(t, "receipt").Wait(t.Context(), hash8)
	if err != nil || !r.Success || r.TxHash != tx || r.BlockNumber != 16 || r.ActualGasUsed.Int64() != 120000 ||
		r.ActualGasCost.Int64() != 1e16 || r.EntryPoint != userop.V08.Address() || r.Nonce.Int64() != 5 || r.UserOpHash != hash8 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestReceiptsSayWhyTheCallsReverted(t *testing.T) {
	for _, script := range []string{"receipt-reverted", "receipt-reverted-log"} {
		r, err := dial(t, script).Receipt(t.Context(), hash8)
		if err != nil || r.Success || r.Reason != "no such key" {
			t.Errorf("%s: %+v, %v", script, r, err)
		}
	}
}

func TestReceiptsThatCannotBeAreRefused(t *testing.T) {
	c := dial(t, "receipt-lies")
	for _, why := range []string{"another operation", "failed", "without"} {
		if r, err := c.Receipt(t.Context(), hash8); !errors.Is(err, bundler.ErrBadReply) || !strings.Contains(err.Error(), why) || r != nil {
			t.Errorf("%s: %v, %v", why, r, err)
		}
	}
}

func TestConfirmAReceiptByTheNode(t *testing.T) {
	n := node(t, "confirm")
	r := &account.Receipt{UserOpHash: hash8, TxHash: tx, Success: true, Sender: common.HexToAddress("0xaa")}
	if err := n.Confirm(t.Context(), r, userop.V08); err != nil {
		t.Fatal(err)
	}
	for _, why := range []string{"does not know", "failed", "no such event", "no such event", "otherwise"} {
		var nc *bundler.NotConfirmedError
		if err := n.Confirm(t.Context(), r, userop.V08); !errors.As(err, &nc) || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

func TestConfirmComparesWhatAReceiptClaims(t *testing.T) {
	n := node(t, "confirm-numbers")
	truth := func() *account.Receipt {
		return &account.Receipt{UserOpHash: hash8, TxHash: tx, Success: true, Sender: common.HexToAddress("0xaa"),
			Nonce: big.NewInt(5), ActualGasUsed: big.NewInt(50), ActualGasCost: big.NewInt(1000)}
	}
	if err := n.Confirm(t.Context(), truth(), userop.V08); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		lie  func(*account.Receipt)
	}{
		{"nonce", func(r *account.Receipt) { r.Nonce = big.NewInt(6) }},
		{"gas", func(r *account.Receipt) { r.ActualGasUsed = big.NewInt(49) }},
		{"cost", func(r *account.Receipt) { r.ActualGasCost = new(big.Int) }},
	} {
		r := truth()
		c.lie(r)
		var nc *bundler.NotConfirmedError
		if err := n.Confirm(t.Context(), r, userop.V08); !errors.As(err, &nc) || !strings.Contains(err.Error(), "about the "+c.what) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

func TestAReceiptThatNamesNoCostHasNone(t *testing.T) {
	r, err := dial(t, "receipt-no-cost").Receipt(t.Context(), hash8)
	if err != nil || r.ActualGasCost != nil || r.ActualGasUsed != nil {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestByHash(t *testing.T) {
	o, err := dial(t, "by-hash").ByHash(t.Context(), hash8)
	if err != nil || o.EntryPoint != userop.V08 || o.TxHash != tx || o.BlockNumber.Int64() != 16 || o.Op.Nonce.Int64() != 5 {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err := dial(t, "by-hash-lies").ByHash(t.Context(), hash8); !errors.Is(err, bundler.ErrBadReply) || o != nil {
		t.Error(o, err)
	}
}

func TestFees(t *testing.T) {
	f, err := dial(t, "fees-bundler").SuggestFees(t.Context())
	if err != nil || f.MaxFeePerGas.Int64() != 2e9 || f.MaxPriorityFeePerGas.Int64() != 1e9 {
		t.Errorf("%v, %v", f, err)
	}
	b := dial(t, "fees-bundler-none")
	for range 2 {
		if _, err := b.SuggestFees(t.Context()); !errors.Is(err, bundler.ErrNoFees) {
			t.Error(err)
		}
	}
	for script, want := range map[string][2]int64{
		"fees-chain": {5e9, 1e9}, "fees-chain-no-tip": {2e9 + 8, 8}, "fees-legacy": {1e9, 1e9},
	} {
		f, err := node(t, script).Fees(t.Context())
		if err != nil || f.MaxFeePerGas.Int64() != want[0] || f.MaxPriorityFeePerGas.Int64() != want[1] {
			t.Errorf("%s: %v, %v", script, f, err)
		}
	}
}

func TestChain(t *testing.T) {
	n, ep := node(t, "chain"), userop.V08.Address()
	for range 2 { // asked once
		if id, err := n.ChainID(t.Context()); err != nil || id.Cmp(chain) != 0 {
			t.Error(id, err)
		}
	}
	if out, err := n.Call(t.Context(), ep, []byte{1, 2}); err != nil || string(out) != "\x03" {
		t.Errorf("%x, %v", out, err)
	}
	if code, err := n.Code(t.Context(), ep); err != nil || len(code) != 0 {
		t.Errorf("%x, %v", code, err)
	}
	if b, err := n.Balance(t.Context(), ep); err != nil || b.Int64() != 1e18 {
		t.Error(b, err)
	}
	if w, err := n.Storage(t.Context(), ep, common.Hash{31: 5}); err != nil || w != (common.Hash{31: 1}) {
		t.Errorf("Storage: %s, %v", w, err)
	}
	_, err := n.Call(t.Context(), ep, []byte{4})
	var r *userop.Revert
	if !errors.As(err, &r) || r.Reason != "no such key" {
		t.Error(err)
	}
}

func TestPaymaster(t *testing.T) {
	p, err := bundler.NewPaymaster(play(t, "paymaster"), fast, json.RawMessage(`{"policyId":"p1"}`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Stub(t.Context(), withoutGas(), userop.V08, chain)
	if err != nil || s.Paymaster != common.HexToAddress("0xbb") || s.Sponsor != "Acme" || s.Final || s.VerificationGasLimit.Int64() != 10000 {
		t.Errorf("%+v, %v", s, err)
	}
	s, err = p.Data(t.Context(), sample(), userop.V08, chain)
	if err != nil || string(s.Data) != "\x12\x34" || s.VerificationGasLimit != nil {
		t.Errorf("%+v, %v", s, err)
	}

	p, err = bundler.NewPaymaster(play(t, "paymaster-06"), fast, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err = p.Stub(t.Context(), sample(), userop.V06, chain)
	if err != nil || s.Paymaster != common.HexToAddress("0xbb") || string(s.Data) != "\xab\xcd" || !s.Final {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := p.Data(t.Context(), sample(), userop.V06, chain); !errors.Is(err, bundler.ErrBadReply) {
		t.Error("no room for an address:", err)
	}
	for _, bad := range []string{`[]`, `"x"`, `{"a":1,"a":2}`, `{`} {
		if _, err := bundler.NewPaymaster("http://localhost", fast, json.RawMessage(bad)); err == nil {
			t.Errorf("context %s", bad)
		}
	}
}

func TestProbe(t *testing.T) {
	for script, want := range map[string]struct {
		p256     bundler.P256
		usable   []userop.EntryPoint
		problems []string
	}{
		"probe": {bundler.P256Works, []userop.EntryPoint{userop.V07, userop.V08}, nil},
		"probe-bad": {bundler.P256Untrusty, nil, []string{"relied on", "claims to serve EntryPoint 0.7",
			"no EntryPoint", "not the usual", "account factory has no code"}},
	} {
		url := play(t, script)
		n, err := bundler.NewChain(url, fast)
		if err != nil {
			t.Fatal(err)
		}
		b, err := bundler.Dial(url, fast)
		if err != nil {
			t.Fatal(err)
		}
		c, err := bundler.Probe(t.Context(), n, b, bundler.Named{Name: "account factory", Address: factory})
		if err != nil {
			t.Fatal(err)
		}
		if c.P256 != want.p256 || c.ChainID.Cmp(chain) != 0 || len(c.Problems) != len(want.problems) {
			t.Errorf("%s: %+v", script, c)
		}
		for i, p := range want.problems {
			if i < len(c.Problems) && !strings.Contains(c.Problems[i], p) {
				t.Errorf("%s: %q does not say %q", script, c.Problems[i], p)
			}
		}
		for _, ep := range userop.EntryPoints() {
			usable := false
			for _, u := range want.usable {
				usable = usable || u == ep
			}
			if c.Supports(ep) != usable {
				t.Errorf("%s: %s supported: %t", script, ep, !usable)
			}
		}
		if j, err := json.Marshal(c); err != nil || !strings.Contains(string(j), `"p256verify":"`) {
			t.Errorf("%s, %v", j, err)
		}
	}
}
