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
	"strconv"

	"github.com/postern-dev/postern/passkey"
)

// ErrPassword is the cause of an export that does not open.
const ErrPassword passkey.Cause = "the password is wrong, or the export is damaged"

// Bounds of PBKDF2's iterations: fewer are no protection, more would take minutes.
const (
	minIterations = 5_000
	maxIterations = 10_000_000
)

// Sealed reports whether a file is an export that a password of its own opens: Bitwarden's
// "password protected" JSON. One that is encrypted for the exporting account opens nowhere else.
func Sealed(data []byte) bool {
	doc, err := document(data)
	if err != nil {
		return false
	}
	root, err := doc.object()
	return err == nil && string(root["encrypted"]) == "true" && string(root["passwordProtected"]) == "true"
}

// ParseSealed opens an export with its password and reads it like Parse. Files that are not
// encrypted are read as they are. Keys derived by Argon2id are not supported.
func ParseSealed(data, password []byte) (*File, error) {
	if !Sealed(data) {
		return Parse(data)
	}
	root, err := value(bytes.Trim(data, " \t\r\n")).object()
	if err != nil {
		return nil, err
	}
	if kdf := string(root["kdfType"]); kdf != "0" {
		return nil, &passkey.Error{Cause: ErrEncrypted, Where: "kdfType", Seen: shown(kdf), Want: "0 (PBKDF2)",
			Hint: "decrypt it with Bitwarden's own program, or export from an account whose key derivation is PBKDF2"}
	}
	iterations, err := strconv.Atoi(string(root["kdfIterations"]))
	if err != nil || iterations < minIterations || iterations > maxIterations {
		return nil, refuse(passkey.ErrMember, "kdfIterations", "from 5000 to 10000000", "")
	}
	salt, err := required(root, "salt")
	if err != nil {
		return nil, err
	}
	sealed, err := required(root, "data")
	if err != nil {
		return nil, err
	}
	key, err := pbkdf2.Key(sha256.New, string(password), salt, iterations, 32)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	plain, err := openEncString(sealed, key)
	if err != nil {
		return nil, at("data", err)
	}
	defer clear(plain)
	return Parse(plain)
}

// openEncString opens Bitwarden's type 2: "2.iv|ciphertext|mac" in base64, AES-256-CBC under
// HMAC-SHA256 of iv ‖ ciphertext, with the keys that HKDF expands for "enc" and "mac".
func openEncString(text, key []byte) ([]byte, error) {
	malformed := refuse(passkey.ErrMember, "", "2.iv|ciphertext|mac", "")
	rest, ok := bytes.CutPrefix(text, []byte("2."))
	parts := bytes.Split(rest, []byte("|"))
	if !ok || len(parts) != 3 {
		return nil, malformed
	}
	var raw [3][]byte
	for i, p := range parts {
		out := make([]byte, base64.StdEncoding.DecodedLen(len(p)))
		n, err := base64.StdEncoding.Strict().Decode(out, p)
		if err != nil || bytes.ContainsAny(p, "\r\n") {
			return nil, malformed
		}
		raw[i] = out[:n]
	}
	iv, sealed, mac := raw[0], raw[1], raw[2]
	if len(iv) != aes.BlockSize || len(sealed) == 0 || len(sealed)%aes.BlockSize != 0 || len(mac) != sha256.Size {
		return nil, malformed
	}
	enc, err := hkdf.Expand(sha256.New, key, "enc", 32)
	if err != nil {
		return nil, err
	}
	defer clear(enc)
	macKey, err := hkdf.Expand(sha256.New, key, "mac", 32)
	if err != nil {
		return nil, err
	}
	defer clear(macKey)
	h := hmac.New(sha256.New, macKey)
	h.Write(iv)
	h.Write(sealed)
	if !hmac.Equal(h.Sum(nil), mac) {
		return nil, refuse(ErrPassword, "", "", "it is the password that was chosen for this export; after that of the account, try both")
	}
	block, err := aes.NewCipher(enc)
	if err != nil {
		return nil, err
	}
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(sealed, sealed)
	n := int(sealed[len(sealed)-1]) // PKCS#7; the MAC has vouched for it
	if n == 0 || n > aes.BlockSize || n > len(sealed) {
		return nil, malformed
	}
	return sealed[:len(sealed)-n], nil
}
