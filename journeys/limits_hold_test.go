package journeys_test

import "testing"

func TestLimitsHold(t *testing.T) {
	walkKernel(t, "limits_hold",
		/* 1. */ "grant under every kind of limit",
		/* 2. */ "within its limits it works",
		/* 3. */ "more coins than allowed per call",
		"a recipient that is not in the list",
		"more tokens than allowed",
		"tokens for somebody else",
		"another function of the token",
		"one bad call in a batch",
		"a delegatecall",
		"a call that is cut short",
		"the account's owner is changed",
		"the account is upgraded from within",
		"fees beyond the budget",
		/* 4. */ "the key is not asked for what is refused",
		/* 5. */ "the third use is the last",
		/* 6. */ "before its time it does nothing",
		/* 7. */ "after its time it does nothing",
		/* 8. */ "a grant with a trap is refused to the owner",
	)
}
