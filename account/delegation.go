package account

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// Delegated is an ability of accounts that are the address of an ordinary key
// running a contract's code (EIP-7702). Such an account has no factory: it comes
// into being by an authorization that its key signs.
type Delegated interface {
	// Delegate is the contract whose code the address runs.
	Delegate() common.Address
}

// AuthorizationRequest is what the key of an address has to sign so that the
// address runs a contract's code. The signature binds chain, contract and the
// address's transaction count, and nothing else: whoever has it can carry it.
type AuthorizationRequest struct {
	Authority common.Address `json:"authority"` // whose key signs
	Delegate  common.Address `json:"delegate"`
	ChainID   *big.Int       `json:"chainId"` // never 0, which would mean every chain
	Nonce     uint64         `json:"nonce"`   // transaction count of Authority
	Digest    common.Hash    `json:"digest"`  // keccak256(0x05 ‖ rlp([chainId, delegate, nonce])), signed as it is
}

// WithAuthorization adds a signed EIP-7702 authorization to the operation of a
// [Delegated] account. [Prepare] checks it – address, chain, nonce, delegate –
// and leaves it out if the address runs the code already.
func WithAuthorization(a *userop.Authorization) Option {
	return func(o *options) { o.authorization = a }
}
