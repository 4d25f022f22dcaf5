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

// kernelFormat marks a file that says which Kernel account it is and what it was created
// with. It holds no secret.
const kernelFormat = "postern/kernel-account/1"

type kernelFile struct {
	Format  string          `json:"format"`
	Account string          `json:"account"`
	Create  *kernelCreation `json:"create"`
}

// saveKernel writes the file. It replaces one of the same account only.
func saveKernel(path string, addr common.Address, made *kernelCreation) error {
	switch old, _, err := parseKernel("--save", path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil || old != addr:
		return failf("exists", "choose another name, or remove the file yourself", "%s is there already and is not of this account", path)
	}
	var b bytes.Buffer
	if err := printJSON(&b, kernelFile{kernelFormat, addr.Hex(), made}); err != nil {
		return err
	}
	return replaceFile(path, b.Bytes())
}

// parseKernel reads an address, or the file in which postern kernel create --save keeps it,
// with what the account was created with.
func parseKernel(what, text string) (common.Address, *kernelCreation, error) {
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
	var file kernelFile
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil || file.Format != kernelFormat || file.Create == nil || dec.More() {
		hint := "give 0x and 40 hex digits, or a file of postern kernel create --save"
		if bytes.Contains(content, []byte(`"`+accountFormat+`"`)) {
			hint = "it is an account of MetaMask's: postern hybrid is for it"
		}
		return common.Address{}, nil, failf("bad-file", hint, "%s is no Kernel account", clip(text))
	}
	a, err := parseAddress(what+" "+text, file.Account)
	if err != nil {
		return a, nil, err
	}
	acct, err := file.Create.account()
	if err == nil && acct.Address() != a {
		err = failf("", "", "it makes %s", acct.Address())
	}
	if err != nil {
		return a, nil, failf("bad-file", "somebody changed the file: make it again with postern kernel create --save", "%s contradicts itself: %w", clip(text), err)
	}
	return a, file.Create, nil
}
