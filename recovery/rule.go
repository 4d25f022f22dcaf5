// What an account asks of a passkey's flags, against what the passkey last signed.

package recovery

import (
	"fmt"
	"strings"

	"github.com/postern-dev/postern/passkey"
)

// Rule is what an account asks of the flags that a passkey cannot choose from one
// signature to the next. Whether it verifies its user (UV) is asked anew each time, and
// says nothing of the next time.
type Rule struct {
	BackupEligible passkey.Requirement // BE
	BackedUp       passkey.Requirement // BS
}

// MarshalText makes a rule words in JSON.
func (r Rule) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// String is "BE any, BS required".
func (r Rule) String() string { return fmt.Sprintf("BE %s, BS %s", r.BackupEligible, r.BackedUp) }

// refuses says what a passkey that signs these flags would have to show; "" if nothing.
func (r Rule) refuses(f passkey.Flags) string {
	var out []string
	for _, x := range []struct {
		name string
		want passkey.Requirement
		has  bool
	}{{"BE", r.BackupEligible, f.BE()}, {"BS", r.BackedUp, f.BS()}} {
		if !x.want.Allows(x.has) {
			out = append(out, fmt.Sprintf("its rule says %s %s, and it last signed %s=%d", x.name, x.want, x.name, map[bool]int{true: 1}[x.has]))
		}
	}
	return strings.Join(out, "; ")
}

// Unable says why a signer cannot sign as it is now: a rule of the account refuses what it
// has last signed. It is unknown where nothing is in the way, or nothing was seen. A key
// that is under several rules must meet each: one that refuses it counts for all.
func (s Signer) Unable() Fact[string] {
	last, ok := s.Passkey.last()
	if !ok {
		return Fact[string]{}
	}
	for _, r := range s.Rules {
		if why := r.refuses(last.Flags); why != "" {
			return Known(why, Signed)
		}
	}
	return Fact[string]{}
}
