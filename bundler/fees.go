// Fees, from the bundler or from the chain.

package bundler

import (
	"context"
	"errors"
	"math/big"
	"slices"

	"github.com/postern-dev/postern/account"
)

// ErrNoFees is returned by SuggestFees when the bundler has no opinion.
var ErrNoFees = errors.New("the bundler does not suggest fees")

// maxFeeBits bounds fees; above it the EntryPoint refuses (AA94).
const maxFeeBits = 120

// SuggestFees is pimlico_getUserOperationGasPrice, "standard". Bundlers refuse
// operations that pay less than they ask, so their word counts before the
// chain's. [ErrNoFees] when this bundler does not offer the method.
func (c *Client) SuggestFees(ctx context.Context) (account.Fees, error) {
	const method = "pimlico_getUserOperationGasPrice"
	if c.noPrice.Load() {
		return account.Fees{}, ErrNoFees
	}
	type level struct {
		Max      *number `json:"maxFeePerGas"`
		Priority *number `json:"maxPriorityFeePerGas"`
	}
	var r struct {
		Standard *level `json:"standard"`
	}
	if err := c.e.call(ctx, method, &r); err != nil {
		if notOffered(err) {
			c.noPrice.Store(true)
			return account.Fees{}, ErrNoFees
		}
		return account.Fees{}, err
	}
	if r.Standard == nil || r.Standard.Max == nil || r.Standard.Priority == nil {
		return account.Fees{}, c.e.fault(method, ErrBadReply, 0, "no standard fees", nil)
	}
	f := account.Fees{MaxFeePerGas: r.Standard.Max.big(), MaxPriorityFeePerGas: r.Standard.Priority.big()}
	if !sane(f) {
		return account.Fees{}, c.e.fault(method, ErrBadReply, 0, "fees that no EntryPoint accepts", nil)
	}
	return f, nil
}

func sane(f account.Fees) bool {
	return f.MaxFeePerGas.BitLen() <= maxFeeBits && f.MaxPriorityFeePerGas.Cmp(f.MaxFeePerGas) <= 0
}

// Fees suggests EIP-1559 fees: the node's priority fee, and room for the base
// fee to double, which takes at least six full blocks. Chains without a base fee
// get their gas price for both.
func (c *Chain) Fees(ctx context.Context) (account.Fees, error) {
	var h struct {
		BaseFee []*number   `json:"baseFeePerGas"`
		Reward  [][]*number `json:"reward"`
	}
	if err := c.e.call(ctx, "eth_feeHistory", &h, "0x5", "latest", []int{50}); err != nil {
		if !notOffered(err) {
			return account.Fees{}, err
		}
		return c.legacyFees(ctx)
	}
	if len(h.BaseFee) == 0 || h.BaseFee[len(h.BaseFee)-1] == nil {
		return c.legacyFees(ctx)
	}
	base := h.BaseFee[len(h.BaseFee)-1].big()
	tip, err := c.priorityFee(ctx, h.Reward)
	if err != nil {
		return account.Fees{}, err
	}
	f := account.Fees{MaxPriorityFeePerGas: tip, MaxFeePerGas: base.Lsh(base, 1)}
	f.MaxFeePerGas.Add(f.MaxFeePerGas, tip)
	if !sane(f) {
		return account.Fees{}, c.e.fault("eth_feeHistory", ErrBadReply, 0, "fees that no EntryPoint accepts", nil)
	}
	return f, nil
}

// priorityFee is the node's own suggestion, else the median of what recent
// blocks were paid at half.
func (c *Chain) priorityFee(ctx context.Context, rewards [][]*number) (*big.Int, error) {
	var n number
	err := c.e.call(ctx, "eth_maxPriorityFeePerGas", &n)
	if err == nil {
		return n.big(), nil
	}
	if !notOffered(err) {
		return nil, err
	}
	var paid []*big.Int
	for _, r := range rewards {
		if len(r) == 1 {
			paid = append(paid, r[0].big())
		}
	}
	if len(paid) == 0 {
		return new(big.Int), nil
	}
	slices.SortFunc(paid, (*big.Int).Cmp)
	return paid[len(paid)/2], nil
}

func (c *Chain) legacyFees(ctx context.Context) (account.Fees, error) {
	var n number
	if err := c.e.call(ctx, "eth_gasPrice", &n); err != nil {
		return account.Fees{}, err
	}
	f := account.Fees{MaxFeePerGas: n.big(), MaxPriorityFeePerGas: n.big()}
	if !sane(f) {
		return account.Fees{}, c.e.fault("eth_gasPrice", ErrBadReply, 0, "a gas price that no EntryPoint accepts", nil)
	}
	return f, nil
}

// notOffered tells that a server lacks the method.
func notOffered(err error) bool {
	r, ok := errors.AsType[*RPCError](err)
	return ok && (r.Code == CodeMethodNotFound || r.Code == codeNotSupported)
}
