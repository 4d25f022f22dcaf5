package journeys_test

import (
	"testing"

	"github.com/postern-dev/postern/userop"
)

func TestGaslessAddKey(t *testing.T) {
	walkBoth(t, "gasless_add_key", []userop.EntryPoint{userop.V07},
		/* 1. */ "without money it is refused",
		/* 2. */ "create the account, sponsored",
		"add a passkey, sponsored",
		"operate by the passkey, sponsored",
		/* 3. */ "a fee it did not sign is refused",
		/* 4. */ "pay in tokens",
	)
}
