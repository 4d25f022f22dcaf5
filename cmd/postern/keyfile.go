package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/userop"
)

const (
	keyFormat  = "postern/dev-key/1"
	keyWarning = "DEVELOPMENT KEY, unprotected: whoever can read this file controls the account. Nothing of value belongs there."
)

// A keyFile holds a software passkey for development.
type keyFile struct {
	Format  string `json:"format"`
	Warning string `json:"warning"`
	RPID    string `json:"rpId"`
	Origin  string `json:"origin"`
	Seed    string `json:"seed"` // 32 bytes, hex: everything else follows from it
	Salt    string `json:"salt"` // 32 bytes, hex: of the account
}

// A devKey is a key file brought to life.
type devKey struct {
	file       keyFile
	device     *softkey.Authenticator
	credential softkey.Credential
	salt       [32]byte
}

// createKeyFile makes a new key. It never replaces a file.
func createKeyFile(path, rpID, origin string) (*devKey, error) {
	var random [64]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	k := keyFile{Format: keyFormat, Warning: keyWarning, RPID: rpID, Origin: origin,
		Seed: "0x" + hex.EncodeToString(random[:32]), Salt: "0x" + hex.EncodeToString(random[32:])}
	key, err := k.open()
	if err != nil {
		return nil, err
	}
	return key, writeSecret(path, k)
}

// openKeyFile reads a key that nobody else can read.
func openKeyFile(path string) (*devKey, error) {
	text, err := readSecret(path)
	if err != nil {
		return nil, err
	}
	return parseKeyFile(path, text)
}

func parseKeyFile(path string, text []byte) (*devKey, error) {
	var k keyFile
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&k); err != nil || k.Format != keyFormat {
		if _, err := parseOwnerKey(text); err == nil {
			return nil, failf("bad-key", "give it with --owner-key; a passkey is made with: postern key new FILE", "%s holds the key of an EOA, not a passkey", path)
		}
		return nil, failf("bad-key", "make one: postern key new "+path, "%s is no development key of this program", path)
	}
	return k.open()
}

func (k keyFile) open() (*devKey, error) {
	seed, ok1 := bytes32(k.Seed)
	salt, ok2 := bytes32(k.Salt)
	if !ok1 || !ok2 {
		return nil, failf("bad-key", "make a new one: postern key new", "the key file's seed or salt is not 0x and 64 hex digits")
	}
	key := &devKey{file: k, salt: salt, device: softkey.New(softkey.WithSeed(seed[:]))}
	options := passkey.NewCreationOptions(passkey.RelyingParty{ID: k.RPID, Name: "Postern"},
		passkey.User{ID: webauthn.SaltHandle(salt).Bytes(), Name: "dev", DisplayName: "Development key"}, make([]byte, 32))
	text, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("make the passkey: %w", err)
	}
	if _, err := key.device.Create(text, k.Origin); err != nil {
		return nil, failf("bad-key", "the RP ID is the origin's host or a parent of it, such as localhost and http://localhost:8080", "a passkey of %s cannot be made at %s: %w", k.RPID, k.Origin, err)
	}
	key.credential = key.device.Credentials()[0]
	return key, nil
}

func bytes32(text string) (out [32]byte, ok bool) {
	if len(text) != 66 || text[:2] != "0x" {
		return out, false
	}
	_, err := hex.Decode(out[:], []byte(text[2:]))
	return out, err == nil
}

// approve answers the challenge as a browser and a passkey would.
func (k *devKey) approve(c account.Challenge) (account.Approval, error) {
	a, err := k.device.Sign(k.credential.ID, c.Digest[:], k.file.RPID, k.file.Origin)
	if err != nil {
		return account.Approval{}, fmt.Errorf("sign with the development key: %w", err)
	}
	return account.Approval{Assertion: a}, nil
}

// account is the key's account on one EntryPoint version.
func (k *devKey) account(ep userop.EntryPoint) (*webauthn.Account, error) {
	d, err := contracts.ForEntryPoint(ep)
	if err != nil {
		return nil, err
	}
	return webauthn.ForPasskey(d, k.credential.Key, k.salt)
}
