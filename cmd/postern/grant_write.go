package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/passkey"
)

// absent refuses a file that is there: an approval replaces nothing.
func absent(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return failf("exists", "choose another name, or remove the file yourself", "%s is there already", path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// writePrivate makes a file that only its owner reads. It never replaces one.
func writePrivate(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return failf("exists", "choose another name, or remove the file yourself", "%s is there already", path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(path))
	}
	return nil
}

// writeJSON writes what a later step reads. It replaces a file of its own only.
func writeJSON(path string, v signRequest) error {
	if old, err := os.ReadFile(path); err == nil && !bytes.Contains(old, []byte(`"`+requestFormat+`"`)) {
		return failf("exists", "choose another name, or remove the file yourself", "%s is there already and is no request", path)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var b bytes.Buffer
	if err := printJSON(&b, v); err != nil {
		return err
	}
	return replaceFile(path, b.Bytes())
}

// sdkTexts are the SDK's texts, one for each chain.
func sdkTexts(docs []*approval.Document) ([][]byte, error) {
	out := make([][]byte, len(docs))
	for i, d := range docs {
		var err error
		if out[i], err = d.Serialize(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// writeTexts writes the SDK's texts; where there are several, each under its chain's id.
func writeTexts(path string, texts [][]byte, chains []string) ([]string, error) {
	names := make([]string, len(texts))
	for i := range texts {
		names[i] = path
		if len(texts) > 1 {
			ext := filepath.Ext(path)
			names[i] = fmt.Sprintf("%s-%s%s", strings.TrimSuffix(path, ext), chains[i], ext)
		}
		if err := absent(names[i]); err != nil {
			return nil, err
		}
	}
	for i, t := range texts {
		if err := writePrivate(names[i], append(t, '\n')); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// readAssertion reads a passkey's reply.
func (c *call) readAssertion(path string) (account.Approval, error) {
	text, _, err := c.readArgument([]string{path})
	if err != nil {
		return account.Approval{}, err
	}
	a, err := passkey.ParseAssertion(text)
	if err != nil {
		return account.Approval{}, failf("bad-assertion", "for everything that is wrong with it: postern inspect "+path, "the assertion cannot be read: %w", err)
	}
	return account.Approval{Assertion: a}, nil
}
