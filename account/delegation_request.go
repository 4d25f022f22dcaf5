package account

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/userop"
)

var errNoCount = errors.New("account: this chain cannot be asked for transaction counts: it is no Node")

// RequestAuthorization says what the key behind a [Delegated] account has to
// sign. It returns nil, nil if the address runs that code already, and a
// *DelegationError if it runs other code.
func RequestAuthorization(ctx context.Context, c Client, acct Account) (*AuthorizationRequest, error) {
	d, ok := acct.(Delegated)
	if !ok {
		return nil, &DelegationError{Account: acct.Address(), Why: ErrNotDelegated}
	}
	r := &AuthorizationRequest{Authority: acct.Address(), Delegate: d.Delegate()}
	var code, delegateCode []byte
	var errID, errCode, errDelegate, errNonce error
	parallel(
		func() { r.ChainID, errID = c.Chain.ChainID(ctx) },
		func() { code, errCode = c.Chain.Code(ctx, r.Authority) },
		func() { delegateCode, errDelegate = c.Chain.Code(ctx, r.Delegate) },
		func() { r.Nonce, errNonce = transactionCount(ctx, c.Chain, r.Authority) },
	)
	if errID != nil {
		return nil, fmt.Errorf("account: ask the node for its chain: %w", errID)
	}
	if c.ChainID != nil && c.ChainID.Cmp(r.ChainID) != 0 {
		return nil, &WrongChainError{Who: "the node", Want: c.ChainID, Got: r.ChainID}
	}
	if r.ChainID.Sign() <= 0 {
		return nil, &WrongChainError{Who: "the node", Want: big.NewInt(1), Got: r.ChainID}
	}
	for _, err := range []error{errCode, errDelegate} {
		if err != nil {
			return nil, fmt.Errorf("account: read the code: %w", err)
		}
	}
	there, err := delegationState(r.Authority, r.Delegate, code, delegateCode)
	if there || err != nil {
		return nil, err
	}
	if errNonce != nil {
		return nil, fmt.Errorf("account: count the transactions of %s: %w", r.Authority, errNonce)
	}
	hash, err := (&userop.Authorization{ChainID: r.ChainID, Address: r.Delegate, Nonce: r.Nonce}).SigHash()
	if err != nil {
		return nil, err
	}
	r.Digest = hash
	return r, nil
}

// delegationState reports whether the address runs the code of delegate already.
// The error says that it never will, as things are.
func delegationState(self, delegate common.Address, code, delegateCode []byte) (there bool, err error) {
	if len(code) > 0 {
		at, ok := userop.ParseDelegation(code)
		switch {
		case !ok:
			return false, &DelegationError{Account: self, Delegate: delegate, Why: ErrOtherCode}
		case at != delegate:
			return false, &DelegationError{Account: self, Delegate: delegate, Current: at, Why: ErrOtherCode}
		}
	}
	if len(delegateCode) == 0 {
		return false, &DelegationError{Account: self, Delegate: delegate, Why: ErrNoDelegateCode}
	}
	return len(code) > 0, nil
}

// transactionCount is an address's nonce at the latest block.
func transactionCount(ctx context.Context, ch Chain, addr common.Address) (uint64, error) {
	node, ok := ch.(Node)
	if !ok {
		return 0, errNoCount
	}
	var n hexutil.Uint64
	err := node.CallContext(ctx, &n, "eth_getTransactionCount", addr, "latest")
	return uint64(n), err
}

// Finish makes the authorization of r ‖ s ‖ v, 65 bytes, v 0, 1, 27 or 28. A
// signature by another key, of other data or with a high s is refused with an
// *ApprovalError.
func (r *AuthorizationRequest) Finish(sig []byte) (*userop.Authorization, error) {
	a := &userop.Authorization{Address: r.Delegate, Nonce: r.Nonce}
	if r.ChainID == nil || r.ChainID.Sign() <= 0 {
		return nil, &DelegationError{Account: r.Authority, Delegate: r.Delegate, Why: ErrAnyChain}
	}
	a.ChainID = new(big.Int).Set(r.ChainID)
	refuse := func(cause error) (*userop.Authorization, error) {
		return nil, &ApprovalError{Who: "the key " + r.Authority.Hex(), Cause: cause}
	}
	hash, err := a.SigHash()
	if err != nil {
		return nil, err
	}
	if hash != r.Digest { // somebody changed the request
		return refuse(ErrBadChallenge)
	}
	who, err := RecoverECDSA(hash, sig)
	if err != nil {
		return refuse(err)
	}
	if who != r.Authority {
		return refuse(fmt.Errorf("%w: %s", ErrWrongSigner, who))
	}
	a.YParity, a.R, a.S = parity(sig), bigOf(sig[:32]), bigOf(sig[32:64])
	return a, nil
}

// parity of a checked signature.
func parity(sig []byte) uint8 {
	if v := sig[64]; v >= 27 {
		return v - 27
	}
	return sig[64]
}
