package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/passkey"
)

const (
	opFormat  = "postern/op/1"
	maxOpFile = 2 << 20
)

// An opFile carries one operation between the steps. It holds no secret; once sealed,
// whoever reads it can send the operation.
type opFile struct {
	Format    string          `json:"format"`
	Account   *accountSpec    `json:"account,omitempty"`  // of Postern's account, or
	Hybrid    *hybridSpec     `json:"hybrid,omitempty"`   // of MetaMask's, or
	Kernel    *kernelSpec     `json:"kernel,omitempty"`   // of ZeroDev's, or
	Session   *sessionSpec    `json:"session,omitempty"`  // a session key of one, or
	Recovery  *recoverySpec   `json:"recovery,omitempty"` // a guardian of one
	Summary   account.Summary `json:"summary"`            // for people; it is made anew when it counts
	Hash      string          `json:"hash"`
	Request   json.RawMessage `json:"request,omitempty"`   // for navigator.credentials.get()
	TypedData json.RawMessage `json:"typedData,omitempty"` // for eth_signTypedData_v4
	Personal  hexutil.Bytes   `json:"personal,omitempty"`  // for personal_sign
	Prepared  json.RawMessage `json:"prepared"`            // account.Prepared

	// Of several signers: what their passkeys are asked, by RP ID, and who has approved.
	Requests  map[string]json.RawMessage `json:"requests,omitempty"`
	Approvals []opApproval               `json:"approvals,omitempty"`
}

// An accountRef says which account it is and who approves: enough to open both again in
// a later step.
type accountRef interface {
	open(ctx context.Context, chain account.Chain) (account.Account, account.Authority, error)
}

func newOpFile(ref accountRef, p *account.Prepared) (*opFile, error) {
	f := &opFile{Format: opFormat, Summary: p.Summary(), Hash: p.Hash().Hex()}
	switch r := ref.(type) {
	case *accountSpec:
		f.Account = r
	case *hybridSpec:
		f.Hybrid = r
	case *kernelSpec:
		f.Kernel = r
	case *sessionSpec:
		f.Session = r
	case *recoverySpec:
		f.Recovery = r
	}
	c := p.Challenge()
	switch c.Kind {
	case account.KindSeveral:
		var err error
		if f.Requests, err = requests(c); err != nil {
			return nil, err
		}
	case account.KindWebAuthn:
		text, err := json.Marshal(passkey.NewRequestOptions(c.Rule.RPID, c.Digest[:], c.Credentials...))
		if err != nil {
			return nil, fmt.Errorf("write the request: %w", err)
		}
		f.Request = text
	default:
		f.TypedData, f.Personal = c.TypedData, c.Personal
	}
	return f, f.update(p)
}

// ref is what stands in the file.
func (f *opFile) ref() (accountRef, error) {
	var refs []accountRef
	if f.Account != nil {
		refs = append(refs, f.Account)
	}
	if f.Hybrid != nil {
		refs = append(refs, f.Hybrid)
	}
	if f.Kernel != nil {
		refs = append(refs, f.Kernel)
	}
	if f.Session != nil {
		refs = append(refs, f.Session)
	}
	if f.Recovery != nil {
		refs = append(refs, f.Recovery)
	}
	if len(refs) == 1 {
		return refs[0], nil
	}
	return nil, failf("bad-file", "make it again with: postern op build, or postern hybrid, kernel or grant … --out", "the prepared operation does not say whose it is")
}

// update takes over how far the operation has come.
func (f *opFile) update(p *account.Prepared) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("save the operation: %w", err)
	}
	f.Prepared = text
	return nil
}

func parseOpFile(text []byte) (*opFile, error) {
	var f opFile
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil || f.Format != opFormat {
		return nil, failf("bad-file", "make it with: postern op build --out op.json", "this is no prepared operation of this program")
	}
	return &f, nil
}

// resume opens the operation again on its network.
func (f *opFile) resume(ctx context.Context, conn *connection) (*account.Prepared, error) {
	ref, err := f.ref()
	if err != nil {
		return nil, err
	}
	acct, auth, err := ref.open(ctx, conn.Chain)
	if err != nil {
		return nil, err
	}
	return account.Resume(f.Prepared, conn.Client, acct, auth)
}

// write keeps the operation in a file. It replaces nothing but operations: what --out
// names by mistake may be a key.
func (f *opFile) write(path string) error {
	if err := replaceable(path); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := printJSON(&b, f); err != nil {
		return err
	}
	return replaceFile(path, b.Bytes())
}

// replaceable refuses a file that is there and holds something else than an operation.
func replaceable(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().IsRegular() && info.Size() == 0 {
		return nil
	}
	var text []byte
	if err == nil && info.Mode().IsRegular() && info.Size() <= maxOpFile {
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return err
	}
	if _, err := parseOpFile(text); err != nil {
		return failf("exists", "choose another name, or remove the file yourself; nothing was sent", "%s is there already and is no prepared operation", path)
	}
	return nil
}

// replaceFile replaces a file whole or not at all. Only its owner reads it.
func replaceFile(path string, content []byte) error { return replaceFileAs(path, content, 0o600) }

// replaceFileAs is replaceFile for those that others may read, too.
func replaceFileAs(path string, content []byte, mode fs.FileMode) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(content)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(tmp.Name()))
	}
	return nil
}

// readArgument reads a file, or standard input for "-" and nothing.
func (c *call) readArgument(rest []string) (text []byte, path string, err error) {
	if len(rest) == 0 || rest[0] == "-" {
		if f, ok := c.stdin.(*os.File); ok && len(rest) == 0 {
			if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
				return nil, "", usageError("a file is needed", "name one, or - for standard input")
			}
		}
		text, err = readLimited(c.stdin, maxOpFile+1)
	} else {
		path = rest[0]
		f, err := os.Open(path)
		if err != nil {
			return nil, "", err
		}
		defer f.Close()
		if text, err = readLimited(f, maxOpFile+1); err != nil {
			return nil, "", err
		}
	}
	if err == nil && len(text) > maxOpFile {
		err = failf("too-long", "is it the right file?", "the file is longer than %d bytes", maxOpFile)
	}
	return text, path, err
}
