package guardian_test

import (
	"strings"
	"testing"
	"time"

	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

func TestWarnings(t *testing.T) {
	deadline := time.Unix(1_700_000_000, 0)
	setup := guardian.Setup{Tiers: []guardian.Tier{
		{Guardians: []guardian.Guardian{{Signer: key(t, "mother"), Weight: 1}, {Signer: passkeyOf(t, "friend", seal.RequireUV), Weight: 1}}},
		{Guardians: []guardian.Guardian{{Signer: key(t, "mother"), Weight: 1}}},
	}}
	for _, tc := range []struct {
		name string
		m    guardian.Message
		late time.Duration
		want []string
	}{
		{"nothing", guardian.Recovery{NewSigner: key(t, "ann"), Deadline: deadline}, 0, nil},
		{"a guardian of two tiers", guardian.Recovery{NewSigner: key(t, "mother"), Deadline: deadline}, 0, []string{"guardian of the account, of tier 1", "guardian of the account, of tier 2"}},
		{"a guardian's passkey under another rule", guardian.Recovery{NewSigner: passkeyOf(t, "friend", seal.RequireUV|seal.Rule(passkey.Required)<<2), Deadline: deadline}, 0, []string{"of tier 1"}},
		{"late", guardian.Recovery{NewSigner: key(t, "ann"), Deadline: deadline}, time.Second, []string{"until 14 November 2023 22:13:20 UTC, and now it is 14 November 2023 22:13:21 UTC"}},
		{"a late freeze", guardian.Freeze{Deadline: deadline}, time.Hour, []string{"too late"}},
		{"a late thaw", guardian.Unfreeze{Deadline: deadline}, time.Hour, []string{"too late"}},
		{"a cancellation is never late", guardian.CancelRecovery{}, time.Hour, nil},
		{"nor is a drill", guardian.Drill{Date: deadline}, time.Hour, nil},
	} {
		got := guardian.Warnings(tc.m, setup, deadline.Add(tc.late))
		if len(got) != len(tc.want) {
			t.Errorf("%s: %q", tc.name, got)
			continue
		}
		for i, w := range tc.want {
			if !strings.Contains(got[i], w) {
				t.Errorf("%s: %q, not %q", tc.name, got[i], w)
			}
		}
	}
}
