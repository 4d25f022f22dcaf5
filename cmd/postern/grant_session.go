package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/passkey"
)

// A sessionKey is the key that a grant is for: of an EOA or a passkey. Where the secret is
// on this machine it can sign.
type sessionKey struct {
	address    common.Address // of an EOA
	public     passkey.PublicKey
	credential []byte
	hash       common.Hash // of the credential, where a request of the page /session names no more
	rpID       string      // of a passkey in a key file
	origins    []string
	local      localSigner // nil: the secret is elsewhere
}

const sessionHint = "a file of postern key new (--type eoa for a key that signs without a prompt), the address of a key elsewhere, the request of the page /session, or " + passkeyRefHint

// requestLength is that of a request, as the page /session has it: base64url of x ‖ y ‖ hash
// of the credential id.
const requestLength = 64 + common.HashLength

// sessionRequest reads a request, or the link to one; nil if it is none.
func sessionRequest(arg string) *sessionKey {
	if _, text, found := strings.Cut(arg, "#for="); found {
		arg = text
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(arg)
	if err != nil || len(b) != requestLength {
		return nil
	}
	public, err := passkey.ParseRaw(b[:64])
	if err != nil {
		return nil
	}
	return &sessionKey{public: public, hash: common.Hash(b[64:])}
}

// parseSessionKey reads --session.
func parseSessionKey(arg string) (*sessionKey, error) {
	// First of all: one request in 4,096 begins with 0x by chance.
	if key := sessionRequest(arg); key != nil {
		return key, nil
	}
	switch {
	case isKeyText(arg):
		return nil, keyTyped("the session key")
	case strings.HasPrefix(arg, "0x") && !strings.Contains(arg, ":"):
		a, err := parseAddress("--session", arg)
		if err == nil && a == (common.Address{}) {
			err = usageError("--session is the zero address", "give "+sessionHint)
		}
		return &sessionKey{address: a}, err
	}
	info, err := os.Stat(arg)
	if err != nil && !strings.Contains(arg, ":") {
		return nil, failf("no-file", "give "+sessionHint, "there is no session key %s", clip(arg))
	}
	if err == nil && info.Mode().IsRegular() {
		if key, err := sessionFile(arg); key != nil || err != nil {
			return key, err
		}
	}
	ref, err := parsePasskeyRef(arg)
	if err != nil {
		return nil, err
	}
	return &sessionKey{public: ref.public, credential: ref.credential}, nil
}

// sessionFile reads a key file of this program; nil if it is another kind of file.
func sessionFile(path string) (*sessionKey, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := readBounded(f)
	if err != nil {
		return nil, err
	}
	switch {
	case strings.Contains(string(text), `"`+keyFormat+`"`):
		key, err := openKeyFile(path)
		if err != nil {
			return nil, err
		}
		return &sessionKey{public: key.credential.Key, credential: key.credential.ID, rpID: key.file.RPID, origins: []string{key.file.Origin}, local: key}, nil
	case strings.Contains(string(text), `"`+ownerFormat+`"`), isKeyText(string(text)):
		key, err := readOwnerFile(path)
		if err != nil {
			return nil, err
		}
		return &sessionKey{address: key.address(), local: key}, nil
	}
	return nil, nil
}

// signer is the key as the chain knows it.
func (k *sessionKey) signer() kernel.Signer {
	if k.credential != nil {
		return kernel.WebAuthnSigner(k.public, kernel.CredentialHash(k.credential))
	}
	if !k.public.IsZero() {
		return kernel.WebAuthnSigner(k.public, k.hash)
	}
	return kernel.ECDSASigner(k.address)
}

func (k *sessionKey) String() string {
	if k.credential != nil {
		return fmt.Sprintf("the passkey %s", passkeyRef{credential: k.credential}.credentialText())
	}
	if !k.public.IsZero() {
		return account.ShortKey(k.public)
	}
	return fmt.Sprintf("the key %s", k.address)
}
