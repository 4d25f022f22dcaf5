package account

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// birth is how an account comes into being: by its factory, or by its key's
// authorization (EIP-7702).
type birth struct {
	acct        Account
	delegated   bool
	source      common.Address // factory or delegate; zero if there is none
	factoryData []byte

	code, sourceCode []byte // on the chain
	count            uint64 // transactions of the address, where there is an authorization
	errCount         error
}

func newBirth(acct Account) *birth {
	b := &birth{acct: acct}
	if d, ok := acct.(Delegated); ok {
		b.delegated, b.source = true, d.Delegate()
	} else {
		b.source, b.factoryData = acct.Factory()
	}
	return b
}

// judge writes into f what an operation needs for the account to exist.
func (b *birth) judge(f *facts, a *userop.Authorization) error {
	self := b.acct.Address()
	switch {
	case b.delegated:
		return b.judgeDelegation(f, a)
	case a != nil:
		return &DelegationError{Account: self, Why: ErrNotDelegated}
	case len(b.code) > 0:
		return nil
	case len(b.sourceCode) == 0:
		return &NotDeployedError{Account: self, Factory: b.source, ChainID: f.chainID}
	}
	f.factory, f.factoryData = b.source, b.factoryData
	return nil
}

func (b *birth) judgeDelegation(f *facts, a *userop.Authorization) error {
	self := b.acct.Address()
	there, err := delegationState(self, b.source, b.code, b.sourceCode)
	if there || err != nil {
		return err
	}
	if a == nil {
		return &DelegationError{Account: self, Delegate: b.source, Why: ErrNotAuthorized}
	}
	if err := checkAuthorization(a, self, b.source, f.chainID); err != nil {
		return err
	}
	switch {
	case errors.Is(b.errCount, errNoCount): // the bundler will know
	case b.errCount != nil:
		return fmt.Errorf("account: count the transactions of %s: %w", self, b.errCount)
	case b.count != a.Nonce:
		return &DelegationError{Account: self, Delegate: b.source, Why: fmt.Errorf("%w: %d, which is %d", ErrStaleNonce, a.Nonce, b.count)}
	}
	f.authorization = a
	return nil
}

// checkAuthorization refuses one of another key, contract or chain, also one for
// every chain, which somebody could use where nobody meant it.
func checkAuthorization(a *userop.Authorization, self, delegate common.Address, chainID *big.Int) error {
	refuse := func(why error) error { return &DelegationError{Account: self, Delegate: delegate, Why: why} }
	switch {
	case a.ChainID == nil || a.ChainID.Sign() == 0:
		return refuse(ErrAnyChain)
	case a.ChainID.Cmp(chainID) != 0:
		return refuse(fmt.Errorf("%w: it is for chain %s", ErrAuthorization, a.ChainID))
	case a.Address != delegate:
		return refuse(fmt.Errorf("%w: it is for the contract %s", ErrAuthorization, a.Address))
	}
	who, err := a.Authority()
	if err != nil {
		return refuse(fmt.Errorf("%w: %w", ErrAuthorization, err))
	}
	if who != self {
		return refuse(fmt.Errorf("%w: %s signed it", ErrAuthorization, who))
	}
	return nil
}
