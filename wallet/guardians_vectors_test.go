// The page for recovery repeats in JavaScript what account/guardian does: setups, what is
// refused of them, messages, calls, files. This file writes what Go says to
// testdata/guardians.json; jstest/ compares.

package wallet_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"os"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
)

const guardiansFile = "testdata/guardians.json"

type guardianVectors struct {
	Generator string          `json:"generator"`
	Module    string          `json:"module"`
	Verifier  string          `json:"verifier"`
	ChainID   string          `json:"chainId"`
	Account   string          `json:"account"`
	Signers   []hexutil.Bytes `json:"signers"` // of the account
	Setups    []setupVector   `json:"setups"`
	Messages  []messageVector `json:"messages"`
	Files     []guardFile     `json:"files"`
	Tree      treeVector      `json:"tree"`
	Stop      stopVector      `json:"stop"`
}

// stopVector is the account's own word against every proposal.
type stopVector struct {
	Nonce     string        `json:"nonce"`
	Digest    common.Hash   `json:"digest"` // what the module asks the account about
	Signed    common.Hash   `json:"signed"` // what its passkey signs
	Words     []string      `json:"words"`
	Signature hexutil.Bytes `json:"signature"`
	Call      hexutil.Bytes `json:"call"`
}

// treeVector is one signature for the first message on three chains.
type treeVector struct {
	Proof  []common.Hash `json:"proof"` // from the message's digest to the root
	Digest common.Hash   `json:"digest"`
}

type setupVector struct {
	Setup    setupJSON     `json:"setup"`
	Sorted   hexutil.Bytes `json:"sorted"` // encoded
	Hash     common.Hash   `json:"hash"`
	Words    []string      `json:"words"`
	Install  hexutil.Bytes `json:"install,omitempty"`
	Schedule hexutil.Bytes `json:"schedule,omitempty"`
	Problems [][2]string   `json:"problems"` // of the sorted setup: field, reason
}

type setupJSON struct {
	Expiry      uint64     `json:"expiry"`
	ChangeDelay uint64     `json:"changeDelay"`
	Freeze      uint64     `json:"freeze"`
	Tiers       []tierJSON `json:"tiers"`
}

type tierJSON struct {
	Threshold string         `json:"threshold"`
	Delay     uint64         `json:"delay"`
	Guardians []guardianJSON `json:"guardians"`
}

type guardianJSON struct {
	Signer hexutil.Bytes `json:"signer"`
	Weight string        `json:"weight"`
}

type messageVector struct {
	Kind      string          `json:"kind"`
	Message   json.RawMessage `json:"message"` // as a file has it
	Digest    common.Hash     `json:"digest"`
	TypedData string          `json:"typedData"`
	Words     []string        `json:"words"`
}

type guardFile struct {
	Text  string        `json:"text"`
	Ready bool          `json:"ready"`
	Call  hexutil.Bytes `json:"call,omitempty"`
}

func secs(d time.Duration) uint64 { return uint64(d / time.Second) }

func setupOf(s guardian.Setup) setupJSON {
	out := setupJSON{secs(s.Expiry), secs(s.ChangeDelay), secs(s.Freeze), []tierJSON{}}
	for _, t := range s.Tiers {
		x := tierJSON{fmt.Sprint(t.Threshold), secs(t.Delay), []guardianJSON{}}
		for _, g := range t.Guardians {
			x.Guardians = append(x.Guardians, guardianJSON{g.Signer.Bytes(), fmt.Sprint(g.Weight)})
		}
		out.Tiers = append(out.Tiers, x)
	}
	return out
}

// guard is a person with a secp256k1 key or a passkey.
type guard struct {
	signer  seal.Signer
	secret  []byte
	passkey *softkey.Authenticator
	key     passkey.PublicKey
}

const day = 24 * time.Hour

