package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

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
	text, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the key: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, failf("exists", "keys are never overwritten: choose another name, or remove the file yourself", "%s is there already", path)
	}
	if err != nil {
		return nil, err
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	return key, nil
}

// openKeyFile reads a key that nobody else can read.
func openKeyFile(path string) (*devKey, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, failf("key-exposed", "run: chmod 600 "+path, "others on this machine can read the key %s (mode %04o)", path, info.Mode().Perm())
	}
	text, err := readLimited(f, 64<<10)
	if err != nil {
		return nil, err
	}
	var k keyFile
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&k); err != nil || k.Format != keyFormat {
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

// account is the key's account on one EntryPoint version.
func (k *devKey) account(ep userop.EntryPoint) (*webauthn.Account, error) {
	d, err := contracts.ForEntryPoint(ep)
	if err != nil {
		return nil, err
	}
	return webauthn.ForPasskey(d, k.credential.Key, k.salt)
}
