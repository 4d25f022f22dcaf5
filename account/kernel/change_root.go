// Giving an account to another owner.
//
// Kernel 3 leaves much to whoever does this. Its changeRootValidator installs the new
// validator only if that is not installed yet: with the validator of now, or with one that
// was the root before, it keeps the owner whom the validator knows, and says nothing. The
// old validator stays installed: it makes no operations any more, but its signatures of
// messages (ERC-1271) stay valid. Permissions stay too.

package kernel

import (
	"context"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
)

var (
	onInstall   = function("onInstall", mustType("bytes"))
	onUninstall = function("onUninstall", mustType("bytes"))
)

// ChangeRoot is the bare change of the root validator, as the SDK makes it: see
// [Account.ReplaceRoot], which does all of it, for what it leaves. It refuses the
// validator that the root has now. What the old root approved and what is not installed
// yet is void then.
func (a *Account) ChangeRoot(to Validator) ([]account.Call, error) {
	contract, err := a.newRoot(to)
	switch {
	case err != nil:
		return nil, err
	case !a.Version().V3():
		return a.call(pack(setDefaultValidator, contract, to.InitData()))
	case a.Version() == V030:
		return nil, &UnsupportedError{Version: V030, What: "cannot change its root validator", Way: "use DangerChangeRoot030, or upgrade it first: Upgrade(kernel.V031)"}
	case contract == a.validator:
		return nil, &UnsupportedError{Version: a.Version(), What: "keeps its owner if the root changes to the validator that it is", Way: "use ReplaceRoot"}
	}
	return a.call(a.changeRoot(to, contract))
}

func (a *Account) newRoot(to Validator) (common.Address, error) {
	if to == nil {
		return common.Address{}, ErrNoOwner
	}
	if isDelegated(to) || isDelegated(a.root) {
		return common.Address{}, refuseDelegated(a.Version())
	}
	if err := to.check(); err != nil {
		return common.Address{}, err
	}
	return to.Contract(a.Version())
}

func (a *Account) changeRoot(to Validator, contract common.Address) ([]byte, error) {
	return pack(changeRootValidator, [21]byte(ValidatorID(contract)), common.Address{}, to.InitData(), []byte{})
}

// DangerChangeRoot030 is ChangeRoot for Kernel 0.3.0, which has no function for it: it
// runs that of Kernel 0.3.1 as the account itself, as the SDK does. The calls are for the
// account that is returned.
func (a *Account) DangerChangeRoot030(to Validator) (DangerDelegating, []account.Call, error) {
	contract, err := a.newRoot(to)
	switch {
	case err != nil:
		return DangerDelegating{}, nil, err
	case a.Version() != V030 || contract == a.validator:
		return DangerDelegating{}, nil, &UnsupportedError{Version: a.Version(), What: "does not change its root to that validator so", Way: "use ReplaceRoot"}
	}
	later, err := ForVersion(V031, nil)
	if err != nil {
		return DangerDelegating{}, nil, err
	}
	data, err := a.changeRoot(to, contract)
	return DangerDelegating{a}, []account.Call{{To: later.Implementation, Data: data}}, err
}

// ReplaceRoot gives the account to another owner, on whatever validator, and leaves the
// old one nothing: it asks the chain what is installed, and makes the calls that this
// takes, which must run together. Permissions that the old owner granted are revoked too,
// all of them, unless keep is set; what they signed as messages stays valid until each is
// uninstalled.
func (a *Account) ReplaceRoot(ctx context.Context, ch account.Chain, to Validator, keep bool) ([]account.Call, error) {
	contract, err := a.newRoot(to)
	if err != nil {
		return nil, err
	}
	if !a.Version().V3() {
		return a.ChangeRoot(to)
	}
	state, err := Read(ctx, ch, a.address)
	switch {
	case err != nil:
		return nil, err
	case state.Version != a.Version() || state.Root != ValidatorID(a.validator) || state.RootHook != (common.Address{}):
		return nil, &RootError{Address: a.address, Root: state.Root, Why: "is not what it was when the account was opened"}
	}
	var calls []account.Call
	add := func(more []account.Call, err error) error {
		calls = append(calls, more...)
		return err
	}
	next := state.CurrentNonce + 1
	if contract == a.validator {
		return a.reinstall(ctx, ch, to, state, keep)
	}
	if a.Version() == V030 {
		return a.ChangeRoot(to) // refuses, with the way out
	}
	had, err := ReadInstalled(ctx, ch, a.address, ValidatorID(contract))
	if err != nil {
		return nil, err
	}
	if had.Present {
		if err := add(a.uninstall(ValidatorID(contract), nil)); err != nil {
			return nil, err
		}
	}
	// Kernel installs a validator again under a higher nonce only.
	if !keep || had.Nonce >= state.CurrentNonce {
		if err := add(a.InvalidateNonce(next)); err != nil {
			return nil, err
		}
	}
	if err := add(a.call(a.changeRoot(to, contract))); err != nil {
		return nil, err
	}
	return calls, add(a.uninstall(ValidatorID(a.validator), nil))
}

// RevokeAll revokes all permissions and validators beside the root, and all approvals for
// one that were not used yet. Unlike [Account.InvalidateNonce] it leaves the root able to
// sign messages: Kernel 0.3.3 takes those of nobody who was installed under an
// invalidated nonce, also of the root. Messages that a permission signed stay valid until
// 0.3.2 unless it is uninstalled.
func (a *Account) RevokeAll(ctx context.Context, ch account.Chain) ([]account.Call, error) {
	if err := a.only(V030, "has no permissions"); err != nil {
		return nil, err
	}
	return a.ReplaceRoot(ctx, ch, a.root, false)
}

// reinstall has the root's validator forget the account's owner and learn the new one,
// and installs it anew, under a nonce that counts.
func (a *Account) reinstall(ctx context.Context, ch account.Chain, to Validator, state State, keep bool) ([]account.Call, error) {
	had, err := ReadInstalled(ctx, ch, a.address, state.Root)
	if err != nil {
		return nil, err
	}
	forget, err := pack(onUninstall, []byte{})
	if err != nil {
		return nil, err
	}
	calls, nonce := []account.Call{{To: a.validator, Data: forget}}, state.CurrentNonce
	switch {
	case !keep:
		nonce++
		revoke, err := a.InvalidateNonce(nonce)
		if err != nil {
			return nil, err
		}
		calls = append(calls, revoke...)
	case had.Nonce == nonce:
		nonce++ // as the contract counts
	}
	install, err := a.call(pack(installValidations, [][21]byte{state.Root}, []validationConfig{{Nonce: nonce}}, [][]byte{to.InitData()}, [][]byte{{}}))
	return append(calls, install...), err
}
