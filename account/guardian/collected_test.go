package guardian_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
)

var chainID = big.NewInt(31337)

// answer is what a signer's device says to a challenge.
func answer(t testing.TB, name string, c account.Challenge) account.Approval {
	t.Helper()
	if c.Kind == account.KindECDSA {
		return account.Approval{ECDSA: must[[]byte](t)(crypto.Sign(c.Digest[:], ecKey(t, name)))}
	}
	d, credential := device(t, name)
	return account.Approval{Assertion: must[*passkey.Assertion](t)(d.Sign(credential.ID, c.Digest[:], rpID, origin))}
}

// sign asks a secp256k1 key or a passkey by its name.
func sign(t testing.TB, s seal.Signer, name string, m guardian.Message) guardian.Approval {
	t.Helper()
	r := must[*guardian.Request](t)(guardian.Ask(guardian.Approver{Signer: s, RPID: rpID, Origins: []string{origin}}, m, chainID))
	return must[guardian.Approval](t)(r.Finish(answer(t, name, r.Challenge())))
}

func recoveryOf(t testing.TB, s guardian.Setup) guardian.Recovery {
	return guardian.Recovery{
		Account: acct, Tier: 0, NewSigner: passkeyOf(t, "new phone", seal.RequireUV), Table: p256table.Format4k, CredentialIDHash: guardian.CredentialIDHash([]byte("id")),
		Replaces: []seal.Signer{passkeyOf(t, "old phone", seal.RequireUV)}, Nonce: new(big.Int).Lsh(big.NewInt(3), 64), Deadline: time.Unix(1_900_000_000, 0).UTC(), ConfigHash: s.Hash(),
	}
}

func collect(t testing.TB, s guardian.Setup, m guardian.Message) *guardian.Collected {
	t.Helper()
	return must[*guardian.Collected](t)(guardian.Collect(chainID, s, m))
}

func add(t testing.TB, c *guardian.Collected, list ...guardian.Approval) {
	t.Helper()
	for _, a := range list {
		if err := c.Add(a); err != nil {
			t.Fatal(err)
		}
	}
}

func TestGuardiansPassAFileAroundUntilTheQuorumIsThere(t *testing.T) {
	s := family(t)
	r := recoveryOf(t, s)
	c := collect(t, s, r)
	pass := func() { // to the next guardian, as a file
		t.Helper()
		data := must[[]byte](t)(json.Marshal(c))
		next := must[*guardian.Collected](t)(guardian.ParseCollected(data))
		if again := must[[]byte](t)(json.Marshal(next)); !bytes.Equal(again, data) {
			t.Fatalf("%s\nbecomes\n%s", data, again)
		}
		c = next
	}
	expect := func(weight uint64, newSigner, ready bool) {
		t.Helper()
		st := c.Status()
		if st.Weight != weight || st.Threshold != 2 || st.NewSigner != newSigner || st.Ready != ready || st.Unverified != 0 || len(st.Guardians) != 3 {
			t.Errorf("%+v", st)
		}
		if _, err := c.Call(); (err == nil) != ready {
			t.Errorf("ready %v: %v", ready, err)
		}
	}
	pass()
	expect(0, false, false)
	add(t, c, sign(t, key(t, "brother"), "brother", r))
	pass()
	add(t, c, sign(t, r.NewSigner, "new phone", r))
	pass()
	expect(1, true, false)
	add(t, c, sign(t, key(t, "brother"), "brother", r)) // again: nothing changes
	expect(1, true, false)
	add(t, c, sign(t, passkeyOf(t, "friend", seal.RequireUV), "friend", r))
	pass()
	expect(2, true, true)
	call := must[account.Call](t)(c.Call())
	direct := must[account.Call](t)(guardian.Propose(s, r, must2(c.NewSigner()), c.Approvals()))
	if call.To != guardian.Module || !bytes.Equal(call.Data, direct.Data) {
		t.Error("the file's transaction is not Propose's")
	}
	words, ok := guardian.DescribeCall(acct, call)
	if !ok || !strings.Contains(words, guardian.Name(r.NewSigner)) || !strings.Contains(words, acct.Hex()) || guardian.WarnCall(acct, call) == "" {
		t.Errorf("%q", words)
	}
	if got := string(must[[]byte](t)(json.Marshal(c))); strings.Contains(got, rpID) {
		t.Error("the file tells where the passkey is at home")
	}
}

