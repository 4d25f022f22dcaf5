package hybrid_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/accounttest"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/userop"
)

const (
	rpID   = "localhost"
	origin = "http://localhost:8080"
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

// bench is a chain with MetaMask's contracts and a relaying key that has money.
type bench struct {
	net   *devnet.Net
	chain accounttest.NodeChain
	relay *account.Relayer
	id    *big.Int
}

func newBench(t testing.TB, rules devnet.Rules) *bench {
	t.Helper()
	return newBenchOf(t, devnet.Config{Rules: rules})
}

func newBenchOf(t testing.TB, c devnet.Config) *bench {
	t.Helper()
	net, err := devnet.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := net.Close(); err != nil {
			t.Error(err)
		}
	})
	chain := accounttest.NodeChain{Node: net.Client().Client()}
	b := &bench{net, chain, &account.Relayer{Node: chain, Chain: chain, Key: newKey("relay")}, net.ChainID()}
	b.fund(t, b.relay.From())
	return b
}

func (b *bench) fund(t testing.TB, a common.Address) {
	t.Helper()
	if err := b.net.Faucet(t.Context(), a, new(big.Int).Mul(big.NewInt(1e18), big.NewInt(10))); err != nil {
		t.Fatal(err)
	}
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
	r, err := p.Wait(t.Context())
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

func addressOf(key *ecdsa.PrivateKey) common.Address { return crypto.PubkeyToAddress(key.PublicKey) }

// approveECDSA signs what it is asked for.
func approveECDSA(key *ecdsa.PrivateKey) approve {
	return func(c account.Challenge) (account.Approval, error) {
		sig, err := crypto.Sign(c.Digest[:], key)
		return account.Approval{ECDSA: sig}, err
	}
}

// approveP256 signs as a raw P-256 key.
func approveP256(key *ecdsa.PrivateKey) approve {
	return func(c account.Challenge) (account.Approval, error) {
		sum := sha256.Sum256(c.Digest[:])
		der, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
		if err != nil {
			return account.Approval{}, err
		}
		sig, err := passkey.ParseDER(der)
		return account.Approval{P256: &sig}, err
	}
}

// device is a software authenticator with one passkey.
type device struct {
	*softkey.Authenticator
	key hybrid.Key
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
	return &device{a, hybrid.PasskeyKey(c.ID, c.Key)}
}

func (d *device) approver() hybrid.PasskeyApprover {
	return hybrid.PasskeyApprover{Key: d.key, RPID: rpID, Origins: []string{origin}}
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

// transact sends an ordinary transaction of an ordinary key.
func (b *bench) transact(t testing.TB, to common.Address, data []byte) {
	t.Helper()
	client, key := b.net.Client(), newKey("anybody")
	if balance := must[*big.Int](t)(client.BalanceAt(t.Context(), addressOf(key), nil)); balance.Sign() == 0 {
		b.fund(t, addressOf(key))
	}
	nonce := must[uint64](t)(client.PendingNonceAt(t.Context(), addressOf(key)))
	tx := must[*types.Transaction](t)(types.SignNewTx(key, types.LatestSignerForChainID(b.id), &types.DynamicFeeTx{
		ChainID: b.id, Nonce: nonce, To: &to, Data: data, Gas: 5_000_000, GasFeeCap: big.NewInt(20e9), GasTipCap: big.NewInt(1e9)}))
	if err := client.SendTransaction(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		r, err := client.TransactionReceipt(t.Context(), tx.Hash())
		if err == nil {
			if r.Status != types.ReceiptStatusSuccessful {
				t.Fatalf("the transaction to %s reverted", to)
			}
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("no receipt")
}

// simulate calls an account as the EntryPoint does. It returns the selector of the
// error with which the account reverts, nil if it does not.
func simulate(t testing.TB, b *bench, to common.Address, data []byte) []byte {
	t.Helper()
	var out hexutil.Bytes
	err := b.chain.CallContext(t.Context(), &out, "eth_call", map[string]any{"from": userop.V07.Address(), "to": to, "input": hexutil.Bytes(data)}, "latest")
	if err == nil {
		return nil
	}
	var d interface{ ErrorData() any }
	if !errors.As(err, &d) {
		t.Fatal(err)
	}
	s, _ := d.ErrorData().(string)
	return must[[]byte](t)(hexutil.Decode(s))[:4]
}

// sha is what a raw P-256 key signs of a digest.
func sha(digest [32]byte) [32]byte { return sha256.Sum256(digest[:]) }

// BenchmarkCallsToSealed is what this package does for one operation: calls,
// challenge with typed data, check of the assertion, seal.
func BenchmarkCallsToSealed(b *testing.B) {
	dev := newDevice(b, "bench")
	acct := must[*hybrid.Account](b)(hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Keys: []hybrid.Key{dev.key}}))
	auth := must[*hybrid.Authority](b)(acct.Authority(dev.approver()))
	calls := []account.Call{{To: target, Value: big.NewInt(1)}, {To: target, Data: make([]byte, 68)}}
	op := (&userop.Op{Sender: acct.Address()}).Normalize()
	op.CallData = must[[]byte](b)(acct.EncodeCalls(calls))
	c := must[account.Challenge](b)(auth.Challenge(op, big.NewInt(1)))
	approval := must[account.Approval](b)(dev.approve(c))
	b.ReportAllocs()
	for b.Loop() {
		op.CallData = must[[]byte](b)(acct.EncodeCalls(calls))
		c = must[account.Challenge](b)(auth.Challenge(op, big.NewInt(1)))
		if err := c.Verify(approval); err != nil {
			b.Fatal(err)
		}
		op.Signature = must[[]byte](b)(auth.Seal(op, approval))
	}
}

// BenchmarkNew computes an address.
func BenchmarkNew(b *testing.B) {
	dev := newDevice(b, "bench")
	c := hybrid.Config{Deployment: hybrid.V130(), Owner: addressOf(newKey("bench")), Keys: []hybrid.Key{dev.key}}
	b.ReportAllocs()
	for b.Loop() {
		must[*hybrid.Account](b)(hybrid.New(c))
	}
}
