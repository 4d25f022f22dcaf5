package guardian_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/accounttest"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// bench is a chain with an account of one passkey and somebody who sends transactions.
type bench struct {
	net    *devnet.Net
	chain  accounttest.NodeChain
	relay  *account.Relayer
	sender *ecdsa.PrivateKey
	acct   *webauthn.Account
	owner  string // whose passkey signs for it
}

func newBench(t *testing.T, rules devnet.Rules) *bench {
	t.Helper()
	net := must[*devnet.Net](t)(devnet.Start(t.Context(), devnet.Config{Rules: rules}))
	t.Cleanup(func() {
		if err := net.Close(); err != nil {
			t.Error(err)
		}
	})
	node := accounttest.NodeChain{Node: net.Client().Client()}
	relay := &account.Relayer{Node: node, Chain: node, Key: ecKey(t, "relay")}
	_, c := device(t, "old phone")
	d := must[contracts.Deployment](t)(contracts.ForEntryPoint(userop.V09))
	b := &bench{net, node, relay, ecKey(t, "anybody"), must[*webauthn.Account](t)(webauthn.ForPasskey(d, c.Key, [32]byte{7})), "old phone"}
	for _, a := range []common.Address{relay.From(), crypto.PubkeyToAddress(b.sender.PublicKey), b.acct.Address()} {
		if err := net.Faucet(t.Context(), a, big.NewInt(2e18)); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func (b *bench) approver(t *testing.T) webauthn.PasskeyApprover {
	return webauthn.PasskeyApprover{Passkey: passkeyOf(t, b.owner, seal.RequireUV), RPID: rpID, Origins: []string{origin}}
}

// do has the account make calls.
func (b *bench) do(t *testing.T, calls ...account.Call) *account.Receipt {
	t.Helper()
	acct := guardian.Account{Account: b.acct}
	auth := must[*webauthn.Authority](t)(b.acct.Authority(b.approver(t)))
	p := must[*account.Prepared](t)(account.Prepare(t.Context(), account.Client{Chain: b.chain, Bundler: b.relay}, acct, auth, calls))
	if _, err := p.Finish(answer(t, b.owner, p.Challenge())); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	return must[*account.Receipt](t)(p.Wait(t.Context()))
}

// try sends calls of the account that may be refused.
func (b *bench) try(t *testing.T, calls ...account.Call) error {
	t.Helper()
	auth := must[*webauthn.Authority](t)(b.acct.Authority(b.approver(t)))
	p, err := account.Prepare(t.Context(), account.Client{Chain: b.chain, Bundler: b.relay}, b.acct, auth, calls)
	if err != nil {
		return err
	}
	if _, err := p.Finish(answer(t, b.owner, p.Challenge())); err != nil {
		t.Fatal(err)
	}
	_, err = p.Send(t.Context())
	return err
}

// must is do, which has to succeed.
func (b *bench) must(t *testing.T, call account.Call, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if words, ok := guardian.DescribeCall(b.acct.Address(), call); !ok || words == "" {
		t.Error("a call without words")
	}
	if r := b.do(t, call); !r.Success {
		t.Fatalf("it reverted: %s", r.Reason)
	}
}

// anybody sends a call as a transaction and reports whether it succeeded.
func (b *bench) anybody(t *testing.T, call account.Call, err error) bool {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if words, ok := guardian.DescribeCall(b.acct.Address(), call); !ok || words == "" {
		t.Error("a call without words")
	}
	client := b.net.Client()
	nonce := must[uint64](t)(client.PendingNonceAt(t.Context(), crypto.PubkeyToAddress(b.sender.PublicKey)))
	tx := must[*types.Transaction](t)(types.SignNewTx(b.sender, types.LatestSignerForChainID(b.net.ChainID()), &types.DynamicFeeTx{
		ChainID: b.net.ChainID(), Nonce: nonce, To: &call.To, Data: call.Data, Gas: 10_000_000, GasFeeCap: big.NewInt(20e9), GasTipCap: big.NewInt(1e9)}))
	if err := client.SendTransaction(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if r, err := client.TransactionReceipt(t.Context(), tx.Hash()); err == nil {
			return r.Status == types.ReceiptStatusSuccessful
		}
	}
	t.Fatal("the transaction did not get into a block")
	return false
}

func (b *bench) state(t *testing.T) *guardian.State {
	t.Helper()
	return must[*guardian.State](t)(guardian.At(t.Context(), b.chain, b.acct.Address()))
}

func (b *bench) skip(t *testing.T, d time.Duration) {
	t.Helper()
	must[time.Time](t)(b.net.Skip(t.Context(), d))
}

// gather has the named signers approve and makes the transaction.
func (b *bench) gather(t *testing.T, s *guardian.State, m guardian.Message, who map[string]seal.Signer) (account.Call, error) {
	t.Helper()
	c := must[*guardian.Collected](t)(guardian.Collect(s.ChainID, s.Setup, m))
	for name, signer := range who {
		r := must[*guardian.Request](t)(guardian.Ask(guardian.Approver{Signer: signer, RPID: rpID, Origins: []string{origin}}, m, s.ChainID))
		add(t, c, must[guardian.Approval](t)(r.Finish(answer(t, name, r.Challenge()))))
	}
	if err := c.VerifyOn(t.Context(), b.chain); err != nil {
		t.Fatal(err)
	}
	return must[*guardian.Collected](t)(guardian.ParseCollected(must[[]byte](t)(json.Marshal(c)))).Call()
}

func (b *bench) signers(t *testing.T) string {
	t.Helper()
	a := must[*webauthn.Account](t)(webauthn.At(t.Context(), b.chain, b.acct.Address()))
	var names []string
	for _, m := range a.Members() {
		names = append(names, m.Signer.String())
	}
	return strings.Join(names, " ")
}

// liar is a node that says another configuration in logs.
type liar struct {
	accounttest.NodeChain
	config common.Hash
}

func (l liar) CallContext(ctx context.Context, result any, method string, args ...any) error {
	if method != "eth_getLogs" {
		return l.NodeChain.CallContext(ctx, result, method, args...)
	}
	var raw json.RawMessage
	if err := l.NodeChain.CallContext(ctx, &raw, method, args...); err != nil {
		return err
	}
	return json.Unmarshal([]byte(strings.ReplaceAll(string(raw), l.config.Hex()[2:], common.Hash{9}.Hex()[2:])), result)
}

// otherBlocks is a node that has no logs in the blocks that contracts see.
type otherBlocks struct{ accounttest.NodeChain }

func (o otherBlocks) CallContext(ctx context.Context, result any, method string, args ...any) error {
	if method == "eth_getLogs" && args[0].(map[string]any)["fromBlock"] != "earliest" {
		return json.Unmarshal([]byte("[]"), result)
	}
	return o.NodeChain.CallContext(ctx, result, method, args...)
}

func TestARecoveryOnTheChain(t *testing.T) {
	b := newBench(t, devnet.Osaka)
	friend, mother := passkeyOf(t, "friend", seal.RequireUV), key(t, "mother")
	quorum := map[string]seal.Signer{"friend": friend, "mother": mother}
	if s := b.state(t); !s.Setup.Empty() || s.Pending != nil || len(s.Proposals) != 0 || !s.FrozenUntil.IsZero() {
		t.Errorf("before: %+v", s)
	}
	setup := family(t)
	install := func() (account.Call, error) { return guardian.Install(b.acct.Address(), setup) }
	call, err := install()
	b.must(t, call, err)
	s := b.state(t)
	if s.Setup.Hash() != setup.Hash() || len(s.Nonces) != 2 || s.Proposals[0] != nil || s.ChainID.Cmp(b.net.ChainID()) != 0 {
		t.Fatalf("%+v", s)
	}

	// 1. Guardians propose; the account cancels, and what was signed is void.
	fresh := passkeyOf(t, "new phone", seal.RequireUV)
	old := passkeyOf(t, "old phone", seal.RequireUV)
	propose := func(s *guardian.State) (guardian.Recovery, account.Call) {
		t.Helper()
		r := must[guardian.Recovery](t)(s.Recovery(0, fresh, []seal.Signer{old}, s.Time.Add(day)))
		r.Table = p256table.Format1k
		by := map[string]seal.Signer{"new phone": fresh}
		for k, v := range quorum {
			by[k] = v
		}
		call, err := b.gather(t, s, r, by)
		if err != nil {
			t.Fatal(err)
		}
		return r, call
	}
	r, call := propose(s)
	if !b.anybody(t, call, nil) {
		t.Fatal("the proposal reverted")
	}
	s = b.state(t)
	p := s.Proposals[0]
	if p == nil || p.Digest != r.Digest(s.ChainID) || p.Recovery == nil || p.Recovery.NewSigner != fresh || p.Stage(s.Time) != guardian.Waiting || p.ExpiresAt.Sub(p.ReadyAt) != 14*day {
		t.Fatalf("%+v", p)
	}
	lied := must[*guardian.State](t)(guardian.At(t.Context(), liar{b.chain, r.ConfigHash}, b.acct.Address()))
	if p := lied.Proposals[0]; p == nil || p.Digest != r.Digest(s.ChainID) || p.Recovery != nil {
		t.Errorf("a node's word for another proposal is taken: %+v", p)
	}
	elsewhere := must[*guardian.State](t)(guardian.At(t.Context(), otherBlocks{b.chain}, b.acct.Address()))
	if p := elsewhere.Proposals[0]; p == nil || p.Recovery == nil {
		t.Errorf("where contracts see other block numbers: %+v", p)
	}
	for calls := range 9 { // setup, change, freeze, nonces and proposals
		left := calls
		if _, err := guardian.At(t.Context(), failing{b.chain, &left, false}, b.acct.Address()); !errors.Is(err, errDown) && calls < 8 || calls == 8 && err != nil {
			t.Errorf("a node that breaks off after %d calls: %v", calls, err)
		}
		left = calls
		if _, err := guardian.At(t.Context(), failing{b.chain, &left, true}, b.acct.Address()); (err == nil) != (calls == 8) {
			t.Errorf("a node that answers nonsense after %d calls: %v", calls, err)
		}
	}
	if b.anybody(t, call, nil) {
		t.Error("a proposal is made twice")
	}
	if execute, err := guardian.Execute(r); b.anybody(t, execute, err) {
		t.Error("it is executed without delay")
	}
	b.must(t, guardian.Cancel(), nil)
	if s = b.state(t); s.Proposals[0] != nil {
		t.Errorf("cancelled: %+v", s.Proposals[0])
	}
	if b.anybody(t, call, nil) {
		t.Error("approvals live on after the account cancelled")
	}

	// 2. Guardians cancel, anyone relays.
	_, call = propose(s)
	if !b.anybody(t, call, nil) {
		t.Fatal("the second proposal reverted")
	}
	s = b.state(t)
	cancel, err := b.gather(t, s, must[guardian.CancelRecovery](t)(s.CancelRecovery(0, 0)), quorum)
	if !b.anybody(t, cancel, err) || b.state(t).Proposals[0] != nil {
		t.Error("a majority of the guardians cannot cancel")
	}

	// 3. The account cancels by a signature.
	s = b.state(t)
	_, call = propose(s)
	if !b.anybody(t, call, nil) {
		t.Fatal("the third proposal reverted")
	}
	s = b.state(t)
	all := s.CancelAll() // before the freeze, and it is taken in it
	freeze, err := b.gather(t, s, s.Freeze(0, s.Time.Add(day)), quorum)
	if !b.anybody(t, freeze, err) || b.state(t).CancelAll().Nonce.Cmp(all.Nonce) != 0 {
		t.Fatal("frozen, and the account has something else to sign")
	}
	auth := must[*webauthn.Authority](t)(b.acct.Authority(b.approver(t)))
	msg := auth.SignHash(s.ChainID, all.Digest(s.ChainID))
	signature := must[[]byte](t)(msg.Finish(answer(t, b.owner, msg.Challenge())))
	if !b.anybody(t, guardian.CancelBySignature(b.acct.Address(), signature), nil) || b.state(t).Proposals[0] != nil {
		t.Error("the account's signature does not cancel")
	}
	if b.anybody(t, guardian.CancelBySignature(b.acct.Address(), signature), nil) {
		t.Error("a cancellation is replayed")
	}
	if b.anybody(t, guardian.Thaw(b.acct.Address()), nil) {
		t.Error("a freeze is ended by anybody")
	}

	// 4. A recovery completes, and the table goes with it.
	s = b.state(t)
	r, call = propose(s)
	if !b.anybody(t, call, nil) {
		t.Fatal("the fourth proposal reverted")
	}
	b.skip(t, 7*day)
	s = b.state(t)
	if s.Proposals[0].Stage(s.Time) != guardian.Ready {
		t.Errorf("after the delay: %s", s.Proposals[0].Stage(s.Time))
	}
	if execute, err := guardian.Execute(r); !b.anybody(t, execute, err) {
		t.Fatal("the execution reverted")
	}
	if got := b.signers(t); got != fresh.String() {
		t.Fatalf("signers %s", got)
	}
	a := must[*webauthn.Account](t)(webauthn.At(t.Context(), b.chain, b.acct.Address()))
	b.acct, b.owner = a, "new phone"
	if rcpt := b.do(t, account.Call{To: common.Address{1}, Value: big.NewInt(1)}); !rcpt.Success {
		t.Errorf("the new phone does not control the account: %s", rcpt.Reason)
	}
}

func TestFreezesAndChangesOfGuardiansOnTheChain(t *testing.T) {
	b := newBench(t, devnet.Prague) // passkeys without P256VERIFY
	quorum := map[string]seal.Signer{"friend": passkeyOf(t, "friend", seal.RequireUV), "brother": key(t, "brother")}
	setup := family(t)
	call, err := guardian.Install(b.acct.Address(), setup)
	b.must(t, call, err)

	// 1. A freeze, and its end.
	s := b.state(t)
	freeze, err := b.gather(t, s, s.Freeze(0, s.Time.Add(day)), quorum)
	if !b.anybody(t, freeze, err) {
		t.Fatal("the freeze reverted")
	}
	if s = b.state(t); s.FrozenUntil.Sub(s.Time) > 8*day || s.FrozenUntil.Sub(s.Time) < 8*day-time.Hour || s.FreezableAt.Sub(s.FrozenUntil) != 8*day {
		t.Errorf("frozen until %s at %s, again at %s", s.FrozenUntil, s.Time, s.FreezableAt)
	}
	if b.anybody(t, freeze, nil) {
		t.Error("a freeze is replayed")
	}
	err = b.try(t, account.Call{To: common.Address{1}})
	if e, ok := errors.AsType[*webauthn.FrozenError](err); !ok || !e.Until.Equal(s.FrozenUntil) {
		t.Errorf("sending from a frozen account: %v", err)
	}
	byIt := must[guardian.Approval](t)(guardian.Contract(must[seal.Signer](t)(seal.AddressSigner(b.acct.Address())), []byte("for another account")))
	if err := byIt.VerifyOn(t.Context(), b.chain, s.CancelAll(), s.ChainID); !errors.Is(err, guardian.ErrFrozen) || !errors.Is(err, guardian.ErrForged) {
		t.Errorf("a frozen account as a guardian of others: %v", err)
	}
	unfreeze, err := b.gather(t, s, guardian.Unfreeze(s.Freeze(0, s.Time.Add(day))), quorum)
	if !b.anybody(t, unfreeze, err) || !b.state(t).FrozenUntil.IsZero() {
		t.Error("the freeze is not lifted")
	}
	if err := byIt.VerifyOn(t.Context(), b.chain, s.CancelAll(), s.ChainID); errors.Is(err, guardian.ErrFrozen) || !errors.Is(err, guardian.ErrForged) {
		t.Errorf("and afterwards: %v", err)
	}

	// 2. A change waits, can be dropped, and is applied by anybody.
	next := must[guardian.Setup](t)(guardian.Simple(addressOf(t, "paper"), 3*day))
	call, err = guardian.ScheduleSetup(b.acct.Address(), next)
	b.must(t, call, err)
	if s = b.state(t); s.Pending == nil || s.Pending.Setup.Hash() != next.Hash() || s.Pending.Stage(s.Time) != guardian.Waiting || s.Setup.Hash() != setup.Hash() {
		t.Fatalf("%+v", s.Pending)
	}
	if b.anybody(t, guardian.ApplySetup(b.acct.Address()), nil) {
		t.Error("a change is applied at once")
	}
	b.must(t, guardian.CancelSetup(), nil)
	if s = b.state(t); s.Pending != nil {
		t.Errorf("%+v", s.Pending)
	}
	call, err = guardian.ScheduleSetup(b.acct.Address(), next)
	b.must(t, call, err)
	b.skip(t, 10*day)
	if !b.anybody(t, guardian.ApplySetup(b.acct.Address()), nil) {
		t.Fatal("the change cannot be applied")
	}
	if s = b.state(t); s.Setup.Hash() != next.Hash() || s.Pending != nil {
		t.Errorf("%+v", s)
	}

	// 3. Leaving waits too; only then the module goes.
	if u, err := guardian.Uninstall(b.acct.Address()); err != nil {
		t.Error(err)
	} else if _, err := account.Prepare(t.Context(), account.Client{Chain: b.chain, Bundler: b.relay}, b.acct, must[*webauthn.Authority](t)(b.acct.Authority(b.approver(t))), []account.Call{u}); err == nil {
		t.Error("the module can be removed while guardians stand")
	}
	call, err = guardian.ScheduleSetup(b.acct.Address(), guardian.Setup{})
	b.must(t, call, err)
	if s = b.state(t); s.Pending == nil || !s.Pending.Setup.Empty() {
		t.Fatalf("%+v", s.Pending)
	}
	b.skip(t, 4*day)
	if !b.anybody(t, guardian.ApplySetup(b.acct.Address()), nil) {
		t.Fatal("leaving cannot be applied")
	}
	call, err = guardian.Uninstall(b.acct.Address())
	b.must(t, call, err)
	if s = b.state(t); !s.Setup.Empty() {
		t.Errorf("%+v", s)
	}
}

func TestOneSignatureForManyChainsIsTakenByTheContract(t *testing.T) {
	b := newBench(t, devnet.Osaka)
	paper := key(t, "paper")
	setup := must[guardian.Setup](t)(guardian.Simple(paper.Address(), 2*day))
	call, err := guardian.Install(b.acct.Address(), setup)
	b.must(t, call, err)
	s := b.state(t)
	r := must[guardian.Recovery](t)(s.Recovery(0, key(t, "new key"), []seal.Signer{passkeyOf(t, "old phone", seal.RequireUV)}, s.Time.Add(day)))
	tree := must[*guardian.Tree](t)(guardian.NewTree(guardian.Leaf{Message: r, ChainID: big.NewInt(1)}, guardian.Leaf{Message: r, ChainID: s.ChainID}, guardian.Leaf{Message: r, ChainID: big.NewInt(10)}))
	byPaper, byNew := tree.Approval(1, sign(t, paper, "paper", tree)), tree.Approval(1, sign(t, r.NewSigner, "new key", tree))
	wrong := byPaper
	wrong.Proof = tree.Proof(0)
	call, err = guardian.Propose(setup, r, byNew, []guardian.Approval{wrong})
	if b.anybody(t, call, err) {
		t.Error("the proof of another chain's leaf is taken")
	}
	call, err = guardian.Propose(setup, r, byNew, []guardian.Approval{byPaper})
	if !b.anybody(t, call, err) {
		t.Error("the contract refuses the root of a tree")
	}
	if _, err := guardian.At(t.Context(), chain{}, acct); !errors.Is(err, guardian.ErrNoModule) {
		t.Errorf("a chain without the module: %v", err)
	}
}
