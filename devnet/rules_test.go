package devnet_test

import (
	"context"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/devnet"
)

// hasP256 asks P256VERIFY with EIP-7951's test vector: hash, r, s, x, y.
func hasP256(t *testing.T, n *devnet.Net) bool {
	t.Helper()
	to := common.HexToAddress("0x100")
	out, err := n.Client().CallContract(t.Context(), ethereum.CallMsg{To: &to, Data: common.FromHex(
		"0x4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4d" +
			"a73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac" +
			"36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d60" +
			"4aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3" +
			"7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e")}, nil)
	if err != nil || len(out) != 0 && new(big.Int).SetBytes(out).Int64() != 1 {
		t.Fatalf("P256VERIFY answers %x (%v)", out, err)
	}
	return len(out) == 32
}

func head(t *testing.T, n *devnet.Net) *types.Header {
	t.Helper()
	h, err := n.Client().HeaderByNumber(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestPrecompileFollowsTheRules(t *testing.T) {
	for rules, want := range map[devnet.Rules]bool{devnet.Osaka: true, devnet.Prague: false} {
		n := start(t, devnet.Config{Rules: rules})
		if hasP256(t, n) != want {
			t.Errorf("%s: P256VERIFY answers: %t", rules, !want)
		}
		err := n.BecomeOsaka(t.Context())
		if has := hasP256(t, n); has != want || errors.Is(err, devnet.ErrNoSwitch) != (rules == devnet.Prague) {
			t.Errorf("%s: asked to become Osaka: %v, and P256VERIFY answers: %t", rules, err, has)
		}
	}
}

func TestAPragueChainBecomesAnOsakaChain(t *testing.T) {
	dir := t.TempDir()
	at := time.Now().Truncate(time.Second).Add(time.Hour)
	config := devnet.Config{DataDir: dir, Rules: devnet.Prague, OsakaAt: at}
	to := common.HexToAddress("0x00000000000000000000000000000000000000aa")
	n := open(t, config)
	if info := n.Info(); info.Rules != "prague" || info.OsakaAt != at.Unix() {
		t.Errorf("it says of itself %s, Osaka at %d", info.Rules, info.OsakaAt)
	}
	if hasP256(t, n) {
		t.Error("P256VERIFY answers too early")
	}
	before := head(t, n).Number.Uint64()
	for range 2 { // the second time it is nothing
		if err := n.BecomeOsaka(t.Context()); err != nil {
			t.Fatal(err)
		}
		if h := head(t, n); h.Time != uint64(at.Unix()) || h.Number.Uint64() > before+2 {
			t.Errorf("block %d after %d, of %d, want %d", h.Number, before, h.Time, at.Unix())
		}
	}
	if !hasP256(t, n) {
		t.Error("P256VERIFY does not answer")
	}
	// It goes on from there, and through a restart, for which the time need not be known.
	if err := n.Faucet(t.Context(), to, big.NewInt(7)); err != nil {
		t.Fatal(err)
	}
	closeNet(t, n)
	for _, wrong := range []devnet.Config{{}, {Rules: devnet.Prague, OsakaAt: at.Add(time.Second)}} {
		wrong.DataDir, wrong.Artifacts = dir, openPackages(t)
		if _, err := devnet.Start(t.Context(), wrong); !errors.Is(err, devnet.ErrMismatch) {
			t.Errorf("start with %s and %s: %v, want ErrMismatch", wrong.Rules, wrong.OsakaAt, err)
		}
	}
	n = start(t, devnet.Config{DataDir: dir, Rules: devnet.Prague})
	if err := n.Faucet(t.Context(), to, big.NewInt(7)); err != nil {
		t.Fatal(err)
	}
	if got := balance(t, n, to); got.Int64() != 14 || !hasP256(t, n) || n.Info().OsakaAt != at.Unix() {
		t.Errorf("after a restart: %v wei, Osaka at %d", got, n.Info().OsakaAt)
	}
}

func TestTheRulesChangeInTimeWithoutATransaction(t *testing.T) {
	at := time.Now().Truncate(time.Second).Add(3 * time.Second)
	n := start(t, devnet.Config{Rules: devnet.Prague, OsakaAt: at})
	if hasP256(t, n) && time.Now().Before(at) {
		t.Fatal("P256VERIFY answers too early")
	}
	for begun := time.Now(); !hasP256(t, n); time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatal("it stays a Prague chain")
		}
	}
}

func TestATransactionWithTooLowAFeeDelaysTheSwitch(t *testing.T) {
	n := start(t, devnet.Config{Rules: devnet.Prague, OsakaAt: time.Now().Truncate(time.Second).Add(time.Hour)})
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	who := crypto.PubkeyToAddress(key.PublicKey)
	if err := n.Faucet(t.Context(), who, big.NewInt(1e18)); err != nil {
		t.Fatal(err)
	}
	send := func(nonce uint64, fee int64, gas uint64) error {
		tx, err := types.SignNewTx(key, types.LatestSignerForChainID(n.ChainID()), &types.DynamicFeeTx{
			ChainID: n.ChainID(), Nonce: nonce, GasTipCap: big.NewInt(fee), GasFeeCap: big.NewInt(fee), Gas: gas, To: &who})
		if err != nil {
			t.Fatal(err)
		}
		return n.Client().SendTransaction(t.Context(), tx)
	}
	if err := send(0, 10, 21_000); err != nil { // 10 wei are below every base fee
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := n.BecomeOsaka(ctx); !errors.Is(err, devnet.ErrNoSwitch) || !errors.Is(err, context.DeadlineExceeded) || hasP256(t, n) {
		t.Errorf("with a transaction that waits: %v", err)
	}
	if err := send(0, 1e10, 21_000); err != nil { // in its place
		t.Fatal(err)
	}
	if err := n.BecomeOsaka(t.Context()); err != nil || !hasP256(t, n) {
		t.Errorf("after it was replaced: %v", err)
	}
	if err := send(1, 1e10, 1<<24+1); err == nil {
		t.Error("a transaction of more than 2^24 gas is taken under Osaka rules (EIP-7825)")
	}
}

func TestImpossibleRulesAreRefused(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	for _, config := range []devnet.Config{
		{Rules: devnet.Prague + 1}, {OsakaAt: now}, {Rules: devnet.Prague, OsakaAt: now.Add(1)}, {Rules: devnet.Prague, OsakaAt: time.Unix(-1, 0)},
	} {
		config.Artifacts = openPackages(t)
		if _, err := devnet.Start(t.Context(), config); !errors.Is(err, devnet.ErrConfig) {
			t.Errorf("%+v: %v", config, err)
		}
	}
}

// An account implementation asks for P256VERIFY, and for the engines where it is silent, so they have to be there
// before it.
func TestOurContractsAreThereUnderAllRules(t *testing.T) {
	for _, rules := range []devnet.Rules{devnet.Osaka, devnet.Prague} {
		n := start(t, devnet.Config{Rules: rules})
		for _, c := range contracts.All() {
			if code, err := n.Client().CodeAt(t.Context(), c.Address, nil); err != nil || !c.Is(code) {
				t.Errorf("%s: %s has other code at %s: %d bytes (%v)", rules, c.Name, c.Address, len(code), err)
			}
		}
	}
}
