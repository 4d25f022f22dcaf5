package kernel_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/accounttest"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/internal/kernelstand"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
)

const (
	rpID   = "localhost"
	origin = "http://localhost:8080"
)

// bench is a chain with Kernel's contracts and a relaying key that has money.
type bench struct {
	stand kernelstand.Stand
	net   *devnet.Net
	chain accounttest.NodeChain
	relay *account.Relayer
	id    *big.Int
}

func newBench(t testing.TB, config devnet.Config) *bench {
	t.Helper()
	stand := must[kernelstand.Stand](t)(kernelstand.Open(t.Context()))
	net := must[*devnet.Net](t)(stand.Start(t.Context(), config))
	t.Cleanup(func() {
		if err := net.Close(); err != nil {
			t.Error(err)
		}
	})
	chain := accounttest.NodeChain{Node: net.Client().Client()}
	b := &bench{stand, net, chain, &account.Relayer{Node: chain, Chain: chain, Key: newKey("relay")}, net.ChainID()}
	b.fund(t, b.relay.From())
	return b
}

func (b *bench) fund(t testing.TB, a common.Address) {
	t.Helper()
	if err := b.net.Faucet(t.Context(), a, new(big.Int).Mul(big.NewInt(1e18), big.NewInt(10))); err != nil {
		t.Fatal(err)
	}
}

// versions of Kernel 3 on the chain.
func (b *bench) versions() (list []kernel.Version) {
	for _, v := range b.stand.Versions {
		if v.V3() {
			list = append(list, v)
		}
	}
	return list
}

// approve answers challenges.
type approve = func(account.Challenge) (account.Approval, error)

// do runs calls and returns the receipt.
func (b *bench) do(t testing.TB, acct account.Account, auth account.Authority, ask approve, calls []account.Call, opts ...account.Option) *account.Receipt {
	t.Helper()
	p, err := account.Prepare(t.Context(), account.Client{Chain: b.chain, Bundler: b.relay}, acct, auth, calls, opts...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Finish(must[account.Approval](t)(ask(p.Challenge()))); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := p.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// newKey is a secp256k1 key of a seed.
func newKey(seed string) *ecdsa.PrivateKey {
	key, err := crypto.ToECDSA(crypto.Keccak256([]byte("secp256k1"), []byte(seed)))
	if err != nil {
		panic(err)
	}
	return key
}

func addressOfKey(key *ecdsa.PrivateKey) common.Address { return crypto.PubkeyToAddress(key.PublicKey) }

// approveECDSA signs what it is asked for.
func approveECDSA(key *ecdsa.PrivateKey) approve {
	return func(c account.Challenge) (account.Approval, error) {
		if c.Kind != account.KindECDSA {
			return account.Approval{}, fmt.Errorf("asked for %s", c.Kind)
		}
		sig, err := crypto.Sign(c.Digest[:], key)
		return account.Approval{ECDSA: sig}, err
	}
}

// device is a software authenticator with one passkey.
type device struct {
	*softkey.Authenticator
	key  passkey.PublicKey
	hash common.Hash // of the credential id
}

func newDevice(t testing.TB, seed string, opts ...softkey.Option) *device {
	t.Helper()
	a := softkey.New(append([]softkey.Option{softkey.WithSeed([]byte(seed))}, opts...)...)
	options := passkey.NewCreationOptions(passkey.RelyingParty{ID: rpID, Name: "test"},
		passkey.User{ID: []byte{1}, Name: seed, DisplayName: seed}, crypto.Keccak256([]byte(seed)))
	if _, err := a.Create(must[[]byte](t)(json.Marshal(options)), origin); err != nil {
		t.Fatal(err)
	}
	c := a.Credentials()[0]
	return &device{a, c.Key, kernel.CredentialHash(c.ID)}
}

func (d *device) root() kernel.WebAuthn { return kernel.WebAuthn{Key: d.key, CredentialHash: d.hash} }

func (d *device) multiChain() kernel.MultiChainWebAuthn {
	return kernel.MultiChainWebAuthn{Key: d.key, CredentialHash: d.hash}
}

func (d *device) approver() kernel.PasskeyApprover {
	return kernel.PasskeyApprover{RPID: rpID, Origins: []string{origin}}
}

func (d *device) approve(c account.Challenge) (account.Approval, error) {
	if c.Kind != account.KindWebAuthn {
		return account.Approval{}, fmt.Errorf("asked for %s", c.Kind)
	}
	a, err := d.Sign(d.Credentials()[0].ID, c.Digest[:], rpID, origin)
	return account.Approval{Assertion: a}, err
}

// target has no code and takes any call.
var target = common.HexToAddress("0x00000000000000000000000000000000000e0a11")

// owners are one of each kind that the contracts of the chain have for a version, with
// how to ask them and a stranger.
type owner struct {
	name          string
	root          kernel.Validator
	by            kernel.Approver
	ask, stranger approve
}

func (b *bench) owners(t testing.TB, v kernel.Version) (list []owner) {
	key, dev := newKey("owner"), newDevice(t, "owner")
	stranger, other := newKey("stranger"), newDevice(t, "stranger")
	for _, o := range []owner{
		{"ECDSA", kernel.ECDSA{Owner: addressOfKey(key)}, kernel.OwnerApprover{}, approveECDSA(key), approveECDSA(stranger)},
		{"multi-chain ECDSA", kernel.MultiChainECDSA{Owner: addressOfKey(key)}, kernel.OwnerApprover{}, approveECDSA(key), approveECDSA(stranger)},
		{"WebAuthn", dev.root(), dev.approver(), dev.approve, other.approve},
		{"multi-chain WebAuthn", dev.multiChain(), dev.approver(), dev.approve, other.approve},
	} {
		if at, err := o.root.Contract(v); err == nil && b.stand.Has(at) {
			list = append(list, o)
		}
	}
	return list
}
