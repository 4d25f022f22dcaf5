package devnet

import (
	"context"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// tokenAmount is what one postern_tokenFaucet call gives: 1,000 tokens of 18 decimals.
var tokenAmount = ether(1000)

// Slots of the token's mappings: balances by account, and allowances by account and spender.
const (
	tokenBalanceSlot   = 0
	tokenAllowanceSlot = 1
)

// MintToken makes units of the paymasters' token for an address and waits until they are there. It has no
// limits: it is for this process. The RPC method postern_tokenFaucet is the bounded form.
func (n *Net) MintToken(ctx context.Context, to common.Address, units *big.Int) error {
	if units == nil || units.Sign() <= 0 || units.BitLen() > 128 {
		return &Error{Kind: ErrFaucet, Err: fmt.Errorf("amount %v is not between 1 and 2^128", units)}
	}
	if _, err := n.faucet.mint(ctx, n.info.Token, to, units); err != nil {
		return &Error{Kind: ErrFaucet, Err: err}
	}
	return nil
}

// mint calls the token's sudoMint, which everybody may.
func (f *faucet) mint(ctx context.Context, token, to common.Address, units *big.Int) (common.Hash, error) {
	data := crypto.Keccak256([]byte("sudoMint(address,uint256)"))[:4]
	data = append(data, common.LeftPadBytes(to[:], 32)...)
	data = append(data, common.LeftPadBytes(units.Bytes(), 32)...)
	receipt, err := f.transact(ctx, &token, new(big.Int), data, 0)
	if err != nil {
		return common.Hash{}, err
	}
	return receipt.TxHash, nil
}
