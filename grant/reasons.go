// Why each finding is one, for documentation.

package grant

var reasons = []struct {
	code Code
	why  string
}{
	{NoPolicies, "an empty list of policies allows everything"},
	{Unrestricted, "there are policies, but none limits what is called"},
	{SudoGranted, "everything is allowed, in so many words"},
	{TooManyPolicies, "the account takes no more"},
	{PolicyTwice, "the same contract cannot be installed twice for one permission"},
	{PolicyMissing, "a policy is nil"},
	{NotEncodable, "a value does not fit into the bytes of the contract"},
	{UnknownContract, "nobody here knows what the contract allows"},
	{OldContract, "the storage of call policies before 0.0.4 breaks the rules of some bundlers"},
	{FlagUnknown, "only two flags exist"},
	{FlagOpens, "a policy's flag skips it: it limits nothing, and closes nothing"},
	{FlagNotPortable, "the SDK's document has no place for the permission's flag"},
	{NothingAllowed, "it refuses everything"},
	{GasBlocks, "a budget of 0 refuses every operation"},
	{GasEnforcesNothing, "a paymaster must be named and enforced; one without the other does nothing"},
	{GasUncounted, "gas of the paymaster is not counted"},
	{RateNoStart, "an interval without a start throttles nothing"},
	{RateSavesUp, "with a start in the past a burst is allowed"},
	{RateTotal, "the count is for life, not per interval"},
	{RateClock, "the contract with reset reads the clock in validation (ERC-7562)"},
	{RateReset, "without an interval it fills up at once"},
	{TimeEmpty, "the window limits nothing, or never opens"},
	{TimePast, "the window is over"},
	{TimeUnit, "milliseconds in the place of seconds"},
	{NoExpiry, "nothing ends the permission"},
	{MessagesOpen, "call, gas, rate and time policies say yes to every message (ERC-1271), such as token permits"},
	{TokenDecimals, "amounts are in units that the token's contract does not have"},
	{CallerIsToken, "who may ask takes tokens away on the strength of a message"},
	{CallerTwice, "a caller is there twice, or is the zero address"},
	{PermissionTwice, "one permission per call type, target and function: the installation reverts"},
	{NeverMatches, "no call can ever be allowed by it"},
	{AlwaysHolds, "a condition that every value meets"},
	{ConditionVersion, "the contract's version does not know the condition"},
	{OffsetWrong, "the word that is compared is no parameter"},
	{SignedOrder, "numbers are compared without their sign"},
	{DynamicCompared, "the word only points to a dynamic value"},
	{PerCallOnly, "a limit per call looks like a total and is none; a batch has many calls"},
	{UnlimitedApprove, "the spender can take everything, now and later"},
	{ApproveAnyone, "whoever has the key approves itself"},
	{UnboundedTransfer, "a transfer of any amount"},
	{AnyTarget, "any contract, also such as only pretend"},
	{SelfCall, "the account's own functions change its owner"},
	{ProtectedTarget, "EntryPoint, modules and policy contracts are for the owner"},
	{Permit2Target, "it moves every token that was approved to it"},
	{DelegateCall, "the target's code has full power over the account"},
	{DelegateFault, "call policies before 0.0.3 check other bytes than are called"},
	{VulnerableSigner, "old WebAuthn signers accept signatures without the challenge"},
	{VulnerableOwner, "old WebAuthn validators accept signatures without the challenge"},
	{RevokedBefore, "what was revoked cannot be installed again with the same content"},
}

// Codes lists all findings.
func Codes() []Code {
	out := make([]Code, len(reasons))
	for i, r := range reasons {
		out[i] = r.code
	}
	return out
}

// Why says what a finding is about; "" if there is no such code.
func (c Code) Why() string {
	for _, r := range reasons {
		if r.code == c {
			return r.why
		}
	}
	return ""
}
