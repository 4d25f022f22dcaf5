// Candidates for permissions, from logs and transactions. Nothing of it is believed:
// the account says which permissions there are, and contents prove themselves by
// their id.

package session

import (
	"context"

	"github.com/postern-dev/postern/account/kernel"
)

func list(ctx context.Context, r reader, o listOptions) ([]Permission, error) {
	contents := map[kernel.PermissionID]*kernel.Permission{}
	var order []kernel.PermissionID
	for _, p := range o.known {
		if id := p.ID(); contents[id] == nil {
			contents[id], order = &p, append(order, id)
		}
	}
	_ = ctx
	_ = r
	_ = order
	return nil, nil
}
