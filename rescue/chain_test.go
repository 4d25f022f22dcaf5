package rescue_test

import (
	"context"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/internal/kernelstand"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/exported"
	"github.com/postern-dev/postern/rescue"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// world is what is left: a node, and a key with some money for gas. No bundler, no server.
type world struct {
	net    *devnet.Net
	chain  *bundler.Chain
	client account.Client
	stand  kernelstand.Stand
}

func newWorld(t *testing.T) *world {
	t.Helper()
	stand := must(kernelstand.Open(t.Context()))
	net := must(stand.Start(t.Context(), devnet.Config{FaucetPerMinute: 1000}))
	t.Cleanup(func() {
		if err := net.Close(); err != nil {
			t.Error(err)
		}
	})
	url := must(net.Listen("127.0.0.1:0"))
	chain := must(bundler.NewChain(url, bundler.Options{}))
	relay := keyOf("relay")
	w := &world{net, chain, account.Client{Chain: chain, Bundler: &account.Relayer{Node: chain, Chain: chain, Key: relay}}, stand}
	w.fund(t, crypto.PubkeyToAddress(relay.PublicKey))
	return w
}

func (w *world) fund(t *testing.T, a common.Address) {
	t.Helper()
	if err := w.net.Faucet(t.Context(), a, big.NewInt(1e18)); err != nil {
		t.Fatal(err)
	}
}

func keyOf(seed string) *ecdsa.PrivateKey {
	return must(crypto.ToECDSA(crypto.Keccak256([]byte(seed))))
}

func addressOf(seed string) common.Address { return crypto.PubkeyToAddress(keyOf(seed).PublicKey) }

// export is a file of a password manager with one passkey.
func export(t *testing.T, seed string, handle []byte) *exported.Passkey {
	t.Helper()
	scalar := sha256.Sum256([]byte(seed))
	der := must(x509.MarshalPKCS8PrivateKey(must(ecdh.P256().NewPrivateKey(scalar[:]))))
	b64 := base64.RawURLEncoding.EncodeToString
	file := must(json.Marshal(map[string]any{"version": map[string]int{"major": 1}, "accounts": []any{map[string]any{"items": []any{map[string]any{
		"credentials": []any{map[string]any{"type": "passkey", "credentialId": b64(scalar[:16]), "rpId": "gone.example", "username": seed,
			"userHandle": b64(handle), "key": b64(der)}}}}}}}))
	f := must(exported.Parse(file))
	t.Cleanup(f.Wipe)
	return f.Passkeys[0]
}

// rescued moves everything to an address, and the chain says that it arrived.
func (w *world) rescued(t *testing.T, f *rescue.Found, tokens []common.Address, signers ...rescue.Signer) {
	t.Helper()
	to := addressOf(fmt.Sprint("safe", f.Account.Address()))
	balances := must(rescue.Balances(t.Context(), w.chain, f.Account.Address(), tokens...))
	p, err := rescue.MoveAll(t.Context(), w.client, f, to, balances)
	if err != nil {
		t.Fatalf("prepare: %v", err)
	}
	a, err := rescue.Approve(t.Context(), p.Challenge(), signers...)
	if err != nil {
		t.Fatalf("approve: %v", err)
	}
	if _, err := p.Finish(a); err != nil {
		t.Fatalf("finish: %v", err)
	}
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatalf("send: %v", err)
	}
	r, err := p.Wait(t.Context())
	if err != nil || !r.Success {
		t.Fatalf("%+v, %v", r, err)
	}
	before, now := balances, must(rescue.Balances(t.Context(), w.chain, to, tokens...))
	left := must(w.chain.Balance(t.Context(), f.Account.Address()))
	if most := new(big.Int).Mul(p.MaxFee(), big.NewInt(2)); left.Cmp(most) > 0 {
		t.Errorf("%s wei stayed behind, of a fee of %s at most", left, p.MaxFee())
	}
	if got := now[0].Amount; got.Cmp(new(big.Int).Rsh(before[0].Amount, 1)) < 0 {
		t.Errorf("%s of %s arrived", got, before[0].Amount)
	}
	for i := range tokens {
		if now[i+1].Amount.Cmp(before[i+1].Amount) != 0 || now[i+1].Amount.Sign() == 0 {
			t.Errorf("token %s: %s of %s arrived", tokens[i], now[i+1], before[i+1])
		}
	}
}

func one(t *testing.T, w *world, s rescue.Signer) *rescue.Found {
	t.Helper()
	found, err := rescue.Find(t.Context(), w.chain, s)
	if err != nil || len(found) != 1 {
		t.Fatalf("%d found, %v", len(found), err)
	}
	return found[0]
}

