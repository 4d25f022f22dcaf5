package passkey

import "fmt"

// Requirement says what a flag must be. The zero value accepts both.
type Requirement uint8

// Values of Requirement.
const (
	Any Requirement = iota
	Required
	Forbidden
)

func (r Requirement) String() string {
	switch r {
	case Any:
		return "any"
	case Required:
		return "required"
	case Forbidden:
		return "forbidden"
	}
	return fmt.Sprintf("Requirement(%d)", uint8(r))
}

// Allows reports whether a flag that is set or not satisfies the requirement.
func (r Requirement) Allows(set bool) bool {
	return r == Any || r == Required && set || r == Forbidden && !set
}

// DriftPolicy says what happens when backup eligibility is not what it was at registration.
// §6.1.3 fixes BE for life, yet synced passkeys that turn from 0 to 1 exist in the field.
type DriftPolicy uint8

// Values of DriftPolicy.
const (
	DriftRefuse       DriftPolicy = iota // any change is refused
	DriftAllowUpgrade                    // 0 to 1 is accepted and is the caller's to record; 1 to 0 is refused
)

// Rule is what a ceremony must satisfy. User presence is always required, except where
// ConditionalCreate says otherwise, and BS without BE is never accepted.
type Rule struct {
	RPID      string   // the relying party's ID: a domain such as "example.org" or "localhost"
	Origins   []string // accepted origins, compared as they are: "https://example.org"
	Challenge []byte   // the bytes that must have been signed, at least 16

	UserVerification Requirement // UV
	BackupEligible   Requirement // BE
	BackedUp         Requirement // BS

	// TopOrigins lists origins that may embed the page. Empty: the ceremony must not be
	// cross-origin. The entry "" accepts a cross-origin ceremony whose browser does not name
	// the embedder.
	TopOrigins []string

	// StoredBackupEligible is BE as recorded at registration; nil if it is not known. Never
	// make false of a record that lacks it. BackupDrift says what to do when BE differs.
	StoredBackupEligible *bool
	BackupDrift          DriftPolicy

	// StoredSignCount is the last counter seen; nil to ignore counters. If either counter is
	// above zero, the new one must be larger (§7.2).
	StoredSignCount *uint32

	CredentialIDs [][]byte // credentials that were asked for; empty accepts any
	UserHandle    []byte   // whose credential it must be; checked if both sides have one

	// ConditionalCreate accepts a registration without user presence, which browsers make when
	// they upgrade a password to a passkey with mediation "conditional" (§7.1).
	ConditionalCreate bool
}

// minChallenge is the least length of a challenge in bytes (§13.4.3).
const minChallenge = 16

// check refuses a rule that would accept too much by mistake.
func (r *Rule) check() error {
	bad := func(seen, want string) error {
		return &Error{Cause: ErrRule, Where: "rule", Seen: seen, Want: want}
	}
	switch {
	case r.RPID == "":
		return bad("no RPID", "the relying party's ID")
	case len(r.Origins) == 0:
		return bad("no Origins", "at least one accepted origin")
	case len(r.Challenge) < minChallenge:
		return bad(fmt.Sprintf("a Challenge of %d bytes", len(r.Challenge)), fmt.Sprintf("at least %d", minChallenge))
	case r.UserVerification > Forbidden || r.BackupEligible > Forbidden || r.BackedUp > Forbidden:
		return bad("an unknown Requirement", "Any, Required or Forbidden")
	case r.BackupDrift > DriftAllowUpgrade:
		return bad("an unknown DriftPolicy", "DriftRefuse or DriftAllowUpgrade")
	}
	return nil
}