func goGuardians(t *testing.T) guardianVectors {
	t.Helper()
	person := func(i int) guard {
		secret := crypto.Keccak256([]byte{byte(i)})
		key, err := crypto.ToECDSA(secret)
		if err != nil {
			t.Fatal(err)
		}
		s, err := seal.AddressSigner(crypto.PubkeyToAddress(key.PublicKey))
		if err != nil {
			t.Fatal(err)
		}
		return guard{signer: s, secret: secret}
	}
	withPasskey := func(i int) guard {
		k := softkey.New(softkey.WithSeed([]byte{byte(i)}))
		key := firstKey(t, k)
		s, err := seal.PasskeySigner(key, seal.RequireUV)
		if err != nil {
			t.Fatal(err)
		}
		return guard{signer: s, passkey: k, key: key}
	}
	acct := common.HexToAddress("0x00000000000000000000000000000000000acc00")
	a, b, c, p, q, own, fresh := person(1), person(2), person(3), withPasskey(4), withPasskey(5), withPasskey(6), withPasskey(7)
	one := func(x ...guard) (out []guardian.Guardian) {
		for _, g := range x {
			out = append(out, guardian.Guardian{Signer: g.signer, Weight: 1})
		}
		return out
	}
	contract := parsedSigner(t, append(common.HexToAddress("0x00000000000000000000000000000000000c0de5").Bytes(), 1, 2, 3))
	x, y := q.key.X(), q.key.Y()
	plain := parsedSigner(t, append(append(append(contracts.P256Verifier.Bytes(), x[:]...), y[:]...), 1, 0))
	self, err := seal.AddressSigner(acct)
	if err != nil {
		t.Fatal(err)
	}
	module, err := seal.AddressSigner(guardian.Module)
	if err != nil {
		t.Fatal(err)
	}
	lax := parsedSigner(t, append(append([]byte{}, q.signer.Bytes()[:84]...), 0))
	family := guardian.Setup{Expiry: 30 * day, ChangeDelay: 8 * day, Freeze: 14 * day, Tiers: []guardian.Tier{
		{Threshold: 1, Delay: 30 * day, Guardians: one(c)},
		{Threshold: 2, Delay: 7 * day, Guardians: one(a, b, p)},
	}}
	change := func(f func(*guardian.Setup)) guardian.Setup {
		s := family.Sorted()
		f(&s)
		return s
	}
	tier := func(f func(*guardian.Tier)) guardian.Setup {
		return change(func(s *guardian.Setup) { f(&s.Tiers[0]) })
	}
	with := func(signer seal.Signer) guardian.Setup {
		return tier(func(t *guardian.Tier) {
			t.Guardians = append(t.Guardians, guardian.Guardian{Signer: signer, Weight: 1})
		})
	}
	many := func(n int) (out []guardian.Guardian) {
		for i := range n {
			out = append(out, one(person(100+i))...)
		}
		return out
	}
	simple, err := guardian.Simple(a.signer.Address(), 2*day)
	if err != nil {
		t.Fatal(err)
	}
	out := guardianVectors{
		Generator: "go test ./wallet -run TestGuardianVectors -update",
		Module:    guardian.Module.Hex(), Verifier: contracts.P256Verifier.Hex(), ChainID: "31337", Account: acct.Hex(), Signers: []hexutil.Bytes{own.signer.Bytes()},
	}
	for _, s := range []guardian.Setup{
		family, simple, {}, with(contract), with(plain), with(self), with(module), with(own.signer), with(a.signer), with(q.signer),
		change(func(s *guardian.Setup) { s.Expiry = day - time.Second }), change(func(s *guardian.Setup) { s.Expiry = 91 * day }),
		change(func(s *guardian.Setup) { s.ChangeDelay = 8*day - time.Second }), change(func(s *guardian.Setup) { s.ChangeDelay = 731 * day }),
		change(func(s *guardian.Setup) { s.Freeze = 0 }), change(func(s *guardian.Setup) { s.Freeze = 7 * day }), change(func(s *guardian.Setup) { s.Freeze = 61 * day }),
		change(func(s *guardian.Setup) { s.Tiers[1].Delay = 7 * day }), change(func(s *guardian.Setup) { s.Tiers[1].Delay = 731 * day }),
		change(func(s *guardian.Setup) { s.Tiers = append(s.Tiers, s.Tiers...); s.Tiers = append(s.Tiers, s.Tiers[0]) }),
		change(func(s *guardian.Setup) { s.Tiers = s.Tiers[1:]; s.ChangeDelay = 31 * day; s.Freeze = 31 * day }),
		tier(func(t *guardian.Tier) { t.Delay = day - time.Second }), tier(func(t *guardian.Tier) { t.Delay = 36 * time.Hour }), tier(func(t *guardian.Tier) { t.Threshold = 0 }), tier(func(t *guardian.Tier) { t.Threshold = 4 }),
		tier(func(t *guardian.Tier) { t.Guardians = nil }), tier(func(t *guardian.Tier) { t.Guardians = many(16) }), tier(func(t *guardian.Tier) { t.Guardians = many(17) }),
		tier(func(t *guardian.Tier) { t.Guardians[0].Weight = 0 }), tier(func(t *guardian.Tier) { t.Guardians[0].Weight = math.MaxUint64 }), tier(func(t *guardian.Tier) { t.Guardians[0].Weight = 5; t.Threshold = 7 }),
		tier(func(t *guardian.Tier) {
			t.Guardians = append(t.Guardians, guardian.Guardian{Signer: q.signer, Weight: 1}, guardian.Guardian{Signer: lax, Weight: 1})
		}),
	} {
		out.Setups = append(out.Setups, setupVectorOf(t, s, acct, own.signer))
	}

	family = family.Sorted()
	nonce := new(big.Int).Lsh(big.NewInt(3), 64)
	deadline := time.Unix(1_900_000_000, 0).UTC()
	hash := family.Hash()
	recovery := guardian.Recovery{Account: acct, Tier: 0, NewSigner: fresh.signer, CredentialIDHash: guardian.CredentialIDHash([]byte("credential")), Replaces: []seal.Signer{own.signer}, Nonce: nonce, Deadline: deadline, ConfigHash: hash}
	slow, tabled, more := recovery, recovery, recovery
	slow.Tier, tabled.Table, more.Replaces, more.NewSigner = 1, p256table.Format1k, []seal.Signer{own.signer, contract, c.signer}, q.signer
	freeze := guardian.Freeze{Account: acct, Tier: 0, Nonce: nonce, Deadline: deadline, ConfigHash: hash}
	chain := big.NewInt(31337)
	for _, x := range []struct {
		m     guardian.Message
		signs []guard
	}{
		{recovery, nil}, {recovery, []guard{fresh, a}}, {recovery, []guard{a, b}}, {recovery, []guard{p, fresh, a}}, {recovery, []guard{b, a, p, fresh}},
		{slow, []guard{fresh, c}}, {tabled, []guard{fresh, a, p}}, {more, nil},
		{guardian.CancelRecovery{Account: acct, Tier: 0, By: 0, Nonce: nonce, ConfigHash: hash}, []guard{a, b}},
		{guardian.CancelRecovery{Account: acct, Tier: 1, By: 1, Nonce: nonce, ConfigHash: hash}, []guard{c}},
		{freeze, []guard{a}}, {freeze, []guard{p, b}}, {guardian.Unfreeze(freeze), []guard{a, p}},
		{guardian.Drill{Account: acct, Nonce: nonce, Date: deadline, ConfigHash: hash}, []guard{c, p}},
	} {
		collected, err := guardian.Collect(chain, family, x.m)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range x.signs {
			if err := collected.Add(g.approve(t, x.m, chain)); err != nil {
				t.Fatal(err)
			}
		}
		text, err := json.Marshal(collected)
		if err != nil {
			t.Fatal(err)
		}
		f := guardFile{Text: string(text), Ready: collected.Status().Ready}
		if f.Ready {
			call, err := collected.Call()
			if err != nil {
				t.Fatal(err)
			}
			f.Call = call.Data
		}
		out.Files = append(out.Files, f)
		var parts struct {
			Kind    string
			Message json.RawMessage
		}
		if err := json.Unmarshal(text, &parts); err != nil {
			t.Fatal(err)
		}
		typed, err := x.m.TypedData(chain)
		if err != nil {
			t.Fatal(err)
		}
		out.Messages = append(out.Messages, messageVector{parts.Kind, parts.Message, x.m.Digest(chain), string(typed), x.m.Words()})
	}
	tree, err := guardian.NewTree(guardian.Leaf{Message: recovery, ChainID: chain}, guardian.Leaf{Message: recovery, ChainID: big.NewInt(10)}, guardian.Leaf{Message: freeze, ChainID: chain})
	if err != nil {
		t.Fatal(err)
	}
	out.Tree = treeVector{tree.Proof(0), tree.Digest(nil)}
	stop := guardian.CancelAll{Account: acct, Nonce: nonce}
	signature := append(a.signer.Bytes(), 1, 2, 3)
	out.Stop = stopVector{
		nonce.String(), stop.Digest(chain), seal.PersonalSign(seal.PosternDomain(acct, chain), stop.Digest(chain)),
		stop.Words(), signature, guardian.CancelBySignature(acct, signature).Data,
	}
	return out
}

