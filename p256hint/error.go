package p256hint

// Reason is why there are no hints.
type Reason string

const (
	OutOfRange Reason = "r or s is not between 1 and the group's order"
	BadKey     Reason = "the public key is not a point of the curve"
	Invalid    Reason = "the signature is not valid"
	Wrapped    Reason = "x of the nonce's point is r + n, not r"
	NotShort   Reason = "no factor makes both scalars half as long"
	Related    Reason = "the nonce is the key or its negative, or three times or a third of it"
)

// Error says why there are no hints.
type Error struct{ Reason Reason }

func (e *Error) Error() string { return "p256hint: " + string(e.Reason) }

// Hint is the way out.
func (e *Error) Hint() string {
	switch e.Reason {
	case Wrapped, NotShort, Related:
		return "use the verifier without hints: the signature may be valid"
	}
	return "no verifier will take this signature"
}
