package hybrid

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// Authority is one signer of an account, who alone can approve everything.
type Authority struct {
	account  common.Address
	contract string // the name in the EIP-712 domain
	ep       userop.EntryPoint
	library  common.Address // SCL_RIP7212
	approver Approver
	stub     []byte
	nonceKey *big.Int
}

var (
	_ account.Authority    = (*Authority)(nil)
	_ account.Namer        = (*Authority)(nil)
	_ account.Overrider    = (*Authority)(nil)
	_ account.StubExcesser = (*Authority)(nil)
)

// AuthorityOption changes an authority.
type AuthorityOption func(*Authority) error

// WithNonceKey gives the authority a nonce sequence of its own: operations under
// different keys do not wait for each other. The default is 0 – one sequence,
// whose counter in the EntryPoint is set to a non-zero value once and then only
// changed. The kit takes the time as the key, so that each of its operations
// starts a sequence and pays some 17,000 gas for the new storage slot.
func WithNonceKey(key *big.Int) AuthorityOption {
	return func(a *Authority) error {
		if key == nil || key.Sign() < 0 || key.BitLen() > 192 {
			return fmt.Errorf("hybrid: a nonce key has 192 bits, %v does not fit", key)
		}
		a.nonceKey = new(big.Int).Set(key)
		return nil
	}
}

// Authority returns the authority of a signer of the account. What the approver
// leaves open – public key, credential id – is taken from the account.
func (a *Account) Authority(by Approver, opts ...AuthorityOption) (*Authority, error) {
	if by == nil {
		return nil, &NotSignerError{Account: a.address, Who: "nobody is named"}
	}
	by, err := by.of(a)
	if err != nil {
		return nil, err
	}
	d := a.deployment
	return newAuthority(&Authority{account: a.address, contract: seal.MetaMaskHybrid, ep: d.EntryPoint, library: d.P256, approver: by}, opts)
}

func newAuthority(auth *Authority, opts []AuthorityOption) (*Authority, error) {
	auth.nonceKey = new(big.Int)
	for _, o := range opts {
		if err := o(auth); err != nil {
			return nil, err
		}
	}
	var err error
	if auth.stub, err = auth.approver.stub(); err != nil {
		return nil, fmt.Errorf("hybrid: make a stub for %s: %w", auth.Name(), err)
	}
	return auth, nil
}

// NonceKey implements [account.Authority].
func (a *Authority) NonceKey() *big.Int { return new(big.Int).Set(a.nonceKey) }

// Stub implements [account.Authority].
func (a *Authority) Stub() []byte { return slices.Clone(a.stub) }

// Challenge implements [account.Authority]: the account's own EIP-712 digest of
// the operation, not the EntryPoint's hash, and the typed data for wallets.
func (a *Authority) Challenge(op *userop.Op, chainID *big.Int) (account.Challenge, error) {
	if op.Sender != a.account {
		return account.Challenge{}, fmt.Errorf("hybrid: the operation is of %s, not of %s", op.Sender, a.account)
	}
	digest, err := seal.MetaMaskDigest(a.contract, op, a.ep, chainID)
	if err != nil {
		return account.Challenge{}, err
	}
	c := a.approver.challenge(digest)
	if c.TypedData, err = seal.MetaMaskTypedData(a.contract, op, a.ep, chainID); err != nil {
		return account.Challenge{}, err
	}
	return c, nil
}

// Seal implements [account.Authority].
func (a *Authority) Seal(_ *userop.Op, approval account.Approval) ([]byte, error) {
	return a.approver.seal(approval)
}

// Name implements [account.Namer].
func (a *Authority) Name() string { return a.approver.name() }

// Account is the address for which it approves.
func (a *Authority) Account() common.Address { return a.account }
