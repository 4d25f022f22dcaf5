package journeys_test

import (
	"crypto/ecdsa"
	"encoding/json"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/userop"
)

const (
	rpID   = "localhost"
	origin = "http://localhost:8080"
)

// friend receives what is sent.
var friend = common.HexToAddress("0x00000000000000000000000000000000f00dcafe")

// person is an account of one passkey, for the journeys that go wrong.
type person struct {
	device *softkey.Authenticator
	acct   *webauthn.Account
	auth   *webauthn.Authority
}

func newPerson(t *testing.T, ep userop.EntryPoint) *person {
	t.Helper()
	p := &person{device: softkey.New()}
	h := webauthn.NewHandle()
	options := passkey.NewCreationOptions(passkey.RelyingParty{ID: rpID, Name: "Postern"}, passkey.User{ID: h.Bytes(), Name: "Ada", DisplayName: "Ada"}, make([]byte, 32))
	if _, err := p.device.Create([]byte(jsonOf(t, options)), origin); err != nil {
		t.Fatal(err)
	}
	c := p.device.Credentials()[0]
	d, err := contracts.ForEntryPoint(ep)
	if err != nil {
		t.Fatal(err)
	}
	salt, _ := h.Salt()
	if p.acct, err = webauthn.ForPasskey(d, c.Key, salt); err != nil {
		t.Fatal(err)
	}
	p.auth, err = p.acct.Authority(webauthn.PasskeyApprover{Passkey: p.acct.Members()[0].Signer, RPID: rpID, Origins: []string{origin}, Credential: c.ID})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// prepared is an operation that sends a thousandth of an ether.
func (p *person) prepared(t *testing.T, c account.Client, opts ...account.Option) *account.Prepared {
	t.Helper()
	out, err := p.prepare(t, c, milli(1), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (p *person) prepare(t *testing.T, c account.Client, value *big.Int, opts ...account.Option) (*account.Prepared, error) {
	t.Helper()
	return account.Prepare(t.Context(), c, p.acct, p.auth, []account.Call{{To: friend, Value: value}}, opts...)
}

func (p *person) seal(t *testing.T, op *account.Prepared) {
	t.Helper()
	a, err := p.device.Sign(p.device.Credentials()[0].ID, op.Challenge().Rule.Challenge, rpID, origin)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := op.Finish(account.Approval{Assertion: a}); err != nil {
		t.Fatal(err)
	}
}

// lands sends a sealed operation and waits for its success.
func lands(t *testing.T, op *account.Prepared) *account.Receipt {
	t.Helper()
	if _, err := op.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := op.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !r.Success {
		t.Fatalf("the calls reverted: %s", r.Reason)
	}
	return r
}

func connect(t *testing.T, chainURL, bundlerURL string) account.Client {
	t.Helper()
	o := bundler.Options{Retries: -1}
	ch, err := bundler.NewChain(chainURL, o)
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundler.Dial(bundlerURL, o)
	if err != nil {
		t.Fatal(err)
	}
	return account.Client{Chain: ch, Bundler: b}
}

func osaka(t *testing.T) *devnet.Net {
	t.Helper()
	net, err := chains[devnet.Osaka]()
	if err != nil {
		t.Fatal(err)
	}
	return net
}

func give(t *testing.T, net *devnet.Net, a common.Address, wei *big.Int) {
	t.Helper()
	if err := net.Faucet(t.Context(), a, wei); err != nil {
		t.Fatal(err)
	}
}

func milli(n int64) *big.Int { return new(big.Int).Mul(big.NewInt(n), big.NewInt(1e15)) }

func save(t *testing.T, p *account.Prepared) []byte {
	t.Helper()
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}
