package guardian_test

import (
	"context"
	"errors"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

func TestEveryCallIsSaidInWordsWithWhatIsDangerous(t *testing.T) {
	s := family(t)
	r := recoveryOf(t, s)
	c := collect(t, s, r)
	add(t, c, sign(t, key(t, "brother"), "brother", r), sign(t, r.NewSigner, "new phone", r), sign(t, passkeyOf(t, "friend", seal.RequireUV), "friend", r))
	call := must[account.Call](t)
	cancel := guardian.CancelRecovery{Account: acct, Nonce: new(big.Int), ConfigHash: s.Hash()}
	freeze := guardian.Freeze{Account: acct, Nonce: new(big.Int), Deadline: time.Unix(1_900_000_000, 0), ConfigHash: s.Hash()}
	two := func(m guardian.Message) []guardian.Approval {
		return []guardian.Approval{sign(t, key(t, "brother"), "brother", m), sign(t, key(t, "mother"), "mother", m)}
	}
	refused := s
	refused.Expiry = 400 * day
	data := must[[]byte](t)(contracts.AccountABI.Pack("installModule", big.NewInt(2), guardian.Module, must[[]byte](t)(refused.Encode())))
	for name, x := range map[string]struct {
		call        account.Call
		words, warn string
	}{
		"install":             {call(guardian.Install(acct, s)), "let guardians recover this account from now on: Tier 1: 2 of 3 guardians", "within 7 days"},
		"install, refused":    {account.Call{To: acct, Data: data}, "let guardians recover", "the contract refuses these guardians"},
		"uninstall":           {call(guardian.Uninstall(acct)), "remove the recovery module", "nobody can bring you back"},
		"schedule":            {call(guardian.ScheduleSetup(acct, s)), "announce other guardians for this account: Tier 1", "be sure whose keys"},
		"leave":               {call(guardian.ScheduleSetup(acct, guardian.Setup{})), "leaves its guardians", "nobody can bring you back"},
		"cancel a change":     {guardian.CancelSetup(), "drop the change", ""},
		"cancel":              {guardian.Cancel(), "stop every recovery of this account", ""},
		"cancel by signature": {guardian.CancelBySignature(acct, []byte{1}), "stop every recovery of the account " + acct.Hex(), ""},
		"cancel by guardians": {call(guardian.CancelByGuardians(s, cancel, two(cancel))), "by the guardians of tier 1", ""},
		"apply":               {guardian.ApplySetup(acct), "into force", ""},
		"freeze":              {call(guardian.FreezeCall(s, freeze, two(freeze))), "freeze the account", ""},
		"unfreeze":            {call(guardian.UnfreezeCall(s, guardian.Unfreeze(freeze), two(guardian.Unfreeze(freeze)))), "end the freeze", ""},
		"thaw":                {guardian.Thaw(acct), "forget a freeze that has ended", ""},
		"propose":             {call(c.Call()), "propose the recovery of the account " + acct.Hex() + " by its guardians of tier 1: the new signer " + guardian.Name(r.NewSigner), "after the delay"},
		"execute":             {call(guardian.Execute(r)), "carry out the recovery", "lose the account"},
	} {
		words, ok := guardian.DescribeCall(acct, x.call)
		if !ok || !strings.Contains(words, x.words) {
			t.Errorf("%s: %q", name, words)
		}
		if warn := guardian.WarnCall(acct, x.call); (warn == "") != (x.warn == "") || !strings.Contains(warn, x.warn) {
			t.Errorf("%s: warning %q", name, warn)
		}
		// with coins, with a byte more, cut, or to somebody else, it is not this call
		for _, other := range []account.Call{
			{To: x.call.To, Data: x.call.Data, Value: big.NewInt(1)}, {To: x.call.To, Data: append(x.call.Data[:len(x.call.Data):len(x.call.Data)], 0)},
			{To: x.call.To, Data: x.call.Data[:len(x.call.Data)-1]}, {To: common.Address{7}, Data: x.call.Data}, {To: x.call.To},
		} {
			if words, ok := guardian.DescribeCall(acct, other); ok {
				t.Errorf("%s, changed: %q", name, words)
			}
		}
	}
	if guardian.WarnCall(acct, account.Call{To: guardian.Module, Data: []byte{1, 2, 3, 4}}) == "" {
		t.Error("no warning of a call that nobody knows")
	}
	if w := guardian.WarnCall(acct, account.Call{To: common.Address{7}, Data: []byte{1, 2, 3, 4}}); w != "" {
		t.Errorf("a call to somebody else: %q", w)
	}
}

// What is described is the whole of the call: nothing that changes it leaves the words as they are,
// but what words leave out, such as signatures.
func TestAnotherSetupHasOtherWords(t *testing.T) {
	s := family(t)
	install := must[account.Call](t)(guardian.Install(acct, s))
	want, _ := guardian.DescribeCall(acct, install)
	rng := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		other := account.Call{To: install.To, Data: append([]byte{}, install.Data...)}
		i := rng.IntN(len(other.Data))
		other.Data[i] ^= byte(1 + rng.IntN(255))
		got, ok := guardian.DescribeCall(acct, other)
		if ok && got == want {
			t.Errorf("byte %d of the call changes nothing in %q", i, got)
		}
	}
}

