package inspect_test

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/internal/inspect"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
)

// hybridPasskey is a credential and a signature that names it by the given hash.
func hybridPasskey(t *testing.T, id common.Hash) (softkey.Credential, []byte) {
	t.Helper()
	a := softkey.New(softkey.WithSeed([]byte("key id")))
	options := `{"rp":{"id":"wallet.example","name":"Wallet"},"user":{"id":"AQIDBAUGBwgJCgsMDQ4PEA","name":"a","displayName":"A"},` +
		`"challenge":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`
	if _, err := a.Create([]byte(options), "https://wallet.example"); err != nil {
		t.Fatal(err)
	}
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
	if r := inspectBytes(t, add(name, y, x), inspect.Options{}); r.OK {
		t.Error("a key that is no point")
	}
	other := slices.Clone(c.ID)
	other[0] ^= 1
	if r := inspectBytes(t, remove(name), inspect.Options{CredentialID: other}); r.OK {
		t.Error("another credential's key")
	}
}
