package journeys_test

import "testing"

func TestSelfRelay(t *testing.T) {
	walk(t, "self_relay",
		/* 1. */ "fund the relaying key",
		/* 2. */ "create the account without a bundler",
		/* 3. */ "send value without a bundler",
		/* 4. */ "relay an operation made for the bundler",
		/* 5. */ "the relaying key got its gas money back",
	)
}
