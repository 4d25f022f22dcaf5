package main

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"golang.org/x/term"

	"github.com/postern-dev/postern/account"
)

const (
	ownerFormat = "postern/dev-eoa/1"
	ownerEnv    = "POSTERN_OWNER_KEY"
)

// An ownerFile holds the secp256k1 key of an EOA, for development.
type ownerFile struct {
	Format     string         `json:"format"`
	Warning    string         `json:"warning"`
	Address    common.Address `json:"address"`
	PrivateKey string         `json:"privateKey"` // 0x and 64 hex digits
}

// An ownerKey signs for an EOA. It prints as its address.
type ownerKey struct{ key *ecdsa.PrivateKey }

func (k *ownerKey) address() common.Address { return crypto.PubkeyToAddress(k.key.PublicKey) }

func (k *ownerKey) String() string { return k.address().Hex() }

// approve signs the digest as it is, without a prefix.
func (k *ownerKey) approve(c account.Challenge) (account.Approval, error) {
	sig, err := crypto.Sign(c.Digest[:], k.key)
	if err != nil {
		return account.Approval{}, fmt.Errorf("sign with the owner key: %w", err)
	}
	return account.Approval{ECDSA: sig}, nil
}

// createOwnerFile makes a new key. It never replaces a file.
func createOwnerFile(path string) (*ownerKey, error) {
	key, err := crypto.GenerateKey()
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	k := &ownerKey{key}
	return k, writeSecret(path, ownerFile{ownerFormat, keyWarning, k.address(), "0x" + hex.EncodeToString(crypto.FromECDSA(key))})
}

// openOwnerKey reads the owner's key from a file, from standard input ("-") or, without
// a path, from the environment; nil if none of them is given.
func openOwnerKey(path string, stdin io.Reader) (*ownerKey, error) {
	var text []byte
	var err error
	where := path
	switch {
	case path == "":
		where = "$" + ownerEnv
		if text = []byte(os.Getenv(ownerEnv)); len(bytes.TrimSpace(text)) == 0 {
			return nil, nil
		}
	case path == "-":
		where = "standard input"
		text, err = readTyped(stdin)
	default:
		return readOwnerFile(path)
	}
	if err != nil {
		return nil, err
	}
	return ownerKeyOf(text, where)
}

// readTyped reads a key from standard input; what somebody types there is not shown.
func readTyped(stdin io.Reader) ([]byte, error) {
	f, ok := stdin.(*os.File)
	if !ok || !isTerminal(f) {
		return readBounded(stdin)
	}
	fmt.Fprint(os.Stderr, "Key (it is not shown): ")
	defer fmt.Fprintln(os.Stderr)
	return term.ReadPassword(int(f.Fd()))
}

// readOwnerFile reads the key of an EOA from a file.
func readOwnerFile(path string) (*ownerKey, error) {
	text, err := readSecret(path)
	if err != nil {
		return nil, err
	}
	return ownerKeyOf(text, path)
}

func ownerKeyOf(text []byte, where string) (*ownerKey, error) {
	key, err := parseOwnerKey(text)
	if err != nil {
		return nil, failf("bad-key", ownerHint(text), "%s holds no key of an EOA", where)
	}
	return key, nil
}

// ownerHint tells what the text is instead. The text itself is never shown.
func ownerHint(text []byte) string {
	var m map[string]json.RawMessage
	if json.Unmarshal(text, &m) == nil {
		var format string
		switch {
		case json.Unmarshal(m["format"], &format) == nil && format == keyFormat:
			return "it holds a passkey: give it with --key"
		case m["crypto"] != nil || m["Crypto"] != nil:
			return "it is a keystore with a password: decrypt it and pipe the key in, with --owner-key -"
		}
	}
	if n := len(strings.Fields(string(text))); n >= 12 && n <= 24 {
		return "it looks like a recovery phrase; give the private key of one of its accounts"
	}
	return "it is a file of postern key new FILE --type eoa, or 0x and 64 hex digits"
}

// parseOwnerKey takes a key file, or the bare key in hex.
func parseOwnerKey(text []byte) (*ownerKey, error) {
	text = bytes.TrimSpace(text)
	if isKeyText(string(text)) {
		key, err := crypto.HexToECDSA(strings.TrimPrefix(string(text), "0x"))
		if err != nil {
			return nil, err
		}
		return &ownerKey{key}, nil
	}
	var f ownerFile
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil || f.Format != ownerFormat || dec.More() {
		return nil, fmt.Errorf("no %s", ownerFormat)
	}
	key, err := crypto.HexToECDSA(strings.TrimPrefix(f.PrivateKey, "0x"))
	if err != nil {
		return nil, err
	}
	k := &ownerKey{key}
	if k.address() != f.Address {
		return nil, fmt.Errorf("the key is of %s, the file says %s", k.address(), f.Address)
	}
	return k, nil
}

// keyTyped says that a key's 32 bytes stand where something else belongs. It does not
// repeat them: errors end up in logs.
func keyTyped(where string) error {
	return usageError(where+" is 32 bytes: a hash, or a private key that should not be here",
		"an address is 0x and 40 hex digits; a key on the command line stands in the shell's history: move what it holds")
}

// isKeyText reports whether text has the form of a private key in hex.
func isKeyText(text string) bool {
	digits := strings.TrimPrefix(strings.TrimSpace(text), "0x")
	return len(digits) == 64 && strings.Trim(digits, "0123456789abcdefABCDEF") == ""
}
