package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/postern-dev/postern/account"
)

// maxSecret is more than any file of keys has.
const maxSecret = 64 << 10

// A localSigner approves with a key on this machine.
type localSigner interface {
	approve(c account.Challenge) (account.Approval, error)
}

// writeSecret makes a file that only its owner reads. It never replaces one.
func writeSecret(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write the key: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return failf("exists", "keys are never overwritten: choose another name, or remove the file yourself", "%s is there already", path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// readSecret reads a file that nobody else can read.
func readSecret(path string) ([]byte, error) {
	if isKeyText(path) {
		return nil, usageError("a key is given in a file, never on the command line",
			"this one now stands in the shell's history, and other programs could see it: move what it holds, then give the file of another key, - for standard input, or "+ownerEnv)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		return nil, failf("key-exposed", "run: chmod 600 "+path, "others on this machine can read the key %s (mode %04o)", path, info.Mode().Perm())
	}
	return readBounded(f)
}

// readBounded reads a key and refuses what is too long to be one.
func readBounded(r io.Reader) ([]byte, error) {
	text, err := readLimited(r, maxSecret+1)
	if err == nil && len(text) > maxSecret {
		err = failf("too-long", "is it the right file?", "a key has no more than %d bytes", maxSecret)
	}
	return text, err
}
