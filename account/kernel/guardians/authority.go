// Carrying a proposal out.

package guardians

import (
	"bytes"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// Authority is a guardian who sends an approved proposal's operation. It can approve of
// nothing else.
type Authority struct {
	proposal *Proposal
	guardian common.Address
}

var (
	_ account.Authority = (*Authority)(nil)
	_ account.Namer     = (*Authority)(nil)
)

// NewAuthority is for [account.Prepare] with the proposal's Call, after its delay. The
// operation's nonce must still be the proposal's.
func NewAuthority(p *Proposal, guardian common.Address) *Authority { return &Authority{p, guardian} }

// NonceKey implements [account.Authority].
func (a *Authority) NonceKey() *big.Int { return new(big.Int).Rsh(a.proposal.Nonce, 64) }

// Stub implements [account.Authority]: a signature by a key that is nobody's.
func (a *Authority) Stub() []byte {
	return seal.KernelECDSAStub()
}

// Challenge implements [account.Authority]: the operation's hash with the prefix of EIP-191.
func (a *Authority) Challenge(op *userop.Op, chainID *big.Int) (account.Challenge, error) {
	if op.Sender != a.proposal.Account || !bytes.Equal(op.CallData, a.proposal.data) || op.Nonce.Cmp(a.proposal.Nonce) != 0 {
		return account.Challenge{}, fmt.Errorf("guardians: the operation is not what guardians have approved of: %w", account.ErrChanged)
	}
	hash, err := a.proposal.entryPoint.Hash(op, chainID)
	if err != nil {
		return account.Challenge{}, err
	}
	return account.Challenge{Digest: seal.KernelPersonal(hash), Kind: account.KindECDSA, Address: a.guardian, Personal: hash[:]}, nil
}

// Seal implements [account.Authority].
func (a *Authority) Seal(_ *userop.Op, approval account.Approval) ([]byte, error) {
	return seal.KernelECDSA(approval.ECDSA)
}

// Name implements [account.Namer].
func (a *Authority) Name() string { return "the guardian " + a.guardian.Hex() }
