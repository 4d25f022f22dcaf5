package seal_test

// The verifier matrix: for every layout, signatures that its contract accepts
// and such that are wrong in one way each. What our own check says to each is
// asserted here; what the contract says is asserted on the real contracts by
// interop/js/matrix, which reads testdata/made-by-go.json. That file is written
// with go test -run TestMadeByGo -update, and compared otherwise.

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"math/big"
	"os"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

var update = flag.Bool("update", false, "write testdata/made-by-go.json")

// A matrixCase is one signature and what becomes of it.
type matrixCase struct {
	Layout    string        `json:"layout"`
	Name      string        `json:"name"`
	Key       string        `json:"key,omitempty"`    // "other": to be checked under that key
	Owners    int           `json:"owners,omitempty"` // of a Safe's list: how many must have signed
	UV        string        `json:"uv"`               // "required" or "any": the contract's demand or its caller's
	Hash      common.Hash   `json:"hash"`
	Signature hexutil.Bytes `json:"signature"`
	Contract  string        `json:"contract"` // "accepts", "refuses", or "" where none is at hand
	Local     string        `json:"local"`    // "accepts", or the cause of our refusal
}

type matrixKey struct {
	CredentialID hexutil.Bytes `json:"credentialId"`
	KeyID        string        `json:"keyId"`
	KeyIDHash    common.Hash   `json:"keyIdHash"`
	X            hexutil.Bytes `json:"x"`
	Y            hexutil.Bytes `json:"y"`
	// SafeSigner is where the matrix puts the key's signer contract.
	SafeSigner common.Address `json:"safeSigner"`
}

type matrix struct {
	Note    string               `json:"note"`
	Message string               `json:"message"` // its keccak256 is the hash that was signed
	Owner   common.Address       `json:"owner"`
	Keys    map[string]matrixKey `json:"keys"`
	Cases   []matrixCase         `json:"cases"`
}

// layouts are the parsers and encoders under test. check parses and verifies.
var layouts = map[string]struct {
	seal  func(id common.Hash, a *passkey.Assertion) ([]byte, error)
	parse func(b []byte, id, hash common.Hash) (*passkey.Assertion, error)
}{
	"metamask": {
		seal.MetaMaskWebAuthn,
		func(b []byte, id, hash common.Hash) (*passkey.Assertion, error) {
			s, err := seal.ParseMetaMask(b)
			if err != nil {
				return nil, err
			}
			if s.KeyID != id {
				return nil, passkey.ErrCredential
			}
			return s.Assertion(hash)
		},
	},
	"coinbase": {
		func(_ common.Hash, a *passkey.Assertion) ([]byte, error) { return seal.CoinbaseWebAuthn(1, a) },
		func(b []byte, _, _ common.Hash) (*passkey.Assertion, error) {
			s, err := seal.ParseCoinbase(b)
			return s.Assertion, err
		},
	},
	"openzeppelin":   {sealBare(seal.OpenZeppelinWebAuthn), parseBare(seal.ParseOpenZeppelinWebAuthn)},
	"solady":         {sealBare(seal.SoladyWebAuthn), parseBare(seal.ParseSoladyWebAuthn)},
	"solady-compact": {sealBare(seal.SoladyWebAuthnCompact), parseBare(seal.ParseSoladyWebAuthnCompact)},
	"safe": {
		sealBare(seal.SafeWebAuthn),
		func(b []byte, _, hash common.Hash) (*passkey.Assertion, error) {
			s, err := seal.ParseSafeWebAuthn(b)
			if err != nil {
				return nil, err
			}
			return s.Assertion(hash)
		},
	},
}

func sealBare(f func(*passkey.Assertion) ([]byte, error)) func(common.Hash, *passkey.Assertion) ([]byte, error) {
	return func(_ common.Hash, a *passkey.Assertion) ([]byte, error) { return f(a) }
}

func parseBare(f func([]byte) (*passkey.Assertion, error)) func([]byte, common.Hash, common.Hash) (*passkey.Assertion, error) {
	return func(b []byte, _, _ common.Hash) (*passkey.Assertion, error) { return f(b) }
}

const matrixMessage = "verifier matrix"

// A bench has the keys: one that the contracts know, and another.
type bench struct {
	*testing.T
	main, other *device
	id          common.Hash // of the main key on a MetaMask account
	hash        common.Hash // what is signed
}

func newBench(t *testing.T) *bench {
	b := &bench{T: t, main: newDevice(t, "verifier matrix"), other: newDevice(t, "verifier matrix, another key")}
	b.id = seal.MetaMaskKeyIDHash(seal.MetaMaskKeyID(b.main.cred.ID))
	b.hash = crypto.Keccak256Hash([]byte(matrixMessage))
	return b
}

