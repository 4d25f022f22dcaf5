// One signature for the operations of several chains.

package session

import (
	"context"
	"math/big"
	"math/bits"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/userop"
)

// severalAtOnce says that one signature of the same owner does for all.
func severalAtOnce(open []*revoking) bool {
	for _, r := range open {
		switch r.Account.Root().(type) {
		case kernel.MultiChainECDSA, kernel.MultiChainWebAuthn:
		default:
			return false
		}
		if !sameRoot(open[0].Account, r.Account) {
			return false
		}
	}
	return true
}

// What a longer signature costs, in gas: its bytes as call data at the highest price,
// and the hashes and copies of its proof.
const (
	gasPerByte  = 40
	gasPerLevel = 1_000
	gasOfTree   = 15_000
)

// lengthen prepares the operations again, with room for a signature of several.
func (m *revocation) lengthen(ctx context.Context, open []*revoking) {
	depth := bits.Len(uint(len(open) - 1))
	for _, r := range open {
		if err := r.lengthen(ctx, depth, m.options); err != nil {
			m.fail(r, err)
		}
	}
}

func (r *revoking) lengthen(ctx context.Context, depth int, opts []account.Option) error {
	stub, err := treeStub(r.Account.Root(), r.owner.Stub(), depth)
	if err != nil {
		return err
	}
	op := r.prepared.Op()
	plus := func(n *big.Int, more int) *big.Int { return new(big.Int).Add(n, big.NewInt(int64(more))) }
	gas := account.GasEstimate{
		CallGasLimit: op.CallGasLimit, VerificationGasLimit: plus(op.VerificationGasLimit, gasOfTree+depth*gasPerLevel),
		PreVerificationGas:            plus(op.PreVerificationGas, (len(stub)-len(r.owner.Stub()))*gasPerByte),
		PaymasterVerificationGasLimit: op.PaymasterVerificationGasLimit, PaymasterPostOpGasLimit: op.PaymasterPostOpGasLimit,
	}
	auth := &treeAuthority{Authority: r.owner, stub: stub}
	r.prepared, err = account.Prepare(ctx, r.Client, r.Account, auth, r.calls, append(slices.Clone(opts), account.WithGas(gas))...)
	return err
}

// treeStub is as long as a signature of one of several hashes, of a tree that deep.
func treeStub(root kernel.Validator, one []byte, depth int) ([]byte, error) {
	full := common.MaxHash
	s := kernel.MultiChainSignature{Root: full, Proof: slices.Repeat([]common.Hash{full}, depth), Signature: one}
	if _, ok := root.(kernel.MultiChainECDSA); ok {
		return s.ECDSA()
	}
	f, err := abituple.Decode(one, "dd") // no proof, signature
	if err != nil {
		return nil, err
	}
	s.Signature = f[1].Data
	return s.WebAuthn()
}

// signTree asks once for all.
func (m *revocation) signTree(ctx context.Context, open []*revoking) {
	a, challenge, signatures, err := m.askTree(ctx, open)
	for i, r := range open {
		failed := err
		if failed == nil {
			failed = r.finish(a, &treeAuthority{Authority: r.owner, stub: signatures[i], challenge: challenge, hash: r.prepared.Hash(), signature: signatures[i]})
		}
		if failed != nil {
			m.fail(r, failed)
		}
	}
}

// askTree returns the owner's approval, what it was for, and a signature for each.
func (m *revocation) askTree(ctx context.Context, open []*revoking) (a account.Approval, c account.Challenge, signatures [][]byte, err error) {
	hashes := make([]common.Hash, len(open))
	for i, r := range open {
		hashes[i] = r.prepared.Hash()
	}
	request, err := open[0].owner.SignHashes(hashes)
	if err != nil {
		return a, c, nil, err
	}
	if a, err = m.approve(ctx, request.Challenge()); err != nil {
		return a, c, nil, err
	}
	signatures, err = request.Finish(a)
	return a, request.Challenge(), signatures, err
}

// finish gives the operation its signature of several.
func (r *revoking) finish(a account.Approval, auth *treeAuthority) error {
	saved, err := r.prepared.MarshalJSON()
	if err != nil {
		return err
	}
	signed, err := account.Resume(saved, r.Client, r.Account, auth)
	if err != nil {
		return err
	}
	r.prepared = signed
	_, err = signed.Finish(a)
	return err
}

// treeAuthority is the owner who signs one of several operations by their tree.
type treeAuthority struct {
	*kernel.Authority
	stub []byte

	// Once signed:
	challenge account.Challenge
	hash      common.Hash
	signature []byte
}

var _ account.Authority = (*treeAuthority)(nil)

// Stub implements [account.Authority].
func (a *treeAuthority) Stub() []byte { return slices.Clone(a.stub) }

// Challenge implements [account.Authority].
func (a *treeAuthority) Challenge(op *userop.Op, chainID *big.Int) (account.Challenge, error) {
	if a.signature == nil {
		return a.Authority.Challenge(op, chainID)
	}
	hash, err := userop.V07.Hash(op, chainID)
	if err != nil {
		return account.Challenge{}, err
	}
	if hash != a.hash {
		return account.Challenge{}, account.ErrChanged
	}
	return a.challenge, nil
}

// Seal implements [account.Authority].
func (a *treeAuthority) Seal(op *userop.Op, approval account.Approval) ([]byte, error) {
	if a.signature == nil {
		return a.Authority.Seal(op, approval)
	}
	return slices.Clone(a.signature), nil
}
