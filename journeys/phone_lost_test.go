package journeys_test

import "testing"

func TestPhoneLost(t *testing.T) {
	walkOurs(t, "phone_lost",
		/* 1. */ "create the account by the phone's passkey",
		"the audit: losing the phone would lock it",
		/* 2. */ "add a passkey on the laptop",
		"the audit: its loss would no longer lock it",
		/* 3. */ "sign in with the laptop alone",
		"send value by the laptop's passkey",
		/* 4. */ "put a new phone's passkey in the lost one's place",
		"the lost phone's passkey is refused",
		"send value by the new phone's passkey",
		/* 5. */ "the audit: the next phone may be lost, too",
	)
}
