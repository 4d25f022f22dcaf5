package journeys_test

import "testing"

func TestRotate(t *testing.T) {
	walk(t, "rotate",
		/* 1. */ "create the account",
		/* 2. */ "add a second passkey",
		/* 3. */ "sign in with the second passkey alone",
		/* 4. */ "remove the first passkey",
		/* 5. */ "the first passkey is refused",
		/* 6. */ "the second passkey works and cannot be removed",
	)
}
