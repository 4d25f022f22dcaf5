package journeys_test

import (
	"testing"

	"github.com/postern-dev/postern/devnet"
)

func TestUntrustedBuilder(t *testing.T) {
	for _, rules := range []devnet.Rules{devnet.Osaka, devnet.Prague} {
		t.Run(rules.String(), func(t *testing.T) {
			walkRules(t, rules, "untrusted_builder", []string{
				"a table from a service is computed again", "every lie of a service is caught",
				"create the account", "the thief deploys a table of his own", "a verifier that takes any table would believe him",
				"the account refuses him", "the chain builds the true table, whoever asks", "the account refuses him as before",
				"the account's own passkey works",
			})
		})
	}
}
