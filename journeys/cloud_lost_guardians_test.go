package journeys_test

import "testing"

func TestCloudLostGuardians(t *testing.T) {
	walkDays(t, "cloud_lost_guardians",
		/* 1. */ "create the account by a synced passkey",
		"the audit: losing the cloud account would lock it",
		/* 2. */ "three people are ready",
		"bad guardians are refused",
		"install guardians: two of three, seven days",
		"the audit: now two guardians would bring its owner back",
		"a drill: all three can sign",
		/* 3. */ "the new passkey asks to take the old one's place",
		"what was signed in the drill proposes nothing",
		"one guardian is not enough",
		"Mum and Carol agree, and a stranger proposes it",
		/* 4. */ "before the week is over it cannot be executed",
		"after seven days the stranger executes it",
		/* 5. */ "sign in with the new passkey alone",
		"send value by the new passkey",
		"the lost passkey is refused",
		"what the guardians have signed is used up",
		"the audit: the next cloud account may be lost, too",
	)
}
