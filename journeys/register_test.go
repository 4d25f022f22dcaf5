package journeys_test

import "testing"

func TestRegister(t *testing.T) {
	walk(t, "register",
		/* 1. */ "create a passkey",
		/* 2. */ "register it with the passkey server",
		/* 3. */ "try the passkey",
		/* 4. */ "compute the address offline",
		/* 5. */ "the factory agrees",
	)
}
