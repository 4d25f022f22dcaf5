// What the chain said when it refused an operation, in terms of the grant.

package session

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/userop"
)

// ChainRefusedError says that the chain refuses an operation for a reason that it
// named, whatever the model of the policies says.
type ChainRefusedError struct {
	Permission kernel.PermissionID
	// Policy refuses, from 0; -1 if it is not a policy, or if several could be it.
	Policy int
	What   string // "no uses are left"
	Cause  error  // of the node or bundler
}

func (e *ChainRefusedError) Error() string {
	who := "the permission " + e.Permission.String()
	if e.Policy >= 0 {
		who += fmt.Sprintf(", policy %d", e.Policy+1)
	}
	return fmt.Sprintf("session: the chain refuses the operation: %s: %s", who, e.What)
}

// Unwrap is the cause.
func (e *ChainRefusedError) Unwrap() error { return e.Cause }

// Hint implements [account.Hinter].
func (e *ChainRefusedError) Hint() string {
	return "ask for the session's status: limits may be used up, or the permission revoked, since it was last read"
}

var _ account.Hinter = (*ChainRefusedError)(nil)

// refusals are what Kernel and its policies revert with, and which sort of policy
// does.
var refusals = []struct {
	selector []byte
	kind     grant.Kind // "" for the account itself
	what     string
}{
	{selector("CallViolatesParamRule()"), grant.KindCall, "a condition on the call's data does not hold"},
	{selector("CallViolatesValueRule()"), grant.KindCall, "the call sends more coins than allowed per call"},
	{selector("CallViolatesTargetRule()"), grant.KindCall, "no rule allows this contract"},
	{selector("InvalidCallData()"), grant.KindCall, "no rule allows this function of this contract"},
	{selector("InvalidCallType()"), grant.KindCall, "this way of calling is not allowed"},
	{selector("RateLimited()"), grant.KindRateLimit, "no uses are left"},
	{selector("PermissionNotAlllowedForUserOp()"), "", "it is not for operations"}, // sic
	{selector("InvalidValidator()"), "", "it is not installed, or may not call execute"},
	{selector("InvalidNonce()"), "", "it was installed before, or the account's nonce has moved on"},
	{selector("EnableNotApproved()"), "", "the account's owner has not approved it as it is"},
}

var policyFailed = selector("PolicyFailed(uint256)")

// explain says which policy refuses, where the chain said so.
func (s *Session) explain(err error) error {
	if err == nil || errors.As(err, new(*RefusedError)) {
		return err
	}
	data := revertData(err)
	if len(data) < 4 {
		return err
	}
	out := &ChainRefusedError{Permission: s.ID(), Policy: -1, Cause: err}
	if bytes.HasPrefix(data, policyFailed) && len(data) >= 36 {
		if i := binary.BigEndian.Uint64(data[28:36]); zero(data[4:28]) && i < uint64(len(s.grant.Policies)) {
			out.Policy, out.What = int(i), fmt.Sprintf("the %s policy says no", s.grant.Policies[i].Kind())
			return out
		}
	}
	for _, r := range refusals {
		if !bytes.HasPrefix(data, r.selector) {
			continue
		}
		several := false
		for i, p := range s.grant.Policies {
			switch {
			case p.Kind() != r.kind:
			case out.Policy < 0 && !several:
				out.Policy = i
			default:
				out.Policy, several = -1, true
			}
		}
		out.What = r.what
		return out
	}
	return err
}

var hexData = regexp.MustCompile(`0x[0-9a-fA-F]{8}(?:[0-9a-fA-F]{64})*\b`)

// revertData is what the account reverted with, from the error itself or its text:
// bundlers pass it on in one way or the other.
func revertData(err error) []byte {
	if r, ok := errors.AsType[*userop.Revert](err); ok && len(r.Root().Data) >= 4 {
		return r.Root().Data
	}
	if text := hexData.FindString(err.Error()); text != "" {
		return common.FromHex(text)
	}
	return nil
}
