package access

import (
	"context"
	"fmt"
	"net/http"

	"github.com/postern-dev/postern/flow"
)

// Block reads a block that a transaction refers to. One that the node does not know is ErrNotFound. A transaction can be
// taken until flow.ExpiryBlocks more are there.
func (c *Client) Block(ctx context.Context, id flow.Identifier) (Block, error) {
	var blocks []wireBlock
	if err := c.do(ctx, http.MethodGet, "/blocks/"+id.String(), nil, nil, &blocks); err != nil {
		return Block{}, err
	}
	b, err := oneBlock(blocks)
	if err == nil && b.ID != id {
		err = malformed("block %s, asked for %s", b.ID, id)
	}
	return b, err
}

// CheckExpiry is ErrExpired if a transaction's reference block is more than flow.ExpiryBlocks below the latest sealed block:
// it can never run then, if it has not. Access nodes are stricter when they are handed one: they want it to be 30 blocks
// from that, and count from the latest finalized block, which is some blocks further. A reference block that the node does
// not know is ErrNotFound.
func (c *Client) CheckExpiry(ctx context.Context, t *flow.Transaction) error {
	reference, err := c.Block(ctx, t.ReferenceBlock)
	if err != nil {
		return err
	}
	latest, err := c.LatestBlock(ctx)
	if err != nil {
		return err
	}
	if latest.Height > reference.Height && latest.Height-reference.Height > flow.ExpiryBlocks {
		return &Error{Cause: ErrExpired, Message: fmt.Sprintf("it refers to block %d, %d blocks ago; it was good for %d", reference.Height, latest.Height-reference.Height, flow.ExpiryBlocks)}
	}
	return nil
}
