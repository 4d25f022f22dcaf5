package webauthn

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// accountID is what accountId() answers, up to the minor version: a later 1.x
// keeps signers, signatures and calls as they are.
const accountID = "postern.webauthnaccount.1."

// ErrNoAccount is returned by At where there is no contract.
var ErrNoAccount = errors.New("webauthn: there is no account at this address on this chain")

// NotOursError says that a contract is no WebAuthnAccount that this package
// knows.
type NotOursError struct {
	Address common.Address
	Why     string
}

func (e *NotOursError) Error() string {
	return fmt.Sprintf("webauthn: %s is no WebAuthnAccount of version 1: %s", e.Address, e.Why)
}

// Hint implements [account.Hinter].
func (e *NotOursError) Hint() string {
	return "check address and chain; another kind of account needs its own package"
}

// StorageReader is an ability of chains. With it, [At] also checks that the code
// behind the account's proxy is one of Postern's; without, it takes the
// contract's word.
type StorageReader interface {
	Storage(ctx context.Context, addr common.Address, slot common.Hash) (common.Hash, error)
}

// implementationSlot is ERC-1967's.
var implementationSlot = common.HexToHash("0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc")

// At opens an account that exists, as the chain has it now: EntryPoint, signers,
// weights, threshold, and how each passkey's signatures are verified. The result cannot be deployed elsewhere; [Account.With]
// keeps that ability of an account from New.
func At(ctx context.Context, ch account.Chain, addr common.Address) (*Account, error) {
	code, err := ch.Code(ctx, addr)
	if err != nil {
		return nil, fmt.Errorf("webauthn: read the code of %s: %w", addr, err)
	}
	if len(code) == 0 {
		return nil, fmt.Errorf("%w: %s", ErrNoAccount, addr)
	}
	r := reader{ctx: ctx, chain: ch, addr: addr}
	id, err := read[string](r, "accountId")
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(id, accountID) {
		return nil, &NotOursError{addr, fmt.Sprintf("it calls itself %.80q", id)}
	}
	epAddr, err := read[common.Address](r, "entryPoint")
	if err != nil {
		return nil, err
	}
	ep, ok := userop.EntryPointByAddress(epAddr)
	if !ok {
		return nil, &NotOursError{addr, fmt.Sprintf("it answers to the unknown EntryPoint %s", epAddr)}
	}
	d, err := contracts.ForEntryPoint(ep)
	if err != nil {
		return nil, &NotOursError{addr, err.Error()}
	}
	if err := checkImplementation(ctx, ch, addr, d); err != nil {
		return nil, err
	}
	a := &Account{deployment: d, address: addr}
	if a.threshold, err = read[uint64](r, "threshold"); err != nil {
		return nil, err
	}
	if a.members, err = r.members(); err != nil {
		return nil, err
	}
	if len(a.members) == 0 {
		return nil, &NotOursError{addr, "it has no signers"}
	}
	a.paths = readPaths(ctx, ch, addr, a.members)
	return a, nil
}

// With reads the account as the chain has it now and keeps how it is deployed. An
// account that is not on the chain yet is returned as it is.
func (a *Account) With(ctx context.Context, ch account.Chain) (*Account, error) {
	now, err := At(ctx, ch, a.address)
	if errors.Is(err, ErrNoAccount) && a.create != nil {
		return a, nil
	}
	if err != nil {
		return nil, err
	}
	if now.EntryPoint() != a.EntryPoint() {
		return now, nil
	}
	now.create = a.create
	return now, nil
}

func checkImplementation(ctx context.Context, ch account.Chain, addr common.Address, d contracts.Deployment) error {
	s, ok := ch.(StorageReader)
	if !ok {
		return nil
	}
	w, err := s.Storage(ctx, addr, implementationSlot)
	if err != nil {
		return fmt.Errorf("webauthn: read the implementation of %s: %w", addr, err)
	}
	if got := common.BytesToAddress(w[:]); got != d.Implementation {
		return &NotOursError{addr, fmt.Sprintf("its code is %s, ours is %s: it was upgraded to something else", got, d.Implementation)}
	}
	return nil
}

// reader calls view functions of an account.
type reader struct {
	ctx   context.Context
	chain account.Chain
	addr  common.Address
}

// read calls a function without or with arguments that returns one value.
func read[T any](r reader, method string, args ...any) (T, error) {
	var zero T
	data, err := contracts.AccountABI.Pack(method, args...)
	if err != nil {
		return zero, fmt.Errorf("webauthn: encode %s: %w", method, err)
	}
	out, err := r.chain.Call(r.ctx, r.addr, data)
	if err != nil {
		if _, reverted := errors.AsType[*userop.Revert](err); reverted {
			return zero, &NotOursError{r.addr, method + " reverts"}
		}
		return zero, fmt.Errorf("webauthn: ask %s for %s: %w", r.addr, method, err)
	}
	values, err := contracts.AccountABI.Unpack(method, out)
	if err != nil || len(values) != 1 {
		return zero, &NotOursError{r.addr, method + " answers in another form"}
	}
	v, ok := values[0].(T)
	if !ok {
		return zero, &NotOursError{r.addr, method + " answers in another form"}
	}
	return v, nil
}

// members reads all signers and their weights.
func (r reader) members() ([]Member, error) {
	list, err := read[[][]byte](r, "getSigners", uint64(0), uint64(maxMembers+1))
	if err != nil {
		return nil, err
	}
	if len(list) > maxMembers {
		return nil, fmt.Errorf("%w: more than %d", ErrTooMany, maxMembers)
	}
	members, errs := make([]Member, len(list)), make([]error, len(list))
	for i, b := range list {
		if members[i].Signer, err = seal.ParseSigner(b); err != nil {
			return nil, &NotOursError{r.addr, err.Error()}
		}
	}
	each(len(list), func(i int) { members[i].Weight, errs[i] = read[uint64](r, "signerWeight", list[i]) })
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return members, nil
}
