package webauthn

import (
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
)

// Handle is what a passkey remembers of its account in the WebAuthn user handle:
// how to find it again from nothing else. Either the salt of the account that was
// made with this passkey as its only signer, or the address of an account that
// the passkey was added to.
type Handle struct {
	salt    [32]byte
	address common.Address
	further bool
}

const (
	handleSalt    = 0x01
	handleAddress = 0x02
)

// ErrHandle is returned for a user handle that is none of ours.
var ErrHandle = errors.New("webauthn: this user handle leads to no account")

// NewHandle is the handle of a new account, with a random salt.
func NewHandle() Handle {
	var h Handle
	_, _ = rand.Read(h.salt[:]) // never fails
	return h
}

// SaltHandle is the handle of the first passkey of the account with this salt.
func SaltHandle(salt [32]byte) Handle { return Handle{salt: salt} }

// AddressHandle is the handle of a further passkey of an existing account.
func AddressHandle(a common.Address) Handle { return Handle{address: a, further: true} }

// ParseHandle reads 0x01 ‖ salt(32) or 0x02 ‖ address(20).
func ParseHandle(b []byte) (Handle, error) {
	switch {
	case len(b) == 33 && b[0] == handleSalt:
		return SaltHandle([32]byte(b[1:])), nil
	case len(b) == 21 && b[0] == handleAddress && common.BytesToAddress(b[1:]) != (common.Address{}):
		return AddressHandle(common.BytesToAddress(b[1:])), nil
	}
	return Handle{}, fmt.Errorf("%w: %d bytes", ErrHandle, len(b))
}

// Bytes is the user handle to register the passkey with.
func (h Handle) Bytes() []byte {
	if h.further {
		return append([]byte{handleAddress}, h.address[:]...)
	}
	return append([]byte{handleSalt}, h.salt[:]...)
}

// Salt returns the salt if the passkey is an account's first.
func (h Handle) Salt() (salt [32]byte, ok bool) { return h.salt, !h.further }

// Address returns the address if the passkey was added to an account.
func (h Handle) Address() (a common.Address, ok bool) { return h.address, h.further }
