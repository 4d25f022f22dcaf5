package account

import (
	"context"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/userop"
)

// RelayFeeError says that the chain asks more per gas than an operation pays
// back to the key that relays it. Both are in wei per gas.
type RelayFeeError struct{ BaseFee, MaxFee *big.Int }

func (e *RelayFeeError) Error() string {
	return fmt.Sprintf("account: the chain asks %s wei per gas, the operation pays back at most %s", e.BaseFee, e.MaxFee)
}

// Hint implements [Hinter].
func (e *RelayFeeError) Hint() string {
	return "wait for a lower base fee and send again; nothing was sent"
}

// RelayGasError says that an operation needs more gas than one transaction may have.
type RelayGasError struct{ Gas *big.Int }

func (e *RelayGasError) Error() string {
	return fmt.Sprintf("account: carrying the operation takes up to %s gas, a transaction may have %d", e.Gas, maxTxGas)
}

// Hint implements [Hinter].
func (e *RelayGasError) Hint() string {
	return "prepare it with lower gas limits, or split its calls; nothing was sent"
}

// fees are what the transaction pays: what the chain suggests, and never more
// than the operation pays back, whatever the node says.
func (r *Relayer) fees(ctx context.Context, op *userop.Op) (Fees, error) {
	f, err := r.Chain.Fees(ctx)
	if err != nil {
		return Fees{}, err
	}
	if f.MaxFeePerGas == nil || f.MaxPriorityFeePerGas == nil {
		return Fees{}, errShortAnswer
	}
	var block struct {
		BaseFee *hexutil.Big `json:"baseFeePerGas"` // nil on chains without
	}
	if err := r.Node.CallContext(ctx, &block, "eth_getBlockByNumber", "latest", false); err != nil {
		return Fees{}, fmt.Errorf("account: read the base fee: %w", err)
	}
	if block.BaseFee != nil && block.BaseFee.ToInt().Cmp(op.MaxFeePerGas) > 0 {
		return Fees{}, &RelayFeeError{BaseFee: block.BaseFee.ToInt(), MaxFee: new(big.Int).Set(op.MaxFeePerGas)}
	}
	out := Fees{MaxFeePerGas: lesser(f.MaxFeePerGas, op.MaxFeePerGas)}
	out.MaxPriorityFeePerGas = lesser(lesser(f.MaxPriorityFeePerGas, op.MaxPriorityFeePerGas), out.MaxFeePerGas)
	return out, nil
}

func lesser(a, b *big.Int) *big.Int {
	if a.Cmp(b) < 0 {
		return new(big.Int).Set(a)
	}
	return new(big.Int).Set(b)
}
