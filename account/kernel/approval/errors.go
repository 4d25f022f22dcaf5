package approval

import (
	"fmt"

	"github.com/postern-dev/postern/account"
)

// Error says which part of an approval is refused, why, and what to do.
type Error struct {
	Field  string // "permissionParams.policies[1].allowed", "line 3", "" for the whole
	Reason string
	Way    string // the way out, one sentence, no full stop
}

func (e *Error) Error() string {
	if e.Field == "" {
		return "approval: " + e.Reason
	}
	return "approval: " + e.Field + ": " + e.Reason
}

// Hint implements [account.Hinter].
func (e *Error) Hint() string { return e.Way }

var _ account.Hinter = (*Error)(nil)

func refuse(field, way, format string, args ...any) *Error {
	return &Error{Field: field, Reason: fmt.Sprintf(format, args...), Way: way}
}
