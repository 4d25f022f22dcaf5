package kernel_test

import (
	"errors"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

func TestNonceKeysThatKernelHasNotAreRefused(t *testing.T) {
	for what, text := range map[string]string{
		"mode 2": "0x020211111111000000000000000000000000000000000000", "type 3": "0x000311111111000000000000000000000000000000000000",
		"an enabling root": "0x010011111111000000000000000000000000000000000000", "a long permission id": "0x000211111111000000000000000000000000000000010000",
	} {
		if k, err := kernel.ParseNonceKey(new(big.Int).SetBytes(hexutil.MustDecode(text))); err == nil {
			t.Errorf("%s is read as %+v", what, k)
		}
	}
	for _, n := range []*big.Int{nil, big.NewInt(-1), new(big.Int).Lsh(big.NewInt(1), 192)} {
		if _, err := kernel.ParseNonceKey(n); err == nil {
			t.Errorf("%v is read", n)
		}
	}
}

func TestCallDataThatSaysMoreIsRefused(t *testing.T) {
	f := read[sdkFile](t, "sdk.json")
	good := must[[]byte](t)(kernel.Execute([]account.Call{{To: common.Address{1}}}))
	for at, b := range map[int]byte{4: 2, 5: 2, 6: 1, 35: 1} { // call type, exec type, selector, payload
		bad := slices.Clone(good)
		bad[at] = b
		if e, err := kernel.Decode(bad); !errors.Is(err, kernel.ErrCallData) {
			t.Errorf("byte %d: %+v, %v", at, e, err)
		}
	}
	delegate := must[[]byte](t)((kernel.DangerDelegating{Account: f.attached(t, kernel.V002, "ecdsa")}).EncodeCalls([]account.Call{{To: common.Address{1}}}))
	if e, err := f.attached(t, kernel.V024, "ecdsa").Decode(delegate); err == nil {
		t.Errorf("0.2.4 delegates by executeDelegateCall, not by %+v", e)
	}
	for at, b := range map[int]byte{67: 1, 131: 2} { // value, operation
		bad := slices.Clone(delegate)
		bad[at] = b
		if e, err := f.attached(t, kernel.V002, "ecdsa").Decode(bad); err == nil {
			t.Errorf("byte %d: %+v", at, e)
		}
	}
	batch := must[[]byte](t)(f.attached(t, kernel.V002, "ecdsa").EncodeCalls([]account.Call{{To: common.Address{1}}, {To: common.Address{2}}}))
	at := slices.Index(batch, 0x8d) // multiSend, 0x8d80ff0a
	bad := slices.Clone(batch)
	bad[at+4+64] = 1 // the first call, as a delegatecall
	if e, err := f.attached(t, kernel.V002, "ecdsa").Decode(bad); err == nil {
		t.Errorf("a delegatecall in a batch: %+v", e)
	}
}

func TestEnableDataWithoutASignerIsRefused(t *testing.T) {
	empty := append(common.BigToHash(big.NewInt(32)).Bytes(), make([]byte, 32)...)
	if p, err := kernel.ParseEnableData(empty); !errors.Is(err, kernel.ErrEnableData) {
		t.Errorf("%+v, %v", p, err)
	}
	p := kernel.Permission{Signer: kernel.ECDSASigner(common.Address{1}), Policies: make([][]byte, 253)}
	for i := range p.Policies {
		p.Policies[i] = make([]byte, 22)
	}
	if err := p.Check(); err != nil {
		t.Error(err)
	}
	if p.Policies = append(p.Policies, make([]byte, 22)); p.Check() == nil {
		t.Error("254 policies")
	}
	if _, err := kernel.ParseEnableData(p.EnableData()); !errors.Is(err, kernel.ErrEnableData) {
		t.Errorf("254 policies: %v", err)
	}
	p.Policies = [][]byte{make([]byte, 21)}
	if _, err := kernel.ParseEnableData(p.EnableData()); p.Check() == nil || !errors.Is(err, kernel.ErrEnableData) {
		t.Errorf("a policy of 21 bytes: %v", err)
	}
}

func TestMerkleSignaturesHaveOneForm(t *testing.T) {
	f := read[sdkFile](t, "sdk.json")
	g := f.Merkle[0] // one leaf: the root is the hash
	sig := slices.Clone(g.ECDSA[0])
	leaf := common.Hash(sig[65:97])
	if _, err := kernel.ParseMultiChainECDSA(sig, leaf); err != nil {
		t.Fatal(err)
	}
	sig[64] -= 27
	if _, err := kernel.ParseMultiChainECDSA(sig, leaf); !errors.Is(err, kernel.ErrMerkle) {
		t.Errorf("v 0 or 1: %v", err)
	}
}

// A passkey's approval, of either validator: user verification is always asked for,
// and the multi-chain validator takes a frame around it.
func TestPasskeyOwnersApprove(t *testing.T) {
	device := softkey.New(softkey.WithSeed([]byte("kernel")))
	const origin = "http://localhost:8080"
	options := `{"rp":{"id":"localhost","name":"x"},"user":{"id":"AQ","name":"x","displayName":"x"},"challenge":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`
	created := must[[]byte](t)(device.Create([]byte(options), origin))
	reg := must[*passkey.Registration](t)(passkey.ParseRegistration(created))
	key, id := reg.AuthData.Credential.Key, reg.AuthData.Credential.ID
	for _, root := range []kernel.Validator{
		kernel.WebAuthn{Key: key, CredentialHash: kernel.CredentialHash(id)}, kernel.MultiChainWebAuthn{Key: key, CredentialHash: kernel.CredentialHash(id)},
	} {
		a := must[*kernel.Account](t)(kernel.New(kernel.Config{Root: root}))
		by := kernel.PasskeyApprover{RPID: "localhost", Origins: []string{origin}, Credential: id}
		auth := must[*kernel.Authority](t)(a.Authority(by))
		zero := new(big.Int)
		op := &userop.Op{Sender: a.Address(), Nonce: zero, CallGasLimit: zero, VerificationGasLimit: zero, PreVerificationGas: zero, MaxFeePerGas: zero, MaxPriorityFeePerGas: zero}
		c := must[account.Challenge](t)(auth.Challenge(op, big.NewInt(1)))
		if c.Rule.UserVerification != passkey.Required {
			t.Errorf("%s: user verification is %v", root, c.Rule.UserVerification)
		}
		approval := account.Approval{Assertion: must[*passkey.Assertion](t)(device.Sign(id, c.Digest[:], "localhost", origin))}
		if err := c.Verify(approval); err != nil {
			t.Fatal(err)
		}
		sealed := must[[]byte](t)(auth.Seal(op, approval))
		if len(sealed) > len(auth.Stub()) {
			t.Errorf("%s: the stub is shorter than a signature", root)
		}
		if _, several := root.(kernel.MultiChainWebAuthn); several {
			frame, err := abituple.Decode(sealed, "dd")
			if err != nil || len(frame[0].Data) != 0 {
				t.Fatalf("no frame, or a proof of one: %v", err)
			}
			sealed = frame[1].Data
		}
		if _, err := seal.ParseKernelWebAuthn(sealed); err != nil {
			t.Errorf("%s: %v", root, err)
		}
	}
}
