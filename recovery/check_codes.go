// What may be wrong, and how bad that is.

package recovery

// Level says what a finding forbids.
type Level uint8

// The levels.
const (
	Warning Level = iota // worth knowing
	Refused              // must not be set up like this; an account that is can be audited
	Fatal                // the description contradicts itself: nothing can be computed
)

func (l Level) String() string { return [...]string{"warning", "refused", "fatal"}[min(l, Fatal)] }

// MarshalText makes a level a word in JSON.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Code names a finding, for programs.
type Code string

// The findings; Code.Why says what each is about.
const (
	TooMany          Code = "too-many"
	BadName          Code = "bad-name"
	Twice            Code = "twice"
	NotThere         Code = "not-there"
	WrongKind        Code = "wrong-kind"
	Circle           Code = "circle"
	Contradiction    Code = "contradiction"
	Overflow         Code = "overflow"
	OwnGuardian      Code = "own-guardian"
	SameKey          Code = "same-key"
	MemberTwice      Code = "member-twice"
	ThresholdZero    Code = "threshold-zero"
	ThresholdTooHigh Code = "threshold-too-high"
	WeightZero       Code = "weight-zero"
	DelayZero        Code = "delay-zero"
	DelayTooLong     Code = "delay-too-long"
	ExpiryTooShort   Code = "expiry-too-short"
	NoCancel         Code = "no-cancel"
	DeadGuardian     Code = "dead-guardian"
	DeadQuorum       Code = "dead-quorum"
	LoneVeto         Code = "lone-veto"
	SignerGuards     Code = "signer-guards"
	NoOperate        Code = "no-operate"
	Unused           Code = "unused"
	BadFile          Code = "bad-file"
	RuleRefuses      Code = "rule-refuses"
)

var why = map[Code]string{
	TooMany:          "more signers, domains or routes than exact results are promised for",
	BadName:          "an ID or a name that cannot be shown, or none",
	Twice:            "an ID that is there twice",
	NotThere:         "a name of something that is not described",
	WrongKind:        "a value or a domain of another kind than belongs there",
	Circle:           "guardians that guard each other, or domains that contain each other",
	Contradiction:    "facts that cannot both be true",
	Overflow:         "weights whose sum does not fit into 64 bits",
	OwnGuardian:      "an account among its own signers or guardians",
	SameKey:          "one key that counts as two signers",
	MemberTwice:      "a signer that is in a quorum twice",
	ThresholdZero:    "a quorum that nobody has to sign for",
	ThresholdTooHigh: "a quorum that all members together do not reach",
	WeightZero:       "a member that does not count",
	DelayZero:        "a recovery that takes the account at once",
	DelayTooLong:     "a recovery that takes years",
	ExpiryTooShort:   "a recovery that expires before anybody can execute it",
	NoCancel:         "a recovery that nobody can stop",
	DeadGuardian:     "a guardian who cannot sign",
	DeadQuorum:       "a quorum that those who can still sign do not reach",
	LoneVeto:         "a single guardian who can stop every recovery",
	SignerGuards:     "a guardian who is a full signer anyway",
	Unused:           "a domain that nothing lives in, or a signer that signs nothing",
	BadFile:          "a file that cannot be read, or says too little",
	RuleRefuses:      "a passkey whose last signature the account's rule for it refuses",
	NoOperate:        "no way to operate the account at all",
}

// Why says what a finding is about; "" if there is no such code.
func (c Code) Why() string { return why[c] }

// Finding is one thing that is wrong.
type Finding struct {
	Level Level  `json:"level"`
	Code  Code   `json:"code"`
	Field string `json:"field"`
	What  string `json:"what"`
	Way   string `json:"way"`
}
