package webauthn_test

import (
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/accounttest"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

const (
	rpID   = "localhost"
	origin = "http://localhost:8080"
)

// entryPoints are those that WebAuthnAccount works with.
var entryPoints = []userop.EntryPoint{userop.V07, userop.V08, userop.V09}

// start runs a chain and returns a view of it.
func start(t *testing.T, rules devnet.Rules) (*devnet.Net, accounttest.NodeChain) {
	t.Helper()
	net, err := devnet.Start(t.Context(), devnet.Config{Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := net.Close(); err != nil {
			t.Error(err)
		}
	})
	return net, accounttest.NodeChain{Node: net.Client().Client()}
}

// device is a software authenticator with one passkey.
type device struct {
	*softkey.Authenticator
	id  []byte
	key passkey.PublicKey
}

func newDevice(t *testing.T, seed string, opts ...softkey.Option) *device {
	t.Helper()
	a := softkey.New(append([]softkey.Option{softkey.WithSeed([]byte(seed))}, opts...)...)
	return register(t, a, webauthn.SaltHandle([32]byte{1}))
}

// register makes a passkey with a user handle.
func register(t *testing.T, a *softkey.Authenticator, h webauthn.Handle) *device {
	t.Helper()
	json, err := json.Marshal(passkey.NewCreationOptions(passkey.RelyingParty{ID: rpID, Name: "Test"},
		passkey.User{ID: h.Bytes(), Name: "ada", DisplayName: "Ada"}, make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := a.Create(json, origin)
	if err != nil {
		t.Fatal(err)
	}
	r, err := passkey.ParseRegistration(answer)
	if err != nil {
		t.Fatal(err)
	}
	return &device{a, r.ID, r.Key()}
}

func (d *device) approve(c account.Challenge) (account.Approval, error) {
	if c.Kind != account.KindWebAuthn {
		return account.Approval{}, fmt.Errorf("asked for %s", c.Kind)
	}
	a, err := d.Sign(d.id, c.Digest[:], rpID, origin)
	return account.Approval{Assertion: a}, err
}

func (d *device) signer(t *testing.T, rule webauthn.Rule) webauthn.Signer {
	t.Helper()
	s, err := webauthn.Passkey(d.key, rule)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (d *device) approver(s webauthn.Signer) webauthn.PasskeyApprover {
	return webauthn.PasskeyApprover{Passkey: s, RPID: rpID, Origins: []string{origin}, Credential: d.id}
}

func approveECDSA(key *ecdsa.PrivateKey) func(account.Challenge) (account.Approval, error) {
	return func(c account.Challenge) (account.Approval, error) {
		sig, err := crypto.Sign(c.Digest[:], key)
		return account.Approval{ECDSA: sig}, err
	}
}

func marshal(v any) ([]byte, error) { return json.Marshal(v) }

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestConformance(t *testing.T) {
	for name, rules := range map[string]devnet.Rules{"osaka": devnet.Osaka, "prague": devnet.Prague} {
		_, chain := start(t, rules)
		for _, ep := range entryPoints {
			t.Run(name+" v"+ep.Version(), func(t *testing.T) {
				t.Run("passkey", func(t *testing.T) { passkeyPlug(t, chain, ep, softkey.Quirks{}) })
				t.Run("passkey of an Android app", func(t *testing.T) {
					passkeyPlug(t, chain, ep, softkey.Quirks{AndroidPackageName: "com.android.chrome"})
				})
				t.Run("secp256k1", func(t *testing.T) { keyPlug(t, chain, ep) })
				t.Run("two of three", func(t *testing.T) { severalPlug(t, chain, ep) })
			})
		}
		t.Run(name+" passkey with hints for no table", func(t *testing.T) { hintedPlug(t, chain, userop.V08, seal.PathNone) })
		t.Run(name+" passkey with a hint for a table", func(t *testing.T) { hintedPlug(t, chain, userop.V08, P(p256table.Format1k)) })
	}
}

func passkeyPlug(t *testing.T, chain account.Chain, ep userop.EntryPoint, q softkey.Quirks) {
	d := newDevice(t, "conformance", softkey.WithQuirks(q))
	stranger := newDevice(t, "stranger", softkey.WithQuirks(q))
	acct := must[*webauthn.Account](t)(webauthn.ForPasskey(must[contracts.Deployment](t)(contracts.ForEntryPoint(ep)), d.key, [32]byte{1}))
	auth := must[*webauthn.Authority](t)(acct.Authority(d.approver(acct.Members()[0].Signer)))
	accounttest.Run(t, accounttest.Plug{Chain: chain, Account: acct, Authority: auth, Approve: d.approve, Stranger: stranger.approve})
}

// hintedPlug seals approvals with hints. Nobody signs them, and the contract takes
// any: right ones, wrong ones, ones for another path.
func hintedPlug(t *testing.T, chain account.Chain, ep userop.EntryPoint, path P) {
	d, stranger := newDevice(t, "hinted"), newDevice(t, "stranger")
	acct := must[*webauthn.Account](t)(webauthn.ForPasskey(must[contracts.Deployment](t)(contracts.ForEntryPoint(ep)), d.key, [32]byte{4}))
	auth := must[account.Authority](t)(must[*webauthn.Authority](t)(acct.Authority(d.approver(acct.Members()[0].Signer))).OnP256Paths([]byte{byte(path)}))
	bare := func(sig []byte) ([]seal.PosternApproval, error) {
		approvals, err := seal.ParsePostern(sig)
		for i := range approvals {
			approvals[i].Hints = nil
		}
		return approvals, err
	}
	accounttest.Run(t, accounttest.Plug{Chain: chain, Account: acct, Authority: auth, Approve: d.approve, Stranger: stranger.approve,
		Same: func(sealed, changed []byte) bool {
			was, err := bare(sealed)
			if err != nil || len(was) != 1 {
				t.Fatalf("what is sealed does not parse: %v", err)
			}
			is, err := bare(changed)
			return err == nil && reflect.DeepEqual(was, is)
		}})
}

func keyPlug(t *testing.T, chain account.Chain, ep userop.EntryPoint) {
	key, other := must[*ecdsa.PrivateKey](t)(crypto.GenerateKey()), must[*ecdsa.PrivateKey](t)(crypto.GenerateKey())
	addr := crypto.PubkeyToAddress(key.PublicKey)
	s := must[webauthn.Signer](t)(webauthn.Address(addr))
	acct := must[*webauthn.Account](t)(webauthn.New(must[contracts.Deployment](t)(contracts.ForEntryPoint(ep)), webauthn.Members(s), 1, [32]byte{2}))
	auth := must[*webauthn.Authority](t)(acct.Authority(webauthn.KeyApprover{Address: addr}))
	accounttest.Run(t, accounttest.Plug{Chain: chain, Account: acct, Authority: auth.Lane(7), Approve: approveECDSA(key), Stranger: approveECDSA(other)})
}

// severalPlug is an account of two passkeys and a key, of which any two approve.
func severalPlug(t *testing.T, chain account.Chain, ep userop.EntryPoint) {
	d1, d2 := newDevice(t, "one"), newDevice(t, "two")
	key := must[*ecdsa.PrivateKey](t)(crypto.GenerateKey())
	addr := crypto.PubkeyToAddress(key.PublicKey)
	s1, s2, s3 := d1.signer(t, webauthn.FirstRule), d2.signer(t, 0), must[webauthn.Signer](t)(webauthn.Address(addr))
	acct := must[*webauthn.Account](t)(webauthn.New(must[contracts.Deployment](t)(contracts.ForEntryPoint(ep)), webauthn.Members(s1, s2, s3), 2, [32]byte{3}))
	auth := must[*webauthn.Authority](t)(acct.Authority(d1.approver(s1), d2.approver(s2), webauthn.KeyApprover{Address: addr}))
	approve := func(left int) func(account.Challenge) (account.Approval, error) {
		return func(c account.Challenge) (account.Approval, error) {
			parts := make([]account.Approval, 3)
			for i, f := range []func(account.Challenge) (account.Approval, error){d1.approve, d2.approve, approveECDSA(key)} {
				if i == left {
					continue
				}
				var err error
				if parts[i], err = f(c.Parts[i]); err != nil {
					return account.Approval{}, err
				}
			}
			return account.Approval{Parts: parts}, nil
		}
	}
	stranger := newDevice(t, "stranger")
	accounttest.Run(t, accounttest.Plug{Chain: chain, Account: acct, Authority: auth, Approve: approve(1),
		Stranger: func(c account.Challenge) (account.Approval, error) {
			a, err := approve(1)(c)
			if err == nil {
				a.Parts[0], err = stranger.approve(c.Parts[0])
			}
			return a, err
		}})
}
