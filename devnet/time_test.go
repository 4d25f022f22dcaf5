package devnet_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/postern-dev/postern/devnet"
)

const week = 7 * 24 * time.Hour

// timeSeen is what code reads by TIMESTAMP in a call on the newest block: timestamp, mstore at 0, return 32 bytes.
func timeSeen(t *testing.T, n *devnet.Net) uint64 {
	t.Helper()
	out, err := n.Client().CallContract(t.Context(), ethereum.CallMsg{Data: common.FromHex("0x425f5260205ff3")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return new(big.Int).SetBytes(out).Uint64()
}

func TestAWeekPassesAtOnceAndForGood(t *testing.T) {
	dir := t.TempDir()
	to := common.HexToAddress("0x00000000000000000000000000000000000000aa")
	n := open(t, devnet.Config{DataDir: dir})
	before := head(t, n)
	at, err := n.Skip(t.Context(), week)
	if err != nil {
		t.Fatal(err)
	}
	after := head(t, n)
	if passed := after.Time - before.Time; passed != uint64(week/time.Second) || after.Time != uint64(at.Unix()) {
		t.Errorf("%d s have passed, and it is %d; it says %d", passed, after.Time, at.Unix())
	}
	if seen := timeSeen(t, n); seen != after.Time {
		t.Errorf("a contract reads %d at %d", seen, after.Time)
	}
	if err := n.Faucet(t.Context(), to, big.NewInt(7)); err != nil {
		t.Fatal(err)
	}
	if h := head(t, n); h.Time <= after.Time {
		t.Errorf("the next block is of %d, after %d", h.Time, after.Time)
	}
	closeNet(t, n)
	n = start(t, devnet.Config{DataDir: dir})
	if h := head(t, n); h.Time <= after.Time {
		t.Errorf("a restart takes the time back to %d", h.Time)
	}
	if err := n.Faucet(t.Context(), to, big.NewInt(7)); err != nil {
		t.Fatal(err)
	}
	if h, got := head(t, n), balance(t, n, to); h.Time <= after.Time || got.Int64() != 14 {
		t.Errorf("after a restart: %v wei at %d, %d before", got, h.Time, after.Time)
	}
}

func TestImpossibleTimesAreRefused(t *testing.T) {
	n := start(t, devnet.Config{})
	before := head(t, n)
	for _, d := range []time.Duration{0, -week, time.Millisecond, week + 1, devnet.MaxSkip + time.Second} {
		if _, err := n.Skip(t.Context(), d); !errors.Is(err, devnet.ErrTime) {
			t.Errorf("%s: %v", d, err)
		}
	}
	if h := head(t, n); h.Number.Cmp(before.Number) != 0 {
		t.Errorf("a refused skip makes %d blocks", new(big.Int).Sub(h.Number, before.Number))
	}
	steps := 0
	for ; steps < 20; steps++ {
		if _, err := n.Skip(t.Context(), devnet.MaxSkip); err != nil {
			if !errors.Is(err, devnet.ErrTime) {
				t.Error(err)
			}
			break
		}
	}
	if steps != 10 {
		t.Errorf("ten years can be skipped %d times", steps)
	}
}

func TestWhatWaitsForABlockGetsIntoOneBeforeTimePasses(t *testing.T) {
	n := start(t, devnet.Config{BlockTime: -1})
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	who := crypto.PubkeyToAddress(key.PublicKey)
	send := func(nonce uint64, fee int64) common.Hash {
		tx, err := types.SignNewTx(key, types.LatestSignerForChainID(n.ChainID()), &types.DynamicFeeTx{
			ChainID: n.ChainID(), Nonce: nonce, GasTipCap: big.NewInt(fee), GasFeeCap: big.NewInt(fee), Gas: 21_000, To: &who})
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Client().SendTransaction(t.Context(), tx); err != nil {
			t.Fatal(err)
		}
		return tx.Hash()
	}
	given := make(chan error, 1)
	go func() { given <- n.Faucet(t.Context(), who, big.NewInt(1e18)) }()
	for waiting := true; waiting; time.Sleep(time.Millisecond) {
		n.Mine()
		select {
		case err := <-given:
			if err != nil {
				t.Fatal(err)
			}
			waiting = false
		default:
		}
	}
	hash, before := send(0, 1e10), head(t, n)
	if _, err := n.Skip(t.Context(), week); err != nil {
		t.Fatal(err)
	}
	r, err := n.Client().TransactionReceipt(t.Context(), hash)
	if err != nil {
		t.Fatal(err)
	}
	in, err := n.Client().HeaderByHash(t.Context(), r.BlockHash)
	if err != nil {
		t.Fatal(err)
	}
	if in.Time >= before.Time+uint64(week/time.Second) || head(t, n).Time < before.Time+uint64(week/time.Second) {
		t.Errorf("sent at %d, in a block of %d; it is %d", before.Time, in.Time, head(t, n).Time)
	}
	send(1, 10) // 10 wei are below every base fee
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := n.Skip(ctx, week); !errors.Is(err, devnet.ErrTime) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a transaction that waits: %v", err)
	}
}

func TestTimePassesByTheMethodsOfOtherDevelopmentChains(t *testing.T) {
	n := start(t, devnet.Config{})
	url, err := n.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, err := rpc.Dial(url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	before := head(t, n).Time
	var moved uint64
	for i, seconds := range []any{86_400, "0x15180", "86400"} { // viem sends the second
		if err := c.CallContext(t.Context(), &moved, "evm_increaseTime", seconds); err != nil {
			t.Fatal(err)
		}
		if want := uint64(i+1) * 86_400; moved != want || head(t, n).Time < before+want {
			t.Errorf("%v: %d s, %d of %d before", seconds, moved, head(t, n).Time, before)
		}
	}
	number := head(t, n).Number.Uint64()
	if err := c.CallContext(t.Context(), nil, "evm_mine"); err != nil || head(t, n).Number.Uint64() != number+1 {
		t.Errorf("evm_mine: %v, block %d after %d", err, head(t, n).Number, number)
	}
	for _, wrong := range []any{0, -1, 1.5, "", "soon", nil, uint64(1) << 63, uint64(devnet.MaxSkip/time.Second) + 1} {
		if err := c.CallContext(t.Context(), &moved, "evm_increaseTime", wrong); err == nil {
			t.Errorf("%v is taken", wrong)
		}
	}
	if h := head(t, n); h.Number.Uint64() != number+1 {
		t.Errorf("refused calls make blocks: %d after %d", h.Number, number+1)
	}
}

func TestOsakaComesWithItsTime(t *testing.T) {
	n := start(t, devnet.Config{Rules: devnet.Prague, OsakaAt: time.Now().Truncate(time.Second).Add(time.Hour)})
	if hasP256(t, n) {
		t.Fatal("P256VERIFY answers too early")
	}
	if _, err := n.Skip(t.Context(), 2*time.Hour); err != nil || !hasP256(t, n) {
		t.Errorf("two hours later: %v, P256VERIFY answers: %t", err, hasP256(t, n))
	}
}

func TestAClosedChainStandsStill(t *testing.T) {
	n := open(t, devnet.Config{})
	closeNet(t, n)
	if _, err := n.Skip(t.Context(), week); !errors.Is(err, devnet.ErrTime) {
		t.Error(err)
	}
}

// TestSkippedTimeOutlivesAKill runs itself as another process, kills that as soon as a week has passed there, and looks
// at its data directory.
func TestSkippedTimeOutlivesAKill(t *testing.T) {
	if dir := os.Getenv("DEVNET_SKIP_DIR"); dir != "" {
		at, err := open(t, devnet.Config{DataDir: dir}).Skip(t.Context(), week)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("SKIPPED", at.Unix())
		select {}
	}
	openPackages(t)
	dir := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run=^TestSkippedTimeOutlivesAKill$")
	child.Env = append(os.Environ(), "DEVNET_SKIP_DIR="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var at uint64
	for lines := bufio.NewScanner(out); at == 0 && lines.Scan(); {
		_, _ = fmt.Sscanf(lines.Text(), "SKIPPED %d", &at)
	}
	_ = child.Process.Kill()
	_ = child.Wait()
	if at == 0 {
		t.Fatal("the other process did not skip anything")
	}
	if h := head(t, start(t, devnet.Config{DataDir: dir})); h.Time < at {
		t.Errorf("it is %d, although %d was acknowledged", h.Time, at)
	}
}
