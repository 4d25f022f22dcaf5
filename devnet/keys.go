package devnet

import (
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
)

// loadKeys returns the development keys of a data directory, making them the first time. Without
// a directory they are new at every start.
func loadKeys(dir string) (devKeys, error) {
	if dir == "" {
		return newKeys()
	}
	name := filepath.Join(dir, "devkeys.json")
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKeys(name)
	}
	if err != nil {
		return devKeys{}, fmt.Errorf("devnet: reading the development keys: %w", err)
	}
	var file keyFile
	if err := json.Unmarshal(data, &file); err != nil {
		return devKeys{}, fmt.Errorf("devnet: reading %s: %w", name, err)
	}
	faucet, err1 := crypto.ToECDSA(file.Faucet)
	bundler, err2 := crypto.ToECDSA(file.Bundler)
	if err := errors.Join(err1, err2); err != nil {
		return devKeys{}, fmt.Errorf("devnet: reading %s: %w", name, err)
	}
	return withPaymaster(faucet, bundler)
}

// withPaymaster derives the paymaster's key from the faucet's, so that directories made before there was one
// have it too.
func withPaymaster(faucet, bundler *ecdsa.PrivateKey) (devKeys, error) {
	paymaster, err := crypto.ToECDSA(crypto.Keccak256([]byte("postern development paymaster"), crypto.FromECDSA(faucet)))
	if err != nil {
		return devKeys{}, fmt.Errorf("devnet: deriving the paymaster's key: %w", err)
	}
	return devKeys{faucet, bundler, paymaster}, nil
}

// keyFile is the JSON form of devKeys.
type keyFile struct {
	Note    string        `json:"note"`
	Faucet  hexutil.Bytes `json:"faucet"`
	Bundler hexutil.Bytes `json:"bundler"`
}

func newKeys() (devKeys, error) {
	faucet, err1 := crypto.GenerateKey()
	bundler, err2 := crypto.GenerateKey()
	if err := errors.Join(err1, err2); err != nil {
		return devKeys{}, fmt.Errorf("devnet: making the development keys: %w", err)
	}
	return withPaymaster(faucet, bundler)
}

func makeKeys(name string) (devKeys, error) {
	keys, err := newKeys()
	if err != nil {
		return devKeys{}, err
	}
	data, err := json.MarshalIndent(keyFile{
		Note:    "development chain only, never fund these elsewhere",
		Faucet:  crypto.FromECDSA(keys.Faucet),
		Bundler: crypto.FromECDSA(keys.Bundler),
	}, "", "  ")
	if err != nil {
		return devKeys{}, err
	}
	if err := writeFile(name, append(data, '\n')); err != nil {
		return devKeys{}, fmt.Errorf("devnet: writing the development keys: %w", err)
	}
	return keys, nil
}

// writeFile makes a private file appear complete or not at all.
func writeFile(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func address(key *ecdsa.PrivateKey) common.Address { return crypto.PubkeyToAddress(key.PublicKey) }
