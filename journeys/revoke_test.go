package journeys_test

import "testing"

func TestRevoke(t *testing.T) {
	walkKernel(t, "revoke",
		/* 1. */ "an account with three session keys",
		/* 2. */ "list what the account permits",
		/* 3. */ "revoke one",
		"what it signed before is refused",
		/* 4. */ "the other goes on",
		/* 5. */ "the same grant again is refused, another is not",
		/* 6. */ "revoke the one that was never used",
		/* 7. */ "revoke all",
	)
}
