package account

import (
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
)

// Causes of a *DelegationError.
var (
	ErrNotDelegated   = errors.New("it is no account of an ordinary key (EIP-7702)")
	ErrOtherCode      = errors.New("it runs other code")
	ErrNoDelegateCode = errors.New("there is no code at the contract that it should run")
	ErrAnyChain       = errors.New("an authorization for every chain is not asked for")
	ErrNotAuthorized  = errors.New("its key has not authorized the code yet")
	ErrAuthorization  = errors.New("the authorization is not for this account")
	ErrStaleNonce     = errors.New("the authorization's nonce is not the address's transaction count")
)

// DelegationError says why an address cannot run a contract's code.
type DelegationError struct {
	Account  common.Address
	Delegate common.Address // that is meant; zero if there is none
	Current  common.Address // that the address runs; zero: none, or code of its own
	Why      error          // one of the causes above, perhaps with details
}

func (e *DelegationError) Error() string {
	s := fmt.Sprintf("account: %s cannot run %s: %v", e.Account, e.Delegate, e.Why)
	if e.Delegate == (common.Address{}) {
		s = fmt.Sprintf("account: %s: %v", e.Account, e.Why)
	}
	if e.Current != (common.Address{}) {
		s += ", that of " + e.Current.Hex()
	}
	return s
}

// Unwrap returns the cause.
func (e *DelegationError) Unwrap() error { return e.Why }

// Hint implements [Hinter].
func (e *DelegationError) Hint() string {
	switch {
	case errors.Is(e.Why, ErrNotDelegated):
		return "accounts with a factory need no authorization: leave it out"
	case errors.Is(e.Why, ErrOtherCode) && e.Current == (common.Address{}):
		return "this is a contract, not the address of a key: check the address"
	case errors.Is(e.Why, ErrOtherCode):
		return "two codes would share one storage: use the wallet that set the other one, or let it remove its delegation first"
	case errors.Is(e.Why, ErrNoDelegateCode):
		return "check the chain and the contract's address: this chain does not have it"
	case errors.Is(e.Why, ErrNotAuthorized):
		return "ask the address's key first (RequestAuthorization) and prepare with its answer (WithAuthorization)"
	case errors.Is(e.Why, ErrStaleNonce):
		return "the address sent a transaction meanwhile: ask its key again (RequestAuthorization)"
	}
	return "ask the address's key again (RequestAuthorization): for this account, this contract and this chain; nothing was sent"
}
