// Validation ids and nonce keys: by whose right an operation is made.

package kernel

import (
	"encoding/binary"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
)

// ValidationType is the first byte of a [ValidationID].
type ValidationType byte

// The types.
const (
	TypeRoot       ValidationType = 0 // whatever the account's root validator is
	TypeValidator  ValidationType = 1
	TypePermission ValidationType = 2
)

// ValidationID names who approves in Kernel 3: type ‖ validator (20), or type ‖
// permission id (4) ‖ zeros.
type ValidationID [21]byte

// PermissionID names a permission; see [Permission.ID].
type PermissionID [4]byte

func (p PermissionID) String() string { return hexutil.Encode(p[:]) }

// ValidatorID is the id of a validator's contract.
func ValidatorID(contract common.Address) (id ValidationID) {
	id[0] = byte(TypeValidator)
	copy(id[1:], contract[:])
	return id
}

// Validation is the id of a permission.
func (p PermissionID) Validation() (id ValidationID) {
	id[0] = byte(TypePermission)
	copy(id[1:], p[:])
	return id
}

// Type is the id's type.
func (v ValidationID) Type() ValidationType { return ValidationType(v[0]) }

// Validator is the contract in an id of a validator.
func (v ValidationID) Validator() common.Address { return common.Address(v[1:]) }

// Permission is the permission in an id of one.
func (v ValidationID) Permission() PermissionID { return PermissionID(v[1:5]) }

func (v ValidationID) String() string { return hexutil.Encode(v[:]) }

// Mode is how an operation is validated.
type Mode byte

// The modes.
const (
	ModeDefault Mode = 0
	ModeEnable  Mode = 1 // the signature also installs who signs
)

// Lane numbers nonce sequences of one signer: operations in different lanes do not
// wait for each other. Lane 0 is the default.
type Lane uint16

// LaneOf is the lane that the SDK's getCustomNonceKeyFromString gives a text: the
// first two bytes of its keccak256. Two texts share a lane by chance once in
// 65,536.
func LaneOf(text string) Lane { return Lane(binary.BigEndian.Uint16(crypto.Keccak256([]byte(text)))) }

// NonceKey is the 192-bit nonce key of Kernel 3: mode ‖ type ‖ id (20) ‖ lane. An
// operation of the root has [TypeRoot] and yet names the validator.
type NonceKey struct {
	Mode Mode
	Type ValidationType
	ID   [20]byte // a validator's address, or a permission id and zeros
	Lane Lane
}

// RootKey is the nonce key of the root validator.
func RootKey(validator common.Address, lane Lane) NonceKey {
	return NonceKey{Mode: ModeDefault, Type: TypeRoot, ID: validator, Lane: lane}
}

// KeyOf is the nonce key of a permission or of a validator beside the root.
func KeyOf(mode Mode, id ValidationID, lane Lane) NonceKey {
	return NonceKey{Mode: mode, Type: id.Type(), ID: [20]byte(id[1:]), Lane: lane}
}

// Int is the key as the EntryPoint counts it.
func (k NonceKey) Int() *big.Int {
	b := make([]byte, 24)
	b[0], b[1] = byte(k.Mode), byte(k.Type)
	copy(b[2:], k.ID[:])
	binary.BigEndian.PutUint16(b[22:], uint16(k.Lane))
	return new(big.Int).SetBytes(b)
}

// ParseNonceKey is the inverse of [NonceKey.Int]. It refuses modes and types that
// Kernel does not have, an enabling root, and a permission whose id has more than
// four bytes: Kernel would cut it.
func ParseNonceKey(key *big.Int) (NonceKey, error) {
	if key == nil || key.Sign() < 0 || key.BitLen() > 192 {
		return NonceKey{}, fmt.Errorf("kernel: a nonce key has 192 bits, %v does not fit", key)
	}
	b := key.FillBytes(make([]byte, 24))
	k := NonceKey{Mode: Mode(b[0]), Type: ValidationType(b[1]), ID: [20]byte(b[2:22]), Lane: Lane(binary.BigEndian.Uint16(b[22:]))}
	switch {
	case k.Mode > ModeEnable:
		return NonceKey{}, fmt.Errorf("kernel: a nonce key of mode %#x", byte(k.Mode))
	case k.Type > TypePermission:
		return NonceKey{}, fmt.Errorf("kernel: a nonce key of type %#x", byte(k.Type))
	case k.Mode == ModeEnable && k.Type == TypeRoot:
		return NonceKey{}, fmt.Errorf("kernel: a nonce key that enables the root")
	case k.Type == TypePermission && [16]byte(k.ID[4:]) != [16]byte{}:
		return NonceKey{}, fmt.Errorf("kernel: a nonce key whose permission id is longer than four bytes")
	}
	return k, nil
}

// Validation is the id that the key names; for the root the one of its validator.
func (k NonceKey) Validation() ValidationID {
	var id ValidationID
	if id[0] = byte(k.Type); k.Type == TypeRoot {
		id[0] = byte(TypeValidator)
	}
	copy(id[1:], k.ID[:])
	return id
}
