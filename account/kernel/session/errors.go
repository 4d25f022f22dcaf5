package session

import (
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
)

var (
	// ErrNoTargets says that a grant is for no chain.
	ErrNoTargets = errors.New("session: the grant is for no account")
	// ErrUpgraded says that the account runs another version of Kernel than when the
	// document was opened. An approval that was not used before is void.
	ErrUpgraded = errors.New("session: the account was upgraded since the approval was opened: open it again")
	// ErrAnswer is returned for a node's answer that no such contract gives.
	ErrAnswer = errors.New("session: the node's answer is not the contract's")
)

// GrantError says that a grant must not be signed.
type GrantError struct{ Findings []grant.Finding }

func (e *GrantError) Error() string {
	s := "session: this grant must not be signed: " + e.Findings[0].String()
	if n := len(e.Findings) - 1; n > 0 {
		s += fmt.Sprintf(" (and %d more)", n)
	}
	return s
}

// Hint implements [account.Hinter].
func (e *GrantError) Hint() string { return e.Findings[0].Hint() }

// Unwrap is the first finding.
func (e *GrantError) Unwrap() error { return e.Findings[0] }

// TargetError says on which chain something is wrong.
type TargetError struct {
	Target  int // from 0
	ChainID *big.Int
	Account common.Address
	Cause   error
}

func (e *TargetError) Error() string {
	return fmt.Sprintf("session: account %s on chain %v: %v", e.Account, e.ChainID, e.Cause)
}

// Unwrap is the cause.
func (e *TargetError) Unwrap() error { return e.Cause }

// Hint implements [account.Hinter].
func (e *TargetError) Hint() string { return hint(e.Cause) }

// StateError says that a permission is in a state in which it cannot do what is
// asked.
type StateError struct {
	Permission kernel.PermissionID
	Account    common.Address
	State      State
}

func (e *StateError) Error() string {
	return fmt.Sprintf("session: the permission %s of %s %s", e.Permission, e.Account, e.State.words())
}

// Hint implements [account.Hinter].
func (e *StateError) Hint() string { return e.State.hint() }

// MismatchError says that document and chain, or document and itself, disagree.
type MismatchError struct {
	What        string // "the account's signer of this permission"
	Want, Found string
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("session: %s is %s, the approval says %s", e.What, e.Found, e.Want)
}

// Hint implements [account.Hinter].
func (e *MismatchError) Hint() string {
	return "do not use it: the approval was changed, is meant for another account or chain, or the node lies"
}

// MissingError says that a chain does not have a contract that a permission needs.
type MissingError struct {
	What     string // "policy 2"
	Contract common.Address
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("session: there is no contract at %s on this chain, which is the permission's %s", e.Contract, e.What)
}

// Hint implements [account.Hinter].
func (e *MissingError) Hint() string {
	return "check the chain; ZeroDev's contracts can be deployed by anybody, at the same addresses; other versions of a policy may be there"
}

// RefusedError says that a policy would refuse what is asked.
type RefusedError struct{ Decision grant.Decision }

func (e *RefusedError) Error() string {
	return "session: it would be refused: " + strings.TrimPrefix(e.Unwrap().Error(), "grant: ")
}

// Unwrap is the rule that refuses, a *[grant.Refusal].
func (e *RefusedError) Unwrap() error { return e.Decision.Refusal }

// Hint implements [account.Hinter].
func (e *RefusedError) Hint() string { return e.Decision.Refusal.Hint() }

func hint(err error) string {
	if h, ok := errors.AsType[interface {
		error
		account.Hinter
	}](err); ok {
		return h.Hint()
	}
	return ""
}

var (
	_ account.Hinter = (*GrantError)(nil)
	_ account.Hinter = (*TargetError)(nil)
	_ account.Hinter = (*StateError)(nil)
	_ account.Hinter = (*MismatchError)(nil)
	_ account.Hinter = (*MissingError)(nil)
	_ account.Hinter = (*RefusedError)(nil)
)
