package journeys_test

import "testing"

func TestDomainLostSecondRP(t *testing.T) {
	walkOurs(t, "domain_lost_second_rp",
		/* 1. */ "create the account by a passkey of the first domain",
		"the audit: losing the domain would lock it",
		/* 2. */ "add a passkey of a second domain",
		"the audit: its loss would not lock it, its theft would lose it",
		/* 3. */ "no other page can ask the first passkey",
		/* 4. */ "sign in on the second domain",
		"send value by the second domain's passkey",
		/* 5. */ "remove the passkey of the lost domain",
		"whoever registers the domain again is refused",
		/* 6. */ "the audit: now the second domain must not be lost",
	)
}
