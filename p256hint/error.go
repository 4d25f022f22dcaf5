package p256hint

// Reason is why there are no hints, or which one is wrong.
type Reason string

// Why there are none.
const (
	OutOfRange Reason = "r or s is not between 1 and the group's order"
	BadKey     Reason = "the public key is not a point of the curve"
	Invalid    Reason = "the signature is not valid"
	Wrapped    Reason = "x of the nonce's point is r + n, not r"
	NotShort   Reason = "no factor makes both scalars half as long"
	Related    Reason = "the nonce is the key or its negative, or three times or a third of it"
)

// Which is wrong.
const (
	BadLength    Reason = "hints for the verifier without a table are 128 bytes"
	WrongInverse Reason = "it is not 1/s"
	WrongW       Reason = "w does not make two short scalars"
	WrongRY      Reason = "yR is not of a point with x = r"
	WrongI1      Reason = "i1 is not the inverse it should be"
	WrongI2      Reason = "i2 is not the inverse it should be"
)

// Error says why there are no hints, or which one is wrong.
type Error struct{ Reason Reason }

func (e *Error) Error() string { return "p256hint: " + string(e.Reason) }

// Hint is the way out.
func (e *Error) Hint() string {
	switch e.Reason {
	case Wrapped, NotShort, Related:
		return "use the verifier without hints: the signature may be valid"
	case BadLength, WrongInverse, WrongW, WrongRY, WrongI1, WrongI2:
		return "compute the hints again from the signature: the verdict does not depend on them, the gas does"
	}
	return "no verifier will take this signature"
}
