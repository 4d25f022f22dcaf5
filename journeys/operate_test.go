package journeys_test

import "testing"

func TestOperate(t *testing.T) {
	walk(t, "operate",
		/* 1. */ "fund the account",
		/* 2. */ "create the account and send value",
		/* 3. */ "send value",
		/* 4. */ "send to two in one batch",
	)
}
