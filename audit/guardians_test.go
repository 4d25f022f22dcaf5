package audit_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/audit"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/recovery"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

const day = 24 * time.Hour

// guarded is an account of one secp256k1 key, and people who sign for it.
type guarded struct {
	*bench
	acct  *webauthn.Account
	relay *account.Relayer
	keys  map[string]*ecdsa.PrivateKey
}

func newGuarded(t *testing.T) *guarded {
	t.Helper()
	g := &guarded{bench: newBench(t), keys: map[string]*ecdsa.PrivateKey{}}
	for _, name := range []string{"owner", "mother", "brother", "friend", "institution", "new", "relay"} {
		g.keys[name] = must[*ecdsa.PrivateKey](t)(crypto.ToECDSA(crypto.Keccak256([]byte("guarded " + name))))
	}
	d := must[contracts.Deployment](t)(contracts.ForEntryPoint(userop.V09))
	g.acct = must[*webauthn.Account](t)(webauthn.New(d, webauthn.Members(g.signer(t, "owner")), 1, [32]byte{5}))
	g.relay = &account.Relayer{Node: g.chain, Chain: g.chain, Key: g.keys["relay"]}
	for _, a := range []common.Address{g.relay.From(), g.acct.Address()} {
		if err := g.net.Faucet(t.Context(), a, big.NewInt(1e18)); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

func (g *guarded) address(name string) common.Address {
	return crypto.PubkeyToAddress(g.keys[name].PublicKey)
}

func (g *guarded) signer(t *testing.T, name string) seal.Signer {
	return must[seal.Signer](t)(seal.AddressSigner(g.address(name)))
}

func (g *guarded) do(t *testing.T, call account.Call, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	auth := must[*webauthn.Authority](t)(g.acct.Authority(webauthn.KeyApprover{Address: g.address("owner")}))
	p := must[*account.Prepared](t)(account.Prepare(t.Context(), account.Client{Chain: g.chain, Bundler: g.relay}, g.acct, auth, []account.Call{call}))
	digest := p.Challenge().Digest
	if _, err := p.Finish(account.Approval{ECDSA: must[[]byte](t)(crypto.Sign(digest[:], g.keys["owner"]))}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := must[*account.Receipt](t)(p.Wait(t.Context())); !r.Success {
		t.Fatalf("it reverted: %s", r.Reason)
	}
}

// approved has the named people approve of a message and sends what comes of it.
func (g *guarded) approved(t *testing.T, s *guardian.State, m guardian.Message, names ...string) {
	t.Helper()
	c := must[*guardian.Collected](t)(guardian.Collect(s.ChainID, s.Setup, m))
	for _, name := range names {
		r := must[*guardian.Request](t)(guardian.Ask(guardian.Approver{Signer: g.signer(t, name)}, m, s.ChainID))
		digest := r.Challenge().Digest
		if err := c.Add(must[guardian.Approval](t)(r.Finish(account.Approval{ECDSA: must[[]byte](t)(crypto.Sign(digest[:], g.keys[name]))}))); err != nil {
			t.Fatal(err)
		}
	}
	call := must[account.Call](t)(c.Call())
	client := g.net.Client()
	nonce := must[uint64](t)(client.PendingNonceAt(t.Context(), g.relay.From()))
	tx := must[*types.Transaction](t)(types.SignNewTx(g.keys["relay"], types.LatestSignerForChainID(g.net.ChainID()), &types.DynamicFeeTx{
		ChainID: g.net.ChainID(), Nonce: nonce, To: &call.To, Data: call.Data, Gas: 2_000_000, GasFeeCap: big.NewInt(20e9), GasTipCap: big.NewInt(1e9)}))
	if err := client.SendTransaction(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if r, err := client.TransactionReceipt(t.Context(), tx.Hash()); err == nil {
			if r.Status != types.ReceiptStatusSuccessful {
				t.Fatal("the transaction reverted")
			}
			return
		}
	}
	t.Fatal("the transaction did not get into a block")
}

func TestGuardiansAreRoutesAndWhatIsUnderWayIsSaid(t *testing.T) {
	g := newGuarded(t)
	one := func(name string) guardian.Guardian { return guardian.Guardian{Signer: g.signer(t, name), Weight: 1} }
	setup := guardian.Setup{Expiry: 14 * day, ChangeDelay: 9 * day, Freeze: 8 * day, Tiers: []guardian.Tier{
		{Threshold: 2, Delay: 7 * day, Guardians: []guardian.Guardian{one("mother"), one("brother"), one("friend")}},
		{Threshold: 1, Delay: 30 * day, Guardians: []guardian.Guardian{one("institution")}},
	}}.Sorted()
	install, err := guardian.Install(g.acct.Address(), setup)
	g.do(t, install, err)
	a := read(t, g.chain, g.acct.Address())
	if len(a.Routes) != 3 || len(a.Signers) != 5 || len(a.Notes) != 0 {
		t.Fatalf("%+v", a)
	}
	for i, r := range a.Routes[1:] {
		tier := setup.Tiers[i]
		if r.Use != recovery.Recover || r.Threshold != tier.Threshold || r.Delay != tier.Delay || r.Expiry != 14*day || len(r.Members) != len(tier.Guardians) {
			t.Errorf("%+v", r)
		}
		// the account's signers and the majority of the first tier; not the institution alone
		if len(r.Cancel) != 2 || r.Cancel[0].Members[0].Signer != a.Signers[0].ID || r.Cancel[1].Threshold != 2 || len(r.Cancel[1].Members) != 3 {
			t.Errorf("cancelled by %+v", r.Cancel)
		}
	}
	if found := recovery.Check(&a); slices.ContainsFunc(found, func(f recovery.Finding) bool { return f.Level > recovery.Warning }) {
		t.Errorf("%+v", found)
	}
	report := must[*recovery.Report](t)(recovery.Audit(&a))
	if o := report.Outcome([]string{a.Signers[0].ID}, nil); o.State != recovery.Recoverable || o.Delay != 7*day || len(o.By) != 2 {
		t.Errorf("the owner's key lost: %+v", o)
	}
	by := func(names ...string) (ids []string) {
		for _, n := range names {
			i := slices.IndexFunc(a.Signers, func(s recovery.Signer) bool { return s.Key == g.address(n).Hex() })
			ids = append(ids, a.Signers[i].ID)
		}
		return ids
	}
	if o := report.Outcome(nil, by("mother", "friend")); o.State != recovery.Contested || o.Within != 7*day {
		t.Errorf("two guardians turn: %+v", o)
	}
	if o := report.Outcome(nil, by("mother")); o.State > recovery.Recoverable {
		t.Errorf("one guardian turns: %+v", o)
	}
	if o := report.Outcome(nil, by("owner")); o.State != recovery.Stolen {
		t.Errorf("the owner's key stolen: %+v", o)
	}

	// guardians whose module was taken out of the account by force are no way back
	without := must[recovery.Account](t)(audit.Read(t.Context(), withoutModule{g.chain}, g.acct.Address()))
	if len(without.Routes) != 1 || len(without.Notes) != 1 || !strings.Contains(without.Notes[0], "cannot do anything") {
		t.Errorf("without the module: %+v", without)
	}

	// a proposal, a freeze and an announced change
	say := func(want ...string) {
		t.Helper()
		a := read(t, g.chain, g.acct.Address())
		notes := strings.Join(append(a.Urgent, a.Notes...), "\n")
		for _, w := range want {
			if !strings.Contains(notes, w) {
				t.Errorf("nothing of %q in %q", w, notes)
			}
		}
		if len(want) == 0 && notes != "" {
			t.Errorf("notes: %q", notes)
		}
	}
	state := func() *guardian.State {
		return must[*guardian.State](t)(guardian.At(t.Context(), g.chain, g.acct.Address()))
	}
	leave, err := guardian.ScheduleSetup(g.acct.Address(), guardian.Setup{})
	g.do(t, leave, err)
	say("no guardians any more")
	s := state()
	g.approved(t, s, must[guardian.Recovery](t)(s.Recovery(0, g.signer(t, "new"), []seal.Signer{g.signer(t, "owner")}, s.Time.Add(day))), "new", "mother", "friend")
	say("A recovery is under way", g.address("new").Hex(), "tier 1", "no guardians any more")
	s = state()
	g.approved(t, s, s.Freeze(0, s.Time.Add(day)), "mother", "brother")
	say("have frozen it until")
	first := func(want string) {
		t.Helper()
		a := read(t, g.chain, g.acct.Address())
		if v := must[*recovery.Report](t)(recovery.Audit(&a)).Verdict(); len(v) == 0 || !strings.Contains(v[0], want) {
			t.Errorf("the verdict begins with other things than %q: %q", want, v)
		}
	}
	first("have frozen it until")
	must[time.Time](t)(g.net.Skip(t.Context(), 7*day))
	say("can be executed by anyone now")
	first("can be executed by anyone now")
	must[time.Time](t)(g.net.Skip(t.Context(), 40*day))
	say()
	if got := must[[]byte](t)(json.Marshal(must[recovery.Account](t)(audit.Read(t.Context(), plainChain{g.chain}, g.acct.Address())))); len(got) == 0 {
		t.Error("nothing")
	}
}

// withoutModule is a chain on which no account has any module.
type withoutModule struct{ account.Chain }

func (c withoutModule) Call(ctx context.Context, to common.Address, data []byte) ([]byte, error) {
	if bytes.HasPrefix(data, contracts.AccountABI.Methods["isModuleInstalled"].ID) {
		return make([]byte, 32), nil
	}
	return c.Chain.Call(ctx, to, data)
}
