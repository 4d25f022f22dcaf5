package exported

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/postern-dev/postern/passkey"
)

// sealBitwarden writes a password protected export as Bitwarden does, always with the same IV.
func sealBitwarden(plain []byte, password, salt string, iterations int) object {
	must := func(b []byte, err error) []byte {
		if err != nil {
			panic(err)
		}
		return b
	}
	key := must(pbkdf2.Key(sha256.New, password, []byte(salt), iterations, 32))
	seal := func(plain []byte) string {
		n := aes.BlockSize - len(plain)%aes.BlockSize
		plain = append(bytes.Clone(plain), bytes.Repeat([]byte{byte(n)}, n)...)
		block, err := aes.NewCipher(must(hkdf.Expand(sha256.New, key, "enc", 32)))
		if err != nil {
			panic(err)
		}
		iv := bytes.Repeat([]byte{0x21}, aes.BlockSize)
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(plain, plain)
		mac := hmac.New(sha256.New, must(hkdf.Expand(sha256.New, key, "mac", 32)))
		mac.Write(iv)
		mac.Write(plain)
		b64 := base64.StdEncoding.EncodeToString
		return "2." + b64(iv) + "|" + b64(plain) + "|" + b64(mac.Sum(nil))
	}
	return object{"encrypted": true, "passwordProtected": true, "salt": salt, "kdfType": 0, "kdfIterations": iterations,
		"kdfMemory": nil, "kdfParallelism": nil, "encKeyValidation_DO_NOT_EDIT": seal([]byte("a text")), "data": seal(plain)}
}

const sealedPassword = "correct horse"

func sealedFile() object {
	plain, err := json.Marshal(bitwardenDocument(bitwardenPasskey(40)))
	if err != nil {
		panic(err)
	}
	return sealBitwarden(plain, sealedPassword, "c2FsdCBvZiBhIHRlc3Q=", 5000)
}

func TestAPasswordOpensAnExport(t *testing.T) {
	data, err := os.ReadFile("testdata/bitwarden-sealed.json")
	if err != nil {
		t.Fatal(err)
	}
	before := bytes.Clone(data)
	if _, err := Parse(data); !errors.Is(err, ErrEncrypted) || !Sealed(data) {
		t.Errorf("without its password: %v", err)
	}
	f, err := ParseSealed(data, []byte(sealedPassword))
	if err != nil || len(f.Passkeys) != 1 {
		t.Fatalf("%v, %v", f, err)
	}
	var to [32]byte
	if want, err := pkcs8(testKey(40), &to); err != nil || f.Passkeys[0].Key != want {
		t.Errorf("%v, %v", f.Passkeys[0], err)
	}
	for _, wrong := range []string{"", "Correct horse", "correct horse "} {
		if f, err := ParseSealed(data, []byte(wrong)); !errors.Is(err, ErrPassword) || f != nil {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if !bytes.Equal(data, before) {
		t.Error("opening changed the file's bytes")
	}
	plain, err := os.ReadFile("testdata/cxf.json")
	if err != nil {
		t.Fatal(err)
	}
	if f, err := ParseSealed(plain, nil); err != nil || f.Format != CXF {
		t.Errorf("a file that is not encrypted: %v", err)
	}
}

func TestExportsThatNoPasswordOpens(t *testing.T) {
	for name, test := range map[string]struct {
		change []any
		cause  passkey.Cause
	}{
		"for its account only": {[]any{"passwordProtected", nil}, ErrEncrypted},
		"Argon2id":             {[]any{"kdfType", 1}, ErrEncrypted},
		"no derivation":        {[]any{"kdfType", nil}, ErrEncrypted},
		"few iterations":       {[]any{"kdfIterations", 4999}, passkey.ErrMember},
		"many iterations":      {[]any{"kdfIterations", 10_000_001}, passkey.ErrMember},
		"other iterations":     {[]any{"kdfIterations", 5001}, ErrPassword},
		"other salt":           {[]any{"salt", "AAAA"}, ErrPassword},
		"no salt":              {[]any{"salt", nil}, passkey.ErrMissing},
		"no data":              {[]any{"data", nil}, passkey.ErrMissing},
		"another type":         {[]any{"data", "4.AAAA|AAAA|AAAA"}, passkey.ErrMember},
		"two parts":            {[]any{"data", "2.AAAA|AAAA"}, passkey.ErrMember},
		"short":                {[]any{"data", "2.AAAA|AAAA|AAAA"}, passkey.ErrMember},
	} {
		data, err := json.Marshal(with(sealedFile(), test.change...))
		if err != nil {
			t.Fatal(err)
		}
		if f, err := ParseSealed(data, []byte(sealedPassword)); !errors.Is(err, test.cause) || f != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every changed character of the ciphertext is found out before anything is decrypted.
func TestDamagedExportsAreRefused(t *testing.T) {
	key, err := pbkdf2.Key(sha256.New, sealedPassword, []byte(sealedFile()["salt"].(string)), 5000, 32)
	if err != nil {
		t.Fatal(err)
	}
	whole := sealedFile()["data"].(string)
	if plain, err := openEncString([]byte(whole), key); err != nil || !json.Valid(plain) {
		t.Fatalf("whole: %v", err)
	}
	for i := 0; i < len(whole); i += 7 {
		bad := []byte(whole)
		bad[i] ^= 1
		if _, err := openEncString(bad, key); err == nil {
			t.Errorf("character %d: accepted", i)
		}
	}
}

func FuzzOpenEncString(f *testing.F) {
	key, err := pbkdf2.Key(sha256.New, sealedPassword, []byte(sealedFile()["salt"].(string)), 5000, 32)
	if err != nil {
		f.Fatal(err)
	}
	whole := []byte(sealedFile()["data"].(string))
	f.Add(whole)
	f.Add([]byte("2.AAAAAAAAAAAAAAAAAAAAAA==|AAAAAAAAAAAAAAAAAAAAAA==|AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="))
	f.Fuzz(func(t *testing.T, text []byte) {
		plain, err := openEncString(text, key)
		if err == nil && !bytes.Equal(text, whole) {
			t.Fatalf("%q opens as %q", text, plain)
		}
	})
}
