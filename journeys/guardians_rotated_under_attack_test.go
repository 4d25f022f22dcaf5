package journeys_test

import "testing"

func TestGuardiansRotatedUnderAttack(t *testing.T) {
	walkDays(t, "guardians_rotated_under_attack",
		/* 1. */ "create the account with guardians",
		"the audit: two stolen guardians have to be stopped in time",
		/* 2. */ "the owner schedules other guardians",
		/* 3. */ "the thief freezes the account",
		"the thief proposes",
		"the frozen account's operations are refused",
		"the owner's signature cancels all the same",
		"the other guardians still come",
		/* 4. */ "the thief proposes again, the owner cancels again",
		"a second freeze is refused",
		"the thief proposes a last time",
		/* 5. */ "before its time the change cannot be applied",
		"after eight days a stranger applies it",
		"the thief's proposal is dead",
		"the stolen keys sign nothing any more",
		/* 6. */ "the account is free again",
		"the new guardians bring in a new passkey",
	)
}
