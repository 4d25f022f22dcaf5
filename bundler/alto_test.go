package bundler_test

import (
	"crypto/ecdsa"
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/journeys/stand"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/userop"
)

// alto is a stand of other people's servers: Anvil, Alto and its mock paymaster.
type alto struct {
	*stand.Stand
	client account.Client
	node   *bundler.Chain
}

func startAlto(t *testing.T, hardfork string) *alto {
	t.Helper()
	if testing.Short() {
		t.Skip("starts Anvil and Alto")
	}
	s, err := stand.Start(t.Context(), hardfork)
	if errors.Is(err, stand.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	n, err := bundler.NewChain(s.RPC, bundler.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundler.Dial(s.Bundler, bundler.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &alto{Stand: s, node: n, client: account.Client{Chain: n, Bundler: b}}
}

// fund gives addr an ether, by a cheat of Anvil.
func (a *alto) fund(t *testing.T, addr common.Address) {
	t.Helper()
	if err := a.node.CallContext(t.Context(), nil, "anvil_setBalance", addr, "0xde0b6b3a7640000"); err != nil {
		t.Fatal(err)
	}
}

// mint makes units of the stand's token, as its funder.
func (a *alto) mint(t *testing.T, to common.Address, units *big.Int) {
	t.Helper()
	data := append(crypto.Keccak256([]byte("sudoMint(address,uint256)"))[:4], common.LeftPadBytes(to[:], 32)...)
	tx := map[string]any{"from": a.funder(t), "to": a.Token, "data": common.Bytes2Hex(append(data, common.BigToHash(units).Bytes()...))}
	tx["data"] = "0x" + tx["data"].(string)
	if err := a.node.CallContext(t.Context(), nil, "eth_sendTransaction", tx); err != nil {
		t.Fatal(err)
	}
}

func (a *alto) funder(t *testing.T) common.Address {
	t.Helper()
	key, err := crypto.ToECDSA(a.FunderKey)
	if err != nil {
		t.Fatal(err)
	}
	return crypto.PubkeyToAddress(key.PublicKey)
}

func (a *alto) units(t *testing.T, method string, args ...common.Address) *big.Int {
	t.Helper()
	data := crypto.Keccak256([]byte(method))[:4]
	for _, x := range args {
		data = append(data, common.LeftPadBytes(x[:], 32)...)
	}
	out, err := a.node.Call(t.Context(), *a.Token, data)
	if err != nil || len(out) != 32 {
		t.Fatal(out, err)
	}
	return new(big.Int).SetBytes(out)
}

// signer is one who approves for a Hybrid account or an EIP-7702 one.
type signer struct {
	acct   account.Account
	auth   account.Authority
	key    *ecdsa.PrivateKey
	device *softkey.Authenticator
	id     []byte
}

func (s *signer) approve(t *testing.T, c account.Challenge) account.Approval {
	t.Helper()
	if s.key != nil {
		sig, err := crypto.Sign(c.Digest[:], s.key)
		if err != nil {
			t.Fatal(err)
		}
		return account.Approval{ECDSA: sig}
	}
	x, err := s.device.Sign(s.id, c.Digest[:], "localhost", "http://localhost:8080")
	if err != nil {
		t.Fatal(err)
	}
	return account.Approval{Assertion: x}
}

// newPasskey is an account of one passkey, which no owner helps out.
func newPasskey(t *testing.T) *signer {
	t.Helper()
	s := &signer{device: softkey.New(softkey.WithSeed([]byte(t.Name())))}
	options := `{"rp":{"id":"localhost","name":"x"},"user":{"id":"AQ","name":"a","displayName":"a"},"challenge":"AAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`
	if _, err := s.device.Create([]byte(options), "http://localhost:8080"); err != nil {
		t.Fatal(err)
	}
	c := s.device.Credentials()[0]
	s.id = c.ID
	key := hybrid.PasskeyKey(c.ID, c.Key)
	acct, err := hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Keys: []hybrid.Key{key}})
	if err != nil {
		t.Fatal(err)
	}
	s.acct = acct
	if s.auth, err = acct.Authority(hybrid.PasskeyApprover{Key: key, RPID: "localhost", Origins: []string{"http://localhost:8080"}}); err != nil {
		t.Fatal(err)
	}
	return s
}

func newEOA(t *testing.T, ep userop.EntryPoint) *signer {
	t.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	d, err := hybrid.V130For(ep)
	if err != nil {
		t.Fatal(err)
	}
	addr := crypto.PubkeyToAddress(key.PublicKey)
	acct, err := hybrid.NewStateless(d, addr)
	if err != nil {
		t.Fatal(err)
	}
	auth, err := acct.Authority(hybrid.OwnerApprover{Address: addr})
	if err != nil {
		t.Fatal(err)
	}
	return &signer{acct: acct, auth: auth, key: key}
}

func (s *signer) sealed(t *testing.T, c account.Client, calls []account.Call, opts ...account.Option) *account.Prepared {
	t.Helper()
	if _, ok := s.acct.(account.Delegated); ok {
		r, err := account.RequestAuthorization(t.Context(), c, s.acct)
		if err != nil {
			t.Fatal(err)
		}
		if r != nil {
			a, err := r.Finish(s.approve(t, account.Challenge{Digest: r.Digest}).ECDSA)
			if err != nil {
				t.Fatal(err)
			}
			opts = append(opts, account.WithAuthorization(a))
		}
	}
	p, err := account.Prepare(t.Context(), c, s.acct, s.auth, calls, opts...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Finish(s.approve(t, p.Challenge())); err != nil {
		t.Fatal(err)
	}
	return p
}

func run(t *testing.T, p *account.Prepared) *account.Receipt {
	t.Helper()
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := p.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !r.Success {
		t.Fatalf("%+v", r)
	}
	return r
}

// TestWithAlto sends what this package writes through a bundler and a paymaster
// that it has nothing to do with, on a chain with P256VERIFY and on one without.
func TestWithAlto(t *testing.T) {
	for _, hardfork := range []string{"osaka", "prague"} {
		t.Run(hardfork, func(t *testing.T) {
			a := startAlto(t, hardfork)
			t.Run("estimates with overrides", func(t *testing.T) { a.overrides(t, hardfork == "osaka") })
			t.Run("gas paid in a token", a.tokenGas)
			t.Run("EIP-7702", a.delegations)
		})
	}
}

func (a *alto) overrides(t *testing.T, p256 bool) {
	if has, err := a.node.HasP256(t.Context()); err != nil || has != p256 {
		t.Fatalf("P256VERIFY: %t, %v", has, err)
	}
	s := newPasskey(t)
	a.fund(t, s.acct.Address())
	run(t, s.sealed(t, a.client, []account.Call{{To: factory}})) // deploys
	p := s.sealed(t, a.client, []account.Call{{To: factory, Value: big.NewInt(1)}})
	source := account.EstimatePlain // nothing to pretend
	if p256 {
		source = account.EstimateOverridden
	}
	if e := p.Estimate(); e.Source != source || e.Excess != 0 {
		t.Errorf("the estimate is %+v", e)
	}
	r := run(t, p)
	without := a.client
	without.Bundler = struct{ account.Bundler }{a.client.Bundler}
	plain := s.sealed(t, without, []account.Call{{To: factory, Value: big.NewInt(1)}})
	t.Logf("verification limit %s, without overrides %s (excess %d); used in all %s", p.Op().VerificationGasLimit, plain.Op().VerificationGasLimit, plain.Estimate().Excess, r.ActualGasUsed)
	if saved := new(big.Int).Sub(plain.Op().VerificationGasLimit, p.Op().VerificationGasLimit); p256 && saved.Int64() < 100_000 {
		t.Errorf("overrides save %s", saved)
	}
}

func (a *alto) tokenGas(t *testing.T) {
	s := newPasskey(t)
	self := s.acct.Address()
	c := a.client
	pm, err := bundler.NewTokenPaymaster(a.Paymaster, bundler.Options{}, *a.Token)
	if err != nil {
		t.Fatal(err)
	}
	c.Paymaster = pm
	if _, err := account.Prepare(t.Context(), c, s.acct, s.auth, []account.Call{{To: factory}}); !errors.As(err, new(*account.InsufficientTokenError)) {
		t.Fatalf("without the token: %v", err)
	}
	had := new(big.Int).Mul(big.NewInt(1e6), big.NewInt(1e18))
	a.mint(t, self, had)
	for round := range 2 {
		p := s.sealed(t, c, []account.Call{{To: factory}})
		charge := p.TokenCharge()
		r := run(t, p)
		left, allowed := a.units(t, "balanceOf(address)", self), a.units(t, "allowance(address,address)", self, *p.Op().Paymaster)
		paid := new(big.Int).Sub(had, left)
		t.Logf("round %d: paid %s of at most %s for %s gas", round, paid, charge.Max, r.ActualGasUsed)
		if paid.Sign() <= 0 || paid.Cmp(charge.Max) > 0 || new(big.Int).Add(paid, allowed).Cmp(charge.Max) > 0 && charge.Allowance.Sign() == 0 {
			t.Errorf("paid %s of at most %s, %s still allowed", paid, charge.Max, allowed)
		}
		had = left
	}
	if _, err := account.Prepare(t.Context(), c, s.acct, s.auth, []account.Call{{To: factory}}, account.WithTokenLimit(big.NewInt(1))); !errors.As(err, new(*account.TokenLimitError)) {
		t.Errorf("above the limit: %v", err)
	}
	other, err := bundler.NewTokenPaymaster(a.Paymaster, bundler.Options{}, factory)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Quote(t.Context(), nil, userop.V07, chain); !errors.Is(err, bundler.ErrNoQuote) {
		t.Errorf("a token that is not taken: %v", err)
	}
}

func (a *alto) delegations(t *testing.T) {
	carrier, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	a.fund(t, crypto.PubkeyToAddress(carrier.PublicKey))
	relayed := a.client
	relayed.Bundler = &account.Relayer{Node: a.node, Chain: a.node, Key: carrier}
	sponsored := a.client
	if sponsored.Paymaster, err = bundler.NewPaymaster(a.Paymaster, bundler.Options{}, nil); err != nil {
		t.Fatal(err)
	}
	for _, ep := range []userop.EntryPoint{userop.V07, userop.V08, userop.V09} {
		for way, c := range map[string]account.Client{"Alto": a.client, "relayer": relayed, "paymaster": sponsored} {
			if way == "paymaster" && ep != userop.V07 {
				continue // the mock paymaster refuses the marker 0x7702 as factory
			}
			t.Run(ep.Version()+" by "+way, func(t *testing.T) {
				s := newEOA(t, ep)
				value := int64(1)
				if way == "paymaster" {
					value = 0
				} else {
					a.fund(t, s.acct.Address())
				}
				for round := range 2 {
					p := s.sealed(t, c, []account.Call{{To: factory, Value: big.NewInt(value)}})
					if carried := p.Op().Authorization != nil; carried != (round == 0) {
						t.Errorf("round %d: carries an authorization: %t", round, carried)
					}
					r := run(t, p)
					t.Logf("round %d: %s gas", round, r.ActualGasUsed)
				}
			})
		}
	}
}
