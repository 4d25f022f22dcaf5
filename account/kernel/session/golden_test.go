package session_test

import (
	"bytes"
	"encoding/json"
	"math/big"
	"os"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/userop"
)

type run struct {
	ChainID       int64
	KernelVersion kernel.Version
	WebAuthnKey   struct {
		PubX, PubY          hexutil.Big
		AuthenticatorIDHash common.Hash
	}
	Single, Multi string
	Ops           []struct {
		Label         string
		UserOperation json.RawMessage
		UserOpHash    common.Hash
		Assertion     struct {
			AuthenticatorData hexutil.Bytes
			ClientDataJSON    string
			DER               hexutil.Bytes
		}
	}
}

func runs(t testing.TB) (list []run) {
	t.Helper()
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile("testdata/real.json")), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func (r run) signer(t testing.TB) kernel.Signer {
	t.Helper()
	x, y := common.BigToHash(r.WebAuthnKey.PubX.ToInt()), common.BigToHash(r.WebAuthnKey.PubY.ToInt())
	key := must[passkey.PublicKey](t)(passkey.ParseRaw(append(x[:], y[:]...)))
	return kernel.WebAuthnSigner(key, r.WebAuthnKey.AuthenticatorIDHash)
}

func (r run) approver() kernel.PasskeyApprover {
	return kernel.PasskeyApprover{RPID: "localhost", Origins: []string{"http://localhost:5173"}, UsePrecompiled: kernel.SDKUsesPrecompiled(big.NewInt(r.ChainID))}
}

func at2026() time.Time { return time.Unix(1_767_225_600, 0) }

// open opens one of the run's documents on a chain.
func (r run) open(t testing.TB, f *fake, text string) (*session.Session, error) {
	t.Helper()
	d := must[*approval.Document](t)(approval.Parse([]byte(text)))
	return session.Open(t.Context(), f, d, session.WithSigner(r.signer(t)), session.WithChainID(big.NewInt(r.ChainID)), session.WithMachineClock(at2026))
}

func (r run) fake(t testing.TB) (*fake, *approval.Document) {
	t.Helper()
	d := must[*approval.Document](t)(approval.Parse([]byte(r.Multi)))
	return newFake(r.ChainID, d.Fields().Account), d
}

// The documents that the SDK wrote and real accounts took lead to the operations that
// the SDK made of them: the same nonce keys, challenges and signatures.
func TestTheSDKsDocumentsLeadToTheSDKsOperations(t *testing.T) {
	for _, r := range runs(t) {
		f, _ := r.fake(t)
		s := must[*session.Session](t)(r.open(t, f, r.Multi))
		if st := status(t, s); st.State != session.Approved || st.Deployed {
			t.Fatalf("%+v", st)
		}
		if other := must[*session.Session](t)(r.open(t, f, r.Single)); other.ID() != s.ID() {
			t.Error("the two forms are of two permissions")
		}
		for i, mode := range []string{"enable", "use"} {
			if mode == "use" {
				a := must[*kernel.Account](t)(s.Document().Account())
				f.deploy(r.KernelVersion, a.RootContract(), a.Root().(kernel.MultiChainECDSA).Owner)
				f.install(s.Permission())
				f.policies(s.Permission())
			}
			auth := must[*session.Authority](t)(s.Authority(t.Context(), r.approver()))
			if auth.Enables() != (mode == "enable") {
				t.Fatal(mode)
			}
			golden := r.Ops[i]
			op := must[*userop.Op](t)(userop.V07.UnmarshalOp(golden.UserOperation))
			key, _, err := userop.SplitNonce(op.Nonce)
			if err != nil || key.Cmp(auth.NonceKey()) != 0 {
				t.Errorf("%s: nonce key %x, the SDK's %x", golden.Label, auth.NonceKey(), key)
			}
			c := must[account.Challenge](t)(auth.Challenge(op, big.NewInt(r.ChainID)))
			if c.Digest != golden.UserOpHash {
				t.Errorf("%s: the challenge is not the operation's hash", golden.Label)
			}
			assertion := must[*passkey.Assertion](t)(passkey.NewAssertion([]byte("c"), golden.Assertion.AuthenticatorData, []byte(golden.Assertion.ClientDataJSON), golden.Assertion.DER))
			sig := must[[]byte](t)(auth.Seal(op, account.Approval{Assertion: assertion}))
			if !bytes.Equal(sig, op.Signature) {
				t.Errorf("%s:\n%x\nthe SDK's\n%x", golden.Label, sig, op.Signature)
			}
			if len(auth.Stub()) < len(sig) {
				t.Errorf("%s: the stub has %d bytes, the signature %d", golden.Label, len(auth.Stub()), len(sig))
			}
			if factory, data := s.Account().Factory(); op.Factory != nil && (factory != *op.Factory || !bytes.Equal(data, op.FactoryData)) {
				t.Errorf("%s: another factory", golden.Label)
			}
			again := must[account.Challenge](t)(auth.Challenge(op, big.NewInt(r.ChainID)))
			if again.Digest != c.Digest {
				t.Error("another challenge")
			}
		}
	}
}

// policies answers for the golden permission's contracts, after its first use.
func (f *fake) policies(p kernel.Permission) {
	contract := func(i int) common.Address { return common.Address(p.Policies[i][2:22]) }
	data := func(i, word int) common.Hash { return common.Hash(p.Policies[i][22+32*word:]) }
	f.says(contract(1), "gasPolicyConfig(bytes32,address)", 4_000_000_000_000_000_000, data(1, 1), data(1, 2))
	f.says(contract(2), "timestampPolicyConfig(bytes32,address)", data(2, 0), data(2, 1))
	f.says(contract(3), "rateLimitConfigs(bytes32,address)", 0, 2, 0)
}
