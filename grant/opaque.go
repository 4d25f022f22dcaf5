package grant

import "github.com/ethereum/go-ethereum/common"

// KindUnknown is the kind of [*Opaque].
const KindUnknown Kind = "unknown"

// Opaque is a policy of a contract that is not in the table: nobody here knows
// what it allows. Its Address is always set.
type Opaque struct {
	Base
	Data []byte
}

// Kind implements [Policy].
func (*Opaque) Kind() Kind { return KindUnknown }

// Contract implements [Policy].
func (p *Opaque) Contract() common.Address { return p.Address }

var _ Policy = (*Opaque)(nil)

// isNil also finds a nil pointer of one of the types.
func isNil(p Policy) bool {
	switch p := p.(type) {
	case *Call:
		return p == nil
	case *Gas:
		return p == nil
	case *RateLimit:
		return p == nil
	case *Timestamp:
		return p == nil
	case *SignatureCaller:
		return p == nil
	case *Sudo:
		return p == nil
	case *Opaque:
		return p == nil
	}
	return true
}
