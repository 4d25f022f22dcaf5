// What an account does to itself: modules, root validator, code.

package kernel

import (
	"bytes"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/internal/abituple"
)

// ModuleType is a kind of ERC-7579 module. Policies and signers are Kernel's own.
type ModuleType uint8

// The kinds.
const (
	ModuleValidator ModuleType = 1
	ModuleExecutor  ModuleType = 2
	ModuleFallback  ModuleType = 3
	ModuleHook      ModuleType = 4
	ModulePolicy    ModuleType = 5
	ModuleSigner    ModuleType = 6
)

// validationConfig is Kernel's struct ValidationConfig.
type validationConfig struct {
	Nonce uint32
	Hook  common.Address
}

var (
	installModule      = function("installModule", mustType("uint256"), mustType("address"), mustType("bytes"))
	uninstallModule    = function("uninstallModule", mustType("uint256"), mustType("address"), mustType("bytes"))
	installValidations = function("installValidations", mustType("bytes21[]"),
		mustType("tuple[]", abi.ArgumentMarshaling{Name: "nonce", Type: "uint32"}, abi.ArgumentMarshaling{Name: "hook", Type: "address"}), mustType("bytes[]"), mustType("bytes[]"))
	uninstallValidation = function("uninstallValidation", mustType("bytes21"), mustType("bytes"), mustType("bytes"))
	grantAccess         = function("grantAccess", mustType("bytes21"), mustType("bytes4"), mustType("bool"))
	changeRootValidator = function("changeRootValidator", mustType("bytes21"), mustType("address"), mustType("bytes"), mustType("bytes"))
	setDefaultValidator = function("setDefaultValidator", mustType("address"), mustType("bytes"))
	upgradeTo           = function("upgradeTo", mustType("address"))
	invalidateNonce     = function("invalidateNonce", mustType("uint32"))
)

func (a *Account) call(data []byte, err error) ([]account.Call, error) {
	if err != nil {
		return nil, err
	}
	return []account.Call{{To: a.address, Data: data}}, nil
}

// only refuses versions before the first that can.
func (a *Account) only(first Version, what string) error {
	if a.Version().AtLeast(first) {
		return nil
	}
	return &UnsupportedError{Version: a.Version(), What: what, Way: "upgrade to Kernel " + string(first) + " or later; from 0.2.x that is a new account, on EntryPoint 0.7"}
}

// InstallModule installs a module with what Kernel's installModule takes for its
// kind; [ValidatorModule] makes it for a validator. Permissions are not installed
// this way: see [Enable] and [Account.InstallPermission].
func (a *Account) InstallModule(kind ModuleType, module common.Address, init []byte) ([]account.Call, error) {
	return a.module(installModule, kind, module, init)
}

// UninstallModule removes a module. The root validator cannot be.
func (a *Account) UninstallModule(kind ModuleType, module common.Address, deinit []byte) ([]account.Call, error) {
	if kind == ModuleValidator && module == a.validator {
		return nil, fmt.Errorf("kernel: %s is the root validator, which the account cannot be without: change it with ChangeRoot", module)
	}
	return a.module(uninstallModule, kind, module, deinit)
}

func (a *Account) module(m *abi.Method, kind ModuleType, module common.Address, data []byte) ([]account.Call, error) {
	if err := a.only(V030, "has no modules"); err != nil {
		return nil, err
	}
	switch {
	case kind < ModuleValidator || kind > ModuleSigner:
		return nil, fmt.Errorf("kernel: there is no module type %d", kind)
	case module == common.Address{} || module == a.address:
		return nil, fmt.Errorf("kernel: %s is no module", module)
	}
	return a.call(pack(m, big.NewInt(int64(kind)), module, data))
}

// ValidatorModule is what installModule takes for a validator beside the root, which
// may then call the function; the zero selector is execute.
func ValidatorModule(v Validator, selector [4]byte) []byte {
	if selector == ([4]byte{}) {
		selector = executeSelector
	}
	hook := make([]byte, common.AddressLength)
	return append(hook, abituple.Encode(abituple.Bytes(v.InitData()), abituple.Bytes(nil), abituple.Bytes(selector[:]))...)
}

// InstallValidator lets a validator beside the root call execute.
func (a *Account) InstallValidator(v Validator) ([]account.Call, error) {
	if err := a.only(V031, "installs validators in another way"); err != nil {
		return nil, err
	}
	if isDelegated(v) {
		return nil, refuseDelegated(a.Version())
	}
	if err := v.check(); err != nil {
		return nil, err
	}
	contract, err := v.Contract(a.Version())
	if err != nil {
		return nil, err
	}
	if contract == a.validator {
		return nil, fmt.Errorf("kernel: %s is the root validator, and would obey the new owner from then on: say so with ChangeRoot", contract)
	}
	return a.InstallModule(ModuleValidator, contract, ValidatorModule(v, [4]byte{}))
}