func must2[T any](v T, _ bool) T { return v }

func TestApprovalsByStrangersOrOfSomethingElseAreRefused(t *testing.T) {
	s := family(t)
	r := recoveryOf(t, s)
	c := collect(t, s, r)
	brother := sign(t, key(t, "brother"), "brother", r)
	friend := sign(t, passkeyOf(t, "friend", seal.RequireUV), "friend", r)
	other := r
	other.Nonce = big.NewInt(1)
	changed := func(a guardian.Approval, change func(a *guardian.Approval)) guardian.Approval {
		a.Signature = slices.Clone(a.Signature)
		change(&a)
		return a
	}
	for name, a := range map[string]guardian.Approval{
		"a stranger":          sign(t, key(t, "stranger"), "stranger", r),
		"another tier":        sign(t, key(t, "institution"), "institution", r),
		"a passkey, other":    sign(t, passkeyOf(t, "friend", seal.RequireUV), "friend", other),
		"a passkey, bit":      changed(friend, func(a *guardian.Approval) { a.Signature[5] ^= 1 }),
		"a passkey, rule":     changed(friend, func(a *guardian.Approval) { a.Signer = passkeyOf(t, "friend", 0) }),
		"a passkey, empty":    changed(friend, func(a *guardian.Approval) { a.Signature = nil }),
		"a passkey, proof":    changed(friend, func(a *guardian.Approval) { a.Proof = []common.Hash{{1}} }),
		"a long proof":        changed(brother, func(a *guardian.Approval) { a.Proof = make([]common.Hash, guardian.MaxProof+1) }),
		"a long signature":    changed(brother, func(a *guardian.Approval) { a.Signature = make([]byte, guardian.MaxSignature+1) }),
		"nobody":              {},
		"somebody's passkey":  changed(friend, func(a *guardian.Approval) { a.Signer = passkeyOf(t, "other", seal.RequireUV) }),
		"flags without UV":    withoutUV(t, r),
		"the old passkey too": sign(t, r.Replaces[0], "old phone", r),
	} {
		err := c.Add(a)
		if _, ok := errors.AsType[account.Hinter](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	if st := c.Status(); st.Weight != 0 || len(c.Approvals()) != 0 {
		t.Errorf("%+v", st)
	}
	// An address whose key did not sign may be a contract: only the chain can tell, and it is not counted as verified.
	for name, a := range map[string]guardian.Approval{
		"other":  sign(t, key(t, "brother"), "brother", other),
		"a bit":  changed(brother, func(a *guardian.Approval) { a.Signature[5] ^= 1 }),
		"v of 0": changed(brother, func(a *guardian.Approval) { a.Signature[64] -= 27 }),
	} {
		if err := a.Verify(r, chainID); !errors.Is(err, guardian.ErrUnverified) {
			t.Errorf("%s: %v", name, err)
		}
		if err := a.VerifyOn(t.Context(), chain{}, r, chainID); !errors.Is(err, guardian.ErrForged) {
			t.Errorf("%s on a chain without code there: %v", name, err)
		}
	}
	if err := brother.Verify(r, big.NewInt(1)); err == nil {
		t.Error("an approval is good on another chain")
	}
	if err := brother.VerifyOn(t.Context(), chain{}, r, chainID); err != nil {
		t.Error(err)
	}
}

// withoutUV is a passkey's approval by presence only, where its rule wants more.
func withoutUV(t *testing.T, m guardian.Message) guardian.Approval {
	t.Helper()
	d := softkey.New(softkey.WithSeed([]byte("friend")), softkey.WithoutUserVerification())
	options := passkey.NewCreationOptions(passkey.RelyingParty{ID: rpID, Name: "x"}, passkey.User{ID: []byte{1}, Name: "friend", DisplayName: "friend"}, make([]byte, 32))
	options.AuthenticatorSelection.UserVerification = "discouraged"
	if _, err := d.Create(must[[]byte](t)(json.Marshal(options)), origin); err != nil {
		t.Fatal(err)
	}
	credential, digest := d.Credentials()[0], m.Digest(chainID)
	loose := must[seal.Signer](t)(seal.PasskeySigner(credential.Key, 0))
	strict := must[seal.Signer](t)(seal.PasskeySigner(credential.Key, seal.RequireUV))
	request := passkey.NewRequestOptions(rpID, digest[:])
	request.UserVerification = "discouraged"
	a := must[*passkey.Assertion](t)(passkey.ParseAssertion(must[[]byte](t)(d.Get(must[[]byte](t)(json.Marshal(request)), origin))))
	r := must[*guardian.Request](t)(guardian.Ask(guardian.Approver{Signer: loose, RPID: rpID, Origins: []string{origin}}, m, chainID))
	out := must[guardian.Approval](t)(r.Finish(account.Approval{Assertion: a}))
	strictly := must[*guardian.Request](t)(guardian.Ask(guardian.Approver{Signer: strict, RPID: rpID, Origins: []string{origin}}, m, chainID))
	if _, err := strictly.Finish(account.Approval{Assertion: a}); err == nil {
		t.Error("a passkey that must verify its user did not")
	}
	out.Signer = strict
	return out
}

// answering is a chain on which contracts answer every call with one word.
type answering struct {
	chain
	word []byte
	fail error
}

func (c answering) Call(context.Context, common.Address, []byte) ([]byte, error) {
	return c.word, c.fail
}

func TestContractsAndVerifiersAreAskedOnTheChain(t *testing.T) {
	club, verifier := common.Address{0: 5, 19: 5}, must[seal.Signer](t)(seal.ParseSigner(append(common.Address{0: 6}.Bytes(), 9)))
	clubSigner := must[seal.Signer](t)(seal.AddressSigner(club))
	s := guardian.Setup{Expiry: day, ChangeDelay: 2 * day, Tiers: []guardian.Tier{{2, day, []guardian.Guardian{{clubSigner, 1}, {verifier, 1}}}}}.Sorted()
	m := guardian.CancelRecovery{Account: acct, Nonce: new(big.Int), ConfigHash: s.Hash()}
	c := collect(t, s, m)
	if _, err := guardian.Ask(guardian.Approver{Signer: verifier}, m, chainID); !errors.Is(err, guardian.ErrUnverified) {
		t.Errorf("a verifier's key is asked: %v", err)
	}
	add(t, c, must[guardian.Approval](t)(guardian.Contract(clubSigner, []byte("club"))), must[guardian.Approval](t)(guardian.Contract(verifier, []byte("key"))))
	if st := c.Status(); st.Weight != 2 || st.Unverified != 2 || !st.Ready {
		t.Errorf("%+v", st)
	}
	code := chain{code: map[common.Address][]byte{club: make([]byte, 24), verifier.Address(): make([]byte, 24)}}
	word := func(b string) []byte { return common.RightPadBytes(common.FromHex(b), 32) }
	verify := func(a guardian.Approval, ch account.Chain) error { return a.VerifyOn(t.Context(), ch, m, chainID) }
	list := c.Approvals()
	byClub, byKey := list[0], list[1]
	down := errors.New("down")
	for name, x := range map[string]struct {
		err  error
		want error
	}{
		"ERC-1271":           {verify(byClub, answering{chain: code, word: word("0x1626ba7e")}), nil},
		"ERC-1271, no":       {verify(byClub, answering{chain: code, word: word("0xffffffff")}), guardian.ErrForged},
		"ERC-1271, short":    {verify(byClub, answering{chain: code, word: common.FromHex("0x1626ba7e")}), guardian.ErrForged},
		"ERC-1271, no code":  {verify(byClub, answering{word: word("0x1626ba7e")}), guardian.ErrForged},
		"ERC-1271, down":     {verify(byClub, answering{chain: code, fail: down}), down},
		"ERC-7913":           {verify(byKey, answering{chain: code, word: word("0x024ad318")}), nil},
		"ERC-7913, no":       {verify(byKey, answering{chain: code, word: word("0x1626ba7e")}), guardian.ErrForged},
		"a delegated key":    {verify(byClub, answering{chain: chain{code: map[common.Address][]byte{club: make([]byte, 23)}}, word: word("0x1626ba7e")}), guardian.ErrForged},
		"the code, unread":   {verify(byClub, answering{chain: chain{err: down}}), down},
		"a passkey, as such": {errOf(guardian.Contract(passkeyOf(t, "friend", 1), []byte{1})), guardian.ErrForged},
	} {
		if (x.want == nil) != (x.err == nil) || !errors.Is(x.err, x.want) {
			t.Errorf("%s: %v, want %v", name, x.err, x.want)
		}
	}
	if err := c.VerifyOn(t.Context(), answering{chain: code, word: word("0x1626ba7e")}); !errors.Is(err, guardian.ErrForged) {
		t.Errorf("the file with a verifier's no: %v", err)
	}
}

func errOf[T any](_ T, err error) error { return err }

func TestMajoritiesCancelAndFreeze(t *testing.T) {
	s := family(t)
	mother, brother, institution := key(t, "mother"), key(t, "brother"), key(t, "institution")
	nonce := big.NewInt(7)
	cancel := func(tier, by uint8) guardian.CancelRecovery {
		return guardian.CancelRecovery{Account: acct, Tier: tier, By: by, Nonce: nonce, ConfigHash: s.Hash()}
	}
	freeze := guardian.Freeze{Account: acct, Nonce: nonce, Deadline: time.Unix(1_900_000_000, 0), ConfigHash: s.Hash()}
	slow := freeze
	slow.Tier = 1
	type signers = map[string]seal.Signer
	for name, c := range map[string]struct {
		message guardian.Message
		by      signers
		ready   bool
	}{
		"two of three":            {cancel(0, 0), signers{"mother": mother, "brother": brother}, true},
		"one of three":            {cancel(0, 0), signers{"mother": mother}, false},
		"for a slower tier":       {cancel(1, 0), signers{"mother": mother, "brother": brother}, true},
		"the only one, its own":   {cancel(1, 1), signers{"institution": institution}, true},
		"a freeze":                {freeze, signers{"mother": mother, "brother": brother}, true},
		"a freeze by one":         {freeze, signers{"mother": mother}, false},
		"a freeze by one of one":  {slow, signers{"institution": institution}, false},
		"an unfreeze":             {guardian.Unfreeze(freeze), signers{"mother": mother, "brother": brother}, true},
		"an unfreeze by one only": {guardian.Unfreeze(slow), signers{"institution": institution}, false},
	} {
		f := collect(t, s, c.message)
		for name, signer := range c.by {
			add(t, f, sign(t, signer, name, c.message))
		}
		f = must[*guardian.Collected](t)(guardian.ParseCollected(must[[]byte](t)(json.Marshal(f))))
		_, err := f.Call()
		if st := f.Status(); st.Ready != c.ready || (err == nil) != c.ready {
			t.Errorf("%s: %+v, %v", name, st, err)
		}
		if _, ok := errors.AsType[*guardian.QuorumError](err); !ok && !c.ready {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := guardian.Collect(chainID, s, cancel(0, 1)); !errors.Is(err, guardian.ErrMessage) {
		t.Errorf("a slower tier cancels for a quicker one: %v", err)
	}
	heavy := s
	heavy.Tiers = slices.Clone(s.Tiers)
	heavy.Tiers[0].Threshold = 1
	if got := heavy.Tiers[0].Majority(); got != 2 {
		t.Errorf("a majority of 3 where 1 proposes is %d", got)
	}
}

func TestADrillIsForAllAndNoContractTakesIt(t *testing.T) {
	s := family(t)
	m := guardian.Drill{Account: acct, Nonce: new(big.Int), Date: time.Unix(1_800_000_000, 0), ConfigHash: s.Hash()}
	c := collect(t, s, m)
	add(t, c, sign(t, key(t, "institution"), "institution", m), sign(t, key(t, "mother"), "mother", m))
	c = must[*guardian.Collected](t)(guardian.ParseCollected(must[[]byte](t)(json.Marshal(c))))
	if st := c.Status(); st.Weight != 2 || st.Threshold != 4 || len(st.Guardians) != 4 || st.Ready {
		t.Errorf("%+v", st)
	}
	if _, err := c.Call(); !errors.Is(err, guardian.ErrMessage) {
		t.Errorf("a drill is a transaction: %v", err)
	}
}

func TestOneSignatureForManyChainsIsGoodForItsLeavesOnly(t *testing.T) {
	s := family(t)
	var leaves []guardian.Leaf
	for i := range 5 {
		leaves = append(leaves, guardian.Leaf{Message: recoveryOf(t, s), ChainID: big.NewInt(int64(31335 + i))})
	}
	tree := must[*guardian.Tree](t)(guardian.NewTree(leaves...))
	for _, who := range []struct {
		name   string
		signer seal.Signer
	}{{"brother", key(t, "brother")}, {"friend", passkeyOf(t, "friend", seal.RequireUV)}} {
		signed := sign(t, who.signer, who.name, tree)
		for i, l := range leaves {
			a := tree.Approval(i, signed)
			if err := a.Verify(l.Message, l.ChainID); err != nil {
				t.Errorf("%s, leaf %d: %v", who.name, i, err)
			}
			if err := a.Verify(l.Message, big.NewInt(1)); err == nil {
				t.Errorf("%s, leaf %d is good on another chain", who.name, i)
			}
		}
		c := collect(t, s, leaves[2].Message)
		add(t, c, tree.Approval(2, signed))
		must[*guardian.Collected](t)(guardian.ParseCollected(must[[]byte](t)(json.Marshal(c))))
	}
	if w := tree.Words(); len(w) < 11 {
		t.Errorf("words: %q", w)
	}
	for name, bad := range map[string][]guardian.Leaf{"one": leaves[:1], "none": nil, "twice": {leaves[0], leaves[0]}, "too many": slices.Repeat(leaves, 60), "a tree in it": {leaves[0], {Message: tree, ChainID: chainID}}} {
		if _, err := guardian.NewTree(bad...); err == nil {
			t.Errorf("%s: it is a tree", name)
		}
	}
}

// A new signer that is an address has not shown that it works while only the chain can tell.
func TestANewSignersUnverifiedSignatureIsSaidToBeSuch(t *testing.T) {
	s := family(t)
	r := recoveryOf(t, s)
	r.NewSigner, r.Table = key(t, "new key"), 0
	c := collect(t, s, r)
	add(t, c, must[guardian.Approval](t)(guardian.Contract(r.NewSigner, []byte{1})))
	if st := c.Status(); !st.NewSigner || !st.NewUnverified {
		t.Errorf("%+v", st)
	}
	add(t, c, sign(t, r.NewSigner, "new key", r))
	if st := c.Status(); !st.NewSigner || st.NewUnverified {
		t.Errorf("%+v", st)
	}
}
