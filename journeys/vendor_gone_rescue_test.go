package journeys_test

import "testing"

func TestVendorGoneRescue(t *testing.T) {
	walkOurs(t, "vendor_gone_rescue",
		/* 1. */ "create the account by a passkey in a password manager",
		/* 2. */ "before the loss: impossible without an export, possible with one",
		/* 3. */ "find the account by the exported passkey and a node alone",
		/* 4. */ "move everything by that passkey and a funded key",
	)
}
