package tableserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/postern-dev/postern/p256table"
)

// Get fetches a table from a server at base and returns it only if it is the table of the key: what
// a client does that trusts no server. A lie is a *p256table.Error with p256table.ErrDifferent.
func Get(ctx context.Context, client *http.Client, base string, f p256table.Format, k p256table.Key) ([]byte, error) {
	x, y := k.X(), k.Y()
	at, err := url.JoinPath(base, "v1/tables", fmt.Sprintf("0x%x", x), fmt.Sprintf("0x%x", y))
	if err != nil {
		return nil, fmt.Errorf("tableserver: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"?format="+f.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("tableserver: %w", err)
	}
	r.Header.Set("Accept", binaryType)
	reply, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("tableserver: ask for a table: %w", err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return nil, errors.New("tableserver: the server answers " + reply.Status)
	}
	code, err := io.ReadAll(io.LimitReader(reply.Body, int64(f.Size())+1))
	if err != nil {
		return nil, fmt.Errorf("tableserver: read a table: %w", err)
	}
	if err := p256table.Verify(f, k, code); err != nil {
		return nil, fmt.Errorf("tableserver: the server's table: %w", err)
	}
	return code, nil
}
