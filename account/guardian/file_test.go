package guardian_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

func TestFilesThatSaySomethingElseAreRefused(t *testing.T) {
	s := family(t)
	r := recoveryOf(t, s)
	c := collect(t, s, r)
	add(t, c, sign(t, key(t, "brother"), "brother", r), sign(t, r.NewSigner, "new phone", r), sign(t, passkeyOf(t, "friend", seal.RequireUV), "friend", r))
	good := string(must[[]byte](t)(json.Marshal(c)))
	replaced := func(old, new string) string {
		t.Helper()
		if !strings.Contains(good, old) {
			t.Fatalf("no %s", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	for name, text := range map[string]string{
		"nothing":               "",
		"no file of ours":       `{"format":"x"}`,
		"another format":        replaced(guardian.Format, "postern-recovery-2"),
		"another kind":          replaced(`"kind":"recover"`, `"kind":"cancel"`),
		"an unknown kind":       replaced(`"kind":"recover"`, `"kind":"x"`),
		"an unknown name":       replaced(`"kind"`, `"more":1,"kind"`),
		"a name twice":          replaced(`"kind":"recover"`, `"kind":"recover","kind":"recover"`),
		"another chain":         replaced(`"31337"`, `"31338"`),
		"chain 0":               replaced(`"31337"`, `"0"`),
		"chain 031337":          replaced(`"31337"`, `"031337"`),
		"another module":        replaced(guardian.Module.Hex(), common.Address{19: 9, 0: 1}.Hex()),
		"another tier":          replaced(`"tier":0`, `"tier":1`),
		"a tier of 256":         replaced(`"tier":0`, `"tier":256`),
		"another deadline":      replaced(`"deadline":1900000000`, `"deadline":1900000001`),
		"another account":       replaced(acct.Hex(), common.Address{19: 9, 0: 1}.Hex()),
		"another configuration": replaced(s.Hash().Hex(), common.Hash{1}.Hex()),
		"an odd signature":      replaced(`"signature":"0x`, `"signature":"0x0`),
		"another setup":         replaced(`"setup":"0x`+strings.Repeat("0", 62)+"20"+strings.Repeat("0", 56)+"00127500", `"setup":"0x`+strings.Repeat("0", 62)+"20"+strings.Repeat("0", 56)+"00127501"),
		"trailing":              good + "x",
		"cut":                   good[:len(good)-1],
		"the new signer's":      replaced(`"newSigner":{"signer":"`+r.NewSigner.String(), `"newSigner":{"signer":"`+key(t, "brother").String()),
	} {
		got, err := guardian.ParseCollected([]byte(text))
		if err == nil {
			t.Errorf("%s: read as %+v", name, got.Status())
		}
	}
	list, _ := json.Marshal(c.Approvals()[0].Signer.String())
	twice := strings.Replace(good, `"approvals":[`, `"approvals":[{"signer":`+string(list)+`,"signature":"0x`+common.Bytes2Hex(c.Approvals()[0].Signature)+`"},`, 1)
	if _, err := guardian.ParseCollected([]byte(twice)); !errors.Is(err, guardian.ErrTwice) {
		t.Errorf("an approval twice: %v", err)
	}
	// Every byte that is changed is noticed, or changes the case of a hex digit only.
	rng := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		b := []byte(good)
		i := rng.IntN(len(b))
		b[i] = "0123456789abcdefABCDEF{}[],:\" x"[rng.IntN(31)]
		got, err := guardian.ParseCollected(b)
		if err != nil || strings.EqualFold(string(b), good) {
			continue
		}
		if st := got.Status(); st.Unverified == 0 {
			t.Errorf("byte %d as %q: %+v", i, b[i], st)
		}
	}
}

func TestFilesAreMergedOfOneMessageOnly(t *testing.T) {
	s := family(t)
	r := recoveryOf(t, s)
	a, b := collect(t, s, r), collect(t, s, r)
	add(t, a, sign(t, key(t, "brother"), "brother", r))
	add(t, b, sign(t, key(t, "mother"), "mother", r), sign(t, r.NewSigner, "new phone", r))
	if err := a.Merge(b); err != nil || !a.Status().Ready {
		t.Errorf("%+v, %v", a.Status(), err)
	}
	r.Deadline = r.Deadline.Add(time.Second)
	if err := a.Merge(collect(t, s, r)); !errors.Is(err, guardian.ErrMessage) {
		t.Errorf("another message: %v", err)
	}
}

func TestRecoveriesThatNoContractTakesAreNotCollected(t *testing.T) {
	s := family(t)
	for name, change := range map[string]func(r *guardian.Recovery){
		"no new signer":      func(r *guardian.Recovery) { r.NewSigner = seal.Signer{} },
		"the account":        func(r *guardian.Recovery) { r.NewSigner = must[seal.Signer](t)(seal.AddressSigner(acct)) },
		"replaces nobody":    func(r *guardian.Recovery) { r.Replaces = nil },
		"replaces itself":    func(r *guardian.Recovery) { r.Replaces = []seal.Signer{r.NewSigner} },
		"replaces one twice": func(r *guardian.Recovery) { r.Replaces = slices.Repeat(r.Replaces, 2) },
		"no such tier":       func(r *guardian.Recovery) { r.Tier = 2 },
		"other guardians":    func(r *guardian.Recovery) { r.ConfigHash = common.Hash{1} },
		"no nonce":           func(r *guardian.Recovery) { r.Nonce = nil },
		"a negative nonce":   func(r *guardian.Recovery) { r.Nonce = big.NewInt(-1) },
		"no deadline":        func(r *guardian.Recovery) { r.Deadline = time.Time{} },
		"a key's table":      func(r *guardian.Recovery) { r.NewSigner = key(t, "new") },
	} {
		r := recoveryOf(t, s)
		change(&r)
		if _, err := guardian.Collect(chainID, s, r); !errors.Is(err, guardian.ErrMessage) && !errors.Is(err, guardian.ErrOtherSetup) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, id := range []*big.Int{nil, new(big.Int), big.NewInt(-1), new(big.Int).Lsh(chainID, 250)} {
		if _, err := guardian.Collect(id, s, recoveryOf(t, s)); err == nil {
			t.Errorf("chain %v", id)
		}
	}
}

func TestAGoodApprovalIsNotReplacedByOneThatNobodyCanVerify(t *testing.T) {
	s := family(t)
	r := recoveryOf(t, s)
	r.NewSigner, r.Table = key(t, "new key"), 0
	c, harm := collect(t, s, r), collect(t, s, r)
	add(t, c, sign(t, key(t, "brother"), "brother", r), sign(t, key(t, "mother"), "mother", r), sign(t, r.NewSigner, "new key", r))
	for _, signer := range []seal.Signer{key(t, "brother"), r.NewSigner} {
		add(t, harm, must[guardian.Approval](t)(guardian.Contract(signer, []byte("nonsense"))))
	}
	if st := harm.Status(); st.Unverified != 1 {
		t.Errorf("%+v", st)
	}
	want := must[account.Call](t)(c.Call())
	if err := c.Merge(harm); err != nil {
		t.Fatal(err)
	}
	if got := must[account.Call](t)(c.Call()); !bytes.Equal(got.Data, want.Data) || c.Status().Unverified != 0 {
		t.Errorf("%+v", c.Status())
	}
	if err := harm.Merge(c); err != nil || harm.Status().Unverified != 0 || harm.Status().Weight != 2 { // the other way round it is mended
		t.Errorf("%+v, %v", harm.Status(), err)
	}
}

// Others may have installed what Check would not: its recovery goes on all the same.
func TestASetupInForceIsTakenAsItIs(t *testing.T) {
	s := guardian.Setup{Expiry: day, ChangeDelay: 2 * day, Freeze: 2 * day, Tiers: []guardian.Tier{{1, day, []guardian.Guardian{{key(t, "mother"), 1<<64 - 1}}}}}
	if err := s.Check(acct, nil); err == nil {
		t.Fatal("this setup was to be one that is not let in")
	}
	r := recoveryOf(t, s)
	c := collect(t, s, r)
	add(t, c, sign(t, key(t, "mother"), "mother", r), sign(t, r.NewSigner, "new phone", r))
	c = must[*guardian.Collected](t)(guardian.ParseCollected(must[[]byte](t)(json.Marshal(c))))
	if _, err := c.Call(); err != nil {
		t.Error(err)
	}
	if _, err := guardian.Collect(chainID, guardian.Setup{}, r); err == nil {
		t.Error("no guardians are a setup")
	}
}

func TestARecoveryFitsTheSignersThereAre(t *testing.T) {
	d := must[contracts.Deployment](t)(contracts.ForEntryPoint(userop.V09))
	old := passkeyOf(t, "old phone", seal.RequireUV)
	a := must[*webauthn.Account](t)(webauthn.New(d, webauthn.Members(old, key(t, "spare")), 1, [32]byte{1}))
	r := recoveryOf(t, family(t))
	if err := r.Fits(a); err != nil {
		t.Error(err)
	}
	r.Replaces = append(r.Replaces, key(t, "stranger"))
	if err := r.Fits(a); !errors.Is(err, guardian.ErrMessage) {
		t.Errorf("a stranger is replaced: %v", err)
	}
	r.Replaces, r.NewSigner = []seal.Signer{old}, key(t, "spare")
	if err := r.Fits(a); !errors.Is(err, guardian.ErrMessage) {
		t.Errorf("a signer is brought in: %v", err)
	}
}

func FuzzParseCollected(f *testing.F) {
	s := family(f)
	r := recoveryOf(f, s)
	c := collect(f, s, r)
	f.Add(must[[]byte](f)(json.Marshal(c)))
	add(f, c, sign(f, key(f, "brother"), "brother", r), sign(f, r.NewSigner, "new phone", r), sign(f, passkeyOf(f, "friend", seal.RequireUV), "friend", r))
	f.Add(must[[]byte](f)(json.Marshal(c)))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := guardian.ParseCollected(data)
		if err != nil {
			return
		}
		again := must[*guardian.Collected](t)(guardian.ParseCollected(must[[]byte](t)(json.Marshal(c))))
		if again.Message().Digest(chainID) != c.Message().Digest(chainID) || len(again.Approvals()) != len(c.Approvals()) {
			t.Fatal("it is not the same when it is written and read again")
		}
		_, _ = c.Call()
	})
}
