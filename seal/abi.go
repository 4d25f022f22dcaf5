// ABI tuples with this package's refusals.

package seal

import (
	"errors"

	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/passkey"
)

// MaxABI is the longest ABI-encoded signature that is read, in bytes. No block
// has room for a longer one.
const MaxABI = 1 << 17

// decodeTuple is abituple.Decode or DecodeStruct of at most MaxABI bytes.
func decodeTuple(where string, decode func([]byte, string) ([]abituple.Field, error), b []byte, shape string) ([]abituple.Field, error) {
	if len(b) > MaxABI {
		return nil, malformed(where, "%d bytes, at most %d", len(b), MaxABI)
	}
	f, err := decode(b, shape)
	if e := (*abituple.Error)(nil); errors.As(err, &e) {
		cause := map[abituple.Reason]passkey.Cause{
			abituple.Truncated: ErrTruncated, abituple.Trailing: ErrTrailing, abituple.NotCanonical: ErrEncoding,
		}[e.Reason]
		return nil, caused(cause, where, "%s", e.What)
	}
	return f, err
}
