// Facts, and who vouches for them.

package recovery

// Source says who vouches for a fact. Facts below Stated are shown, never relied on.
type Source uint8

// The sources, weakest first.
const (
	Unknown  Source = iota // nobody has said anything
	Claimed                // software has said so and nobody has checked: an AAGUID without attestation, transports
	Stated                 // the user has said so
	Signed                 // the key itself signs it with every use: the flags BE and BS
	Attested               // the authenticator's maker vouches for it by a verified attestation
	Chain                  // the chain enforces it
)

var sourceNames = [...]string{"unknown", "claimed", "stated", "signed", "attested", "chain"}

func (s Source) String() string {
	if int(s) < len(sourceNames) {
		return sourceNames[s]
	}
	return "unknown"
}

// MarshalText makes a source a word in JSON.
func (s Source) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Fact is a value and who vouches for it. The zero Fact is not known.
type Fact[T any] struct {
	Value  T      `json:"value"`
	Source Source `json:"source"`
}

// Known makes a fact.
func Known[T any](value T, source Source) Fact[T] { return Fact[T]{value, source} }

// Relied reports whether somebody vouches for the fact.
func (f Fact[T]) Relied() bool { return f.Source >= Stated }

// is reports a relied-on yes.
func is(f Fact[bool]) bool { return f.Relied() && f.Value }

// isNot reports a relied-on no.
func isNot(f Fact[bool]) bool { return f.Relied() && !f.Value }
