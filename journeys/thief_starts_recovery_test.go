package journeys_test

import "testing"

func TestThiefStartsRecovery(t *testing.T) {
	walkDays(t, "thief_starts_recovery",
		/* 1. */ "create the account with guardians",
		"the audit: two guardians are a danger to who does not look",
		/* 2. */ "the thief gets two guardians to sign, and proposes",
		"the owner sees what is proposed, and until when",
		/* 3. */ "the owner cancels by an operation",
		"what the guardians have signed is void",
		/* 4. */ "the thief proposes again",
		"the owner cancels by a signature that a stranger carries",
		/* 5. */ "the thief proposes a third time",
		"one guardian alone cannot cancel",
		"two guardians cancel",
		/* 6. */ "after a month the thief has nothing",
		/* 7. */ "an owner who does not look loses the account",
	)
}
