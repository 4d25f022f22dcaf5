package hybrid

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

// AtOption helps [At] to read an account.
type AtOption func(*atOptions)

type atOptions struct {
	deployment Deployment
	known      []Key
}

// WithDeployment says which contracts are behind the account where they are not
// MetaMask's own.
func WithDeployment(d Deployment) AtOption { return func(o *atOptions) { o.deployment = d } }

// WithKnownKeys names keys that the account may have, for nodes that do not have
// its logs: a key's text is in an event only. What of them the account does not
// have is left out.
func WithKnownKeys(keys ...Key) AtOption {
	return func(o *atOptions) { o.known = append(o.known, keys...) }
}

// StorageReader is an ability of chains. With it, [At] reads from storage what
// code is behind the account's proxy, and the public keys whose texts nobody
// knows; without, it takes the contract's word for the first and leaves the second
// out.
type StorageReader interface {
	Storage(ctx context.Context, addr common.Address, slot common.Hash) (common.Hash, error)
}

// implementationSlot is ERC-1967's.
var implementationSlot = common.HexToHash("0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc")

// keysSlot is the slot of the mapping from key hashes to public keys: the second
// of the struct at DELEGATOR_STORAGE_LOCATION.
var keysSlot = common.HexToHash("0xa2b1bcb5e16cee2a8898b49cb0c3605e70c16f429f6002ed8b1bc5612a694901")

// ErrNoAccount is returned by At where there is no contract.
var ErrNoAccount = errors.New("hybrid: there is no account at this address on this chain")

// NotHybridError says that a contract is no Hybrid account of framework 1.3.0.
type NotHybridError struct {
	Address common.Address
	Why     string
	// EIP7702 says that it is an ordinary account that runs a contract's code.
	EIP7702 bool
}

func (e *NotHybridError) Error() string {
	return fmt.Sprintf("hybrid: %s is no Hybrid account of framework %s: %s", e.Address, version130, e.Why)
}

// Hint implements [account.Hinter].
func (e *NotHybridError) Hint() string {
	if e.EIP7702 {
		return "it has no owner and no passkeys, only the key of its own address: open it as an EIP-7702 account"
	}
	return "check address and chain; for contracts of a deployment of your own, name that deployment"
}

var _ account.Hinter = (*NotHybridError)(nil)

// At opens an account that exists, as the chain has it now: owner and keys. It
// checks that the account is a proxy of the deployment's implementation. Keys whose
// text neither the account's logs nor [WithKnownKeys] give are known by hash, and
// by public key where the chain is a [StorageReader]; they sign like the others.
// All of this is the node's word.
//
// The result cannot be deployed elsewhere; [Account.With] keeps that ability of an
// account from [New].
func At(ctx context.Context, ch account.Chain, addr common.Address, opts ...AtOption) (*Account, error) {
	o := atOptions{deployment: V130()}
	for _, f := range opts {
		f(&o)
	}
	if err := o.deployment.check(); err != nil {
		return nil, err
	}
	r := reader{ctx: ctx, chain: ch, addr: addr}
	if err := r.checkCode(o.deployment); err != nil {
		return nil, err
	}
	a := &Account{deployment: o.deployment, address: addr, read: true}
	var err error
	if a.owner, err = read[common.Address](r, "owner"); err != nil {
		return nil, err
	}
	hashes, err := read[[][32]byte](r, "getKeyIdHashes")
	if err != nil {
		return nil, err
	}
	if len(hashes) > maxKeys {
		return nil, &TooManyKeysError{Keys: len(hashes)}
	}
	if a.keys, err = r.keys(hashes, o.known); err != nil {
		return nil, err
	}
	if a.deadOwner = a.whyDead(a.owner, a.keys); a.deadOwner == "" {
		if a.deadOwner, err = deadOnChain(ctx, ch, a.owner); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// With reads the account as the chain has it now and keeps how it is deployed. An
// account that is not on the chain yet is returned as it is.
func (a *Account) With(ctx context.Context, ch account.Chain, opts ...AtOption) (*Account, error) {
	known := a.keys
	if a.create != nil {
		known = append(a.Keys(), a.create.Keys...)
	}
	now, err := At(ctx, ch, a.address, append([]AtOption{WithDeployment(a.deployment), WithKnownKeys(known...)}, opts...)...)
	if errors.Is(err, ErrNoAccount) && a.create != nil {
		return a, nil
	}
	if err != nil {
		return nil, err
	}
	now.create = a.create
	return now, nil
}

// reader calls view functions of an account.
type reader struct {
	ctx   context.Context
	chain account.Chain
	addr  common.Address
}

func (r reader) other(format string, args ...any) error {
	return &NotHybridError{Address: r.addr, Why: fmt.Sprintf(format, args...)}
}

// checkCode checks that there is a proxy, and what is behind it.
func (r reader) checkCode(d Deployment) error {
	code, err := r.chain.Code(r.ctx, r.addr)
	delegate, delegated := userop.ParseDelegation(code)
	switch {
	case err != nil:
		return fmt.Errorf("hybrid: read the code of %s: %w", r.addr, err)
	case len(code) == 0:
		return fmt.Errorf("%w: %s", ErrNoAccount, r.addr)
	case delegated:
		return &NotHybridError{Address: r.addr, EIP7702: true, Why: fmt.Sprintf("it is an ordinary account that runs the code of %s", delegate)}
	case crypto.Keccak256Hash(d.mask(codeProxy.name, r.addr, new(big.Int), code)) != codeProxy.hash:
		return r.other("it is another contract than the proxy that MetaMask's kit deploys")
	}
	var implementation common.Address
	if s, ok := r.chain.(StorageReader); ok {
		w, err := s.Storage(r.ctx, r.addr, implementationSlot)
		if err != nil {
			return fmt.Errorf("hybrid: read the implementation of %s: %w", r.addr, err)
		}
		implementation = common.BytesToAddress(w[:])
	} else if implementation, err = read[common.Address](r, "getImplementation"); err != nil {
		return err
	}
	if implementation != d.Implementation {
		return r.other("its code is %s, the deployment's is %s", implementation, d.Implementation)
	}
	return nil
}

// read calls a function that returns one value.
func read[T any](r reader, method string, args ...any) (T, error) {
	var zero T
	values, err := r.call(method, args...)
	if err != nil {
		return zero, err
	}
	v, ok := values[0].(T)
	if !ok || len(values) != 1 {
		return zero, r.other("%s answers in another form", method)
	}
	return v, nil
}

func (r reader) call(method string, args ...any) ([]any, error) {
	data, err := pack(method, args...)
	if err != nil {
		return nil, err
	}
	out, err := r.chain.Call(r.ctx, r.addr, data)
	if err != nil {
		if _, reverted := errors.AsType[*userop.Revert](err); reverted {
			return nil, r.other("%s reverts", method)
		}
		return nil, fmt.Errorf("hybrid: ask %s for %s: %w", r.addr, method, err)
	}
	values, err := contractABI.Unpack(method, out)
	if err != nil || len(values) == 0 {
		return nil, r.other("%s answers in another form", method)
	}
	return values, nil
}
