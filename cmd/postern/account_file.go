package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/ethereum/go-ethereum/common"
)

// savedKind is a kind of account that create --save keeps in a file, with what it was created with: a C. The files hold
// no secret.
type savedKind[C any] struct {
	format  string // what marks the files
	command string // what makes them
	title   string // what is in them
	bare    bool   // some were not created: they have an address only
	check   func(made *C, a common.Address) error
	hint    func(content []byte) string // for files of something else; "" for nothing better to say
}

type savedFile[C any] struct {
	Format  string `json:"format"`
	Account string `json:"account"`
	Create  *C     `json:"create,omitempty"`
}

// save writes the file. It replaces one of the same account only.
func (k savedKind[C]) save(path string, addr common.Address, made *C) error {
	switch old, _, err := k.parse("--save", path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil || old != addr:
		return failf("exists", "choose another name, or remove the file yourself", "%s is there already and is not of this account", path)
	}
	var b bytes.Buffer
	if err := printJSON(&b, savedFile[C]{k.format, addr.Hex(), made}); err != nil {
		return err
	}
	return replaceFile(path, b.Bytes())
}

// parse reads an address, or the file in which create --save keeps it, with what the account was created with.
func (k savedKind[C]) parse(what, text string) (common.Address, *C, error) {
	if strings.HasPrefix(text, "0x") || isKeyText(text) {
		a, err := parseAddress(what, text)
		return a, nil, err
	}
	f, err := os.Open(text)
	if err != nil {
		return common.Address{}, nil, err
	}
	defer f.Close()
	content, err := readBounded(f)
	if err != nil {
		return common.Address{}, nil, err
	}
	var file savedFile[C]
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil || file.Format != k.format || file.Create == nil && !k.bare || dec.More() {
		hint := "give 0x and 40 hex digits, or a file of " + k.command + " --save"
		if k.hint != nil {
			hint = or(k.hint(content), hint)
		}
		return common.Address{}, nil, failf("bad-file", hint, "%s is no %s", clip(text), k.title)
	}
	a, err := parseAddress(what+" "+text, file.Account)
	if err != nil || file.Create == nil {
		return a, nil, err
	}
	if err := k.check(file.Create, a); err != nil {
		return a, nil, failf("bad-file", "somebody changed the file: make it again with "+k.command+" --save", "%s contradicts itself: %w", clip(text), err)
	}
	return a, file.Create, nil
}

// accountFormat marks the files of Hybrid accounts.
const accountFormat = "postern/hybrid-account/1"

var (
	hybridFiles = savedKind[hybridCreation]{
		format: accountFormat, command: "postern hybrid create", title: "account", bare: true, // EIP-7702
		check: (*hybridCreation).checkIs,
	}
	kernelFiles = savedKind[kernelCreation]{
		format: "postern/kernel-account/1", command: "postern kernel create", title: "Kernel account",
		check: func(made *kernelCreation, a common.Address) error {
			acct, err := made.account()
			if err == nil && acct.Address() != a {
				err = failf("", "", "it makes %s", acct.Address())
			}
			return err
		},
		hint: func(content []byte) string {
			if bytes.Contains(content, []byte(`"`+accountFormat+`"`)) {
				return "it is an account of MetaMask's: postern hybrid is for it"
			}
			return ""
		},
	}
)