// InstallPermission installs a permission at once, without waiting for its first
// operation. nonce is the account's currentNonce, 1 before deployment.
func (a *Account) InstallPermission(p Permission, nonce uint32) ([]account.Call, error) {
	if err := a.only(V031, "grants access in another way"); err != nil {
		return nil, err
	}
	if err := p.Check(); err != nil {
		return nil, err
	}
	if nonce == 0 {
		return nil, fmt.Errorf("kernel: the nonce 0, which no account has after its deployment: use 1")
	}
	id := [21]byte(p.ID().Validation())
	install, err := pack(installValidations, [][21]byte{id}, []validationConfig{{Nonce: nonce}}, [][]byte{p.EnableData()}, [][]byte{{}})
	if err != nil {
		return nil, err
	}
	grant, err := a.grantAccess(id)
	if err != nil {
		return nil, err
	}
	return []account.Call{{To: a.address, Data: install}, {To: a.address, Data: grant}}, nil
}

// grantAccess lets an installed validation call execute. Only Kernel 0.3.3 has a function
// for it: earlier ones run its code as the account itself, as the SDK has them do.
func (a *Account) grantAccess(id [21]byte) ([]byte, error) {
	grant, err := pack(grantAccess, id, executeSelector, true)
	if err != nil || a.Version().AtLeast(V033) {
		return grant, err
	}
	return DangerDelegateCall(latest().Implementation, grant)
}

// latest is the newest row of the table.
func latest() Deployment { return deployments[len(deployments)-1] }

// isForeignGrant recognises what grantAccess makes for versions before 0.3.3.
func isForeignGrant(data []byte) bool {
	e, err := Decode(data)
	return err == nil && e.Delegate && len(e.Calls) == 1 && e.Calls[0].To == latest().Implementation && bytes.HasPrefix(e.Calls[0].Data, grantAccess.ID) &&
		len(e.Calls[0].Data) == 4+3*32
}

// UninstallPermission revokes a permission. Its policies keep their state: the same
// permission cannot be granted again.
func (a *Account) UninstallPermission(p Permission) ([]account.Call, error) {
	return a.uninstall(p.ID().Validation(), p.EnableData())
}

// UninstallPermissionID revokes a permission of which only the id and the number of
// policies are known, both of which the chain tells.
func (a *Account) UninstallPermissionID(id PermissionID, policies int) ([]account.Call, error) {
	if policies < 0 || policies > maxPolicies {
		return nil, fmt.Errorf("kernel: %d policies, Kernel takes %d", policies, maxPolicies)
	}
	return a.uninstall(id.Validation(), encodeBytesArray(make([][]byte, policies+1)))
}

func (a *Account) uninstall(id ValidationID, data []byte) ([]account.Call, error) {
	if err := a.only(V030, "has no permissions"); err != nil {
		return nil, err
	}
	return a.call(pack(uninstallValidation, [21]byte(id), data, []byte{}))
}

// Upgrade has the account run a later version. It refuses an earlier one, whose faults
// are known, and one of another EntryPoint, which could not be told to go back.
func (a *Account) Upgrade(to Version) ([]account.Call, error) {
	d, err := ForVersion(to, a.EntryPoint())
	if err != nil {
		return nil, err
	}
	switch {
	case a.Version() == V002 || d.Implementation == (common.Address{}):
		return nil, &UnsupportedError{Version: a.Version(), What: "cannot be upgraded to " + string(to), Way: "make a new account and move what this one holds"}
	case to.Compare(a.Version()) <= 0:
		return nil, &UnsupportedError{Version: a.Version(), What: "is not upgraded to " + string(to) + ", which is not later", Way: "choose a later version"}
	}
	return a.call(pack(upgradeTo, d.Implementation))
}

// InvalidateNonce revokes all permissions and validators beside the root that were
// granted under a lower nonce, and all approvals for one that were not used yet. On
// Kernel 0.3.3 the root signs no messages from then on, until it is installed again:
// [Account.RevokeAll] does both.
func (a *Account) InvalidateNonce(nonce uint32) ([]account.Call, error) {
	if err := a.only(V030, "has no permissions"); err != nil {
		return nil, err
	}
	if nonce == 0 {
		return nil, fmt.Errorf("kernel: the nonce 0 invalidates nothing")
	}
	return a.call(pack(invalidateNonce, nonce))
}
