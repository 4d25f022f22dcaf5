package webauthn_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/accounttest"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// newBenchOn is a bench on a chain of this kind.
func newBenchOn(t *testing.T, c devnet.Config) *bench {
	t.Helper()
	net, err := devnet.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := net.Close(); err != nil {
			t.Error(err)
		}
	})
	chain := accounttest.NodeChain{Node: net.Client().Client()}
	b := &bench{net, chain, &account.Relayer{Node: chain, Chain: chain, Key: must[*ecdsa.PrivateKey](t)(crypto.GenerateKey())}}
	b.fund(t, b.relay.From())
	return b
}

// fork is a chain without P256VERIFY that can get it.
func fork() devnet.Config {
	return devnet.Config{Rules: devnet.Prague, OsakaAt: time.Now().Add(1000 * time.Hour).Truncate(time.Second)}
}

// stranger sends a call from an account of no standing and returns the gas it took.
func (b *bench) stranger(t *testing.T, c account.Call) uint64 {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(crypto.GenerateKey())
	b.fund(t, crypto.PubkeyToAddress(key.PublicKey))
	client := b.net.Client()
	id := must[*big.Int](t)(client.ChainID(t.Context()))
	price := must[*big.Int](t)(client.SuggestGasPrice(t.Context()))
	tx := must[*types.Transaction](t)(types.SignNewTx(key, types.LatestSignerForChainID(id), &types.LegacyTx{
		GasPrice: price.Mul(price, big.NewInt(2)), Gas: 6_000_000, To: &c.To, Data: c.Data}))
	if err := client.SendTransaction(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		r, err := client.TransactionReceipt(t.Context(), tx.Hash())
		if err == nil && r.Status != 1 {
			t.Fatal("the stranger's transaction reverted")
		}
		if err == nil {
			return r.GasUsed
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the stranger's transaction is not mined")
	return 0
}

// user is a passkey and its account, which has money.
type user struct {
	*device
	acct *webauthn.Account
	s    webauthn.Signer
}

func (b *bench) user(t *testing.T, seed string) *user {
	t.Helper()
	d := newDevice(t, seed)
	acct := must[*webauthn.Account](t)(webauthn.ForPasskey(deployment(t, userop.V08), d.key, [32]byte{7}))
	b.fund(t, acct.Address())
	return &user{d, acct, acct.Members()[0].Signer}
}

func (u *user) auth(t *testing.T) *webauthn.Authority {
	t.Helper()
	return must[*webauthn.Authority](t)(u.acct.Authority(u.approver(u.s)))
}

// now is the path that the chain's account takes.
func (b *bench) now(t *testing.T, u *user) P {
	t.Helper()
	acct := must[*webauthn.Account](t)(webauthn.At(t.Context(), b.chain, u.acct.Address()))
	p, ok := acct.P256Path(u.s)
	if !ok {
		t.Fatal("the account does not say how it verifies")
	}
	return p
}

func (b *bench) client(ch account.Chain) account.Client {
	return account.Client{Chain: ch, Bundler: b.relay}
}

// prepare makes an operation that does next to nothing, through a node.
func (b *bench) prepare(t *testing.T, ch account.Chain, acct *webauthn.Account, auth account.Authority, calls ...account.Call) *account.Prepared {
	t.Helper()
	if len(calls) == 0 {
		calls = []account.Call{{To: common.Address{1}}}
	}
	return must[*account.Prepared](t)(account.Prepare(t.Context(), b.client(ch), acct, auth, calls))
}

func finish(t *testing.T, p *account.Prepared, approve func(account.Challenge) (account.Approval, error)) map[webauthn.Signer]int {
	t.Helper()
	op := must[*userop.Op](t)(p.Finish(must[account.Approval](t)(approve(p.Challenge()))))
	return hintsIn(t, op.Signature)
}

// hintsIn is how many bytes of hints each passkey's approval has.
func hintsIn(t *testing.T, sig []byte) map[webauthn.Signer]int {
	t.Helper()
	out := map[webauthn.Signer]int{}
	for _, a := range must[[]seal.PosternApproval](t)(seal.ParsePostern(sig)) {
		out[a.Signer] = len(a.Hints)
	}
	return out
}

// send brings a sealed operation to the chain.
func send(t *testing.T, p *account.Prepared) *account.Receipt {
	t.Helper()
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := must[*account.Receipt](t)(p.Wait(t.Context()))
	if !r.Success {
		t.Fatalf("the operation reverted: %s", r.Reason)
	}
	return r
}

// run does one operation and returns its gas, and the bytes of hints that it had.
func (b *bench) run(t *testing.T, ch account.Chain, u *user, calls ...account.Call) (gas int64, hints int) {
	t.Helper()
	p := b.prepare(t, ch, u.acct, u.auth(t), calls...)
	hints = finish(t, p, u.approve)[u.s]
	return send(t, p).ActualGasUsed.Int64(), hints
}

// One account on its way through all there is: created without a table, larger and
// larger tables, none again, and P256VERIFY when the chain gets it.
func TestOperationsPassOnEveryPath(t *testing.T) {
	b := newBenchOn(t, fork())
	u := b.user(t, "every path")
	if _, hints := b.run(t, b.chain, u); hints != 128 {
		t.Errorf("the operation that creates the account has %d bytes of hints", hints)
	}
	gas := map[string]int64{}
	expect := func(name string, path P, hints int) {
		t.Helper()
		if now := b.now(t, u); now != path {
			t.Fatalf("%s: the account verifies by %s", name, now)
		}
		var had int
		if gas[name], had = b.run(t, b.chain, u); had != hints {
			t.Errorf("%s: %d bytes of hints, want %d", name, had, hints)
		}
		t.Logf("%-20s %7d gas", name, gas[name])
	}
	expect("no table", seal.PathNone, 128)
	p := b.prepare(t, b.mute(u), u.acct, u.auth(t))
	if n := finish(t, p, u.approve)[u.s]; n != 0 {
		t.Errorf("%d bytes of hints for an account that does not say", n)
	}
	gas["no hints"] = send(t, p).ActualGasUsed.Int64()
	t.Logf("%-20s %7d gas", "no table, no hints", gas["no hints"])
	for _, f := range formats {
		calls := must[[]account.Call](t)(u.acct.UseTable(u.s, f))
		if f == p256table.Format1k { // by anybody
			t.Logf("%-20s %7d gas", "a stranger's 1k", b.stranger(t, must[account.Call](t)(webauthn.TableCall(u.acct.Address(), u.s, f))))
		} else {
			g, _ := b.run(t, b.chain, u, calls...)
			t.Logf("%-20s %7d gas", "building "+f.String(), g)
		}
		key := must[p256table.Key](t)(p256table.NewKey(u.key.X(), u.key.Y()))
		at := must[common.Address](t)(contracts.TableAddress(f, key))
		if err := p256table.Verify(f, key, must[[]byte](t)(b.chain.Code(t.Context(), at))); err != nil {
			t.Errorf("the table of %s: %v", f, err)
		}
		expect("table "+f.String(), P(f), 32)
	}
	order := []string{"no hints", "no table", "table 512", "table 1k", "table 4k", "table 16k"}
	if !slices.IsSortedFunc(order, func(x, y string) int { return int(gas[y] - gas[x]) }) {
		t.Errorf("what should be cheaper is not: %v", gas)
	}

	// Back to none, and to a table that is there already.
	b.run(t, b.chain, u, must[[]account.Call](t)(u.acct.UseTable(u.s, 0))...)
	expect("no table again", seal.PathNone, 128)
	again := b.stranger(t, must[account.Call](t)(webauthn.TableCall(u.acct.Address(), u.s, p256table.Format16k)))
	t.Logf("%-20s %7d gas", "a table that is there", again)
	expect("table 16k again", P(p256table.Format16k), 32)

	// The chain gets P256VERIFY. Nothing changes until somebody asks.
	if err := b.net.BecomeOsaka(t.Context()); err != nil {
		t.Fatal(err)
	}
	expect("table, after the fork", P(p256table.Format16k), 32)
	t.Logf("%-20s %7d gas", "a stranger's probe", b.stranger(t, webauthn.ProbeCall(u.acct.Address())))
	expect("P256VERIFY", seal.PathPrecompile, 0)
	if gas["P256VERIFY"] >= gas["table 16k"] {
		t.Errorf("P256VERIFY takes %d gas, a table %d", gas["P256VERIFY"], gas["table 16k"])
	}

	// An account that is created now is told by the implementation, which was there before.
	late := b.user(t, "after the fork")
	if _, hints := b.run(t, b.chain, late); hints != 128 || b.now(t, late) != seal.PathNone {
		t.Errorf("an account of after the fork: %s, %d bytes of hints", b.now(t, late), hints)
	}
}

// pathLiar says of one account what it likes, and tells the truth otherwise.
type pathLiar struct {
	accounttest.NodeChain
	addr   common.Address
	answer []byte
	err    error
}

func (l pathLiar) Call(ctx context.Context, to common.Address, data []byte) ([]byte, error) {
	if to == l.addr && bytes.Equal(data[:4], contracts.P256Path(nil)[:4]) {
		return l.answer, l.err
	}
	return l.NodeChain.Call(ctx, to, data)
}

// mute is a node that shows an account which does not say how it verifies.
func (b *bench) mute(u *user) pathLiar {
	return pathLiar{b.chain, u.acct.Address(), nil, errors.New("execution reverted")}
}

// Whatever a node says, a good signature passes and a bad one does not.
func TestANodeThatLiesAboutThePathChangesGasAndNothingElse(t *testing.T) {
	b := newBenchOn(t, fork())
	u := b.user(t, "lies")
	b.run(t, b.chain, u)
	try := func(truth P) {
		t.Helper()
		if now := b.now(t, u); now != truth {
			t.Fatalf("the account verifies by %s, not by %s", now, truth)
		}
		honest, _ := b.run(t, b.chain, u)
		for _, lie := range allPaths {
			node := pathLiar{b.chain, u.acct.Address(), word(byte(lie)), nil}
			p := b.prepare(t, node, u.acct, u.auth(t))
			hints := finish(t, p, u.approve)[u.s]
			if hints != lie.HintsLen() {
				t.Errorf("%s for %s: %d bytes of hints", lie, truth, hints)
			}
			b.refusesFlips(t, p.Op())
			gas := send(t, p).ActualGasUsed.Int64()
			t.Logf("truth %-34s node says %-34s %7d gas, %+d", truth, lie, gas, gas-honest)
			if gas > honest+60_000 {
				t.Errorf("%s for %s costs %d gas more", lie, truth, gas-honest)
			}
		}
	}
	try(seal.PathNone)
	b.stranger(t, must[account.Call](t)(webauthn.TableCall(u.acct.Address(), u.s, p256table.Format512)))
	try(P(p256table.Format512))
	b.stranger(t, must[account.Call](t)(webauthn.TableCall(u.acct.Address(), u.s, p256table.Format16k)))
	try(P(p256table.Format16k))
	if err := b.net.BecomeOsaka(t.Context()); err != nil {
		t.Fatal(err)
	}
	try(P(p256table.Format16k))
	b.stranger(t, webauthn.ProbeCall(u.acct.Address()))
	try(seal.PathPrecompile)
}

// refusesFlips turns one bit of everything but the hints: the signature is refused.
func (b *bench) refusesFlips(t *testing.T, op *userop.Op) {
	t.Helper()
	run := func(sig []byte) error {
		x := op.Clone()
		x.Signature = sig
		x.VerificationGasLimit = big.NewInt(1_000_000)
		x.PreVerificationGas, x.MaxFeePerGas, x.MaxPriorityFeePerGas = big.NewInt(50_000), new(big.Int), new(big.Int)
		data := must[[]byte](t)(userop.V08.HandleOps([]*userop.Op{x}, common.Address{1}))
		_, err := b.chain.Call(t.Context(), userop.V08.Address(), data)
		return err
	}
	a := must[[]seal.PosternApproval](t)(seal.ParsePostern(op.Signature))[0]
	end := len(op.Signature) - len(a.Hints)
	for _, at := range []int{70, 97, 100, 129, 140, 165, end - 3} { // r, s, authData, suffix
		sig := slices.Clone(op.Signature)
		sig[at] ^= 1
		if err := run(sig); account.AACode(err) != "AA24" {
			t.Errorf("byte %d flipped: %v", at, err)
		}
	}
}

// What was prepared keeps working, whatever becomes of the account's path until it
// is sent.
func TestOperationsPreparedBeforeThePathChangedPassAfter(t *testing.T) {
	b := newBenchOn(t, fork())
	table := func(f p256table.Format) func(*testing.T, *user) {
		return func(t *testing.T, u *user) {
			b.stranger(t, must[account.Call](t)(webauthn.TableCall(u.acct.Address(), u.s, f)))
		}
	}
	osaka := func(t *testing.T, _ *user) {
		if err := b.net.BecomeOsaka(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	probe := func(t *testing.T, u *user) { b.stranger(t, webauthn.ProbeCall(u.acct.Address())) }
	nothing := func(*testing.T, *user) {}
	for i, c := range []struct {
		name           string
		before, change func(*testing.T, *user)
		from, to       P
	}{
		{"a table of 512 bytes is built", nothing, table(p256table.Format512), seal.PathNone, P(p256table.Format512)},
		{"a table of 16 KB is built", nothing, table(p256table.Format16k), seal.PathNone, P(p256table.Format16k)},
		{"a larger table is built", table(p256table.Format512), table(p256table.Format4k), P(p256table.Format512), P(p256table.Format4k)},
		{"the chain gets P256VERIFY, and nobody asks", table(p256table.Format1k), osaka, P(p256table.Format1k), P(p256table.Format1k)},
		{"P256VERIFY is found", nothing, probe, seal.PathNone, seal.PathPrecompile},
		{"P256VERIFY is found, after a table", table(p256table.Format4k), probe, P(p256table.Format4k), seal.PathPrecompile},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := b.user(t, fmt.Sprint("before ", i))
			b.run(t, b.chain, u)
			c.before(t, u)
			if now := b.now(t, u); now != c.from {
				t.Fatalf("the account verifies by %s, not by %s", now, c.from)
			}
			// Four operations, each in a sequence of its own: one is sealed before the
			// change, one after it, one after a restart, one is not sent before the rest is.
			var ops []*account.Prepared
			for lane := range uint32(4) {
				ops = append(ops, b.prepare(t, b.chain, u.acct, u.auth(t).Lane(lane+1)))
			}
			saved := must[[]byte](t)(json.Marshal(ops[2]))
			sealed := finish(t, ops[0], u.approve)[u.s]
			finish(t, ops[3], u.approve)

			c.change(t, u)
			if now := b.now(t, u); now != c.to {
				t.Fatalf("the account verifies by %s, not by %s", now, c.to)
			}
			acct := must[*webauthn.Account](t)(webauthn.At(t.Context(), b.chain, u.acct.Address()))
			auth := must[*webauthn.Authority](t)(acct.Authority(u.approver(u.s)))
			ops[2] = must[*account.Prepared](t)(account.Resume(saved, b.client(b.chain), acct, auth.Lane(3)))
			after, resumed := finish(t, ops[1], u.approve)[u.s], finish(t, ops[2], u.approve)[u.s]
			if n := c.from.HintsLen(); sealed != n || after != n || resumed != n {
				t.Errorf("%d, %d and %d bytes of hints, want %d: gas was estimated for those", sealed, after, resumed, n)
			}
			for i, p := range ops {
				t.Logf("operation %d: %s gas", i+1, send(t, p).ActualGasUsed)
			}
		})
	}
}

// An operation that three passkeys and a key approve, each verified in another way.
func TestSeveralPasskeysOnDifferentPathsApproveOneOperation(t *testing.T) {
	for name, rules := range map[string]devnet.Rules{"prague": devnet.Prague, "osaka": devnet.Osaka} {
		t.Run(name, func(t *testing.T) {
			b := newBenchOn(t, devnet.Config{Rules: rules})
			var devices []*device
			var members []webauthn.Member
			var approvers []webauthn.Approver
			for i := range 3 {
				d := newDevice(t, fmt.Sprint("several ", i))
				s := d.signer(t, webauthn.FirstRule)
				devices, members = append(devices, d), append(members, webauthn.Member{Signer: s, Weight: 1})
				approvers = append(approvers, d.approver(s))
			}
			key := must[*ecdsa.PrivateKey](t)(crypto.GenerateKey())
			s := must[webauthn.Signer](t)(webauthn.Address(crypto.PubkeyToAddress(key.PublicKey)))
			members, approvers = append(members, webauthn.Member{Signer: s, Weight: 1}), append(approvers, webauthn.KeyApprover{Address: s.Address()})
			acct := must[*webauthn.Account](t)(webauthn.New(deployment(t, userop.V09), members, 4, [32]byte{}))
			b.fund(t, acct.Address())
			auth := must[*webauthn.Authority](t)(acct.Authority(approvers...))
			approve := func(c account.Challenge) (account.Approval, error) {
				var out account.Approval
				for i, d := range devices {
					out.Parts = append(out.Parts, must[account.Approval](t)(d.approve(c.Parts[i])))
				}
				out.Parts = append(out.Parts, must[account.Approval](t)(approveECDSA(key)(c.Parts[3])))
				return out, nil
			}
			run := func(want map[webauthn.Signer]int, calls ...account.Call) {
				t.Helper()
				p := b.prepare(t, b.chain, acct, auth, calls...)
				got := finish(t, p, approve)
				for s, n := range want {
					if got[s] != n {
						t.Errorf("%s: %d bytes of hints, want %d", webauthn.Name(s), got[s], n)
					}
				}
				t.Logf("hints of %v bytes: %s gas", []int{got[members[0].Signer], got[members[1].Signer], got[members[2].Signer]}, send(t, p).ActualGasUsed)
			}
			none := rules.String() == "prague"
			hints := func(n int) int {
				if none {
					return n
				}
				return 0
			}
			first, second, third := members[0].Signer, members[1].Signer, members[2].Signer
			run(map[webauthn.Signer]int{first: hints(128), second: hints(128), third: hints(128)})
			calls, _, err := acct.Change(webauthn.Change{Tables: []webauthn.Table{{Signer: first, Format: p256table.Format4k}, {Signer: third, Format: p256table.Format512}}})
			if err != nil {
				t.Fatal(err)
			}
			run(map[webauthn.Signer]int{first: hints(128), second: hints(128), third: hints(128)}, calls...)
			run(map[webauthn.Signer]int{first: hints(32), second: hints(128), third: hints(32)})
		})
	}
}