// local is what our own check says: "accepts" or the name of a cause.
func (t *bench) local(c *matrixCase) string {
	key := t.main.cred.Key
	if c.Key == "other" {
		key = t.other.cred.Key
	}
	err := t.verify(c, key)
	if err == nil {
		return "accepts"
	}
	var malformed *seal.MalformedError
	var refused *passkey.Error
	var cause passkey.Cause
	switch {
	case errors.As(err, &malformed) && malformed.Cause != "":
		return string(malformed.Cause)
	case errors.As(err, &refused):
		return string(refused.Cause)
	case errors.As(err, &cause):
		return string(cause)
	}
	t.Errorf("%s, %s: a refusal without a name: %v", c.Layout, c.Name, err)
	return err.Error()
}

func (t *bench) verify(c *matrixCase, key passkey.PublicKey) error {
	switch c.Layout {
	case "metamask-p256":
		s, err := seal.ParseMetaMask(c.Signature)
		if err != nil {
			return err
		}
		if s.KeyID != t.id {
			return passkey.ErrCredential
		}
		return verifyDigest(key, s.Signature, sha256.Sum256(c.Hash[:]))
	case "metamask-ecdsa":
		s, err := seal.ParseMetaMask(c.Signature)
		if err != nil {
			return err
		}
		sig := s.ECDSA
		sig[64] -= 27
		pub, err := crypto.SigToPub(c.Hash[:], sig[:])
		if err != nil || crypto.PubkeyToAddress(*pub) != ownerAddress() {
			return passkey.ErrSignature
		}
		return nil
	case "openzeppelin-p256":
		s, err := seal.ParseOpenZeppelinP256(c.Signature)
		if err != nil {
			return err
		}
		return verifyDigest(key, s, c.Hash)
	}
	if c.Layout == "safe-signatures" {
		return t.verifySafeList(c)
	}
	a, err := layouts[c.Layout].parse(c.Signature, t.id, c.Hash)
	if err != nil {
		return err
	}
	return a.Verify(key, c.rule())
}

func (c *matrixCase) rule() passkey.Rule {
	rule := passkey.Rule{RPID: rpID, Origins: []string{origin}, Challenge: c.Hash[:], TopOrigins: []string{"https://shop.example"}}
	if c.UV == "required" {
		rule.UserVerification = passkey.Required
	}
	return rule
}

func TestMadeByGo(tt *testing.T) {
	t := newBench(tt)
	m := matrix{
		Note:    "Signatures made by seal; regenerate with go test ./seal -run TestMadeByGo -update. Test keys, of no value.",
		Message: matrixMessage, Owner: ownerAddress(),
		Keys:  map[string]matrixKey{"main": newMatrixKey(t.main, safeMain), "other": newMatrixKey(t.other, safeOther)},
		Cases: slices.Concat(t.webAuthnCases(), t.bareCases(), t.safeListCases()),
	}
	for i := range m.Cases {
		c := &m.Cases[i]
		if got := t.local(c); got != c.Local {
			t.Errorf("%s, %s: our check says %q, wanted is %q", c.Layout, c.Name, got, c.Local)
		}
		if c.Contract == "refuses" && c.Local == "accepts" {
			t.Errorf("%s, %s: we accept what the contract refuses", c.Layout, c.Name)
		}
	}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	b = append(b, '\n')
	const file = "testdata/made-by-go.json"
	if *update {
		if err := os.WriteFile(file, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if committed, err := os.ReadFile(file); err != nil || !bytes.Equal(committed, b) {
		t.Errorf("%s is not what the code makes (%v): run with -update and look at the difference", file, err)
	}
}

func newMatrixKey(d *device, signer common.Address) matrixKey {
	x, y := d.cred.Key.X(), d.cred.Key.Y()
	id := seal.MetaMaskKeyID(d.cred.ID)
	return matrixKey{CredentialID: d.cred.ID, KeyID: id, KeyIDHash: seal.MetaMaskKeyIDHash(id), X: x[:], Y: y[:], SafeSigner: signer}
}

// webAuthnCases are the good and the broken signatures of all WebAuthn layouts.
func (t *bench) webAuthnCases() []matrixCase {
	var out []matrixCase
	for _, v := range verifiers {
		for _, name := range []string{"plain", "extra", "short", "embedded", "high s", "android", "reverse"} {
			if v.layout == "safe" && (name == "android" || name == "reverse") {
				continue // a Safe's signer writes the start itself
			}
			b, err := layouts[v.layout].seal(t.id, t.main.assertion(t.hash[:], acceptable[name]))
			if err != nil {
				t.Fatalf("%s, %s: %v", v.layout, name, err)
			}
			out = append(out, matrixCase{Layout: v.layout, Name: "made by seal: " + name, UV: v.uv, Hash: t.hash, Signature: b, Contract: v.on("accepts"), Local: "accepts"})
		}
		out = append(out, v.broken(t)...)
	}
	return out
}

func ownerAddress() common.Address { return crypto.PubkeyToAddress(ownerKey().PublicKey) }

var curveN, _ = new(big.Int).SetString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)

func highTwin(s [32]byte) [32]byte {
	return common.BigToHash(new(big.Int).Sub(curveN, new(big.Int).SetBytes(s[:])))
}
