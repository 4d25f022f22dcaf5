// What a decision says.

package grant

import (
	"encoding/binary"
	"fmt"

	"github.com/ethereum/go-ethereum/crypto"
)

// Decision is what the contracts will say about an operation or a message.
type Decision struct {
	Allowed bool
	// Refusal is the first rule that refuses, in the order of the chain; nil if
	// Allowed.
	Refusal *Refusal
	// Unsure lists policies whose contract is unknown: they may still refuse.
	Unsure []int
	// ValidAfter and ValidUntil (Unix seconds, 0 for none) are the time window that
	// the operation is given.
	ValidAfter, ValidUntil uint64
	// After is the state when the operation was included; the state before if it
	// is refused.
	After State
}

// Reason is why an operation or a message is refused.
type Reason int

// The reasons.
const (
	NotForOperations Reason = iota + 1 // the permission's own flag
	NotForMessages                     // the permission's own flag
	NotExecute                         // the account's call is not execute, the one that permissions are for
	MalformedCall                      // the call data cannot be read
	CallTypeRefused                    // neither call, batch nor delegatecall
	CallNotAllowed                     // no permission for this type, target and function
	ValueTooHigh                       // more coins than the limit per call
	RuleBroken                         // a condition on the data does not hold
	WrongPaymaster                     // another one, or none
	BudgetSpent                        // the operation may cost more than is left
	NoUsesLeft                         // the rate limit is used up
	NotDue                             // too early or too late
	CallerRefused                      // the asking contract is not in the list
)

// Refusal names the rule that refuses. Policy, Call, Permission and Rule count
// from 0 and are -1 where they do not apply.
type Refusal struct {
	Reason Reason
	Policy int
	Call   int // of a batch
	// Permission and Rule are of the call policy.
	Permission, Rule int
	// Revert is the revert data of the account; empty for a revert without data.
	Revert []byte

	permission *Permission // of Rule
}

var reasonWords = [...]string{
	NotForOperations: "the permission is not for operations",
	NotForMessages:   "the permission is not for messages",
	NotExecute:       "the account is asked to do something else than execute calls",
	MalformedCall:    "the call data cannot be read",
	CallTypeRefused:  "this way of calling is not allowed",
	CallNotAllowed:   "no permission allows this function of this contract",
	ValueTooHigh:     "the call sends more coins than allowed per call",
	RuleBroken:       "a condition on the call's data does not hold",
	WrongPaymaster:   "the operation is not paid by the paymaster that the policy names",
	BudgetSpent:      "the operation may cost more than is left of the budget",
	NoUsesLeft:       "no uses are left",
	NotDue:           "it is too early or too late",
	CallerRefused:    "the contract that asks is not among those that may",
}

func (r *Refusal) Error() string {
	s := "grant: "
	if r.Policy >= 0 {
		s += fmt.Sprintf("policy %d: ", r.Policy+1)
	}
	if r.Call >= 0 {
		s += fmt.Sprintf("call %d: ", r.Call+1)
	}
	s += reasonWords[r.Reason]
	if q := r.permission; q != nil {
		s += ": " + ruleWords(q.function(), q.Rules[r.Rule], nil)
	}
	return s
}

var reasonHints = [...]string{
	NotForOperations: "use another permission, or have a new one granted",
	NotForMessages:   "let the owner sign the message, or have a permission granted that may",
	NotExecute:       "changes of the account itself are for its owner",
	MalformedCall:    "encode the call again",
	CallTypeRefused:  "use single calls or a batch",
	CallNotAllowed:   "ask the owner for a grant that names this contract and function",
	ValueTooHigh:     "send less, or ask the owner for a higher limit",
	RuleBroken:       "change the call so that the condition holds, or ask the owner for another grant",
	WrongPaymaster:   "use the paymaster that the policy names",
	BudgetSpent:      "lower the operation's fees and gas limits, or ask the owner for a new grant",
	NoUsesLeft:       "wait until the limit fills up, if it does, or ask the owner for a new grant",
	NotDue:           "wait until the time window opens, or ask the owner for a new grant",
	CallerRefused:    "ask the owner for a grant that names the contract that checks the signature",
}

// Hint is the way out, one sentence, no full stop.
func (r *Refusal) Hint() string { return reasonHints[r.Reason] }

func selector(signature string) []byte { return crypto.Keccak256([]byte(signature))[:4] }

// Revert data of the account and of the policies.
var (
	revertNotForOps      = selector("PermissionNotAlllowedForUserOp()") // sic
	revertNotForMessages = selector("PermissionNotAlllowedForSignature()")
	revertInvalid        = selector("InvalidValidator()")
	revertPolicyFailed   = selector("PolicyFailed(uint256)")
	revertCallType       = selector("InvalidCallType()")
	revertCallData       = selector("InvalidCallData()")
	revertTarget         = selector("CallViolatesTargetRule()")
	revertParam          = selector("CallViolatesParamRule()")
	revertValue          = selector("CallViolatesValueRule()")
	revertShort          = selector("ParamTooShort()")
	revertRate           = selector("RateLimited()")
	revertOverflow       = append(append(selector("Panic(uint256)"), make([]byte, 31)...), 0x11)
)

func policyFailed(i int) []byte {
	return binary.BigEndian.AppendUint64(append(append([]byte{}, revertPolicyFailed...), make([]byte, 24)...), uint64(i))
}
