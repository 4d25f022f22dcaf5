// The rule byte of a passkey signer: what its assertions must show.

package seal

import (
	"fmt"

	"github.com/postern-dev/postern/passkey"
)

// Rule says what the flags of a passkey's assertions must be, as the account
// stores it: bits 0–1 user verification (UV), bits 2–3 backup eligible (BE),
// bits 4–5 backed up (BS), each a [passkey.Requirement]. User presence is always
// required, and BS without BE is always refused.
type Rule byte

// RequireUV requires user verification and nothing else. It is the rule of a
// fresh account's first passkey.
const RequireUV Rule = 0x01

// NewRule makes a rule of its three requirements.
func NewRule(uv, be, bs passkey.Requirement) (Rule, error) {
	r := Rule(uv&3 | be&3<<2 | bs&3<<4)
	if uv > passkey.Forbidden || be > passkey.Forbidden || bs > passkey.Forbidden || !r.Valid() {
		return 0, &RuleError{UV: uv, BE: be, BS: bs}
	}
	return r, nil
}

// ParseRule reads a rule byte.
func ParseRule(b byte) (Rule, error) {
	r := Rule(b)
	if b>>6 != 0 {
		return 0, malformed("rule", "bits 6 and 7 of %#02x are set", b)
	}
	if !r.Valid() {
		return 0, &RuleError{UV: r.UV(), BE: r.BE(), BS: r.BS()}
	}
	return r, nil
}

// UV, BE and BS are the rule's three requirements.
func (r Rule) UV() passkey.Requirement { return passkey.Requirement(r & 3) }

// BE is the requirement on backup eligibility.
func (r Rule) BE() passkey.Requirement { return passkey.Requirement(r >> 2 & 3) }

// BS is the requirement on the backup state.
func (r Rule) BS() passkey.Requirement { return passkey.Requirement(r >> 4 & 3) }

// Valid reports whether an account accepts a signer with this rule: every
// requirement is defined, and some assertion can satisfy them all.
func (r Rule) Valid() bool {
	defined := r>>6 == 0 && r.UV() <= passkey.Forbidden && r.BE() <= passkey.Forbidden && r.BS() <= passkey.Forbidden
	return defined && (r.BS() != passkey.Required || r.BE() != passkey.Forbidden)
}

// Allows reports whether the account accepts an assertion with these flags.
func (r Rule) Allows(f passkey.Flags) bool {
	meets := func(q passkey.Requirement, set bool) bool {
		return q == passkey.Any || (q == passkey.Required) == set
	}
	return r.Valid() && f.UP() && (f.BE() || !f.BS()) && meets(r.UV(), f.UV()) && meets(r.BE(), f.BE()) && meets(r.BS(), f.BS())
}

// String is "UV required, BE any, BS any".
func (r Rule) String() string {
	return fmt.Sprintf("UV %s, BE %s, BS %s", r.UV(), r.BE(), r.BS())
}

// RuleError says that no assertion can satisfy the requirements, or that one of
// them is undefined.
type RuleError struct{ UV, BE, BS passkey.Requirement }

func (e *RuleError) Error() string {
	return fmt.Sprintf("seal: no assertion can satisfy UV %s, BE %s, BS %s", e.UV, e.BE, e.BS)
}
