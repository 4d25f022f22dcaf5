package inspect_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/internal/inspect"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// authenticator has one credential.
func authenticator(t *testing.T, seed string) *softkey.Authenticator {
	t.Helper()
	a := softkey.New(softkey.WithSeed([]byte(seed)))
	options := `{"rp":{"id":"wallet.example","name":"Wallet"},"user":{"id":"AQIDBAUGBwgJCgsMDQ4PEA","name":"a","displayName":"A"},` +
		`"challenge":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`
	if _, err := a.Create([]byte(options), "https://wallet.example"); err != nil {
		t.Fatal(err)
	}
	return a
}

// hybridPasskey is a credential and a signature that names it by the given hash.
func hybridPasskey(t *testing.T, id common.Hash) (softkey.Credential, []byte) {
	t.Helper()
	a := authenticator(t, "key id")
	c := a.Credentials()[0]
	assertion, err := a.Sign(c.ID, make([]byte, 32), "wallet.example", "https://wallet.example")
	if err != nil {
		t.Fatal(err)
	}
	sig, err := seal.MetaMaskWebAuthn(id, assertion)
	if err != nil {
		t.Fatal(err)
	}
	return c, sig
}

func inspectBytes(t *testing.T, b []byte, opt inspect.Options) *inspect.Report {
	t.Helper()
	r, err := inspect.Inspect([]byte(hexutil.Encode(b)), opt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// finding is the message of a finding in the first reading; "" if there is none.
func finding(r *inspect.Report, code string) string {
	for _, f := range r.Readings[0].Findings {
		if f.Code == code {
			return f.Message
		}
	}
	return ""
}

func TestAKeyIDThatWasHashedAsBytesIsNamed(t *testing.T) {
	c, _ := hybridPasskey(t, common.Hash{})
	text := base64.RawURLEncoding.EncodeToString(c.ID)
	right := seal.MetaMaskKeyIDHash(seal.MetaMaskKeyID(c.ID))
	for name, wrong := range map[string]struct {
		hashed string
		says   string
	}{
		"raw bytes":        {string(c.ID), "raw bytes"},
		"base64url text":   {text, "base64url text"},
		"hex of raw bytes": {"0x" + hex.EncodeToString(c.ID), "hex of the credential id's raw bytes, with 0x"},
		"without 0x":       {hex.EncodeToString([]byte(text)), "without its 0x"},
		"toHex twice":      {"0x" + hex.EncodeToString([]byte(seal.MetaMaskKeyID(c.ID))), "once more"},
	} {
		t.Run(name, func(t *testing.T) {
			hash := crypto.Keccak256Hash([]byte(wrong.hashed))
			_, sig := hybridPasskey(t, hash)
			r := inspectBytes(t, sig, inspect.Options{CredentialID: c.ID})
			if got := finding(r, "key-id"); r.OK || !strings.Contains(got, wrong.says) || !strings.Contains(got, right.Hex()) {
				t.Errorf("OK %t: %q", r.OK, got)
			}
			// The account has the right one: the signature's is recognised as the mistake.
			r = inspectBytes(t, sig, inspect.Options{CredentialID: c.ID, KeyIDHash: &right})
			if got := finding(r, "key-id"); r.OK || !strings.Contains(got, right.Hex()) {
				t.Errorf("OK %t: %q", r.OK, got)
			}
			// The account has the wrong one: the signature is good, the registration is not.
			r = inspectBytes(t, sig, inspect.Options{CredentialID: c.ID, KeyIDHash: &hash})
			if got := finding(r, "key-id-registered"); !r.OK || !strings.Contains(got, wrong.says) {
				t.Errorf("OK %t: %q", r.OK, got)
			}
			// The hash alone.
			r = inspectBytes(t, hash[:], inspect.Options{CredentialID: c.ID})
			if r.Readings[0].Kind != "metamask-key-id-hash" || r.OK || !strings.Contains(finding(r, "key-id"), wrong.says) {
				t.Errorf("%+v", r.Readings[0])
			}
		})
	}
}

func TestARightKeyIDIsExplained(t *testing.T) {
	c, _ := hybridPasskey(t, common.Hash{})
	name := seal.MetaMaskKeyID(c.ID)
	right := seal.MetaMaskKeyIDHash(name)
	_, sig := hybridPasskey(t, right)
	for _, opt := range []inspect.Options{{CredentialID: c.ID}, {KeyIDHash: &right}, {CredentialID: c.ID, KeyIDHash: &right}, {}} {
		r := inspectBytes(t, sig, opt)
		if !r.OK || fact(r, "key id hash") != right.Hex() {
			t.Errorf("%+v: %+v", opt, r.Readings[0])
		}
		if known := opt.CredentialID != nil; (fact(r, "key id") != "") != known || (finding(r, "key-id") == "") != known {
			t.Errorf("%+v: key id %q, %q", opt, fact(r, "key id"), finding(r, "key-id"))
		}
	}
	if r := inspectBytes(t, right[:], inspect.Options{CredentialID: c.ID}); !r.OK || r.Readings[0].Kind != "metamask-key-id-hash" {
		t.Errorf("%+v", r.Readings[0])
	}
	// The name alone, copied from an event.
	r, err := inspect.Inspect([]byte(name), inspect.Options{})
	if err != nil || r.Readings[0].Kind != "metamask-key-id" || fact(r, "key id hash") != right.Hex() {
		t.Errorf("%+v, %v", r, err)
	}
	other := slices.Clone(c.ID)
	other[0] ^= 1
	if r := inspectBytes(t, sig, inspect.Options{CredentialID: other}); r.OK || !strings.Contains(finding(r, "key-id"), "another key") {
		t.Errorf("another credential: OK %t, %q", r.OK, finding(r, "key-id"))
	}
}

func TestCallsThatAddAndRemoveKeysAreExplained(t *testing.T) {
	c, _ := hybridPasskey(t, common.Hash{})
	name := seal.MetaMaskKeyID(c.ID)
	x, y := c.Key.X(), c.Key.Y()
	add := func(id string, x, y [32]byte) []byte {
		b := append(crypto.Keccak256([]byte("addKey(string,uint256,uint256)"))[:4], word(96)...)
		b = append(append(b, x[:]...), y[:]...)
		return append(b, data([]byte(id))...)
	}
	remove := func(id string) []byte {
		return append(append(crypto.Keccak256([]byte("removeKey(string)"))[:4], word(32)...), data([]byte(id))...)
	}
	for _, b := range [][]byte{add(name, x, y), remove(name)} {
		r := inspectBytes(t, b, inspect.Options{CredentialID: c.ID})
		if !r.OK || fact(r, "credential id") != base64.RawURLEncoding.EncodeToString(c.ID) || len(codes(r, inspect.Warning)) != 0 {
			t.Errorf("%+v", r.Readings[0])
		}
	}
	raw := "0x" + hex.EncodeToString(c.ID)
	for _, b := range [][]byte{add(raw, x, y), remove(raw)} {
		r := inspectBytes(t, b, inspect.Options{CredentialID: c.ID})
		if got := finding(r, "key-id-form"); !strings.Contains(got, "raw bytes") {
			t.Errorf("%q", got)
		}
	}
	upper := "0x" + strings.ToUpper(name[2:])
	if r := inspectBytes(t, remove(upper), inspect.Options{CredentialID: c.ID}); !strings.Contains(finding(r, "key-id-form"), "upper case") {
		t.Errorf("upper case: %+v", r.Readings[0])
	}
	if r := inspectBytes(t, add(name, y, x), inspect.Options{}); r.OK {
		t.Error("a key that is no point")
	}
	other := slices.Clone(c.ID)
	other[0] ^= 1
	if r := inspectBytes(t, remove(name), inspect.Options{CredentialID: other}); r.OK {
		t.Error("another credential's key")
	}
}

func TestARawSignatureIsVerified(t *testing.T) {
	a := authenticator(t, "raw")
	c := a.Credentials()[0]
	digest := crypto.Keccak256Hash([]byte("raw"))
	for name, signed := range map[string]struct {
		digest  [32]byte
		message string
	}{"right": {sha256.Sum256(digest[:]), ""}, "not hashed": {digest, "the digest itself was signed"}, "another": {[32]byte{1}, "does not verify"}} {
		der, err := a.SignDigest(c.ID, signed.digest)
		if err != nil {
			t.Fatal(err)
		}
		sig, err := passkey.ParseDER(der)
		if err != nil {
			t.Fatal(err)
		}
		r := inspectBytes(t, seal.MetaMaskP256(common.Hash{1}, sig), inspect.Options{Challenge: digest[:], Key: c.Key})
		if got := finding(r, "signature"); r.OK != (signed.message == "") || !strings.Contains(got, signed.message) {
			t.Errorf("%s: OK %t, %q", name, r.OK, got)
		}
	}
}

// The EOA's own operation says of itself which digest it signed; a Hybrid account's owner is named.
func TestSignersOverMetaMasksDigestsAreNamed(t *testing.T) {
	key, err := crypto.ToECDSA(crypto.Keccak256([]byte("eoa")))
	if err != nil {
		t.Fatal(err)
	}
	owner := crypto.PubkeyToAddress(key.PublicKey)
	gas := big.NewInt(100_000)
	op := &userop.Op{Sender: owner, Nonce: big.NewInt(1), CallGasLimit: gas, VerificationGasLimit: gas, PreVerificationGas: gas,
		MaxFeePerGas: big.NewInt(1e9), MaxPriorityFeePerGas: big.NewInt(1e9)}
	for contract, name := range map[string]string{seal.MetaMaskStateless: "signature", seal.MetaMaskHybrid: "signer over MetaMask Hybrid's digest"} {
		digest, err := seal.MetaMaskDigest(contract, op, userop.V07, big.NewInt(1))
		if err != nil {
			t.Fatal(err)
		}
		if op.Signature, err = crypto.Sign(digest[:], key); err != nil {
			t.Fatal(err)
		}
		wire, err := userop.V07.MarshalOp(op)
		if err != nil {
			t.Fatal(err)
		}
		r, err := inspect.Inspect(wire, inspect.Options{ChainID: big.NewInt(1), EntryPoint: userop.V07})
		if err != nil {
			t.Fatal(err)
		}
		if got := fact(r, name); !strings.Contains(got, "by the sender itself") && got != owner.Hex() {
			t.Errorf("%s: %q", contract, got)
		}
		if got := fact(r, "signature"); (got != "") != (contract == seal.MetaMaskStateless) {
			t.Errorf("%s: %q", contract, got)
		}
	}
}

// A passkey of another account kind that signed MetaMask's digest is told so.
func TestMetaMasksDigestsAreRecognisedElsewhere(t *testing.T) {
	gas := big.NewInt(100_000)
	op := &userop.Op{Sender: common.Address{1}, Nonce: big.NewInt(1), CallGasLimit: gas, VerificationGasLimit: gas, PreVerificationGas: gas,
		MaxFeePerGas: big.NewInt(1e9), MaxPriorityFeePerGas: big.NewInt(1e9)}
	a := authenticator(t, "digest")
	for _, contract := range []string{seal.MetaMaskHybrid, seal.MetaMaskStateless, seal.MetaMaskMultiSig} {
		digest, err := seal.MetaMaskDigest(contract, op, userop.V07, big.NewInt(1))
		if err != nil {
			t.Fatal(err)
		}
		assertion, err := a.Sign(a.Credentials()[0].ID, digest[:], "wallet.example", "https://wallet.example")
		if err != nil {
			t.Fatal(err)
		}
		if op.Signature, err = seal.OpenZeppelinWebAuthn(assertion); err != nil {
			t.Fatal(err)
		}
		wire, err := userop.V07.MarshalOp(op)
		if err != nil {
			t.Fatal(err)
		}
		r, err := inspect.Inspect(wire, inspect.Options{ChainID: big.NewInt(1), EntryPoint: userop.V07})
		if err != nil || r.OK || len(r.Readings[0].Parts) == 0 {
			t.Fatalf("%+v, %v", r, err)
		}
		if got := finding(&inspect.Report{Readings: r.Readings[0].Parts}, "challenge"); !strings.Contains(got, contract) {
			t.Errorf("%s: %q", contract, got)
		}
	}
}

// The stub of MetaMask's kit has r = s = n/2, and is sent now and then.
func TestAStubIsNotTakenForASignature(t *testing.T) {
	b, err := os.ReadFile("../../account/hybrid/testdata/metamask-hybrid-osaka.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct{ StubSignature hexutil.Bytes }
	if err := json.Unmarshal(b, &golden); err != nil || len(golden.StubSignature) == 0 {
		t.Fatal(err)
	}
	if r := inspectBytes(t, golden.StubSignature, inspect.Options{}); finding(r, "stub") == "" {
		t.Errorf("OK %t: %+v", r.OK, r.Readings[0])
	}
	id := seal.MetaMaskKeyIDHash(seal.MetaMaskKeyID([]byte("key")))
	_, sig := hybridPasskey(t, id)
	if r := inspectBytes(t, sig, inspect.Options{}); finding(r, "stub") != "" {
		t.Error("a signature is taken for a stub")
	}
}