func TestOurAccountIsRescuedByAnExportedPasskeyAlone(t *testing.T) {
	w := newWorld(t)
	salt := [32]byte{5}
	p := export(t, "phone", webauthn.SaltHandle(salt).Bytes())
	acct := must(webauthn.ForPasskey(must(contracts.ForEntryPoint(userop.V08)), p.Key, salt))
	s := rescue.Exported(p)
	w.fund(t, acct.Address())

	// 1. The account is not even on the chain: its first operation creates it.
	f := one(t, w, s)
	if f.Account.Address() != acct.Address() || f.Deployed || !f.Certain || f.Kind != rescue.WebAuthn {
		t.Fatalf("%+v", f)
	}
	w.rescued(t, f, nil, s)

	// 2. More arrives, a token too; now it is found as the chain has it.
	w.fund(t, acct.Address())
	token := w.net.Info().Token
	if err := w.net.MintToken(t.Context(), acct.Address(), big.NewInt(12_345_678)); err != nil {
		t.Fatal(err)
	}
	if f = one(t, w, s); !f.Deployed || !f.Certain {
		t.Fatalf("%+v", f)
	}
	w.rescued(t, f, []common.Address{token}, s)

	// 3. The same by address.
	if f, err := rescue.Open(t.Context(), w.chain, acct.Address(), s); err != nil || f.Account.Address() != acct.Address() {
		t.Errorf("%v", err)
	}

	// 4. Somebody else's passkey with the same user handle has another account, and no authority here.
	other := rescue.Exported(export(t, "thief", webauthn.SaltHandle(salt).Bytes()))
	theirs := one(t, w, other)
	if theirs.Account.Address() == acct.Address() {
		t.Error("another key leads to the account")
	}
	if _, err := rescue.Open(t.Context(), w.chain, acct.Address(), other); !is[*rescue.NotSignerError](err) {
		t.Errorf("%v", err)
	}
	thief := rescue.Exported(export(t, "thief", webauthn.AddressHandle(acct.Address()).Bytes()))
	if _, err := rescue.Find(t.Context(), w.chain, thief); !is[*rescue.NotSignerError](err) {
		t.Errorf("%v", err)
	}

	// 5. There is nothing on that other account, and that is said.
	_, err := rescue.MoveAll(t.Context(), w.client, theirs, addressOf("x"), must(rescue.Balances(t.Context(), w.chain, theirs.Account.Address())))
	if e, ok := errors.AsType[*rescue.NothingError](err); !ok || e.Hint() == "" {
		t.Errorf("%v", err)
	}
}

func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

func TestAnAccountOfTwoSignersNeedsBoth(t *testing.T) {
	w := newWorld(t)
	p := export(t, "second", nil)
	rule := must(seal.NewRule(passkey.Required, passkey.Forbidden, passkey.Any)) // as for a security key
	members := webauthn.Members(must(webauthn.Passkey(p.Key, rule)), must(webauthn.Address(addressOf("hot"))))
	acct := must(webauthn.New(must(contracts.ForEntryPoint(userop.V09)), members, 2, [32]byte{}))
	w.fund(t, acct.Address())
	both := []rescue.Signer{rescue.Exported(p), rescue.Key(keyOf("hot"))}
	w.create(t, acct, must(acct.Authority(webauthn.PasskeyApprover{Passkey: members[0].Signer, RPID: p.RPID, Origins: []string{exported.Origin(p.RPID)}}, webauthn.KeyApprover{Address: addressOf("hot")})), both...)
	for _, s := range both {
		_, err := rescue.Open(t.Context(), w.chain, acct.Address(), s)
		if e, ok := errors.AsType[*rescue.NotSignerError](err); !ok || e.Weight != 1 || e.Needed != 2 {
			t.Errorf("%v", err)
		}
	}
	f, err := rescue.Open(t.Context(), w.chain, acct.Address(), both...)
	if err != nil {
		t.Fatal(err)
	}
	w.rescued(t, f, nil, both...)
}

