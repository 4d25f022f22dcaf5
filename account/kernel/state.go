// What the chain says of an account: the values that Kernel keeps.

package kernel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/internal/abiargs"
	"github.com/postern-dev/postern/userop"
)

// StorageReader is an ability of chains. With it, the code behind an account's proxy
// is read from storage; without, the contract's word is taken for its version.
type StorageReader interface {
	Storage(ctx context.Context, addr common.Address, slot common.Hash) (common.Hash, error)
}

// implementationSlot is ERC-1967's.
var implementationSlot = common.HexToHash("0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc")

// noHook is what Kernel 3 writes for an installed validation that no hook watches.
var noHook = common.HexToAddress("0x0000000000000000000000000000000000000001")

// ErrNoAccount is returned where there is no contract.
var ErrNoAccount = errors.New("kernel: there is no account at this address on this chain")

// NotKernelError says that a contract is no Kernel account of a version in the
// table.
type NotKernelError struct {
	Address common.Address
	Why     string
	// EIP7702 says that it is an ordinary account that runs a contract's code.
	EIP7702 bool
}

func (e *NotKernelError) Error() string {
	return fmt.Sprintf("kernel: %s is no Kernel account: %s", e.Address, e.Why)
}

// Hint implements [account.Hinter].
func (e *NotKernelError) Hint() string {
	if e.EIP7702 {
		return "the key of its own address controls it, whatever the code says: it is not read as a Kernel account"
	}
	return "check address and chain; an account of Kernel 0.0.2, or of an own build, is attached with its version and root"
}

var _ account.Hinter = (*NotKernelError)(nil)

// State is what an account says of itself.
type State struct {
	Version Version
	// Root is the validation id of the root: a validator or a permission. For Kernel
	// 0.2.x it is the default validator.
	Root ValidationID
	// RootHook is called before and after whatever the root does; zero if there is
	// none.
	RootHook common.Address
	// CurrentNonce is what approvals are made for, ValidNonceFrom the least nonce of
	// permissions and validators that still count. Both are zero before Kernel 3.
	CurrentNonce   uint32
	ValidNonceFrom uint32
}

// Read asks the chain for the state of the account. That nothing is there is
// [ErrNoAccount].
func Read(ctx context.Context, ch account.Chain, addr common.Address) (State, error) {
	r := reader{ctx, ch, addr}
	s, err := r.version()
	if err != nil {
		return State{}, err
	}
	if !s.Version.V3() {
		root, err := r.address(addr, getDefaultValidator)
		s.Root = ValidatorID(root)
		return s, err
	}
	root, err := r.words(addr, 1, rootValidator)
	if err != nil {
		return State{}, err
	}
	s.Root = ValidationID(root[0][:21])
	if s.Root == (ValidationID{}) || [11]byte(root[0][21:]) != [11]byte{} {
		return State{}, r.other("it has no root validator")
	}
	if s.CurrentNonce, err = r.nonce(currentNonce); err != nil {
		return State{}, err
	}
	if s.ValidNonceFrom, err = r.nonce(validNonceFrom); err != nil {
		return State{}, err
	}
	v, err := r.validation(s.Root)
	if err != nil {
		return State{}, err
	}
	s.RootHook = v.Hook
	return s, nil
}

// CurrentNonce is the nonce that an approval is made for: the account's own, or 1
// where it is not deployed yet, or is an ordinary account that never installed anything.
func CurrentNonce(ctx context.Context, ch account.Chain, addr common.Address) (uint32, error) {
	r := reader{ctx, ch, addr}
	code, err := r.code(addr)
	if err != nil {
		return 0, err
	}
	if len(code) == 0 {
		return 1, nil
	}
	n, err := r.nonce(currentNonce)
	if _, delegated := userop.ParseDelegation(code); delegated && err == nil {
		return max(n, 1), nil
	}
	if err == nil && n == 0 {
		return 0, r.other("its current nonce is 0, as before its initialization")
	}
	return n, err
}

// Installed is what an account says of a permission or of a validator.
type Installed struct {
	// Nonce is that of its installation.
	Nonce uint32
	// Hook watches what it does; zero if none.
	Hook common.Address
	// Present says that it is installed. It can still be void: see Valid.
	Present bool
	// Valid says that it is installed and that its nonce still counts.
	Valid bool
	// Executes says that it may call execute.
	Executes bool

	// What follows is of permissions only.

	Flag   uint16
	Signer common.Address
	// Policies are flag (2) ‖ contract (20) each, in order. The data that they were
	// installed with is in the contracts and, once, in call data.
	Policies [][22]byte
}

