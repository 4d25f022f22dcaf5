package journeys_test

import "testing"

func TestEIP7702(t *testing.T) {
	walkBoth(t, "eip7702", entryPoints,
		/* 1. */ "authorize the code with the key",
		/* 2. */ "another key's authorization is refused",
		/* 3. */ "become the account by the bundler",
		/* 4. */ "send to two in one batch",
		/* 5. */ "adding a passkey is refused",
		/* 6. */ "become the account by self relay",
	)
}