// create has an account make its first operation, which does nothing else.
func (w *world) create(t *testing.T, acct account.Account, auth account.Authority, signers ...rescue.Signer) {
	t.Helper()
	p, err := account.Prepare(t.Context(), w.client, acct, auth, []account.Call{{To: addressOf("nobody")}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Finish(must(rescue.Approve(t.Context(), p.Challenge(), signers...))); err != nil {
		t.Fatal(err)
	}
	must(p.Send(t.Context()))
	if r := must(p.Wait(t.Context())); !r.Success {
		t.Fatal(r.Reason)
	}
}

func TestHybridAccountsAreFoundAndRescued(t *testing.T) {
	w := newWorld(t)
	p := export(t, "gator", nil)
	key := hybrid.PasskeyKey(p.CredentialID, p.Key)
	s, owner := rescue.Exported(p), rescue.Key(keyOf("owner"))

	// By its first passkey, before it is on the chain.
	alone := must(hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Keys: []hybrid.Key{key}}))
	if _, err := rescue.Find(t.Context(), w.chain, s); !errors.Is(err, rescue.ErrNothing) {
		t.Errorf("without money nothing says that it is meant: %v", err)
	}
	w.fund(t, alone.Address())
	f := one(t, w, s)
	if f.Account.Address() != alone.Address() || f.Kind != rescue.Hybrid {
		t.Fatalf("%+v", f)
	}
	w.rescued(t, f, nil, s)

	// By its owner's key; the passkey was added later and finds it in the logs.
	owned := must(hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: addressOf("owner")}))
	w.fund(t, owned.Address())
	if f = one(t, w, owner); f.Account.Address() != owned.Address() {
		t.Fatalf("%+v", f)
	}
	added := must(owned.AddKey(key))
	op := must(account.Prepare(t.Context(), w.client, f.Account, f.Authority, added))
	must(op.Finish(must(rescue.Approve(t.Context(), op.Challenge(), owner))))
	must(op.Send(t.Context()))
	if r := must(op.Wait(t.Context())); !r.Success {
		t.Fatal(r.Reason)
	}
	found := must(rescue.Find(t.Context(), w.chain, s))
	if len(found) != 2 || found[0].Account.Address() != alone.Address() || found[1].Account.Address() != owned.Address() || found[1].Certain {
		t.Fatalf("%+v", found)
	}
	w.rescued(t, found[1], nil, s)
}

func TestKernelAccountsAreFoundAndRescued(t *testing.T) {
	w := newWorld(t)
	p := export(t, "kernel", nil)
	version := w.stand.Versions[len(w.stand.Versions)-1]
	for name, c := range map[string]struct {
		root kernel.Validator
		s    rescue.Signer
	}{
		"passkey": {kernel.WebAuthn{Key: p.Key, CredentialHash: kernel.CredentialHash(p.CredentialID)}, rescue.Exported(p)},
		"key":     {kernel.ECDSA{Owner: addressOf("kernel owner")}, rescue.Key(keyOf("kernel owner"))},
	} {
		t.Run(name, func(t *testing.T) {
			acct := must(kernel.New(kernel.Config{Version: version, Root: c.root}))
			w.fund(t, acct.Address())
			f := one(t, w, c.s)
			if f.Account.Address() != acct.Address() || f.Kind != rescue.Kernel || f.Deployed {
				t.Fatalf("%+v", f)
			}
			w.rescued(t, f, nil, c.s)
			w.fund(t, acct.Address())
			if f = one(t, w, c.s); !f.Deployed {
				t.Fatalf("%+v", f)
			}
			w.rescued(t, f, nil, c.s)
		})
	}
}

// uncertain is a security key that has signed once: one of two keys is its own.
type uncertain struct {
	rescue.Signer
	other passkey.PublicKey
}

func (u uncertain) Identity() rescue.Identity {
	id := u.Signer.Identity()
	id.Keys = []passkey.PublicKey{u.other, id.Keys[0]}
	return id
}

func TestTheChainTellsWhichKeyASecurityKeyHas(t *testing.T) {
	w := newWorld(t)
	salt := [32]byte{9}
	p := export(t, "yubi", webauthn.SaltHandle(salt).Bytes())
	u := uncertain{rescue.Exported(p), export(t, "phantom", nil).Key}
	if _, err := rescue.Find(t.Context(), w.chain, u); !errors.Is(err, rescue.ErrAmbiguous) {
		t.Fatalf("before the account is there, nothing can tell: %v", err)
	}
	acct := must(webauthn.ForPasskey(must(contracts.ForEntryPoint(userop.V08)), p.Key, salt))
	w.fund(t, acct.Address())
	w.create(t, acct, one(t, w, rescue.Exported(p)).Authority, rescue.Exported(p))
	f := one(t, w, u)
	if f.Account.Address() != acct.Address() || f.Certain {
		t.Fatalf("%+v", f)
	}
	w.rescued(t, f, nil, u)
}

func TestAddressesThatAreNoAccounts(t *testing.T) {
	w := newWorld(t)
	s := rescue.Key(keyOf("somebody"))
	if _, err := rescue.Open(t.Context(), w.chain, addressOf("empty"), s); !is[*account.NotDeployedError](err) {
		t.Errorf("%v", err)
	}
	if _, err := rescue.Open(t.Context(), w.chain, w.net.Info().Token, s); !is[*rescue.UnknownError](err) {
		t.Errorf("%v", err)
	}
	if _, err := rescue.Balances(t.Context(), w.chain, addressOf("empty"), addressOf("no token")); !is[*rescue.TokenError](err) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := rescue.Find(ctx, w.chain, s); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
