package journeys_test

import "testing"

func TestOnePromptManyChains(t *testing.T) {
	var steps []string
	for _, who := range []string{"a key", "a passkey"} {
		for _, step := range []string{
			/* 1. */ "the same account on two chains",
			/* 2. */ "one approval for both",
			/* 3. */ "act on chain 1",
			"act on chain 2",
			/* 4. */ "approvals that were exchanged or changed are refused",
			/* 5. */ "revoke on both",
		} {
			steps = append(steps, who+": "+step)
		}
	}
	walkKernel(t, "one_prompt_many_chains", steps...)
}
