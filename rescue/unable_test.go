package rescue

import (
	"strings"
	"testing"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/recovery"
)

// A passkey that the account's rule refuses is no way in, on its own page either.
func TestAPasskeyThatTheRuleRefusesIsNoWay(t *testing.T) {
	s := passkeyOn("k", "wallet.example")
	before := signerWays(described(1, s), s)
	s.Rules = []recovery.Rule{{BackedUp: passkey.Required}}
	s.Passkey = &recovery.Passkey{Uses: []recovery.Sighting{{Flags: passkey.FlagUP | passkey.FlagBE}}}
	got := signerWays(described(1, s), s)
	if len(got) != 1 || got[0].Chance != Impossible || !strings.Contains(got[0].Words, "BS required") || len(before) < 2 {
		t.Errorf("%+v, before %+v", got, before)
	}
}
