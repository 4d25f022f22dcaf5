package accounttest

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

// NodeChain is a plain [account.Chain] on a JSON-RPC connection, for tests: it
// trusts the node and has no limits.
type NodeChain struct{ account.Node }

var _ account.Chain = NodeChain{}

// ChainID implements [account.Chain].
func (c NodeChain) ChainID(ctx context.Context) (*big.Int, error) {
	var id hexutil.Big
	err := c.CallContext(ctx, &id, "eth_chainId")
	return id.ToInt(), err
}

// Call implements [account.Chain].
func (c NodeChain) Call(ctx context.Context, to common.Address, data []byte) ([]byte, error) {
	var out hexutil.Bytes
	err := c.CallContext(ctx, &out, "eth_call", map[string]any{"to": to, "input": hexutil.Bytes(data)}, "latest")
	var d interface{ ErrorData() any }
	if errors.As(err, &d) {
		if s, ok := d.ErrorData().(string); ok {
			if b, herr := hex.DecodeString(strings.TrimPrefix(s, "0x")); herr == nil {
				return nil, fmt.Errorf("%w: %w", err, userop.DecodeRevert(b))
			}
		}
	}
	return out, err
}

// Code implements [account.Chain].
func (c NodeChain) Code(ctx context.Context, addr common.Address) ([]byte, error) {
	var out hexutil.Bytes
	err := c.CallContext(ctx, &out, "eth_getCode", addr, "latest")
	return out, err
}

// Balance implements [account.Chain].
func (c NodeChain) Balance(ctx context.Context, addr common.Address) (*big.Int, error) {
	var out hexutil.Big
	err := c.CallContext(ctx, &out, "eth_getBalance", addr, "latest")
	return out.ToInt(), err
}

// Fees implements [account.Chain].
func (c NodeChain) Fees(ctx context.Context) (account.Fees, error) {
	var price hexutil.Big
	if err := c.CallContext(ctx, &price, "eth_gasPrice"); err != nil {
		return account.Fees{}, err
	}
	tip := big.NewInt(1e9)
	return account.Fees{MaxFeePerGas: new(big.Int).Add(new(big.Int).Mul(price.ToInt(), big.NewInt(2)), tip), MaxPriorityFeePerGas: tip}, nil
}

// FindByNonce implements [account.Finder].
func (c NodeChain) FindByNonce(ctx context.Context, ep userop.EntryPoint, sender common.Address, nonce *big.Int) (*account.Receipt, error) {
	return account.FindByNonce(ctx, c.Node, ep, sender, nonce)
}

// Storage reads a storage slot.
func (c NodeChain) Storage(ctx context.Context, addr common.Address, slot common.Hash) (common.Hash, error) {
	var out common.Hash
	err := c.CallContext(ctx, &out, "eth_getStorageAt", addr, slot, "latest")
	return out, err
}
