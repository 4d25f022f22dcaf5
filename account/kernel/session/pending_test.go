package session_test

import (
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/grant"
)

// granting is an account on a fake chain, not deployed.
func granting(t testing.TB, o owner) (session.Target, *fake) {
	t.Helper()
	acct := must[*kernel.Account](t)(kernel.New(kernel.Config{Root: o.root}))
	f := newFake(31337, acct.Address())
	return session.Target{Chain: f, ChainID: big.NewInt(f.id), Account: acct}, f
}

var on2026 = session.WithClock(at2026)

func TestGrantsThatMustNotBeSigned(t *testing.T) {
	o, h := owners(t)[0], holders(t)[1]
	target, f := granting(t, o)
	pending := func(g grant.Grant, opts ...session.GrantOption) error {
		_, err := session.NewPending(t.Context(), []session.Target{target}, o.by, h.signer, g, append(opts, on2026)...)
		return err
	}
	code := func(err error, want grant.Code) {
		t.Helper()
		e, ok := errors.AsType[*session.GrantError](err)
		if !ok || e.Hint() == "" || !slices.ContainsFunc(e.Findings, func(f grant.Finding) bool { return f.Code == want }) {
			t.Errorf("%s: %v", want, err)
		}
	}
	call := func(to common.Address) grant.Grant {
		return grant.Grant{Policies: []grant.Policy{&grant.Call{Permissions: []grant.Permission{{Target: to}}}, &grant.Timestamp{ValidUntil: until}}}
	}
	code(pending(grant.Grant{}), grant.NoPolicies)
	code(pending(call(f.account)), grant.SelfCall)
	code(pending(call(target.Account.RootContract())), grant.ProtectedTarget)
	code(pending(call(asker), session.WithProtected(asker)), grant.ProtectedTarget)
	code(pending(grant.Grant{Policies: []grant.Policy{&grant.Timestamp{ValidUntil: 1_700_000_000}}}), grant.TimePast)

	if err := pending(call(asker)); err != nil {
		t.Error(err)
	}
	// What a file says of a token's units, the token says too.
	f.says(asker, "decimals()", 6)
	units := call(asker)
	units.Tokens = grant.Tokens{{Symbol: "USDC", Address: asker, Decimals: 18}}
	code(pending(units), grant.TokenDecimals)
	units.Tokens[0].Decimals = 6
	if err := pending(units); err != nil {
		t.Error(err)
	}
	if _, err := session.NewPending(t.Context(), nil, o.by, h.signer, limited(1)); !errors.Is(err, session.ErrNoTargets) {
		t.Error(err)
	}
	for name, bad := range map[string]session.Target{
		"no chain":   {ChainID: target.ChainID, Account: target.Account},
		"no id":      {Chain: f, Account: target.Account},
		"zero id":    {Chain: f, ChainID: new(big.Int), Account: target.Account},
		"no account": {Chain: f, ChainID: target.ChainID},
	} {
		if _, err := session.NewPending(t.Context(), []session.Target{bad}, o.by, h.signer, limited(1)); err == nil {
			t.Error(name)
		}
	}
	if _, err := session.NewPending(t.Context(), make([]session.Target, 2000), o.by, h.signer, limited(1)); err == nil {
		t.Error("2000 chains")
	}
	attached := target
	attached.Account = must[*kernel.Account](t)(kernel.Attach(f.account, kernel.V033, o.root))
	if _, err := session.NewPending(t.Context(), []session.Target{attached}, o.by, h.signer, limited(1), on2026); !errors.Is(err, kernel.ErrNoFactory) {
		t.Error(err)
	}
	old := kernel.Signer{Contract: common.HexToAddress("0x8AA55d4BfAE101609078681A69B5bc3181516612"), Data: holders(t)[0].signer.Data}
	_, err := session.NewPending(t.Context(), []session.Target{target}, o.by, old, limited(1), on2026)
	if _, ok := errors.AsType[*kernel.VulnerableError](err); !ok {
		t.Error(err)
	}
	if _, err := session.NewPending(t.Context(), []session.Target{target, target}, owners(t)[1].by, h.signer, limited(1), on2026); err == nil {
		t.Error("one account twice, by a root that signs one thing")
	}
	twice, _ := granting(t, owners(t)[1])
	_, err = session.NewPending(t.Context(), []session.Target{twice, twice}, owners(t)[1].by, h.signer, limited(1), on2026)
	if !errors.Is(err, kernel.ErrDuplicateLeaf) {
		t.Error(err)
	}
	f.deploy(kernel.V032, target.Account.RootContract(), addressOf(newKey("owner")))
	if err := pending(limited(1)); !isMismatch(err) {
		t.Errorf("another version on the chain: %v", err)
	}
}

func TestOnlyTheOwnersApprovalOfThisGrantDoes(t *testing.T) {
	for _, o := range owners(t) {
		target, _ := granting(t, o)
		h := holders(t)[0]
		pending := func(n uint64) *session.Pending {
			return must[*session.Pending](t)(session.NewPending(t.Context(), []session.Target{target}, o.by, h.signer, limited(n), on2026))
		}
		p, other := pending(1), pending(2)
		replayed := must[account.Approval](t)(o.ask(other.Challenge()))
		stranger := holders(t)[1].ask
		if _, isPasskey := o.by.(kernel.PasskeyApprover); isPasskey {
			stranger = holders(t)[0].ask
		}
		strangers := must[account.Approval](t)(stranger(p.Challenge()))
		for name, a := range map[string]account.Approval{"none": {}, "of another grant": replayed, "a stranger's": strangers} {
			if docs, err := p.Finish(a); err == nil || docs != nil {
				t.Errorf("%s: %s", o.name, name)
			}
		}
		if docs := must[[]*approval.Document](t)(p.Finish(must[account.Approval](t)(o.ask(p.Challenge())))); len(docs) != 1 {
			t.Errorf("%s: %d documents", o.name, len(docs))
		}
	}
}

