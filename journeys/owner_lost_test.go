package journeys_test

import (
	"testing"

	"github.com/postern-dev/postern/userop"
)

func TestOwnerLost(t *testing.T) {
	walkBoth(t, "owner_lost", []userop.EntryPoint{userop.V07},
		/* 1. */ "create the account by its passkey",
		/* 2. */ "the audit: losing the owner's key would not lock it",
		/* 3. */ "the tutorial's mistake is named",
		/* 4. */ "send value by the passkey",
		/* 5. */ "make a new owner by the passkey",
		/* 6. */ "the old owner is refused",
		/* 7. */ "send value by the new owner",
		"remove the passkey by the new owner",
		"the audit: now the new owner's key must not be lost",
		"the removed passkey is refused",
	)
}