// ReadInstalled asks an account of Kernel 3 for one of its permissions or validators. That it
// never had it is no error: the result says so.
func ReadInstalled(ctx context.Context, ch account.Chain, addr common.Address, id ValidationID) (Installed, error) {
	r := reader{ctx, ch, addr}
	from, err := r.nonce(validNonceFrom)
	if err != nil {
		return Installed{}, err
	}
	out, err := r.validation(id)
	if err != nil {
		return Installed{}, err
	}
	if !out.Present && out.Nonce == 0 {
		return out, nil
	}
	out.Valid = out.Present && out.Nonce >= from
	out.Executes, err = r.allowed(id)
	if err != nil || id.Type() != TypePermission {
		return out, err
	}
	data, err := r.call(addr, permissionConfig, [4]byte(id.Permission()))
	if err != nil {
		return Installed{}, err
	}
	values, err := abiargs.Unpack(permissionConfigAnswer, data)
	if err != nil {
		return Installed{}, r.other("permissionConfig answers in another form")
	}
	c := abi.ConvertType(values[0], permissionAnswer{}).(permissionAnswer)
	out.Flag, out.Signer, out.Policies = uint16(c.Flag[0])<<8|uint16(c.Flag[1]), c.Signer, c.Policies
	return out, nil
}

// permissionAnswer is Kernel's struct PermissionConfig.
type permissionAnswer struct {
	Flag     [2]byte
	Signer   common.Address
	Policies [][22]byte
}

var (
	rootValidator        = function("rootValidator")
	currentNonce         = function("currentNonce")
	validNonceFrom       = function("validNonceFrom")
	getDefaultValidator  = function("getDefaultValidator")
	accountID            = function("accountId")
	readValidationConfig = function("validationConfig", mustType("bytes21"))
	isAllowedSelector    = function("isAllowedSelector", mustType("bytes21"), mustType("bytes4"))
	permissionConfig     = function("permissionConfig", mustType("bytes4"))

	permissionConfigAnswer = abi.Arguments{{Type: mustType("tuple",
		abi.ArgumentMarshaling{Name: "flag", Type: "bytes2"}, abi.ArgumentMarshaling{Name: "signer", Type: "address"}, abi.ArgumentMarshaling{Name: "policies", Type: "bytes22[]"})}}
	textAnswer = abi.Arguments{{Type: mustType("string")}}
)

// maxAnswer bounds what a contract's answer may be: 254 policies are 8 kB.
const maxAnswer = 1 << 16

// The codes of accounts, both of Solady's: the minimal ERC-1967 proxy for those of Kernel
// 3, and the one that its factory, whose address is in it, could upgrade, for those of
// Kernel 0.2. That factory takes no such calls.
var (
	proxyCode   = common.FromHex("0x363d3d373d3d363d7f360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc545af43d6000803e6038573d6000fd5b3d6000f3")
	proxyCodeV2 = common.FromHex("0x3d3d33735de4839a76cf55d0c90e2061ef4386d962e15ae314605757363d3d37363d7f360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc545af43d6000803e6052573d6000fd5b3d6000f35b3d356020355560408036111560525736038060403d373d3d355af43d6000803e6052573d6000fd")
)

// reader calls view functions of an account and of its modules.
type reader struct {
	ctx   context.Context
	chain account.Chain
	addr  common.Address
}

func (r reader) other(format string, args ...any) error {
	return &NotKernelError{Address: r.addr, Why: fmt.Sprintf(format, args...)}
}

func (r reader) code(addr common.Address) ([]byte, error) {
	code, err := r.chain.Code(r.ctx, addr)
	if err != nil {
		return nil, fmt.Errorf("kernel: read the code of %s: %w", addr, err)
	}
	return code, nil
}

// version finds out which Kernel runs at the address.
func (r reader) version() (State, error) {
	code, err := r.code(r.addr)
	if err != nil {
		return State{}, err
	}
	if len(code) == 0 {
		return State{}, fmt.Errorf("%w: %s", ErrNoAccount, r.addr)
	}
	if delegate, delegated := userop.ParseDelegation(code); delegated {
		return State{}, &NotKernelError{Address: r.addr, EIP7702: true, Why: fmt.Sprintf("it is an ordinary account that runs the code of %s", delegate)}
	}
	if !bytes.Equal(code, proxyCode) && !bytes.Equal(code, proxyCodeV2) {
		return State{}, r.other("it is another contract than the proxies of Kernel's factories")
	}
	if s, ok := r.chain.(StorageReader); ok {
		return r.versionByStorage(s)
	}
	data, err := r.call(r.addr, accountID)
	if err != nil {
		return State{}, err
	}
	values, err := abiargs.Unpack(textAnswer, data)
	if err != nil {
		return State{}, r.other("accountId answers in another form")
	}
	for _, d := range deployments {
		if d.Version.V3() && values[0] == d.Version.accountID() {
			return State{Version: d.Version}, nil
		}
	}
	return State{}, r.other("it says that it is %.40q", values[0])
}

