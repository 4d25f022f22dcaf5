package approval_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/big"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/grant"
)

// A grant goes through the document and comes back with its permission, its words
// and its flag, whoever owns the account.
func TestAGrantSurvivesTheDocument(t *testing.T) {
	signer := kernel.ECDSASigner(crypto.PubkeyToAddress(secret("session").PublicKey))
	for _, o := range owners(t) {
		for _, v := range []kernel.Version{kernel.V030, kernel.V031, kernel.V032, kernel.V033} {
			a := o.account(t, v)
			g := five(t)
			g.Flag = grant.FlagNotMessages
			d := o.grantFor(t, a, g, signer, approval.Options{}, 10)[0]
			text, err := d.Serialize()
			if err != nil {
				t.Fatal(err)
			}
			again, err := parse(t, string(text)).WithContext(approval.Context{Signer: signer, Label: approval.Label{Name: g.Name, Tokens: g.Tokens, Zone: g.Zone}})
			if err != nil {
				t.Fatal(err)
			}
			p, back, err := again.Permission()
			if err != nil {
				t.Fatal(err)
			}
			if want, err := approval.ToPermission(g, signer); err != nil || !reflect.DeepEqual(p, want) {
				t.Errorf("%s %s: another permission: %v", o.kind, v, err)
			}
			if got, want := grant.Words(back, grant.Style{}), grant.Words(g, grant.Style{}); !reflect.DeepEqual(got, want) {
				t.Errorf("%s %s: other words:\n%s\n%s", o.kind, v, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			e, err := again.Enable(big.NewInt(10), 1)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := again.Owner(); err != nil || got != o.root || !again.Derived() {
				t.Errorf("%s %s: the owner is %v: %v", o.kind, v, got, err)
			}
			if err := again.Verify(e, o.root); err != nil {
				t.Errorf("%s %s: %v", o.kind, v, err)
			}
		}
	}
}

// Writing and reading are inverse, for policies of all kinds with values of all
// sizes.
func TestRandomGrantsAreReadAsTheyWereWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	o := owners(t)[0]
	a := o.account(t, kernel.V033)
	signer := kernel.ECDSASigner(common.Address{1})
	for i := range 300 {
		g := grant.Grant{Flag: grant.Flag(r.IntN(4))}
		for range r.IntN(6) {
			g.Policies = append(g.Policies, random(r))
		}
		d := o.grantFor(t, a, g, signer, approval.Options{}, 1)[0]
		text, err := d.Serialize()
		if err != nil {
			t.Fatal(err)
		}
		again := parse(t, string(text))
		if twice, err := again.Serialize(); err != nil || !bytes.Equal(twice, text) {
			t.Fatalf("grant %d is written in another form", i)
		}
		again, err = again.WithContext(approval.Context{Signer: signer})
		if err != nil {
			t.Fatal(err)
		}
		p, back, err := again.Permission()
		if err != nil {
			t.Fatalf("grant %d: %v", i, err)
		}
		want, err := approval.ToPermission(g, signer)
		if err != nil || !bytes.Equal(p.EnableData(), want.EnableData()) || p.Flag != want.Flag {
			t.Fatalf("grant %d: another permission: %v", i, err)
		}
		if !reflect.DeepEqual(grant.Words(back, grant.Style{}), grant.Words(g, grant.Style{})) {
			t.Errorf("grant %d has other words", i)
		}
	}
}

func TestOneApprovalForSeveralChains(t *testing.T) {
	signer := kernel.ECDSASigner(common.Address{1})
	for _, o := range owners(t) {
		if !strings.HasPrefix(o.kind, "multi") {
			continue
		}
		a := o.account(t, kernel.V033)
		docs := o.grantFor(t, a, five(t), signer, approval.Options{}, 1, 10, 8453)
		for i, d := range docs {
			for j, other := range []int64{1, 10, 8453} {
				e, err := d.Enable(big.NewInt(other), 1)
				if err != nil {
					t.Fatal(err)
				}
				if err := d.Verify(e, o.root); (err == nil) != (i == j) {
					t.Errorf("%s: document %d on chain %d: %v", o.kind, i, other, err)
				}
			}
			if text, _ := d.Serialize(); strings.Contains(decoded(t, string(text)), "isPreInstalled") {
				t.Error("the SDK's form for several chains has no isPreInstalled")
			}
		}
	}
}

// Whatever an approval is not for, it does not hold for: another chain, nonce,
// version, account, session key, owner.
func TestAnApprovalHoldsForNothingElse(t *testing.T) {
	signer := kernel.ECDSASigner(common.Address{1})
	for _, o := range owners(t) {
		a := o.account(t, kernel.V033)
		d := o.grantFor(t, a, five(t), signer, approval.Options{}, 10)[0]
		e, err := d.Enable(big.NewInt(10), 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Verify(e, o.root); err != nil {
			t.Fatal(err)
		}
		for what, change := range map[string]func(*kernel.Enable){
			"chain":    func(e *kernel.Enable) { e.ChainID = big.NewInt(11) },
			"nonce":    func(e *kernel.Enable) { e.Nonce = 2 },
			"version":  func(e *kernel.Enable) { e.Version = kernel.V032 },
			"account":  func(e *kernel.Enable) { e.Account[19] ^= 1 },
			"id":       func(e *kernel.Enable) { e.ID[1] ^= 1 },
			"data":     func(e *kernel.Enable) { e.Data = append(bytes.Clone(e.Data), 0) },
			"selector": func(e *kernel.Enable) { e.Selector[0] ^= 1 },
		} {
			other := e
			change(&other)
			var wrong *approval.SignatureError
			if err := d.Verify(other, o.root); !errors.As(err, &wrong) || wrong.Hint() == "" {
				t.Errorf("%s: another %s: %v", o.kind, what, err)
			}
		}
		for _, other := range owners(t) {
			if other.kind == o.kind || strings.TrimPrefix(other.kind, "multi-chain ") == strings.TrimPrefix(o.kind, "multi-chain ") {
				continue // the same key
			}
			if err := d.Verify(e, other.root); err == nil {
				t.Errorf("%s: it is also %s's", o.kind, other.kind)
			}
		}
		if err := d.Verify(e, kernel.ECDSA{}); err == nil {
			t.Error("nobody has signed")
		}
		if err := d.Verify(e, nil); err == nil {
			t.Error("there is no owner")
		}
	}
}

// A signature has one form.
func TestNoBitOfTheSignatureIsFree(t *testing.T) {
	signer := kernel.ECDSASigner(common.Address{1})
	for _, o := range owners(t) {
		chains := []int64{10}
		if strings.HasPrefix(o.kind, "multi") {
			chains = []int64{10, 1, 7}
		}
		d := o.grantFor(t, o.account(t, kernel.V033), grant.Grant{Policies: []grant.Policy{&grant.Sudo{}}}, signer, approval.Options{}, chains...)[0]
		e, err := d.Enable(big.NewInt(10), 1)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := d.Serialize()
		sig := d.Fields().EnableSignature
		before := hex.EncodeToString(sig)
		plain := decoded(t, string(text))
		if strings.Count(plain, before) != 1 {
			t.Fatal("the signature is not in the document as it stands")
		}
		verify := func(changed []byte) error {
			other, err := approval.Parse(encoded(strings.Replace(plain, before, hex.EncodeToString(changed), 1)))
			if err != nil {
				return err
			}
			if other, err = other.WithContext(approval.Context{Signer: signer}); err != nil {
				return err
			}
			return other.Verify(e, o.root)
		}
		if err := verify(sig); err != nil {
			t.Fatal(err)
		}
		free := 0
		for i := range sig {
			changed := bytes.Clone(sig)
			changed[i] ^= 1 << (i % 8)
			if verify(changed) == nil {
				free++
			}
			if i%7 == 0 && (verify(sig[:i]) == nil || verify(append(bytes.Clone(sig), changed[:i+1]...)) == nil) {
				t.Errorf("%s: cut off at %d, or longer", o.kind, i)
			}
		}
		// usePrecompiled says how the chain checks, not what was signed.
		if want := map[bool]int{true: 1}[strings.HasSuffix(o.kind, "WebAuthn")]; free > want {
			t.Errorf("%s: %d bytes of the signature are free", o.kind, free)
		}
	}
}

func TestWhatDoesNotBelongTogetherIsNoDocument(t *testing.T) {
	signer := kernel.ECDSASigner(common.Address{1})
	o := owners(t)[0]
	a := o.account(t, kernel.V033)
	g := five(t)
	p, err := approval.ToPermission(g, signer)
	if err != nil {
		t.Fatal(err)
	}
	sig := o.grantFor(t, a, g, signer, approval.Options{}, 1)[0].Fields().EnableSignature
	good := approval.Options{ChainID: big.NewInt(1), Nonce: 1}
	if _, err := approval.FromPermission(p, g, a, sig, good); err != nil {
		t.Fatal(err)
	}
	other := g
	other.Policies = g.Policies[1:]
	swapped := g
	swapped.Policies = []grant.Policy{g.Policies[1], g.Policies[0], g.Policies[2], g.Policies[3], g.Policies[4]}
	closed := g
	closed.Flag = grant.FlagNotMessages
	opaque := grant.Grant{Policies: []grant.Policy{&grant.Opaque{Base: grant.Base{Address: token}}}}
	foreign := grant.Grant{Policies: []grant.Policy{&grant.Call{Base: grant.Base{Address: token}}}}
	second, err := kernel.New(kernel.Config{Root: o.root, Index: big.NewInt(1)})
	if err != nil {
		t.Fatal(err)
	}
	for what, make := range map[string]func() (*approval.Document, error){
		"fewer policies": func() (*approval.Document, error) { return approval.FromPermission(p, other, a, sig, good) },
		"swapped":        func() (*approval.Document, error) { return approval.FromPermission(p, swapped, a, sig, good) },
		"flag":           func() (*approval.Document, error) { return approval.FromPermission(p, closed, a, sig, good) },
		"account":        func() (*approval.Document, error) { return approval.FromPermission(p, g, second, sig, good) },
		"chain": func() (*approval.Document, error) {
			return approval.FromPermission(p, g, a, sig, approval.Options{ChainID: big.NewInt(2), Nonce: 1})
		},
		"nonce": func() (*approval.Document, error) {
			return approval.FromPermission(p, g, a, sig, approval.Options{ChainID: big.NewInt(1), Nonce: 2})
		},
		"no signature": func() (*approval.Document, error) { return approval.FromPermission(p, g, a, nil, good) },
		"another key": func() (*approval.Document, error) {
			return approval.FromPermission(p, g, a, sig, approval.Options{ChainID: big.NewInt(1), Nonce: 1, PrivateKey: crypto.FromECDSA(secret("x"))})
		},
		"no key": func() (*approval.Document, error) {
			return approval.FromPermission(p, g, a, sig, approval.Options{ChainID: big.NewInt(1), Nonce: 1, PrivateKey: make32()})
		},
		"unknown policy":      func() (*approval.Document, error) { return from(opaque, signer, a) },
		"unknown call policy": func() (*approval.Document, error) { return from(foreign, signer, a) },
	} {
		d, err := make()
		if err == nil || d != nil {
			t.Errorf("%s: it was made", what)
			continue
		}
		hinted(t, err, what)
	}
}

func make32() []byte { return make([]byte, 32) }

func from(g grant.Grant, s kernel.Signer, a *kernel.Account) (*approval.Document, error) {
	p, err := approval.ToPermission(g, s)
	if err != nil {
		return nil, err
	}
	return approval.FromPermission(p, g, a, nil, approval.Options{PreInstalled: true})
}
