package account_test

import (
	"context"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/userop"
)

// benchmark is one account kind with a passkey, on a chain that answers at once.
type benchmark struct {
	client account.Client
	acct   account.Account
	auth   account.Authority
	device *softkey.Authenticator
	id     []byte
	call   []account.Call
	key    passkey.PublicKey
}

func newBenchmark(b *testing.B) *benchmark {
	b.Helper()
	m := &benchmark{device: softkey.New(softkey.WithSeed([]byte("benchmark"))), call: []account.Call{{To: friend, Value: big.NewInt(1)}}}
	options := `{"rp":{"id":"localhost","name":"x"},"user":{"id":"AQ","name":"a","displayName":"a"},"challenge":"AAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`
	if _, err := m.device.Create([]byte(options), origin); err != nil {
		b.Fatal(err)
	}
	c := m.device.Credentials()[0]
	m.id, m.key = c.ID, c.Key
	m.client = account.Client{Chain: still{}, Bundler: still{}}
	return m
}

// newWebAuthnBenchmark is for an account that verifies on a P-256 path.
func newWebAuthnBenchmark(path byte) func(*testing.B) *benchmark {
	return func(b *testing.B) *benchmark {
		m := webAuthnBenchmark(b)
		m.client.Chain = still{path}
		return m
	}
}

func webAuthnBenchmark(b *testing.B) *benchmark {
	b.Helper()
	m := newBenchmark(b)
	d, err := contracts.ForEntryPoint(userop.V08)
	if err != nil {
		b.Fatal(err)
	}
	acct, err := webauthn.ForPasskey(d, m.key, [32]byte{1})
	if err != nil {
		b.Fatal(err)
	}
	m.acct = acct
	if m.auth, err = acct.Authority(webauthn.PasskeyApprover{Passkey: acct.Members()[0].Signer, RPID: rpID, Origins: []string{origin}, Credential: m.id}); err != nil {
		b.Fatal(err)
	}
	return m
}

func newHybridBenchmark(b *testing.B) *benchmark {
	m := newBenchmark(b)
	key := hybrid.PasskeyKey(m.id, m.key)
	acct, err := hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: friend, Keys: []hybrid.Key{key}})
	if err != nil {
		b.Fatal(err)
	}
	m.acct = acct
	if m.auth, err = acct.Authority(hybrid.PasskeyApprover{Key: key, RPID: rpID, Origins: []string{origin}}); err != nil {
		b.Fatal(err)
	}
	return m
}

func (m *benchmark) prepare(b *testing.B) *account.Prepared {
	p, err := account.Prepare(context.Background(), m.client, m.acct, m.auth, m.call)
	if err != nil {
		b.Fatal(err)
	}
	return p
}

// approval signs once: what the device does is not measured. The operation is the
// same every time, so that the approval is good for all.
func (m *benchmark) approval(b *testing.B) account.Approval {
	c := m.prepare(b).Challenge()
	a, err := m.device.Sign(m.id, c.Digest[:], rpID, origin)
	if err != nil {
		b.Fatal(err)
	}
	return account.Approval{Assertion: a}
}

// BenchmarkPrepareAndFinish is everything that Postern does for one operation
// between calls and sealed bytes, with a chain and a bundler that answer at once.
// The parts that it rests on are measured beside it: verifying the assertion, and
// hashing the operation, once for each hash that Prepare and Finish make. Hints are
// the difference between the paths.
func BenchmarkPrepareAndFinish(b *testing.B) {
	for _, kind := range []struct {
		name string
		make func(*testing.B) *benchmark
	}{
		{"webauthn", newWebAuthnBenchmark(0x01)}, {"webauthn-table", newWebAuthnBenchmark(byte(p256table.Format4k))},
		{"webauthn-notable", newWebAuthnBenchmark(0x00)}, {"hybrid", newHybridBenchmark},
	} {
		m, name := kind.make(b), kind.name
		approval := m.approval(b)
		p := m.prepare(b)
		op := p.Op()
		b.Run(name+"/all", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.prepare(b).Finish(approval); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/prepare", func(b *testing.B) {
			for b.Loop() {
				m.prepare(b)
			}
		})
		b.Run(name+"/finish", func(b *testing.B) {
			for b.Loop() {
				if _, err := p.Finish(approval); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/verify", func(b *testing.B) {
			c := p.Challenge()
			for b.Loop() {
				if err := c.Verify(approval); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/hash", func(b *testing.B) {
			ep := m.acct.EntryPoint()
			for b.Loop() {
				if _, err := ep.Hash(op, big.NewInt(31337)); err != nil {
					b.Fatal(err)
				}
				if _, err := m.auth.Challenge(op, big.NewInt(31337)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// still is a chain and a bundler on which nothing ever happens. path is what
// accounts say of their passkeys.
type still struct{ path byte }

func (still) ChainID(context.Context) (*big.Int, error) { return big.NewInt(31337), nil }

func (s still) Call(_ context.Context, _ common.Address, data []byte) ([]byte, error) {
	out := make([]byte, 32)
	if len(data) > 100 {
		out[31] = s.path
	}
	return out, nil
}

func (still) Code(_ context.Context, a common.Address) ([]byte, error) { return a[:1], nil }

func (still) Balance(context.Context, common.Address) (*big.Int, error) { return ether(1), nil }

func (still) Fees(context.Context) (account.Fees, error) {
	return account.Fees{MaxFeePerGas: big.NewInt(3e9), MaxPriorityFeePerGas: big.NewInt(1e9)}, nil
}

func (still) HasP256(context.Context) (bool, error) { return true, nil }

func (s still) EstimateGas(ctx context.Context, op *userop.Op, ep userop.EntryPoint) (account.GasEstimate, error) {
	return s.EstimateGasWith(ctx, op, ep, nil)
}

func (still) EstimateGasWith(context.Context, *userop.Op, userop.EntryPoint, account.Overrides) (account.GasEstimate, error) {
	return account.GasEstimate{CallGasLimit: big.NewInt(50_000), VerificationGasLimit: big.NewInt(400_000), PreVerificationGas: big.NewInt(60_000)}, nil
}

func (still) Send(_ context.Context, op *userop.Op, ep userop.EntryPoint) (common.Hash, error) {
	return ep.Hash(op, big.NewInt(31337))
}

func (still) Receipt(context.Context, common.Hash) (*account.Receipt, error) { return nil, nil }
