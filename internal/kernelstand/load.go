package kernelstand

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
)

// file is one contract of a directory. What it is made from is the first of these that it has.
type file struct {
	Name    string         `json:"name"`
	Address common.Address `json:"address"`
	// Create2 is what the deterministic deployment factory is sent: salt (32) ‖ creation code.
	Create2  hexutil.Bytes               `json:"create2"`
	Creation hexutil.Bytes               `json:"creation"` // with its arguments; run at Address
	Runtime  hexutil.Bytes               `json:"runtime"`
	Storage  map[common.Hash]common.Hash `json:"storage"`
}

// ErrDirectory is returned for a directory that is no directory of contracts.
var ErrDirectory = errors.New("this is no directory of contracts")

// Load reads a directory of contracts: each *.json file in it is one contract, {"name", "address", "create2" or
// "creation" or "runtime", "storage"}, hex with 0x; further members are not read. docs/testing.md says more.
func Load(dir string) (Stand, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(names) == 0 {
		return Stand{}, fmt.Errorf("%w: %s has no *.json files", ErrDirectory, dir)
	}
	var list []Contract
	at := map[common.Address]string{}
	for _, name := range names {
		c, err := loadFile(name)
		if err != nil {
			return Stand{}, err
		}
		if at[c.Address] != "" {
			return Stand{}, fmt.Errorf("%w: %s and %s are both at %s", ErrDirectory, at[c.Address], name, c.Address)
		}
		at[c.Address] = name
		list = append(list, c)
	}
	return newStand(true, list), nil
}

func loadFile(name string) (Contract, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return Contract{}, fmt.Errorf("kernelstand: %w", err)
	}
	var f file
	if err := json.Unmarshal(text, &f); err != nil {
		return Contract{}, fmt.Errorf("%w: %s: %w", ErrDirectory, name, err)
	}
	c := Contract{Name: f.Name, Address: f.Address, Creation: f.Creation, Runtime: f.Runtime, Storage: f.Storage}
	if len(f.Create2) > common.HashLength {
		c.Creation = f.Create2[common.HashLength:]
	}
	if f.Name == "" || f.Address == (common.Address{}) || len(c.Creation)+len(c.Runtime) == 0 {
		return Contract{}, fmt.Errorf("%w: %s lacks a name, an address, or code", ErrDirectory, name)
	}
	return c, nil
}
