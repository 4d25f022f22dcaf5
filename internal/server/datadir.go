package server

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The data directory, mode 0700:
//
//	chain/         the embedded chain (devnet)
//	passkeys.db    registered passkeys (relyingparty/sqlite), with -wal, -shm and .lock beside it
//	challenge.key  secret that seals challenges, 32 bytes as hex, mode 0600
//
// The last two are not there where PostgreSQL keeps the passkeys.
const (
	chainDir    = "chain"
	passkeyFile = "passkeys.db"
	secretFile  = "challenge.key"
	secretSize  = 32
)

// makeDataDir makes sure that the directory is there and private.
func makeDataDir(dir string) error {
	err := os.MkdirAll(dir, 0o700)
	if err != nil {
		return failure("bad-data", "choose a directory you can write to: --data DIR", "data directory: %w", err)
	}
	return nil
}

// secretIn returns the directory's secret, making one the first time. Whoever calls it
// holds the lock of the passkey database.
func secretIn(dir string) ([]byte, error) {
	path := filepath.Join(dir, secretFile)
	secret, err := readSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createSecret(dir, path)
	}
	return secret, err
}

func readSecret(path string) ([]byte, error) {
	const hint = "if nobody else may have read or changed it, put it right; otherwise remove it, and ceremonies under way start again"
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, failure("bad-data", "run: chmod 600 "+path, "%s is readable by others (mode %#o)", path, info.Mode().Perm())
	}
	text := make([]byte, 2*secretSize+2)
	n, _ := f.Read(text) // a short read is a bad secret
	secret, err := hex.DecodeString(strings.TrimSuffix(string(text[:n]), "\n"))
	if err != nil || len(secret) != secretSize {
		return nil, failure("bad-data", hint, "%s does not hold %d bytes of hex", path, secretSize)
	}
	return secret, nil
}

// createSecret writes the file whole or not at all.
func createSecret(dir, path string) (secret []byte, err error) {
	secret = make([]byte, secretSize)
	rand.Read(secret)
	f, err := os.CreateTemp(dir, secretFile+".*") // mode 0600
	if err != nil {
		return nil, failure("bad-data", "choose a directory you can write to: --data DIR", "data directory: %w", err)
	}
	_, err = f.WriteString(hex.EncodeToString(secret) + "\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return nil, fmt.Errorf("data directory: write secret: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return secret, nil
}

// PasskeyFile is where a data directory keeps what its passkey server knows.
func PasskeyFile(dir string) string { return filepath.Join(dir, passkeyFile) }
