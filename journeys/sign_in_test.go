package journeys_test

import "testing"

func TestSignIn(t *testing.T) {
	walk(t, "sign_in",
		/* 1. */ "find an account that is not deployed",
		/* 2. */ "create the account and send value",
		/* 3. */ "find a deployed account by one assertion",
		/* 4. */ "send value again",
	)
}