func (r reader) versionByStorage(s StorageReader) (State, error) {
	w, err := s.Storage(r.ctx, r.addr, implementationSlot)
	if err != nil {
		return State{}, fmt.Errorf("kernel: read the implementation of %s: %w", r.addr, err)
	}
	implementation := common.BytesToAddress(w[:])
	d, ok := ByImplementation(implementation)
	if !ok {
		return State{}, r.other("its code is %s, which is no version of Kernel that is known", implementation)
	}
	return State{Version: d.Version}, nil
}

// call asks a contract. Its answer has a bounded length.
func (r reader) call(to common.Address, m *abi.Method, args ...any) ([]byte, error) {
	data, err := pack(m, args...)
	if err != nil {
		return nil, err
	}
	out, err := r.chain.Call(r.ctx, to, data)
	if err != nil {
		if _, reverted := errors.AsType[*userop.Revert](err); reverted {
			return nil, r.other("%s of %s reverts", m.RawName, to)
		}
		return nil, fmt.Errorf("kernel: ask %s for %s: %w", to, m.RawName, err)
	}
	if len(out) > maxAnswer {
		return nil, r.other("%s of %s answers %d bytes", m.RawName, to, len(out))
	}
	return out, nil
}

// words asks a contract for a number of whole words, no more and no less.
func (r reader) words(to common.Address, n int, m *abi.Method, args ...any) ([]common.Hash, error) {
	out, err := r.call(to, m, args...)
	if err != nil {
		return nil, err
	}
	if len(out) != 32*n {
		return nil, r.other("%s of %s answers %d bytes instead of %d", m.RawName, to, len(out), 32*n)
	}
	list := make([]common.Hash, n)
	for i := range list {
		list[i] = common.Hash(out[32*i:])
	}
	return list, nil
}

func (r reader) nonce(m *abi.Method) (uint32, error) {
	w, err := r.words(r.addr, 1, m)
	if err != nil {
		return 0, err
	}
	return r.uint32(w[0], m.RawName)
}

func (r reader) uint32(w common.Hash, what string) (uint32, error) {
	if n := new(big.Int).SetBytes(w[:]); n.BitLen() <= 32 {
		return uint32(n.Uint64() & math.MaxUint32), nil
	}
	return 0, r.other("%s is no number of 32 bits", what)
}

func (r reader) address(to common.Address, m *abi.Method, args ...any) (common.Address, error) {
	w, err := r.words(to, 1, m, args...)
	if err != nil {
		return common.Address{}, err
	}
	return r.toAddress(w[0], m.RawName)
}

func (r reader) toAddress(w common.Hash, what string) (common.Address, error) {
	if [12]byte(w[:12]) != [12]byte{} {
		return common.Address{}, r.other("%s is no address", what)
	}
	return common.Address(w[12:]), nil
}

// validation reads nonce and hook of a validation id.
func (r reader) validation(id ValidationID) (Installed, error) {
	w, err := r.words(r.addr, 2, readValidationConfig, [21]byte(id))
	if err != nil {
		return Installed{}, err
	}
	var out Installed
	if out.Nonce, err = r.uint32(w[0], "the nonce of "+id.String()); err != nil {
		return Installed{}, err
	}
	hook, err := r.toAddress(w[1], "the hook of "+id.String())
	if err != nil {
		return Installed{}, err
	}
	if out.Present = hook != (common.Address{}); hook != noHook {
		out.Hook = hook
	}
	return out, nil
}

func (r reader) allowed(id ValidationID) (bool, error) {
	w, err := r.words(r.addr, 1, isAllowedSelector, [21]byte(id), executeSelector)
	if err != nil {
		return false, err
	}
	n, err := r.uint32(w[0], "isAllowedSelector")
	if err != nil || n > 1 {
		return false, errors.Join(err, r.other("isAllowedSelector is no yes and no no"))
	}
	return n == 1, nil
}
