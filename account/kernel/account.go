package kernel

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

// Config is what an account is created from. All of it goes into the address, from
// Kernel 0.3.0 on the version too: accounts of 0.2.2 to 0.2.4 of one owner and index
// share one, and the first to be deployed has it.
type Config struct {
	// Version of Kernel. "" is 0.3.3.
	Version Version
	// Root is the validator of the owner, who may do everything.
	Root Validator
	// Index tells accounts of the same owner apart. nil is 0.
	Index *big.Int
	// Init are calls that the account makes to itself as it is deployed, each the
	// bare data: the SDK's initConfig. From Kernel 0.3.1 on.
	Init [][]byte
	// Address is where the account is, if it cannot be told without a chain (0.0.2).
	// For other versions it is checked if it is given.
	Address common.Address
	// Direct deploys through the factory itself, not through the staked one before
	// it. The address is the same.
	Direct bool
}

// Account is a Kernel account. It does not change.
type Account struct {
	deployment Deployment
	address    common.Address
	root       Validator
	validator  common.Address // root's contract
	factory    common.Address
	data       []byte // the factory's call data; nil if attached by address
}

var _ account.Account = (*Account)(nil)

// maxInit bounds the bytes of Config.Init.
const maxInit = 1 << 20

// AddressError says that an account's configuration leads to another address.
type AddressError struct{ Computed, Meant common.Address }

func (e *AddressError) Error() string {
	return fmt.Sprintf("kernel: this configuration makes the account %s, not %s", e.Computed, e.Meant)
}

// Hint names what goes into the address.
func (e *AddressError) Hint() string {
	return "version, root validator and its version, owner and index must be those of the account's creation; an account that has changed since is attached by its address"
}

// New returns the account that the factory makes of c.
func New(c Config) (*Account, error) {
	if c.Version == "" {
		c.Version = V033
	}
	d, err := ForVersion(c.Version, nil)
	if err != nil {
		return nil, err
	}
	a, err := attach(d, c.Root)
	if err != nil {
		return nil, err
	}
	if isDelegated(c.Root) {
		return nil, refuseDelegated(c.Version)
	}
	index, init, err := c.initialize(a.validator)
	if err != nil {
		return nil, err
	}
	if err := a.setFactory(c, index, init); err != nil {
		return nil, err
	}
	computed, ok := addressOf(d, init, index)
	switch {
	case !ok && c.Address == (common.Address{}):
		return nil, ErrNoAddress
	case !ok:
		a.address = c.Address
	case c.Address != (common.Address{}) && c.Address != computed:
		return nil, &AddressError{Computed: computed, Meant: c.Address}
	default:
		a.address = computed
	}
	return a, nil
}

// Attach returns the account at an address, of which version and root are known,
// whatever it was created from. It cannot be deployed from here.
func Attach(address common.Address, v Version, root Validator) (*Account, error) {
	d, err := ForVersion(v, nil)
	if err != nil {
		return nil, err
	}
	a, err := attach(d, root)
	if err != nil {
		return nil, err
	}
	if address == (common.Address{}) {
		return nil, fmt.Errorf("kernel: attach an account at no address")
	}
	if err := checkRoot(v, address, root); err != nil {
		return nil, err
	}
	a.address = address
	return a, nil
}

func attach(d Deployment, root Validator) (*Account, error) {
	if root == nil {
		return nil, ErrNoOwner
	}
	if err := root.check(); err != nil {
		return nil, err
	}
	contract, err := root.Contract(d.Version)
	if err != nil {
		return nil, err
	}
	return &Account{deployment: d, root: root, validator: contract}, nil
}

// setFactory is the factory's call that makes the account.
func (a *Account) setFactory(c Config, index common.Hash, init []byte) (err error) {
	a.factory = a.deployment.Factory
	switch {
	case c.Version == V002:
		a.data, err = pack(createV2, a.validator, c.Root.InitData(), index.Big())
	case !c.Version.V3():
		a.data, err = pack(createV2, a.deployment.Implementation, init, index.Big())
	case c.Direct:
		a.data, err = pack(createV3, init, index)
	default:
		a.factory = a.deployment.MetaFactory
		a.data, err = pack(deployWithFactory, a.deployment.Factory, init, index)
	}
	return err
}

