package hybrid

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// Key is one P-256 key of an account: a passkey or a raw key.
type Key struct {
	// ID is the text under which the key was added. It is "" for a key of which a
	// chain told no more than the hash: such a key signs as well as any other, but
	// removing it takes the text.
	ID string
	// Public is the key. It is zero if a chain told no more than the hash.
	Public passkey.PublicKey
	// Hash is the keccak256 of the text: what storage and signatures hold.
	Hash common.Hash
}

// maxKeyID bounds the text of a key, in bytes. The longest that a credential id
// (1023 bytes) makes has 2730.
const maxKeyID = 4096

var (
	// ErrEmptyKeyID is returned for a key without a text: the contract refuses it.
	ErrEmptyKeyID = errors.New("hybrid: a key needs a text: a passkey's credential id, or any other name for a raw key")
	// ErrKeyID is returned for a text that is not UTF-8 or longer than 4096 bytes.
	ErrKeyID = errors.New("hybrid: the text of a key must be UTF-8 of at most 4096 bytes")
	// ErrNoKey is returned for a key without a public key.
	ErrNoKey = errors.New("hybrid: the public key of this key is missing")
	// ErrKeyHash is returned for a key whose hash is not that of its text.
	ErrKeyHash = errors.New("hybrid: the hash of this key is not that of its text")
)

// PasskeyKey is a passkey as a key of an account, under the text that MetaMask's
// kit gives it: see the package's documentation. The credential id is the raw
// one, not its base64url form.
func PasskeyKey(credentialID []byte, pub passkey.PublicKey) Key {
	if len(credentialID) == 0 {
		return Key{Public: pub}
	}
	return TextKey(seal.MetaMaskKeyID(credentialID), pub)
}

// TextKey is a key under a text of the caller's choice: raw P-256 keys, and
// passkeys that were added under another text than the kit's.
func TextKey(id string, pub passkey.PublicKey) Key {
	return Key{ID: id, Public: pub, Hash: seal.MetaMaskKeyIDHash(id)}
}

// Credential returns the credential id that the text stands for, if the text is of
// the kit's form. Whether there is such a passkey nobody can tell.
func (k Key) Credential() (id []byte, ok bool) {
	h, ok := strings.CutPrefix(k.ID, "0x")
	if !ok || len(h) == 0 {
		return nil, false
	}
	letters, err := hex.DecodeString(h)
	if err != nil {
		return nil, false
	}
	id, err = base64.RawURLEncoding.Strict().DecodeString(string(letters))
	if err != nil || seal.MetaMaskKeyID(id) != k.ID {
		return nil, false
	}
	return id, true
}

// String names the key in a few words.
func (k Key) String() string {
	switch cred, ok := k.Credential(); {
	case k.Public.IsZero():
		return fmt.Sprintf("the key with hash %x…%x", k.Hash[:8], k.Hash[28:])
	case ok:
		return fmt.Sprintf("%s (credential %s)", shortKey(k.Public), shorten(base64.RawURLEncoding.EncodeToString(cred)))
	case k.ID == "":
		return fmt.Sprintf("%s (known by hash %x…%x only)", shortKey(k.Public), k.Hash[:8], k.Hash[28:])
	}
	return fmt.Sprintf("%s (named %.80q)", shortKey(k.Public), k.ID)
}

func shortKey(k passkey.PublicKey) string {
	x := k.X()
	return fmt.Sprintf("the P-256 key %x…%x", x[:8], x[24:])
}

func shorten(s string) string {
	if len(s) <= 24 {
		return s
	}
	return s[:12] + "…" + s[len(s)-8:]
}

// check refuses what the contract would refuse in a new key, and what cannot be
// meant.
func (k Key) check() error {
	switch {
	case k.ID == "":
		return ErrEmptyKeyID
	case len(k.ID) > maxKeyID || !validText(k.ID):
		return ErrKeyID
	case k.Public.IsZero():
		return ErrNoKey
	case k.Hash != seal.MetaMaskKeyIDHash(k.ID):
		return ErrKeyHash
	}
	return nil
}

func validText(s string) bool { return strings.ToValidUTF8(s, "") == s }

// checkKeys checks the keys of a new set of signers.
func checkKeys(keys []Key) error {
	if len(keys) > maxKeys {
		return &TooManyKeysError{Keys: len(keys)}
	}
	seen := make(map[common.Hash]bool, len(keys))
	for _, k := range keys {
		if err := k.check(); err != nil {
			return err
		}
		if seen[k.Hash] {
			return &KeyExistsError{Key: k}
		}
		seen[k.Hash] = true
	}
	return nil
}

// maxKeys bounds what is read from a chain and put into one operation.
const maxKeys = 256

// TooManyKeysError says that there are more keys than this package handles.
type TooManyKeysError struct{ Keys int }

func (e *TooManyKeysError) Error() string {
	return fmt.Sprintf("hybrid: %d keys are more than the %d that fit into one operation", e.Keys, maxKeys)
}

// Hint implements [account.Hinter].
func (e *TooManyKeysError) Hint() string { return "use fewer keys" }

var _ account.Hinter = (*TooManyKeysError)(nil)
