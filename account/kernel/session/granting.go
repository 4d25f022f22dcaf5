// How a grant is made, and why it is not.

package session

import (
	"bytes"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
)

// GrantOption changes how a grant is made.
type GrantOption func(*grantOptions)

type grantOptions struct {
	privateKey []byte
	portable   bool
	protected  []common.Address
	clock      func() time.Time
	style      grant.Style
	code       bool
}

// CheckingCode refuses chains whose contracts are not those of the public networks,
// byte for byte ([kernel.CheckCode]): also development chains with other builds.
func CheckingCode() GrantOption { return func(o *grantOptions) { o.code = true } }

// WithPrivateKey puts the private key of an ECDSA signer into the documents:
// whoever has one of them can act.
func WithPrivateKey(key []byte) GrantOption {
	return func(o *grantOptions) { o.privateKey = bytes.Clone(key) }
}

// ForSDK says that the documents go to the SDK, which loses what its form has no
// place for: the grant's own flag.
func ForSDK() GrantOption { return func(o *grantOptions) { o.portable = true } }

// WithProtected names contracts that the key must never call, beside the account,
// its validator and the policies.
func WithProtected(contracts ...common.Address) GrantOption {
	return func(o *grantOptions) { o.protected = append(o.protected, contracts...) }
}

// WithClock replaces the machine's clock, which counts unless the chain's latest block
// is later, or far behind.
func WithClock(clock func() time.Time) GrantOption { return func(o *grantOptions) { o.clock = clock } }

// WithGrantStyle says how [Pending.Words] writes amounts and times.
func WithGrantStyle(s grant.Style) GrantOption { return func(o *grantOptions) { o.style = s } }

// ExistsError says that an account has or had the permission: the same contents
// cannot be installed twice.
type ExistsError struct {
	Permission kernel.PermissionID
	State      State // Enabled, Revoked or Invalidated
}

func (e *ExistsError) Error() string {
	return fmt.Sprintf("session: the permission %s is known to the account: it %s", e.Permission, e.State.words())
}

// Hint implements [account.Hinter].
func (e *ExistsError) Hint() string {
	return "give the grant other contents: another session key, or another time at which it ends; the same ones have the same id"
}

// RootsError says that two accounts do not have the same owner, so that one
// approval cannot be for both.
type RootsError struct{ First, Other string }

func (e *RootsError) Error() string {
	return fmt.Sprintf("session: the owner is %s on the first chain, and %s here", e.First, e.Other)
}

// Hint implements [account.Hinter].
func (e *RootsError) Hint() string {
	return "grant for the accounts of each owner by itself; an account whose owner changed is opened with kernel.At"
}

var (
	_ account.Hinter = (*ExistsError)(nil)
	_ account.Hinter = (*RootsError)(nil)
)
