package hybrid

import (
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

// Config is what an account is created from. All of it, the order of the keys
// included, goes into the address.
type Config struct {
	Deployment Deployment
	// Owner is a secp256k1 key, which may do everything. Zero: there is none, the
	// keys are all.
	Owner common.Address
	// Keys are the first P-256 keys, each of which may do everything.
	Keys []Key
	// Salt tells accounts of the same signers apart. The kit pads a shorter
	// deploySalt with zeros on the left.
	Salt [32]byte

	// DangerDeadOwner admits an owner of which it is known that it cannot sign,
	// which New refuses otherwise: for accounts that were made with one, such as
	// those of MetaMask's tutorial. The keys are then all that can sign.
	DangerDeadOwner bool
}

// Account is a HybridDeleGator. It does not change; what the chain does to it
// shows in a new [At] or [Account.With].
type Account struct {
	deployment Deployment
	address    common.Address
	owner      common.Address
	deadOwner  string // why the owner cannot sign; "" if it may be able to
	keys       []Key
	read       bool // owner and keys are the chain's, not those of the creation

	create *Config // how the factory makes it; nil if attached by address
}

var (
	_ account.Account   = (*Account)(nil)
	_ account.Describer = (*Account)(nil)
	_ account.Warner    = (*Account)(nil)
)

// New returns the account that the deployment's factory makes of c. It refuses
// what the contract would refuse, and an account that nobody could use.
func New(c Config) (*Account, error) {
	a, err := compute(c)
	switch {
	case err != nil:
		return nil, err
	case a.deadOwner == "":
		return a, nil
	case !c.DangerDeadOwner:
		return nil, &OwnerError{Owner: c.Owner, Why: a.deadOwner}
	case len(c.Keys) == 0:
		return nil, &LastSignerError{Owner: c.Owner, Why: a.deadOwner}
	}
	return a, nil
}

// compute is the account of c, whatever its owner is.
func compute(c Config) (*Account, error) {
	if err := c.Deployment.check(); err != nil {
		return nil, err
	}
	if c.Owner == (common.Address{}) && len(c.Keys) == 0 {
		return nil, ErrNoSigner
	}
	if err := checkKeys(c.Keys); err != nil {
		return nil, err
	}
	c.Keys = slices.Clone(c.Keys)
	a := &Account{deployment: c.Deployment, owner: c.Owner, keys: slices.Clone(c.Keys), create: &c}
	init, err := c.initCode()
	if err != nil {
		return nil, err
	}
	a.address = create2(c.Deployment.Factory, c.Salt, init)
	a.deadOwner = a.whyDead(c.Owner, c.Keys)
	return a, nil
}

// initCode is the proxy's creation code with its arguments: the implementation and
// the call of initialize with which the proxy begins.
func (c Config) initCode() ([]byte, error) {
	call, err := pack("initialize", c.Owner, idsOf(c.Keys), xsOf(c.Keys), ysOf(c.Keys))
	if err != nil {
		return nil, err
	}
	args, err := proxyArguments.Pack(c.Deployment.Implementation, call)
	if err != nil {
		return nil, err
	}
	return slices.Concat(proxyCode, args), nil
}

var proxyArguments = abi.Arguments{{Type: mustType("address")}, {Type: mustType("bytes")}}

// Address implements [account.Account].
func (a *Account) Address() common.Address { return a.address }

// EntryPoint implements [account.Account].
func (a *Account) EntryPoint() userop.EntryPoint { return a.deployment.EntryPoint }

// Factory implements [account.Account]. An account attached by address has none.
func (a *Account) Factory() (common.Address, []byte) {
	if a.create == nil {
		return common.Address{}, nil
	}
	init, err := a.create.initCode()
	if err != nil {
		return common.Address{}, nil // New encoded the same values before
	}
	data, err := pack("deploy", init, a.create.Salt)
	if err != nil {
		return common.Address{}, nil
	}
	return a.deployment.Factory, data
}

// Owner is the secp256k1 key, zero if there is none.
func (a *Account) Owner() common.Address { return a.owner }

// Keys are the P-256 keys, as given to [New] or read by [At].
func (a *Account) Keys() []Key { return slices.Clone(a.keys) }

// Key finds a key of the account by its hash.
func (a *Account) Key(hash common.Hash) (Key, bool) {
	i := slices.IndexFunc(a.keys, func(k Key) bool { return k.Hash == hash })
	if i < 0 {
		return Key{}, false
	}
	return a.keys[i], true
}

// Deployment is the set of contracts behind the account.
func (a *Account) Deployment() Deployment { return a.deployment }

func idsOf(keys []Key) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = k.ID
	}
	return out
}

func xsOf(keys []Key) []*big.Int {
	out := make([]*big.Int, len(keys))
	for i, k := range keys {
		x := k.Public.X()
		out[i] = new(big.Int).SetBytes(x[:])
	}
	return out
}

func ysOf(keys []Key) []*big.Int {
	out := make([]*big.Int, len(keys))
	for i, k := range keys {
		y := k.Public.Y()
		out[i] = new(big.Int).SetBytes(y[:])
	}
	return out
}