var (
	initializeV2      = function("initialize", mustType("address"), mustType("bytes"))
	initializeV30     = function("initialize", mustType("bytes21"), mustType("address"), mustType("bytes"), mustType("bytes"))
	initializeV31     = function("initialize", mustType("bytes21"), mustType("address"), mustType("bytes"), mustType("bytes"), mustType("bytes[]"))
	createV2          = function("createAccount", mustType("address"), mustType("bytes"), mustType("uint256"))
	createV3          = function("createAccount", mustType("bytes"), mustType("bytes32"))
	deployWithFactory = function("deployWithFactory", mustType("address"), mustType("bytes"), mustType("bytes32"))
)

// initialize is the call with which the proxy begins, and the index as a word.
func (c Config) initialize(validator common.Address) (index common.Hash, call []byte, err error) {
	n := orZero(c.Index)
	if n.Sign() < 0 || n.BitLen() > 256 {
		return index, nil, fmt.Errorf("kernel: the index %v is no number of 256 bits", n)
	}
	size := 0
	for _, b := range c.Init {
		size += len(b) + 64
	}
	if size > maxInit {
		return index, nil, fmt.Errorf("kernel: %d bytes of calls at deployment", size)
	}
	index = common.BigToHash(n)
	data := c.Root.InitData()
	switch {
	case len(c.Init) > 0 && !c.Version.AtLeast(V031):
		return index, nil, &UnsupportedError{Version: c.Version, What: "makes no calls as it is deployed", Way: "use Kernel 0.3.1 or later, or make the calls in the first operation"}
	case !c.Version.V3():
		call, err = pack(initializeV2, validator, data)
	case c.Version == V030:
		call, err = pack(initializeV30, [21]byte(ValidatorID(validator)), common.Address{}, data, []byte{})
	default:
		call, err = pack(initializeV31, [21]byte(ValidatorID(validator)), common.Address{}, data, []byte{}, append([][]byte{}, c.Init...))
	}
	return index, call, err
}

// addressOf is where the factory puts the account. It is not ok where the creation
// code of the proxies is not known.
func addressOf(d Deployment, init []byte, index common.Hash) (common.Address, bool) {
	salt := crypto.Keccak256Hash(init, index[:])
	if !d.Version.V3() {
		copy(salt[:20], make([]byte, 20)) // the factory keeps 96 bits
	}
	return create2(d.Factory, salt, d.InitCodeHash), d.InitCodeHash != (common.Hash{})
}

// Address implements [account.Account].
func (a *Account) Address() common.Address { return a.address }

// EntryPoint implements [account.Account].
func (a *Account) EntryPoint() userop.EntryPoint { return a.deployment.EntryPoint }

// Factory implements [account.Account]. An account attached by address has none.
func (a *Account) Factory() (common.Address, []byte) { return a.factory, slices.Clone(a.data) }

// Version is the account's version of Kernel.
func (a *Account) Version() Version { return a.deployment.Version }

// Deployment is the set of contracts behind the account.
func (a *Account) Deployment() Deployment { return a.deployment }

// Root is the validator of the owner.
func (a *Account) Root() Validator { return a.root }

// RootContract is the address of the root validator.
func (a *Account) RootContract() common.Address { return a.validator }

// EncodeCalls implements [account.Account] as the SDK does: calls that are all or
// none, and a single call to the account itself as its bare data.
func (a *Account) EncodeCalls(calls []account.Call) ([]byte, error) {
	if err := a.checkSelf(calls); err != nil {
		return nil, err
	}
	if len(calls) == 1 && calls[0].To == a.address {
		return bytes.Clone(calls[0].Data), nil
	}
	return a.encode(Execution{Calls: calls})
}

