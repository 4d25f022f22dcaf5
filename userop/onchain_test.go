package userop_test

import (
	"bytes"
	"context"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/userop"
)

func startChain(t *testing.T, rules devnet.Rules) *devnet.Net {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	set, err := artifacts.Open(ctx, artifacts.Options{})
	if err != nil {
		t.Skipf("SKIPPED: the EntryPoint bytecode is not to be had here: %v", err)
	}
	n, err := devnet.Start(t.Context(), devnet.Config{Artifacts: set, Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

type callMsg struct {
	To   common.Address `json:"to"`
	Data hexutil.Bytes  `json:"data"`
}

type override map[common.Address]struct {
	Code hexutil.Bytes `json:"code"`
}

// The hashes of random operations are those that the deployed EntryPoints give.
func TestHashesEqualTheDeployedEntryPoints(t *testing.T) {
	n := startChain(t, devnet.Osaka)
	r := rng(t)
	const count = 500
	for _, ep := range userop.EntryPoints() {
		batch := make([]rpc.BatchElem, count)
		want := make([]common.Hash, count)
		results := make([]hexutil.Bytes, count)
		for i := range batch {
			op := randomOp(r, ep)
			state := override{}
			if ep.Version() >= "0.8" && i%5 == 0 {
				// an EIP-7702 sender, with the delegation that the hash takes in
				delegate := common.BytesToAddress([]byte{byte(i), 1, 2, 3})
				op.Factory, op.Delegate = &userop.EIP7702Marker, &delegate
				state[op.Sender] = struct {
					Code hexutil.Bytes `json:"code"`
				}{append([]byte{0xef, 0x01, 0x00}, delegate[:]...)}
			}
			var err error
			if want[i], err = ep.Hash(op, n.ChainID()); err != nil {
				t.Fatal(err)
			}
			data, err := userop.GetUserOpHash(ep, op)
			if err != nil {
				t.Fatal(err)
			}
			batch[i] = rpc.BatchElem{Method: "eth_call", Args: []any{callMsg{ep.Address(), data}, "latest", state}, Result: &results[i]}
		}
		for i := 0; i < count; i += 50 {
			if err := n.Client().Client().BatchCallContext(t.Context(), batch[i:i+50]); err != nil {
				t.Fatal(err)
			}
		}
		for i, b := range batch {
			if b.Error != nil || !bytes.Equal(results[i], want[i][:]) {
				t.Fatalf("EntryPoint %s, operation %d: the contract says %x, %v; ours is %s", ep, i, []byte(results[i]), b.Error, want[i])
			}
		}
	}
}

// What the EntryPoints revert with is decoded to the code in their sources.
func TestRevertsOfTheDeployedEntryPoints(t *testing.T) {
	n := startChain(t, devnet.Osaka)
	beneficiary := common.Address{0xbe}
	nobody := common.Address{0x0b}
	good := func() *userop.Op {
		return (&userop.Op{
			Sender: common.Address{0xaa}, CallGasLimit: big.NewInt(50_000), VerificationGasLimit: big.NewInt(200_000),
			PreVerificationGas: big.NewInt(50_000), MaxFeePerGas: big.NewInt(1e9), MaxPriorityFeePerGas: big.NewInt(1), Signature: []byte{1},
		}).Normalize()
	}
	for code, change := range map[string]func(*userop.Op){
		"AA20": func(*userop.Op) {},
		"AA13": func(op *userop.Op) { op.Factory = &nobody },
		"AA94": func(op *userop.Op) { op.CallGasLimit = new(big.Int).Lsh(one, 121) },
	} {
		for _, ep := range userop.EntryPoints() {
			op := good()
			change(op)
			r := handle(t, n, ep, op, beneficiary)
			if code == "AA20" && ep.Version() < "0.8" && len(r.Data) == 0 && r.Hint != "" {
				continue // these revert without data; AA20 is said by their simulations only
			}
			if r.Code != code || r.Hint == "" {
				t.Errorf("EntryPoint %s: %q from %x, want %s", ep, r.Code, r.Data, code)
			}
			if r.Name == "FailedOp" && r.OpIndex != 0 {
				t.Errorf("index %d", r.OpIndex)
			}
		}
	}
}

// handle calls handleOps and returns what it reverted with.
func handle(t *testing.T, n *devnet.Net, ep userop.EntryPoint, op *userop.Op, to common.Address) *userop.Revert {
	t.Helper()
	data, err := ep.HandleOps([]*userop.Op{op}, to)
	if err != nil {
		t.Fatal(err)
	}
	err = n.Client().Client().CallContext(t.Context(), nil, "eth_call", callMsg{ep.Address(), data}, "latest")
	var de rpc.DataError
	if !errors.As(err, &de) {
		t.Fatalf("EntryPoint %s: %v", ep, err)
	}
	b, err := hexutil.Decode(de.ErrorData().(string))
	if err != nil {
		t.Fatal(err)
	}
	return userop.DecodeRevert(b)
}
