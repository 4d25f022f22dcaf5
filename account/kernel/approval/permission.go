// What a document means: the permission, and what the owner signed.

package approval

import (
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
)

// Signer is the session key: the one of the private key, or the context's.
func (d *Document) Signer() (kernel.Signer, error) {
	switch {
	case d.signer.Data != nil:
		return d.signer, nil
	case d.context.Signer.Contract == (common.Address{}):
		return kernel.Signer{}, refuse("", "say which passkey or key it is for", "the approval does not say whose it is: an SDK document has no session key in it, but for a private one")
	}
	return d.context.Signer, nil
}

// flags are all that Kernel knows; the first one is what the SDK writes.
var flags = []uint16{kernel.FlagAll, kernel.FlagNotMessages, kernel.FlagNotOps, kernel.FlagNotOps | kernel.FlagNotMessages}

// Permission is what the session key is on the chain, and the same in words. The
// signer must be known ([Context]). The permission's own flag has no place in the
// SDK's document: it is the one that the permission's id is made with, so that it is
// not lost, as it is to the SDK. Rules are taken as they stand. It refuses what its
// words would be silent about: another function than execute, a module, a hook.
func (d *Document) Permission() (kernel.Permission, grant.Grant, error) {
	none := func(err error) (kernel.Permission, grant.Grant, error) {
		return kernel.Permission{}, grant.Grant{}, err
	}
	if d.fields.Selector != executeSelector || d.fields.Module != (common.Address{}) || d.fields.Hook != (common.Address{}) {
		return none(refuse("action", "approvals here are for execute, without a module and without a hook", "it is for the function 0x%x of the module %s with the hook %s", d.fields.Selector, d.fields.Module, d.fields.Hook))
	}
	signer, err := d.Signer()
	if err != nil {
		return none(err)
	}
	p := kernel.Permission{Signer: signer, Policies: slices.Clone(d.entries)}
	if err := p.Check(); err != nil {
		return none(err)
	}
	found := slices.ContainsFunc(flags, func(f uint16) bool {
		p.Flag = f
		return p.ID() == d.fields.PermissionID
	})
	if !found {
		p.Flag = 0
		return none(&MismatchError{Stated: d.fields.PermissionID, Computed: p.ID()})
	}
	return p, d.grant(p.Flag), nil
}

func (d *Document) grant(flag uint16) grant.Grant {
	l := d.context.Label
	return grant.Grant{Name: l.Name, Tokens: l.Tokens, Zone: l.Zone, Policies: d.fields.Policies, Flag: grant.Flag(flag)}
}

// MismatchError says that a document's permission id is not that of its contents
// with the session key.
type MismatchError struct{ Stated, Computed kernel.PermissionID }

func (e *MismatchError) Error() string {
	return "approval: permissionParams.permissionId: " + e.Stated.String() + " is not the id of these policies with this session key (" + e.Computed.String() + ")"
}

// Hint implements [account.Hinter].
func (e *MismatchError) Hint() string {
	return "open it with the passkey or key that it was made for; if it is the right one, the approval was changed on its way: ask the owner for a new one"
}

// Enable is what the owner must have signed for the chain and the account's
// currentNonce (1 before it is deployed). Version and signer must be known.
func (d *Document) Enable(chainID *big.Int, nonce uint32) (kernel.Enable, error) {
	p, _, err := d.Permission()
	if err != nil {
		return kernel.Enable{}, err
	}
	version, err := d.version()
	if err != nil {
		return kernel.Enable{}, err
	}
	e := kernel.Enable{
		Version: version, Account: d.fields.Account, ChainID: chainID,
		ID: p.ID().Validation(), Nonce: nonce, Data: p.EnableData(), Selector: d.fields.Selector,
	}
	if _, err := e.Digest(); err != nil {
		return kernel.Enable{}, err
	}
	return e, nil
}

// version is the context's, or the only one that the init code can be of.
func (d *Document) version() (kernel.Version, error) {
	if d.context.Version != "" {
		return d.context.Version, nil
	}
	if list := d.Versions(); len(list) == 1 {
		return list[0], nil
	}
	return "", refuse("accountParams.initCode", "say which version of Kernel the account is, or read it from the chain", "it does not tell the account's version")
}
