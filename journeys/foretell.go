package journeys

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/audit"
	"github.com/postern-dev/postern/recovery"
)

// Before something happens to an account, its audit is read: it must say what then happens.

// facts are what an account's owner knows: what is stated, in the form of a file, and what
// passkeys have shown where they were made.
type facts struct {
	text strings.Builder
	kept []recovery.Kept
}

// domain states one that signers live in, with the lines that say more of it.
func (f *facts) domain(id, kind string, lines ...string) {
	fmt.Fprintf(&f.text, "[[domain]]\nid = %q\nkind = %q\n%s\n", id, kind, strings.Join(lines, "\n"))
}

// lives states where a user's passkey is: a name for it, and lines like `devices = ["phone"]`.
func (f *facts) lives(u *user, name string, lines ...string) {
	fmt.Fprintf(&f.text, "[[signer]]\nid = \"0x%x\"\nname = %q\n%s\n", u.key.X(), name, strings.Join(lines, "\n"))
	if u.made != nil {
		f.kept = append(f.kept, recovery.Kept{RPID: u.page.rpID, ID: u.credential, Key: u.key, Facts: *recovery.Registered(u.made, time.Now(), nil)})
	}
}

// audit reads from the chain who controls an account, adds what its owner knows, and
// computes what would lock it or lose it.
func (w *walker) audit(ctx context.Context, at common.Address, f *facts) (*recovery.Report, error) {
	a, err := audit.Read(ctx, w.client.Chain, at)
	if err != nil {
		return nil, err
	}
	stated, err := recovery.ParseFile([]byte("version = 1\n" + f.text.String()))
	if err != nil {
		return nil, err
	}
	known, err := stated.Apply(recovery.WithPasskeys(&a, f.kept...))
	if err != nil {
		return nil, err
	}
	return recovery.Audit(known)
}

// foretells wants the audit to say that an event leads to a state, and notes its words.
func (s *Step) foretells(r *recovery.Report, event string, want recovery.State) error {
	for _, row := range r.Rows {
		if row.ID != event {
			continue
		}
		s.Detail["audit of "+event] = row.Words + ": " + r.OutcomeWords(row)
		if row.Outcome.State != want {
			return fmt.Errorf("journeys: the audit says that %s means %q, not %q", event, row.Outcome.State, want)
		}
		return nil
	}
	return fmt.Errorf("journeys: the audit knows no event %s", event)
}

// after wants the audit to say how long an event keeps the owner out, and how many others
// it takes to bring the owner in.
func (s *Step) after(r *recovery.Report, event string, delay time.Duration, people int) error {
	for _, row := range r.Rows {
		if row.ID == event && (row.Outcome.Delay != delay || len(row.Outcome.By) != people) {
			return fmt.Errorf("journeys: the audit says that it takes %s and %d others", row.Outcome.Delay, len(row.Outcome.By))
		}
	}
	return nil
}

// warns wants the audit to mention somebody in what it says besides.
func (s *Step) warns(r *recovery.Report, of string) error {
	for _, note := range r.Notes {
		if strings.Contains(note, of) {
			s.Detail["audit warns"] = note
			return nil
		}
	}
	return fmt.Errorf("journeys: the audit says nothing of %s", of)
}

// advises wants the audit to have a change that removes a single point of failure, and
// notes it.
func (s *Step) advises(r *recovery.Report, point string, theft bool) error {
	for _, fix := range r.Fixes {
		if fix.Point == point && fix.Theft == theft {
			if fix.By == nil {
				break
			}
			s.Detail["audit advises"] = fix.By.Words
			return nil
		}
	}
	return fmt.Errorf("journeys: the audit has no advice about %s", r.Label(point))
}

// keyID is what the audit calls a key of the usual kind.
func keyID(o owner) string { return fmt.Sprintf("key-%x", o.address().Bytes()[:8]) }
