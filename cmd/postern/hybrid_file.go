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

// accountFormat marks a file that says which account it is and what it was created with.
// It holds no secret.
const accountFormat = "postern/hybrid-account/1"

type accountFile struct {
	Format  string          `json:"format"`
	Account string          `json:"account"`
	Create  *hybridCreation `json:"create,omitempty"` // not of an EIP-7702 account
}

// saveAccount writes the file. It replaces one of the same account only.
func saveAccount(path string, addr common.Address, made *hybridCreation) error {
	switch old, _, err := parseAccount("--save", path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil || old != addr:
		return failf("exists", "choose another name, or remove the file yourself", "%s is there already and is not of this account", path)
	}
	var b bytes.Buffer
	if err := printJSON(&b, accountFile{accountFormat, addr.Hex(), made}); err != nil {
		return err
	}
	return replaceFile(path, b.Bytes())
}

// parseAccount reads an address, or the file in which create --save keeps it, with what
// the account was created with.
func parseAccount(what, text string) (common.Address, *hybridCreation, error) {
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
	var file accountFile
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil || file.Format != accountFormat || dec.More() {
		return common.Address{}, nil, failf("bad-file", "give 0x and 40 hex digits, or a file of postern hybrid create --save", "%s is no account", clip(text))
	}
	a, err := parseAddress(what+" "+text, file.Account)
	if err != nil {
		return a, nil, err
	}
	if file.Create != nil {
		if err := file.Create.checkIs(a); err != nil {
			return a, nil, failf("bad-file", "somebody changed the file: make it again with postern hybrid create --save", "%s contradicts itself: %w", clip(text), err)
		}
	}
	return a, file.Create, nil
}
