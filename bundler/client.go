// The bundler's methods.

package bundler

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"sync/atomic"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

// Client speaks to a bundler. It is safe for concurrent use.
type Client struct {
	connection
	noPrice atomic.Bool // the bundler does not suggest fees
}

var (
	_ account.Bundler      = (*Client)(nil)
	_ account.FeeSuggester = (*Client)(nil)

	_ account.OverrideEstimator = (*Client)(nil)
)

// Dial makes a client. It does not connect yet.
func Dial(url string, o Options) (*Client, error) {
	e, err := newEndpoint(url, o)
	if err != nil {
		return nil, err
	}
	return &Client{connection: connection{e: e}}, nil
}

// maxEntryPoints is how many entry points of a bundler are looked at.
const maxEntryPoints = 64

// SupportedEntryPoints is eth_supportedEntryPoints.
func (c *Client) SupportedEntryPoints(ctx context.Context) ([]common.Address, error) {
	var list []common.Address
	if err := c.e.call(ctx, "eth_supportedEntryPoints", &list); err != nil {
		return nil, err
	}
	if len(list) > maxEntryPoints {
		return nil, c.e.fault("eth_supportedEntryPoints", ErrBadReply, 0, fmt.Sprintf("%d entry points", len(list)), nil)
	}
	return list, nil
}

// Operation is what eth_getUserOperationByHash knows.
type Operation struct {
	Op          *userop.Op
	EntryPoint  userop.EntryPoint
	BlockNumber *big.Int    // nil while pending
	TxHash      common.Hash // zero while pending
}

// ByHash is eth_getUserOperationByHash: nil, nil when the bundler does not know
// the operation. One whose hash is another is refused.
func (c *Client) ByHash(ctx context.Context, hash common.Hash) (*Operation, error) {
	const method = "eth_getUserOperationByHash"
	var r *struct {
		Op          json.RawMessage `json:"userOperation"`
		EntryPoint  common.Address  `json:"entryPoint"`
		BlockNumber *number         `json:"blockNumber"`
		TxHash      *common.Hash    `json:"transactionHash"`
	}
	if err := c.e.call(ctx, method, &r, hash); err != nil || r == nil {
		return nil, err
	}
	ep, ok := userop.EntryPointByAddress(r.EntryPoint)
	if !ok {
		return nil, c.e.fault(method, ErrBadReply, 0, "an unknown EntryPoint "+r.EntryPoint.Hex(), nil)
	}
	op, err := userop.UnmarshalReply(ep, r.Op)
	if err != nil {
		return nil, c.e.fault(method, ErrBadReply, 0, printable(err.Error(), 200), err)
	}
	id, err := c.ChainID(ctx)
	if err != nil {
		return nil, err
	}
	// The hash of an EIP-7702 operation on chain needs the delegate, which not
	// every answer states; then it cannot be compared.
	if got, err := ep.Hash(op.Clone().Normalize(), id); err == nil && got != hash {
		return nil, c.e.fault(method, ErrBadReply, 0, "another operation, "+got.Hex(), nil)
	}
	out := &Operation{Op: op, EntryPoint: ep, BlockNumber: r.BlockNumber.orNil()}
	if r.TxHash != nil {
		out.TxHash = *r.TxHash
	}
	return out, nil
}