func TestAnAccountsSummaryKnowsItsGuardians(t *testing.T) {
	_, c := device(t, "owner")
	d := must[contracts.Deployment](t)(contracts.ForEntryPoint(userop.V09))
	a := guardian.Account{Account: must[*webauthn.Account](t)(webauthn.ForPasskey(d, c.Key, [32]byte{1}))}
	install := must[account.Call](t)(guardian.Install(a.Address(), family(t)))
	if words, ok := a.DescribeCall(install); !ok || !strings.Contains(words, "guardians") || !strings.Contains(a.WarnCall(install), "whose keys") {
		t.Errorf("%q", words)
	}
	// who signs by package webauthn alone is warned, too
	schedule := must[account.Call](t)(guardian.ScheduleSetup(a.Address(), family(t)))
	if !strings.Contains(a.Account.WarnCall(schedule), "who brings the account back") || a.Account.WarnCall(guardian.Cancel()) != "" {
		t.Errorf("%q, %q", a.Account.WarnCall(schedule), a.Account.WarnCall(guardian.Cancel()))
	}
	probe := must[account.Call](t)(a.ProbePrecompile())
	if words, ok := a.DescribeCall(probe); !ok || !strings.Contains(words, "natively") || a.WarnCall(probe) != "" {
		t.Errorf("%q, %q", words, a.WarnCall(probe))
	}
}

// The contract reads encodings that this package does not: their guardians are in nobody's words,
// and nobody is told that such a call would fail.
func TestGuardiansInAnUnusualEncodingAreWarnedOf(t *testing.T) {
	b := newBench(t, devnet.Osaka)
	s := family(t)
	strange := func(data []byte) []byte { return append(data, 1, 2, 3) }
	inner := strange(must[[]byte](t)(s.Encode()))
	install := account.Call{To: b.acct.Address(), Data: must[[]byte](t)(contracts.AccountABI.Pack("installModule", big.NewInt(2), guardian.Module, inner))}
	schedule := must[account.Call](t)(guardian.ScheduleSetup(b.acct.Address(), s))
	schedule.Data = strange(schedule.Data)
	a := guardian.Account{Account: b.acct}
	for _, c := range []account.Call{install, schedule} {
		if words, ok := a.DescribeCall(c); ok {
			t.Errorf("described: %q", words)
		}
		for _, w := range []string{a.WarnCall(c), guardian.WarnCall(a.Address(), c)} {
			if !strings.Contains(w, "could take the account") {
				t.Errorf("warning %q", w)
			}
		}
		if r := b.do(t, c); !r.Success {
			t.Fatalf("the contract refuses it: %s", r.Reason)
		}
	}
	if got := b.state(t); got.Setup.Hash() != s.Hash() || got.Pending == nil {
		t.Errorf("%+v", got)
	}
	cancel := guardian.Cancel()
	cancel.Data = strange(cancel.Data)
	if w := a.WarnCall(cancel); !strings.Contains(w, "unusual") {
		t.Errorf("warning %q", w)
	}
}

// A chain id beyond 256 bits has another chain's digest.
func TestATreesChainsAreChains(t *testing.T) {
	r := recoveryOf(t, family(t))
	far := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	for _, id := range []*big.Int{far, new(big.Int), big.NewInt(-1)} {
		_, err := guardian.NewTree(guardian.Leaf{Message: r, ChainID: id}, guardian.Leaf{Message: r, ChainID: big.NewInt(10)})
		if !errors.Is(err, guardian.ErrMessage) {
			t.Errorf("chain %s: %v", id, err)
		}
	}
}

// failing is a chain that breaks off after some calls, or answers with bytes that are nothing.
type failing struct {
	account.Chain
	left    *int
	garbage bool
}

var errDown = errors.New("the node is down")

func (f failing) Call(ctx context.Context, to common.Address, data []byte) ([]byte, error) {
	if *f.left--; *f.left >= 0 {
		return f.Chain.Call(ctx, to, data)
	}
	if f.garbage {
		return []byte{1, 2, 3}, nil
	}
	return nil, errDown
}
