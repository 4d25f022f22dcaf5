package journeys_test

import "testing"

func TestGrantPasskeySession(t *testing.T) {
	walkKernel(t, "grant_passkey_session",
		/* 1. */ "create the account by its owner",
		/* 2. */ "grant a few rights to a passkey",
		/* 3. */ "open the approval by the passkey",
		/* 4. */ "install the permission and send value",
		/* 5. */ "send to the same in one batch",
		/* 6. */ "two operations in two lanes",
		/* 7. */ "sign a message for one application",
		/* 8. */ "a passkey grants before its account exists",
		/* 9. */ "a grant that names who pays",
	)
}
