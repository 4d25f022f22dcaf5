package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
)

func TestAnOwnerKeyIsReadBackAndNeverShown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owner.json")
	made, err := createOwnerFile(path)
	if err != nil {
		t.Fatal(err)
	}
	secret := hex.EncodeToString(crypto.FromECDSA(made.key))
	read, err := openOwnerKey(path, nil)
	if err != nil || read.address() != made.address() {
		t.Fatalf("%v, %v", read, err)
	}
	for _, format := range []string{"%v", "%s", "%+v"} {
		if text := fmt.Sprintf(format, read); text != made.address().Hex() {
			t.Errorf(format+" prints %s", read, text)
		}
	}
	if _, err := openOwnerKey("-", strings.NewReader(secret+"\n")); err != nil {
		t.Errorf("the bare key: %v", err)
	}
	t.Setenv(ownerEnv, "0x"+secret)
	if k, err := openOwnerKey("", nil); err != nil || k.address() != made.address() {
		t.Errorf("from the environment: %v, %v", k, err)
	}
	t.Setenv(ownerEnv, " ")
	if k, err := openOwnerKey("", nil); k != nil || err != nil {
		t.Errorf("an empty environment: %v, %v", k, err)
	}
	for _, wrong := range []string{secret, "0x" + secret} { // the key where its file belongs
		if _, err := openOwnerKey(wrong, nil); err == nil || strings.Contains(err.Error()+explain(err).Hint, secret) {
			t.Errorf("a key on the command line: %v", err)
		}
		if _, err := openKeyFile(wrong); err == nil || strings.Contains(err.Error()+explain(err).Hint, secret) {
			t.Errorf("a key in the place of a passkey: %v", err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Replace(text, []byte(made.address().Hex()[2:6]), []byte("0000"), 1)
	other = bytes.Replace(other, []byte(strings.ToLower(made.address().Hex())[2:6]), []byte("0000"), 1)
	if _, err := parseOwnerKey(other); err == nil {
		t.Error("a key of another address than the file says is taken")
	}
}

func TestAnOwnerSignsTheDigestAsItIs(t *testing.T) {
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	k := &ownerKey{key}
	c := account.Challenge{Digest: [32]byte{1, 2, 3}, Kind: account.KindECDSA, Address: k.address()}
	a, err := k.approve(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Verify(a); err != nil {
		t.Error(err)
	}
	c.Digest[0]++
	if c.Verify(a) == nil {
		t.Error("another digest verifies")
	}
}

// What is read as a key is one, and nothing that is not says what it was.
func FuzzOwnerKey(f *testing.F) {
	f.Add([]byte("0x1111111111111111111111111111111111111111111111111111111111111111"))
	f.Add([]byte(`{"format":"postern/dev-eoa/1","warning":"","address":"0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a","privateKey":"0x1111111111111111111111111111111111111111111111111111111111111111"}`))
	f.Add([]byte(`{"crypto":{}}`))
	f.Add([]byte("0000000000000000000000000000000000000000000000000000000000000000"))
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := parseOwnerKey(text)
		if (k == nil) != (err != nil) {
			t.Fatalf("%v, %v", k, err)
		}
		if err == nil {
			again, err := parseOwnerKey([]byte(hex.EncodeToString(crypto.FromECDSA(k.key))))
			if err != nil || again.address() != k.address() {
				t.Fatalf("its own key: %v", err)
			}
			return
		}
		if ownerHint(text) == "" {
			t.Error("no hint")
		}
	})
}