func parsedSigner(t *testing.T, b []byte) seal.Signer {
	t.Helper()
	s, err := seal.ParseSigner(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func setupVectorOf(t *testing.T, s guardian.Setup, acct common.Address, own seal.Signer) setupVector {
	t.Helper()
	in := s.Sorted()
	data, err := in.Encode()
	if err != nil {
		t.Fatal(err)
	}
	v := setupVector{Setup: setupOf(s), Sorted: data, Hash: in.Hash(), Words: in.Words(), Problems: [][2]string{}}
	for _, p := range in.Problems(acct, []seal.Signer{own}) {
		v.Problems = append(v.Problems, [2]string{p.Field, string(p.Reason)})
	}
	if call, err := guardian.Install(acct, in); err == nil {
		v.Install = call.Data
	} else if e := (*guardian.SetupError)(nil); !errors.As(err, &e) {
		t.Fatal(err)
	}
	if call, err := guardian.ScheduleSetup(acct, in); err == nil {
		v.Schedule = call.Data
	}
	return v
}

// approve signs as a person would.
func (g guard) approve(t *testing.T, m guardian.Message, chain *big.Int) guardian.Approval {
	t.Helper()
	r, err := guardian.Ask(guardian.Approver{Signer: g.signer, RPID: rpID, Origins: []string{origin}}, m, chain)
	if err != nil {
		t.Fatal(err)
	}
	digest := m.Digest(chain)
	var answer account.Approval
	if g.passkey == nil {
		key, err := crypto.ToECDSA(g.secret)
		if err != nil {
			t.Fatal(err)
		}
		if answer.ECDSA, err = crypto.Sign(digest[:], key); err != nil {
			t.Fatal(err)
		}
		answer.ECDSA[64] += 27
	} else {
		if answer.Assertion, err = g.passkey.Sign(g.passkey.Credentials()[0].ID, digest[:], rpID, origin); err != nil {
			t.Fatal(err)
		}
	}
	out, err := r.Finish(answer)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestGuardianVectors(t *testing.T) {
	want, err := json.MarshalIndent(goGuardians(t), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(guardiansFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(guardiansFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%s is not what Go says; write it anew with -update", guardiansFile)
	}
}
