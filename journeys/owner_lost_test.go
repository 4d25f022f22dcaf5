package journeys_test

import (
	"testing"

	"github.com/postern-dev/postern/userop"
)

func TestOwnerLost(t *testing.T) {
	walkBoth(t, "owner_lost", []userop.EntryPoint{userop.V07},
		/* 1. */ "create the account by its passkey",
		/* 2. */ "the tutorial's mistake is named",
		/* 3. */ "send value by the passkey",
		/* 4. */ "make a new owner by the passkey",
		/* 5. */ "the old owner is refused",
		/* 6. */ "send value by the new owner",
		"remove the passkey by the new owner",
		"the removed passkey is refused",
	)
}