// A document may carry its key: then it needs nothing else.
func TestADocumentWithItsKeyActsByItself(t *testing.T) {
	o, key := owners(t)[1], newKey("session")
	target, f := granting(t, o)
	raw := crypto.FromECDSA(key)
	begin := func(raw []byte) ([]*approval.Document, error) {
		p := must[*session.Pending](t)(session.NewPending(t.Context(), []session.Target{target}, o.by, kernel.ECDSASigner(addressOf(key)), limited(1), session.WithPrivateKey(raw), on2026))
		return p.Finish(must[account.Approval](t)(o.ask(p.Challenge())))
	}
	if _, err := begin(crypto.FromECDSA(newKey("other"))); err == nil {
		t.Error("a key that is not the signer's")
	}
	docs := must[[]*approval.Document](t)(begin(raw))
	d := must[*approval.Document](t)(approval.Parse(must[[]byte](t)(docs[0].Serialize())))
	s := must[*session.Session](t)(session.Open(t.Context(), f, d, session.WithMachineClock(at2026)))
	c := account.Challenge{Kind: account.KindECDSA, Address: addressOf(key), Digest: [32]byte{1}}
	if err := c.Verify(must[account.Approval](t)(s.Approve(c))); err != nil {
		t.Error(err)
	}
	c.Address = asker
	if _, err := s.Approve(c); !errors.Is(err, account.ErrWrongSigner) {
		t.Error(err)
	}
	bare := must[*session.Session](t)(session.Open(t.Context(), f, d.Redacted(), session.WithMachineClock(at2026)))
	if _, err := bare.Approve(c); !errors.Is(err, session.ErrNoKey) {
		t.Error(err)
	}
}

// Before the prompt, at opening and in the list the same words are said; times in the
// user's zone.
func TestTheSameWordsEverywhere(t *testing.T) {
	o, h := owners(t)[1], holders(t)[0]
	target, f := granting(t, o)
	g := limited(2)
	g.Zone = "Europe/Berlin"
	p := must[*session.Pending](t)(session.NewPending(t.Context(), []session.Target{target}, o.by, h.signer, g, on2026))
	docs := must[[]*approval.Document](t)(p.Finish(must[account.Approval](t)(o.ask(p.Challenge()))))
	s := must[*session.Session](t)(session.Open(t.Context(), f, docs[0], session.WithMachineClock(at2026)))
	words := p.Words()
	if !slices.Equal(words[len(words)-len(s.Words()):], s.Words()) {
		t.Errorf("%q\n%q", words, s.Words())
	}
	if !strings.Contains(words[0], s.ID().String()) || !strings.Contains(words[1], "chain 31337") {
		t.Errorf("%q", words[:2])
	}
	if len(p.Findings()) == 0 {
		t.Error("no warnings: the calls' limits do not bind messages")
	}
	want := []string{"Approved and not installed yet.", "2 of 2 uses are left.", "Ends at 2096-10-02 09:06:40 Europe/Berlin (2096-10-02 07:06:40 UTC)."}
	if st := status(t, s); !slices.Equal(st.Words, want) {
		t.Errorf("%q", st.Words)
	}
	zone := must[*time.Location](t)(time.LoadLocation("Asia/Tokyo"))
	s = must[*session.Session](t)(session.Open(t.Context(), f, docs[0], session.WithMachineClock(at2026), session.WithStyle(grant.Style{Zone: zone})))
	if st := status(t, s); !strings.Contains(st.Words[2], "Asia/Tokyo") {
		t.Errorf("%q", st.Words)
	}
}

// Who pays is the policy's to say, too.
func TestAPaymasterThatThePolicyNames(t *testing.T) {
	o, h := owners(t)[1], holders(t)[1]
	target, f := granting(t, o)
	g := limited(2)
	g.Policies = append(g.Policies, &grant.Gas{Allowed: ether(1), EnforcePaymaster: true, Paymaster: asker})
	p := must[*session.Pending](t)(session.NewPending(t.Context(), []session.Target{target}, o.by, h.signer, g, on2026))
	docs := must[[]*approval.Document](t)(p.Finish(must[account.Approval](t)(o.ask(p.Challenge()))))
	s := must[*session.Session](t)(session.Open(t.Context(), f, docs[0], session.WithMachineClock(at2026)))
	for name, c := range map[string]struct {
		opts   []session.PreviewOption
		reason grant.Reason
	}{
		"nobody":        {nil, grant.WrongPaymaster},
		"another":       {[]session.PreviewOption{session.PaidBy(f.account)}, grant.WrongPaymaster},
		"the one named": {[]session.PreviewOption{session.PaidBy(asker)}, 0},
	} {
		d := must[grant.Decision](t)(s.Preview(t.Context(), pay(1), c.opts...))
		if d.Allowed != (c.reason == 0) || !d.Allowed && d.Refusal.Reason != c.reason {
			t.Errorf("%s: %+v", name, d)
		}
	}
}