func (a *Account) encode(e Execution) ([]byte, error) {
	if a.deployment.Version.V3() {
		return e.Encode()
	}
	return e.encodeV2(a.deployment.Version)
}

// Decode is the inverse of [Account.EncodeCalls], and of the call data of a [Trying]
// and a [DangerDelegating] account.
func (a *Account) Decode(callData []byte) (Execution, error) {
	e, err := Execution{}, error(nil)
	if a.deployment.Version.V3() {
		e, err = Decode(callData)
	} else {
		e, err = decodeV2(a.deployment.Version, callData)
	}
	if err == nil || isExecute(callData) || onlyOthers(callData) || len(callData) > 0 && len(callData) < 4 {
		return e, err
	}
	return Execution{Calls: []account.Call{{To: a.address, Value: new(big.Int), Data: bytes.Clone(callData)}}}, nil
}

// checkSelf refuses calls to the account itself that cannot do what they say.
func (a *Account) checkSelf(calls []account.Call) error {
	for _, c := range calls {
		if c.To != a.address || len(c.Data) == 0 && len(calls) > 1 {
			continue // a payment to itself among others does nothing, and does it well
		}
		refuse := func(why string) error { return &SelfCallError{Call: c, Why: why} }
		switch {
		case len(calls) == 1 && orZero(c.Value).Sign() != 0:
			return refuse("alone, it is handed over without its value")
		case len(c.Data) > 0 && len(c.Data) < 4:
			return refuse(fmt.Sprintf("%d bytes of data name no function", len(c.Data)))
		case isExecute(c.Data) && (len(calls) == 1 || !isForeignGrant(c.Data)):
			return refuse("execute would hide what is run")
		case onlyOthers(c.Data):
			return refuse("the contract takes this function from others only")
		}
	}
	return nil
}

var (
	executions = []*abi.Method{execute, executeV2, executeBatchV2, executeDelegateV2}
	others     = []*abi.Method{
		{ID: crypto.Keccak256([]byte("executeUserOp((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes),bytes32)"))[:4]},
		{ID: crypto.Keccak256([]byte("validateUserOp((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes),bytes32,uint256)"))[:4]},
		{ID: crypto.Keccak256([]byte("validateUserOp((address,uint256,bytes,bytes,uint256,uint256,uint256,uint256,uint256,bytes,bytes),bytes32,uint256)"))[:4]},
		{ID: crypto.Keccak256([]byte("executeFromExecutor(bytes32,bytes)"))[:4]},
		initializeV2, initializeV30, initializeV31,
	}
)

// isExecute reports whether data calls execute: that is call data, not a call.
func isExecute(data []byte) bool { return begins(data, executions) }

// onlyOthers reports whether data calls what is never a call of the account.
func onlyOthers(data []byte) bool { return begins(data, others) }

func begins(data []byte, methods []*abi.Method) bool {
	return slices.ContainsFunc(methods, func(m *abi.Method) bool { return bytes.HasPrefix(data, m.ID) })
}

// Trying is an account whose calls may fail, each without the others; for
// [account.Prepare]. What it does is of the account in all else.
type Trying struct{ *Account }

// EncodeCalls implements [account.Account].
func (t Trying) EncodeCalls(calls []account.Call) ([]byte, error) {
	if err := t.checkSelf(calls); err != nil {
		return nil, err
	}
	return t.encode(Execution{Calls: calls, Try: true})
}

// DangerDelegating is an account whose one call is run as the account itself; see
// [DangerDelegateCall].
type DangerDelegating struct{ *Account }

// EncodeCalls implements [account.Account].
func (t DangerDelegating) EncodeCalls(calls []account.Call) ([]byte, error) {
	if len(calls) == 1 && calls[0].To == t.address {
		return nil, &SelfCallError{Call: calls[0], Why: "a plain call does the same"}
	}
	return t.encode(Execution{Calls: calls, Delegate: true})
}

var (
	_ account.Account = Trying{}
	_ account.Account = DangerDelegating{}
)
