package session_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/accounttest"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/internal/kernelstand"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
)

const (
	rpID   = "wallet.example"
	origin = "https://wallet.example"
)

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// bench is a chain with Kernel on it: the stand-ins, or what KERNEL_ARTIFACTS holds.
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
	if err := b.net.Faucet(t.Context(), a, ether(10)); err != nil {
		t.Fatal(err)
	}
}

func ether(n int64) *big.Int { return new(big.Int).Mul(big.NewInt(1e18), big.NewInt(n)) }

func (b *bench) client() account.Client { return account.Client{Chain: b.chain, Bundler: b.relay} }

func (b *bench) target(a *kernel.Account) session.Target {
	return session.Target{Chain: b.chain, ChainID: b.id, Account: a}
}

// send finishes an operation and waits for it.
func (b *bench) send(t testing.TB, p *account.Prepared, ask approve) *account.Receipt {
	t.Helper()
	must2(t)(p.Finish(must[account.Approval](t)(ask(p.Challenge()))))
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	return must[*account.Receipt](t)(p.Wait(t.Context()))
}

func must2(t testing.TB) func(any, error) {
	return func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

// do runs the owner's calls.
func (b *bench) do(t testing.TB, a *kernel.Account, o owner, calls []account.Call) {
	t.Helper()
	auth := must[*kernel.Authority](t)(a.Authority(o.by))
	r := b.send(t, must[*account.Prepared](t)(account.Prepare(t.Context(), b.client(), a, auth, calls)), o.ask)
	if !r.Success {
		t.Fatalf("the owner's calls reverted: %s", r.Reason)
	}
}

// valid asks the account as somebody whether a signature is good (ERC-1271).
func (b *bench) valid(t testing.TB, addr, from common.Address, hash common.Hash, sig []byte) bool {
	t.Helper()
	data := crypto.Keccak256([]byte("isValidSignature(bytes32,bytes)"))[:4]
	data = append(data, hash[:]...)
	data = append(data, common.LeftPadBytes([]byte{64}, 32)...)
	data = append(data, common.LeftPadBytes(big.NewInt(int64(len(sig))).Bytes(), 32)...)
	data = append(data, sig...)
	data = append(data, make([]byte, (32-len(sig)%32)%32)...)
	var out hexutil.Bytes
	err := b.chain.CallContext(t.Context(), &out, "eth_call", map[string]any{"from": from, "to": addr, "input": hexutil.Bytes(data)}, "latest")
	return err == nil && len(out) == 32 && [4]byte(out) == [4]byte{0x16, 0x26, 0xba, 0x7e}
}

func newKey(seed string) *ecdsa.PrivateKey {
	key, err := crypto.ToECDSA(crypto.Keccak256([]byte("secp256k1"), []byte(seed)))
	if err != nil {
		panic(err)
	}
	return key
}

func addressOf(key *ecdsa.PrivateKey) common.Address { return crypto.PubkeyToAddress(key.PublicKey) }

// approve answers challenges.
type approve = func(account.Challenge) (account.Approval, error)

func byKey(key *ecdsa.PrivateKey) approve {
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

func newDevice(t testing.TB, seed string) *device {
	t.Helper()
	a := softkey.New(softkey.WithSeed([]byte(seed)))
	options := passkey.NewCreationOptions(passkey.RelyingParty{ID: rpID, Name: "test"},
		passkey.User{ID: []byte{1}, Name: seed, DisplayName: seed}, crypto.Keccak256([]byte(seed)))
	if _, err := a.Create(must[[]byte](t)(json.Marshal(options)), origin); err != nil {
		t.Fatal(err)
	}
	c := a.Credentials()[0]
	return &device{a, c.Key, kernel.CredentialHash(c.ID)}
}

func (d *device) approve(c account.Challenge) (account.Approval, error) {
	if c.Kind != account.KindWebAuthn {
		return account.Approval{}, fmt.Errorf("asked for %s", c.Kind)
	}
	a, err := d.Sign(d.Credentials()[0].ID, c.Digest[:], rpID, origin)
	return account.Approval{Assertion: a}, err
}

// owner is somebody who controls an account.
type owner struct {
	name string
	root kernel.Validator
	by   kernel.Approver
	ask  approve
}

var passkeyApprover = kernel.PasskeyApprover{RPID: rpID, Origins: []string{origin}}

// owners are one of each kind.
func owners(t testing.TB) []owner {
	key, dev := newKey("owner"), newDevice(t, "owner")
	return []owner{
		{"ECDSA", kernel.ECDSA{Owner: addressOf(key)}, kernel.OwnerApprover{}, byKey(key)},
		{"multi-chain ECDSA", kernel.MultiChainECDSA{Owner: addressOf(key)}, kernel.OwnerApprover{}, byKey(key)},
		{"WebAuthn", kernel.WebAuthn{Key: dev.key, CredentialHash: dev.hash}, passkeyApprover, dev.approve},
		{"multi-chain WebAuthn", kernel.MultiChainWebAuthn{Key: dev.key, CredentialHash: dev.hash}, passkeyApprover, dev.approve},
	}
}

// holder is somebody with a session key.
type holder struct {
	name   string
	signer kernel.Signer
	by     kernel.Approver
	ask    approve
}

func holders(t testing.TB) []holder {
	key, dev := newKey("session"), newDevice(t, "session")
	return []holder{
		{"passkey", kernel.WebAuthnSigner(dev.key, dev.hash), passkeyApprover, dev.approve},
		{"key", kernel.ECDSASigner(addressOf(key)), kernel.OwnerApprover{}, byKey(key)},
	}
}

var (
	// target has no code and takes any call.
	target = common.HexToAddress("0x00000000000000000000000000000000000e0a11")
	// asker may ask about messages.
	asker = common.HexToAddress("0x00000000000000000000000000000000000a5ce2")
)

const until = 4_000_000_000

// limited lets a key pay target up to 5 wei per call, count times, and sign for asker.
func limited(count uint64) grant.Grant {
	return grant.Grant{Name: "payments", Policies: []grant.Policy{
		&grant.Call{Version: grant.Call004, Permissions: []grant.Permission{{Target: target, ValueLimit: big.NewInt(5)}}},
		&grant.RateLimit{Count: count, StartAt: 1},
		&grant.Timestamp{ValidAfter: 1_000_000_000, ValidUntil: until},
		&grant.SignatureCaller{Callers: []common.Address{asker}},
	}}
}

func pay(wei int64) []account.Call { return []account.Call{{To: target, Value: big.NewInt(wei)}} }

// grantTo has the owner approve for one account, and opens the document as it comes
// out of the SDK's text.
func (b *bench) grantTo(t testing.TB, a *kernel.Account, o owner, h holder, g grant.Grant) *session.Session {
	t.Helper()
	p := must[*session.Pending](t)(session.NewPending(t.Context(), []session.Target{b.target(a)}, o.by, h.signer, g))
	docs := must[[]*approval.Document](t)(p.Finish(must[account.Approval](t)(o.ask(p.Challenge()))))
	return b.open(t, docs[0], h)
}

func (b *bench) open(t testing.TB, d *approval.Document, h holder) *session.Session {
	t.Helper()
	text := must[[]byte](t)(d.Serialize())
	again := must[*approval.Document](t)(approval.Parse(text))
	return must[*session.Session](t)(session.Open(t.Context(), b.chain, again, session.WithSigner(h.signer), session.WithChainID(b.id)))
}

// use makes an operation by the session key.
func (b *bench) use(t testing.TB, s *session.Session, h holder, calls []account.Call) *account.Receipt {
	t.Helper()
	p := must[*account.Prepared](t)(s.Prepare(t.Context(), b.client(), h.by, calls))
	r := b.send(t, p, h.ask)
	if !r.Success {
		t.Fatalf("the session's calls reverted: %s", r.Reason)
	}
	return r
}

func status(t testing.TB, s *session.Session) session.Status {
	t.Helper()
	return must[session.Status](t)(s.Status(context.Background()))
}
