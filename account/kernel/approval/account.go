// The account of a document, from its init code.

package approval

import (
	"bytes"
	"errors"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/internal/abiargs"
	"github.com/postern-dev/postern/passkey"
)

func method(name string, types ...string) *abi.Method {
	args := make(abi.Arguments, len(types))
	for i, t := range types {
		typ, err := abi.NewType(t, "", nil)
		if err != nil {
			panic(err) // a constant of this package is wrong; every test would fail
		}
		args[i].Type = typ
	}
	m := abi.NewMethod(name, name, abi.Function, "", false, true, args, nil)
	return &m
}

var (
	deployWithFactory = method("deployWithFactory", "address", "bytes", "bytes32")
	createAccount     = method("createAccount", "bytes", "bytes32")
	initialize30      = method("initialize", "bytes21", "address", "bytes", "bytes")
	initialize31      = method("initialize", "bytes21", "address", "bytes", "bytes", "bytes[]")
)

// creation is what init code says.
type creation struct {
	factory  common.Address // zero if it is the factory's own call
	index    *big.Int
	contract common.Address // the root validator
	data     []byte
	init     [][]byte
}

var errInitCode = errors.New("no call of Kernel's factories")

func readInitCode(b []byte) (c creation, err error) {
	var call []byte
	if v, err := abiargs.Method(deployWithFactory, b); err == nil {
		c.factory, call = v[0].(common.Address), v[1].([]byte)
		c.index = new(big.Int).SetBytes(word(v[2]))
	} else if v, err := abiargs.Method(createAccount, b); err == nil {
		call = v[0].([]byte)
		c.index = new(big.Int).SetBytes(word(v[1]))
	} else {
		return creation{}, errInitCode
	}
	v, err := abiargs.Method(initialize31, call)
	if err == nil {
		c.init = v[4].([][]byte)
	} else if v, err = abiargs.Method(initialize30, call); err != nil {
		return creation{}, errInitCode
	}
	id := kernel.ValidationID(v[0].([21]byte))
	if id.Type() != kernel.TypeValidator || v[1].(common.Address) != (common.Address{}) || len(v[3].([]byte)) > 0 {
		return creation{}, errInitCode
	}
	c.contract, c.data = id.Validator(), v[2].([]byte)
	return c, nil
}

func word(v any) []byte { w := v.([32]byte); return w[:] }

// Versions are the versions of Kernel whose factories make the document's account
// of its init code. There are none if the account was made otherwise, as by
// EIP-7702, or if the init code is not the one that it was made of.
func (d *Document) Versions() []kernel.Version {
	var out []kernel.Version
	c, err := readInitCode(d.fields.InitCode)
	if err != nil {
		return nil
	}
	for _, row := range kernel.Deployments() {
		if a, err := d.made(c, row.Version); err == nil && a.Address() == d.fields.Account {
			out = append(out, row.Version)
		}
	}
	return out
}

// made is the account that a version's factory makes of the init code.
func (d *Document) made(c creation, v kernel.Version) (*kernel.Account, error) {
	root, err := Validator(v, c.contract, c.data)
	if err != nil {
		return nil, err
	}
	a, err := kernel.New(kernel.Config{Version: v, Root: root, Index: c.index, Init: c.init, Direct: c.factory == common.Address{}})
	if err != nil {
		return nil, err
	}
	if _, data := a.Factory(); !bytes.Equal(data, d.fields.InitCode) {
		return nil, errInitCode
	}
	return a, nil
}

// Account is the account that the init code makes, if it is the document's: that
// proves who its first owner was. Otherwise – its owner has changed, or it is a
// delegated key – it is attached, with the owner that the context or the init code
// names: that only the chain can prove. See [Document.Derived].
func (d *Document) Account() (*kernel.Account, error) {
	version, err := d.version()
	if err != nil {
		return nil, err
	}
	owner := d.context.Owner
	if d.fields.InitCode != nil {
		c, err := readInitCode(d.fields.InitCode)
		if err != nil {
			return nil, refuse("accountParams.initCode", wayAgain, "it is %v", err)
		}
		if a, err := d.made(c, version); err == nil && a.Address() == d.fields.Account {
			return a, nil
		}
		if owner == nil {
			if owner, err = Validator(version, c.contract, c.data); err != nil {
				return nil, err
			}
		}
	}
	if owner == nil {
		return nil, refuse("accountParams.initCode", "say who the account's owner is, or read it from the chain", "it does not tell the owner")
	}
	return kernel.Attach(d.fields.Account, version, owner)
}

// Derived reports whether the document's address is the one that its init code
// makes, so that its owner is known without a chain.
func (d *Document) Derived() bool {
	list := d.Versions()
	return len(list) > 0 && (d.context.Version == "" || slices.Contains(list, d.context.Version))
}

// Owner is the root validator that must have signed: the context's, or the one of
// the init code.
func (d *Document) Owner() (kernel.Validator, error) {
	if d.context.Owner != nil {
		return d.context.Owner, nil
	}
	a, err := d.Account()
	if err != nil {
		return nil, err
	}
	return a.Root(), nil
}

// Validator is the root validator of a contract and what it was installed with. It
// reads those with known holes too: that somebody has one is not theirs to choose
// that open a document. [grant.Check] finds them.
func Validator(v kernel.Version, contract common.Address, data []byte) (kernel.Validator, error) {
	var all []kernel.Validator
	switch len(data) {
	case common.AddressLength:
		owner := common.Address(data)
		all = []kernel.Validator{kernel.ECDSA{Owner: owner}, kernel.MultiChainECDSA{Owner: owner}}
	case 96:
		key, err := passkey.ParseRaw(data[:64])
		if err != nil {
			return nil, refuse("owner", wayAgain, "the owner's passkey is no point of the curve")
		}
		hash := common.Hash(data[64:])
		all = []kernel.Validator{
			kernel.WebAuthn{Key: key, CredentialHash: hash},
			kernel.WebAuthn{Key: key, CredentialHash: hash, Version: kernel.WebAuthn002, DangerVulnerable: true},
			kernel.WebAuthn{Key: key, CredentialHash: hash, Version: kernel.WebAuthn001, DangerVulnerable: true},
			kernel.MultiChainWebAuthn{Key: key, CredentialHash: hash},
			kernel.MultiChainWebAuthn{Key: key, CredentialHash: hash, Version: kernel.WebAuthn001, DangerVulnerable: true},
		}
	}
	for _, candidate := range all {
		if c, err := candidate.Contract(v); err == nil && c == contract {
			return candidate, nil
		}
	}
	return nil, refuse("owner", "the known ones are ECDSA and WebAuthn, of one and of several chains", "the root validator %s with %d bytes of data is not known", contract, len(data))
}
