package access

import (
	"context"
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
