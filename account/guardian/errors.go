// What is wrong with a setup, an approval, or the way between them.

package guardian

import (
	"errors"
	"fmt"

	"github.com/postern-dev/postern/account"
)

// Reason says why a setup is refused; compare with ==.
type Reason string

// The reasons. Those marked "here only" are not refused by the contract.
const (
	NoGuardian    Reason = "there is no guardian"
	TooMany       Reason = "there are too many"
	TooLarge      Reason = "it does not fit into a contract's code"
	ThresholdZero Reason = "a threshold of zero would need nobody"
	ThresholdHigh Reason = "the threshold is above the weight of all guardians"
	WeightZero    Reason = "a guardian without weight changes nothing"
	WeightHigh    Reason = "the weights add up to more than fits"
	Duplicate     Reason = "one key stands there twice"
	Unsorted      Reason = "it is not in its order"
	Own           Reason = "the account cannot guard itself"
	BadSigner     Reason = "this can be no guardian"
	Dead          Reason = "it can never sign: there is no contract at the verifier's address"
	Plain         Reason = "a passkey of P256Verifier must be written as a passkey"
	BadDuration   Reason = "it is not a whole number of seconds"
	DelayShort    Reason = "the delay is shorter than a day: the owner could not object in time"
	DelayLong     Reason = "the delay is longer than two years"
	ExpiryRange   Reason = "a proposal must stay executable for 1 to 90 days"
	ChangeShort   Reason = "a change of guardians must wait longer than a recovery of the first tier, by a day"
	ChangeLong    Reason = "a change of guardians would wait for more than two years"
	FreezeRange   Reason = "a freeze must outlast the first tier's delay by a day, and last 60 days at most"
	SignerGuards  Reason = "a signer of the account is its guardian: who has that key has both" // here only
	Cyclic        Reason = "the account itself, or a signer of it, stands behind this guardian" // here only
	DeadContract  Reason = "it can no longer sign"                                              // here only
	FreezeAlone   Reason = "no quorum of two can freeze: it takes two guardians at least"       // here only
)

var ways = map[Reason]string{
	NoGuardian:    "name at least one guardian in each tier",
	TooMany:       fmt.Sprintf("at most %d tiers of %d guardians each", MaxTiers, MaxGuardians),
	TooLarge:      "name fewer guardians, or such with shorter keys",
	ThresholdZero: "ask for 1 at least, better for more than half of the weight",
	ThresholdHigh: "lower the threshold, or add guardians",
	WeightZero:    "give it the weight 1, or leave it out",
	WeightHigh:    "use small weights",
	Duplicate:     "name it once, with the weight that it is to have",
	Unsorted:      "tiers stand by ascending delay, guardians by their id: Setup.Sorted does it",
	Own:           "choose somebody else: an account that is lost can sign nothing",
	BadSigner:     "use an address, a passkey, or a verifier's key",
	Dead:          "deploy the verifier first, or choose another guardian",
	Plain:         "use the passkey form: 0x0000000000000000000000000000000000000100 and the key",
	BadDuration:   "use days or hours",
	DelayShort:    "use 1 day at least, better 7",
	DelayLong:     "use 730 days at most",
	ExpiryRange:   "use 7 or 30 days",
	ChangeShort:   "raise changeDelay to the first tier's delay and a day, or more",
	ChangeLong:    "use 730 days at most",
	FreezeRange:   "use 0 for no freeze, or the first tier's delay and a day, or more",
	SignerGuards:  "choose a key that is kept elsewhere, by somebody else",
	Cyclic:        "choose a guardian who can sign when the account's own keys are lost",
	DeadContract:  "choose another guardian",
	FreezeAlone:   "name a second guardian, or set freeze to 0",
}

// SetupError says why a setup is refused.
type SetupError struct {
	Field  string // "tiers[1].guardians[0]"
	Reason Reason
	Detail string // what was seen; may be empty
	Cause  error  // may be nil
}

func (e *SetupError) Error() string {
	s := fmt.Sprintf("guardian: %s: %s", e.Field, e.Reason)
	if e.Detail != "" {
		s += " (" + e.Detail + ")"
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *SetupError) Unwrap() error { return e.Cause }

// Hint implements [account.Hinter].
func (e *SetupError) Hint() string { return ways[e.Reason] }

var _ account.Hinter = (*SetupError)(nil)

var (
	// ErrNotGuardian is returned for an approval by somebody who has no part in it.
	ErrNotGuardian = errors.New("it is no guardian of this tier")
	// ErrTwice is returned for a second approval of one guardian.
	ErrTwice = errors.New("it has approved already")
	// ErrUnverified is returned where only a chain can tell whether a signature is good:
	// of a contract, or of a verifier's key.
	ErrUnverified = errors.New("only the chain can verify this signature")
	// ErrNotSigned is returned while the new signer has not approved of its own recovery.
	ErrNotSigned = errors.New("it is missing: the new signer has to show that it can sign")
	// ErrForged is returned for a signature that is not the signer's, or not of this message.
	ErrForged = errors.New("the signature is not this signer's over this message")
	// ErrFrozen is returned for a guardian that is an account, and frozen by its own guardians:
	// it is heard again when that is over. It wraps [ErrForged].
	ErrFrozen = fmt.Errorf("%w: its own guardians have frozen it", ErrForged)
	// ErrOtherSetup is returned for a message that was made for other guardians.
	ErrOtherSetup = errors.New("it was made for another setup of guardians")
	// ErrMessage is returned for a message that no contract would accept.
	ErrMessage = errors.New("the message contradicts itself")
)

// QuorumError says that approvals do not suffice.
type QuorumError struct {
	Weight, Threshold uint64
	Few               bool // one guardian alone is not enough, whatever it weighs
}

func (e *QuorumError) Error() string {
	if e.Few {
		return "guardian: the approval of one guardian alone does not suffice for this"
	}
	return fmt.Sprintf("guardian: the approvals weigh %d, the quorum is %d", e.Weight, e.Threshold)
}

// Hint implements [account.Hinter].
func (e *QuorumError) Hint() string { return "ask further guardians of the tier" }

// SignatureError says whose approval was refused and why.
type SignatureError struct {
	Who   string
	Cause error
}

func (e *SignatureError) Error() string {
	return fmt.Sprintf("guardian: the approval by %s: %v", e.Who, e.Cause)
}

// Unwrap returns the cause.
func (e *SignatureError) Unwrap() error { return e.Cause }

// Hint implements [account.Hinter].
func (e *SignatureError) Hint() string {
	if errors.Is(e.Cause, ErrUnverified) {
		return "verify it on the chain (VerifyOn), or send the transaction in a simulation first"
	}
	if errors.Is(e.Cause, ErrFrozen) {
		return "ask other guardians, or wait until that freeze ends"
	}
	return "ask this guardian to sign what is proposed now"
}
