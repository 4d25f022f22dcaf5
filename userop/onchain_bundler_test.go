package userop_test

// Package bundler against the embedded chain. These tests stand here because
// bundler's own run under the race detector, for which the chain is too heavy.

import (
	"errors"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/userop"
)

// serve starts the embedded chain and returns its URL.
func serve(t *testing.T, rules devnet.Rules) string {
	t.Helper()
	url, err := startChain(t, rules).Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return url
}

func connect(t *testing.T, url string) (*bundler.Chain, *bundler.Client) {
	t.Helper()
	n, err := bundler.NewChain(url, bundler.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundler.Dial(url, bundler.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return n, b
}

func TestProbeOfTheEmbeddedChain(t *testing.T) {
	for rules, want := range map[devnet.Rules]bundler.P256{devnet.Osaka: bundler.P256Works, devnet.Prague: bundler.P256Absent} {
		n, b := connect(t, serve(t, rules))
		d, err := contracts.ForEntryPoint(userop.V08)
		if err != nil {
			t.Fatal(err)
		}
		c, err := bundler.Probe(t.Context(), n, b, bundler.Named{Name: "account factory", Address: d.Factory})
		if err != nil {
			t.Fatal(err)
		}
		if c.P256 != want || len(c.Problems) != 0 || !c.Contracts[0].Deployed {
			t.Errorf("%s: %+v", rules, c)
		}
		served, err := b.SupportedEntryPoints(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, ep := range userop.EntryPoints() {
			if c.Supports(ep) != slices.Contains(served, ep.Address()) {
				t.Errorf("%s: %t", ep, c.Supports(ep))
			}
		}
		if c.EntryPoints[1].CodeHash == (common.Hash{}) {
			t.Error("no code hash")
		}
	}
}

func TestRefusalsOfARealBundler(t *testing.T) {
	n, b := connect(t, serve(t, devnet.Osaka))
	f, err := n.Fees(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s, err := b.SuggestFees(t.Context()); err == nil {
		f = s
	} else if !errors.Is(err, bundler.ErrNoFees) {
		t.Error(err)
	}
	op := (&userop.Op{
		Sender: common.Address{0xaa}, CallGasLimit: big.NewInt(50_000), VerificationGasLimit: big.NewInt(200_000),
		PreVerificationGas: big.NewInt(100_000), MaxFeePerGas: f.MaxFeePerGas, MaxPriorityFeePerGas: f.MaxPriorityFeePerGas,
		Signature: []byte{1},
	}).Normalize()
	_, err = b.Send(t.Context(), op, userop.V08)
	if account.AACode(err) != "AA20" {
		t.Error("an account that is not there:", err)
	}
	var r *bundler.RPCError
	if !errors.As(err, &r) || r.Code != bundler.CodeRejected || r.Hint() == "" || r.Unavailable() {
		t.Errorf("%+v", r)
	}
	hash, err := userop.V08.Hash(op, big.NewInt(31337))
	if err != nil {
		t.Fatal(err)
	}
	if receipt, err := b.Receipt(t.Context(), hash); err != nil || receipt != nil {
		t.Error(receipt, err)
	}
	if o, err := b.ByHash(t.Context(), hash); err != nil || o != nil {
		t.Error(o, err)
	}
	_, err = n.Call(t.Context(), userop.V08.Address(), userop.GetSenderAddress(common.Address{1}.Bytes()))
	var rev *userop.Revert
	if !errors.As(err, &rev) || rev.Name != "SenderAddressResult" {
		t.Error(err)
	}
}
