// What is found in a grant.

package grant

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"
)

// Level is how bad a finding is.
type Level int

// The levels.
const (
	Warning Level = iota + 1 // say it to the owner before the prompt
	Refused                  // do not sign this
)

func (l Level) String() string {
	return map[Level]string{Warning: "warning", Refused: "refused"}[l]
}

// Code names a finding, for programs.
type Code string

// The findings; [Code.Why] says what each is about.
const (
	NoPolicies         Code = "no-policies"
	Unrestricted       Code = "unrestricted"
	SudoGranted        Code = "sudo"
	TooManyPolicies    Code = "too-many"
	PolicyTwice        Code = "policy-twice"
	PolicyMissing      Code = "policy-missing"
	NotEncodable       Code = "not-encodable"
	UnknownContract    Code = "unknown-policy"
	OldContract        Code = "old-policy"
	FlagUnknown        Code = "flag-unknown"
	FlagOpens          Code = "flag-opens"
	FlagNotPortable    Code = "flag-lost"
	NothingAllowed     Code = "nothing-allowed"
	GasBlocks          Code = "gas-blocks"
	GasEnforcesNothing Code = "gas-enforces-nothing"
	GasUncounted       Code = "gas-paymaster-uncounted"
	RateNoStart        Code = "rate-no-start"
	RateSavesUp        Code = "rate-saves-up"
	RateTotal          Code = "rate-total"
	RateClock          Code = "rate-clock"
	RateReset          Code = "rate-reset"
	TimeEmpty          Code = "time-empty"
	TimePast           Code = "time-past"
	TimeUnit           Code = "time-unit"
	NoExpiry           Code = "no-expiry"
	MessagesOpen       Code = "messages-open"
	TokenDecimals      Code = "token-decimals"
	CallerIsToken      Code = "caller-takes-tokens"
	CallerTwice        Code = "caller-twice"
	PermissionTwice    Code = "permission-twice"
	NeverMatches       Code = "never-matches"
	AlwaysHolds        Code = "always-holds"
	ConditionVersion   Code = "condition-version"
	OffsetWrong        Code = "offset-wrong"
	SignedOrder        Code = "signed-order"
	DynamicCompared    Code = "dynamic-compared"
	PerCallOnly        Code = "per-call-only"
	UnlimitedApprove   Code = "unlimited-approve"
	ApproveAnyone      Code = "approve-anyone"
	UnboundedTransfer  Code = "unbounded-transfer"
	AnyTarget          Code = "any-target"
	SelfCall           Code = "self-call"
	ProtectedTarget    Code = "protected-target"
	Permit2Target      Code = "permit2"
	DelegateCall       Code = "delegatecall"
	DelegateFault      Code = "delegatecall-fault"
	VulnerableSigner   Code = "vulnerable-signer"
	VulnerableOwner    Code = "vulnerable-validator"
	RevokedBefore      Code = "revoked-before"
)

// Finding is one thing that is wrong with a grant, or surprising.
type Finding struct {
	Level      Level
	Code       Code
	Policy     int // from 0; -1 for the whole grant
	Permission int // of a call policy, from 0; -1 otherwise
	What, Way  string
}

// Hint is the way out, one sentence, no full stop.
func (f Finding) Hint() string { return f.Way }

// Error makes a finding usable where a refusal is returned.
func (f Finding) Error() string { return "grant: " + f.String() }

func (f Finding) String() string {
	where := ""
	if f.Policy >= 0 {
		where = fmt.Sprintf("policy %d: ", f.Policy+1)
	}
	if f.Permission >= 0 {
		where = fmt.Sprintf("policy %d, allow %d: ", f.Policy+1, f.Permission+1)
	}
	return where + f.What
}

// Facts are what the findings depend on beside the grant. What is zero is not
// known, and not looked at.
type Facts struct {
	Now     uint64         // Unix seconds
	Account common.Address // which the key is for
	// Protected are contracts that the key must never call: the account's
	// validators and other modules. EntryPoints and the known policy contracts are
	// protected anyway.
	Protected []common.Address
	Signer    common.Address // contract of the session key
	Owner     common.Address // validator contract of the owner
	// Decimals are those that the contracts of tokens have on the chain.
	Decimals map[common.Address]uint8
	// Portable says that the grant leaves as the SDK's document.
	Portable bool
	// Permission is the identifier that this grant gives, Revoked those that were
	// revoked on this account before.
	Permission [4]byte
	Revoked    [][4]byte
}

// Refusals are the findings that forbid to sign.
func Refusals(findings []Finding) []Finding {
	var out []Finding
	for _, f := range findings {
		if f.Level == Refused {
			out = append(out, f)
		}
	}
	return out
}
