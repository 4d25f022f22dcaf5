package journeys_test

import "testing"

func TestRegister(t *testing.T) {
	walk(t, "register",
		/* 1. */ "create a passkey",
		/* 2. */ "try the passkey",
		/* 3. */ "compute the address offline",
		/* 4. */ "the factory agrees",
	)
}
