package hybrid

import (
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
)

var (
	// ErrNoSigner is returned for an account that nobody could control.
	ErrNoSigner = errors.New("hybrid: an account needs an owner or a key")
	// ErrNoChange is returned for a change that changes nothing.
	ErrNoChange = errors.New("hybrid: nothing changes")
	// ErrNotSigner matches *NotSignerError.
	ErrNotSigner = errors.New("hybrid: this is no signer of the account")
)

// NotSignerError says that somebody is none of the account's signers, as far as they
// are known. It matches [ErrNotSigner].
type NotSignerError struct {
	Account common.Address
	Who     string // "0x… is not its owner"
}

func (e *NotSignerError) Error() string { return ErrNotSigner.Error() + ": " + e.Who }

// Is matches ErrNotSigner.
func (e *NotSignerError) Is(target error) bool { return target == ErrNotSigner }

// Hint implements [account.Hinter].
func (e *NotSignerError) Hint() string {
	return fmt.Sprintf("read who signs for %s from the chain (At, With): keys count by the hash of their text, and may have been added or removed since", e.Account)
}

// LastSignerError says that a change would leave nobody who can sign.
type LastSignerError struct {
	// Owner is who would be left, of whom it is known that they cannot sign, and
	// Why; the zero address if nobody would be left at all.
	Owner common.Address
	Why   string
}

func (e *LastSignerError) Error() string {
	if e.Why != "" {
		return fmt.Sprintf("hybrid: only the owner %s would be left, and it cannot sign: %s", e.Owner, e.Why)
	}
	return "hybrid: the last signer cannot be removed: nobody could use the account any more"
}

// Hint implements [account.Hinter].
func (e *LastSignerError) Hint() string {
	return "add another signer first, and try it: a signer that never signed is a hope"
}

// KeyExistsError says that an account has a key under this text already.
type KeyExistsError struct{ Key Key }

func (e *KeyExistsError) Error() string {
	return fmt.Sprintf("hybrid: %s is a key of the account already", e.Key)
}

// Hint implements [account.Hinter].
func (e *KeyExistsError) Hint() string {
	return "there is nothing to add; to put another key under the same text, remove the old one first"
}

// NoSuchKeyError says that an account has no such key.
type NoSuchKeyError struct{ Key Key }

func (e *NoSuchKeyError) Error() string {
	return fmt.Sprintf("hybrid: %s is no key of the account", e.Key)
}

// Hint implements [account.Hinter].
func (e *NoSuchKeyError) Hint() string {
	return "read the account's keys from the chain; a passkey's text is \"0x\" and the hex of its base64url credential id as text"
}

// UnknownTextError says that a key cannot be removed because its text is not known.
type UnknownTextError struct{ Key Key }

func (e *UnknownTextError) Error() string {
	return fmt.Sprintf("hybrid: to remove %s the contract asks for its text, and only the hash of that is known", e.Key)
}

// Hint implements [account.Hinter].
func (e *UnknownTextError) Hint() string {
	return "name the credential id, ask a node that has the account's logs, or set all signers anew"
}

var (
	_ account.Hinter = (*NotSignerError)(nil)
	_ account.Hinter = (*LastSignerError)(nil)
	_ account.Hinter = (*KeyExistsError)(nil)
	_ account.Hinter = (*NoSuchKeyError)(nil)
	_ account.Hinter = (*UnknownTextError)(nil)
)

// change is one call of the account to itself that leaves somebody who can sign.
func (a *Account) change(method string, args ...any) ([]account.Call, error) {
	data, err := pack(method, args...)
	if err != nil {
		return nil, err
	}
	calls := []account.Call{{To: a.address, Data: data}}
	if err := a.checkLeft(calls); err != nil {
		return nil, err
	}
	return calls, nil
}

// AddKey lets another key do everything that the account can do.
func (a *Account) AddKey(k Key) ([]account.Call, error) {
	if err := k.check(); err != nil {
		return nil, err
	}
	if known, ok := a.Key(k.Hash); ok {
		return nil, &KeyExistsError{Key: known}
	}
	if len(a.keys) >= maxKeys {
		return nil, &TooManyKeysError{Keys: len(a.keys) + 1}
	}
	return a.change("addKey", k.ID, xsOf([]Key{k})[0], ysOf([]Key{k})[0])
}

// RemoveKey takes a key's power away. The key is found by its hash; k.ID serves
// where the account does not know the text.
func (a *Account) RemoveKey(k Key) ([]account.Call, error) {
	if k.Hash == (common.Hash{}) && k.ID != "" {
		k = TextKey(k.ID, k.Public)
	}
	known, ok := a.Key(k.Hash)
	if !ok || !k.Public.IsZero() && !known.Public.IsZero() && k.Public != known.Public {
		return nil, &NoSuchKeyError{Key: k}
	}
	if known.ID == "" {
		known.ID = k.ID
	}
	if known.ID == "" {
		return nil, &UnknownTextError{Key: known}
	}
	if TextKey(known.ID, known.Public).Hash != known.Hash {
		return nil, ErrKeyHash
	}
	return a.change("removeKey", known.ID)
}

// UpdateSigners sets owner and keys anew: all that were there and are not named
// lose their power.
func (a *Account) UpdateSigners(owner common.Address, keys []Key) ([]account.Call, error) {
	if err := checkKeys(keys); err != nil {
		return nil, err
	}
	if why := a.whyDead(owner, append(a.Keys(), keys...)); why != "" {
		return nil, &OwnerError{Owner: owner, Why: why}
	}
	return a.change("updateSigners", owner, idsOf(keys), xsOf(keys), ysOf(keys))
}

// TransferOwnership makes another secp256k1 key the owner; the old one loses its
// power. There is no way back but by another signer: ask [CheckOwner] about the
// address before.
func (a *Account) TransferOwnership(to common.Address) ([]account.Call, error) {
	switch why := a.whyDead(to, a.keys); {
	case to == (common.Address{}):
		return nil, &OwnerError{Owner: to, Why: "it is the zero address; to have no owner any more, renounce ownership"}
	case to == a.owner:
		return nil, ErrNoChange
	case why != "":
		return nil, &OwnerError{Owner: to, Why: why}
	}
	return a.change("transferOwnership", to)
}

// RenounceOwnership leaves the account to its keys.
func (a *Account) RenounceOwnership() ([]account.Call, error) {
	if a.owner == (common.Address{}) {
		return nil, ErrNoChange
	}
	return a.change("renounceOwnership")
}
