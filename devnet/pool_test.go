package devnet_test

import (
	"math/big"
	"strings"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/userop"
)

// manual is a chain that makes blocks only when told, so that operations stay pending.
var manual = devnet.Config{BlockTime: -1}

func TestReplacementNeedsTenPercentMore(t *testing.T) {
	n := start(t, manual)
	b := newBench(t, n, userop.V07)
	a := b.newAccount(ether(1))
	fees := func(max, tip int64) func(*userop.Op) {
		return func(op *userop.Op) { op.MaxFeePerGas, op.MaxPriorityFeePerGas = big.NewInt(max), big.NewInt(tip) }
	}
	first, err := b.send(b.ready(a, fees(3e9, 1e9)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range [][2]int64{{3.2e9, 1.2e9}, {3.4e9, 1.05e9}, {3e9, 3e9}, {2e9, 1e9}} {
		op := b.op(a)
		op.CallGasLimit, op.VerificationGasLimit, op.PreVerificationGas = big.NewInt(60_000), big.NewInt(400_000), big.NewInt(60_000)
		fees(f[0], f[1])(op)
		b.sign(op, a.key)
		if _, err := b.send(op); code(err) != -32602 || !strings.Contains(err.Error(), "replacement underpriced") {
			t.Errorf("fees %v: %v", f, err)
		}
	}
	second, err := b.send(b.ready(a, fees(3.3e9, 1.1e9)))
	if err != nil {
		t.Fatal(err)
	}
	if s := b.status(first); s.Status != "rejected" || !strings.Contains(s.Reason, second.Hex()) {
		t.Errorf("replaced operation: %+v", s)
	}
	n.Mine()
	if r := b.wait(second); !r.Success {
		t.Errorf("receipt %+v", r)
	}
	if got := balance(t, n, common.HexToAddress("0xbeef")); got.Int64() != 1 {
		t.Errorf("beneficiary has %v wei, want 1", got)
	}
}

func TestSendingAgainChangesNothing(t *testing.T) {
	n := start(t, manual)
	b := newBench(t, n, userop.V08)
	a := b.newAccount(ether(1))
	op := b.ready(a, nil)
	var hashes [3]common.Hash
	for i := range hashes {
		var err error
		if hashes[i], err = b.send(op); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			n.Mine()
			b.wait(hashes[0])
		}
	}
	if hashes[0] != hashes[1] || hashes[1] != hashes[2] {
		t.Errorf("hashes %v", hashes)
	}
	n.Mine()
	if got := balance(t, n, common.HexToAddress("0xbeef")); got.Int64() != 1 {
		t.Errorf("beneficiary has %v wei, want 1", got)
	}
}

func TestSuccessiveNoncesWaitTogether(t *testing.T) {
	n := start(t, manual)
	b := newBench(t, n, userop.V09)
	a := b.newAccount(ether(1))
	var hashes []common.Hash
	for i := range int64(4) {
		op := b.op(a)
		if op.Nonce = big.NewInt(i); i > 0 { // the first one deploys
			op.Factory, op.FactoryData = nil, nil
		}
		if err := b.estimate(op); err != nil {
			t.Fatalf("estimating operation %d: %v", i, err)
		}
		b.sign(op, a.key)
		hash, err := b.send(op)
		if err != nil {
			t.Fatalf("sending operation %d: %v", i, err)
		}
		hashes = append(hashes, hash)
	}
	op := b.op(a)
	op.Nonce, op.Factory, op.FactoryData = big.NewInt(4), nil, nil
	op.CallGasLimit, op.VerificationGasLimit, op.PreVerificationGas = big.NewInt(60_000), big.NewInt(400_000), big.NewInt(60_000)
	b.sign(op, a.key)
	if _, err := b.send(op); code(err) != -32005 {
		t.Errorf("fifth pending operation of a sender: %v", err)
	}
	n.Mine()
	for _, hash := range hashes {
		if r := b.wait(hash); !r.Success || r.Receipt.BlockNumber.Cmp(b.wait(hashes[0]).Receipt.BlockNumber) != 0 {
			t.Errorf("receipt %+v", r)
		}
	}
}

func TestOperationThatCanNoLongerSucceedIsDropped(t *testing.T) {
	n := start(t, manual)
	b := newBench(t, n, userop.V07)
	a := b.newAccount(ether(1))
	somebody := b.funded()
	one := b.ready(a, nil)
	two := b.ready(a, func(op *userop.Op) {
		op.CallData = b.pack(b.abi, "execute", common.HexToAddress("0xbeef"), ether(1), []byte{})
	})
	if _, err := b.send(one); err != nil {
		t.Fatal(err)
	}
	// Somebody else hands the EntryPoint another operation with the same nonce.
	data, err := b.ep.HandleOps([]*userop.Op{two}, common.HexToAddress("0xcafe"))
	if err != nil {
		t.Fatal(err)
	}
	b.submit(somebody, b.ep.Address(), data, new(big.Int), 100e9)
	hash, _ := b.ep.Hash(one, n.ChainID())
	n.Mine() // the bundler's transaction comes second and fails
	n.Mine()
	if s := b.status(hash); s.Status != "rejected" || !strings.Contains(s.Reason, "AA") {
		t.Errorf("status %+v", s)
	}
	// The other one is found although it came another way.
	other, _ := b.ep.Hash(two, n.ChainID())
	if r := b.wait(other); r.Success {
		t.Errorf("receipt %+v", r)
	}
	b.sameByHash(two, other)
}

func TestManySendersAtOnce(t *testing.T) {
	n := start(t, devnet.Config{})
	b := newBench(t, n, userop.V08)
	accounts := make([]*account, 12)
	for i := range accounts {
		accounts[i] = b.newAccount(ether(1))
	}
	var group sync.WaitGroup
	for _, a := range accounts {
		group.Go(func() {
			for range 3 {
				op := b.op(a)
				if err := b.estimate(op); err != nil {
					t.Error(err)
					return
				}
				b.sign(op, a.key)
				hash, err := b.send(op)
				if err != nil {
					t.Error(err)
					return
				}
				if r := b.wait(hash); !r.Success {
					t.Errorf("receipt %+v", r)
				}
			}
		})
	}
	group.Wait()
	if got := balance(t, n, common.HexToAddress("0xbeef")); got.Int64() != 36 {
		t.Errorf("beneficiary has %v wei, want 36", got)
	}
}

func TestPendingOperationsSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	n := open(t, devnet.Config{DataDir: dir, BlockTime: -1})
	b := newBench(t, n, userop.V08)
	a := b.newAccount(ether(1))
	op := b.ready(a, nil)
	hash, err := b.send(op)
	if err != nil {
		t.Fatal(err)
	}
	closeNet(t, n)

	n = open(t, devnet.Config{DataDir: dir}) // now with blocks on demand
	b = b.on(n)
	if r := b.wait(hash); !r.Success {
		t.Errorf("receipt %+v", r)
	}
	closeNet(t, n)

	n = start(t, devnet.Config{DataDir: dir})
	b = b.on(n)
	if again, err := b.send(op); err != nil || again != hash {
		t.Errorf("sending again after a restart: %s, %v", again, err)
	}
	b.sameByHash(op, hash)
	if got := balance(t, n, common.HexToAddress("0xbeef")); got.Int64() != 1 {
		t.Errorf("beneficiary has %v wei, want 1", got)
	}
}
