// Where a permission stands, and what remains of it.

package session

import (
	"context"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
)

// Status asks the chain where the permission stands and what remains.
func (s *Session) Status(ctx context.Context) (Status, error) {
	st, _, err := s.status(ctx)
	return st, err
}

func (s *Session) status(ctx context.Context) (Status, record, error) {
	r := reader{s.chain, s.Address()}
	there, err := r.deployed(ctx)
	if err != nil {
		return Status{}, record{}, err
	}
	rec, err := s.record(ctx, there)
	if err != nil {
		return Status{}, record{}, err
	}
	now, err := clock(ctx, s.chain, s.options.clock)
	if err != nil {
		return Status{}, record{}, err
	}
	st, err := r.status(ctx, s.ID(), s.grant, rec, now)
	if err != nil {
		return Status{}, record{}, err
	}
	st.Deployed = there
	st.Words = st.words(s.grant, s.options.style)
	return st, rec, nil
}

// status is what a permission is, by what the account says of it.
func (r reader) status(ctx context.Context, id kernel.PermissionID, g grant.Grant, rec record, now uint64) (Status, error) {
	st := Status{ID: id, Nonce: rec.nonce, Now: now, Left: g.NewState(now), installed: rec.Present}
	st.ValidAfter, st.ValidUntil = window(g)
	expired := st.ValidUntil != 0 && now > st.ValidUntil
	switch {
	case !rec.Present && rec.Installed.Nonce != 0:
		st.State = Revoked
	case rec.void:
		st.State = Void
	case rec.Present && !rec.Valid:
		st.State = Invalidated
	case expired:
		st.State = Expired
	case rec.Present && !rec.Executes:
		st.State = Barred
	case rec.Present || rec.born:
		st.State = Enabled
	default:
		st.State = Approved
	}
	if !rec.Present {
		return st, nil
	}
	var err error
	if st.Left, err = r.policies(ctx, id, g, now); err != nil {
		return st, err
	}
	st.Messages = signsMessages(g) && (rec.Valid || invalidatedSigns(rec.version))
	return st, nil
}

// invalidatedSigns says that the account's isValidSignature does not look at the
// nonce of a permission. Seen on the contracts of each version.
func invalidatedSigns(v kernel.Version) bool { return !v.AtLeast(kernel.V033) }

// window is the time in which all timestamp policies agree.
func window(g grant.Grant) (after, until uint64) {
	for _, p := range g.Policies {
		t, ok := p.(*grant.Timestamp)
		if !ok || t.Flag()&grant.FlagNotOps != 0 {
			continue
		}
		after = max(after, t.ValidAfter)
		if t.ValidUntil != 0 && (until == 0 || t.ValidUntil < until) {
			until = t.ValidUntil
		}
	}
	return after, until
}

// signsMessages says whether there is anybody who may ask.
func signsMessages(g grant.Grant) bool {
	if g.Flag&grant.FlagNotMessages != 0 {
		return false
	}
	for _, p := range g.Policies {
		if c, ok := p.(*grant.SignatureCaller); ok && len(c.Callers) == 0 && c.Flag()&grant.FlagNotMessages == 0 {
			return false
		}
	}
	return true
}

// words says state and remainder.
func (st *Status) words(g grant.Grant, style grant.Style) []string {
	say := phrase{style: style, zone: zone(g, style)}
	out := []string{upperFirst(strings.TrimPrefix(st.State.words(), "is ")) + "."}
	switch st.State {
	case Approved, Enabled, Expired, Barred:
		for i, p := range g.Policies {
			if w := say.left(p, st.Left.Policies[i], st.Now); w != "" && p.Flag()&grant.FlagNotOps == 0 {
				out = append(out, w)
			}
		}
	}
	if st.installed && st.Messages && st.State != Enabled {
		out = append(out, "Can still sign messages (ERC-1271), until it is uninstalled.")
	}
	return out
}

// phrase writes what remains.
type phrase struct {
	style grant.Style
	zone  *time.Location
}

func zone(g grant.Grant, style grant.Style) *time.Location {
	if style.Zone != nil {
		return style.Zone
	}
	if z, err := time.LoadLocation(g.Zone); err == nil && g.Zone != "" && g.Zone != "Local" {
		return z
	}
	return time.UTC
}

func (w phrase) left(p grant.Policy, s grant.PolicyState, now uint64) string {
	switch p := p.(type) {
	case *grant.Gas:
		coin := w.style.Coin
		if coin == "" {
			coin = "ETH"
		}
		return fmt.Sprintf("%s of %s %s for fees are left.", grant.FormatUnits(orZero(s.Allowed), 18), grant.FormatUnits(orZero(p.Allowed), 18), coin)
	case *grant.RateLimit:
		if p.Reset {
			if now >= s.ResetAt {
				return fmt.Sprintf("%d of %d uses are left.", p.Count, p.Count)
			}
			return fmt.Sprintf("%d of %d uses are left until %s.", s.Count, p.Count, w.time(s.ResetAt))
		}
		out := fmt.Sprintf("%d of %d uses are left", s.Count, p.Count)
		if s.Count > 0 && s.StartAt > now {
			out += ", the next one from " + w.time(s.StartAt) + " on"
		}
		return out + "."
	case *grant.Timestamp:
		switch {
		case now < p.ValidAfter:
			return "Begins at " + w.time(p.ValidAfter) + "."
		case p.ValidUntil == 0:
			return ""
		case now > p.ValidUntil:
			return "Ended at " + w.time(p.ValidUntil) + "."
		}
		return "Ends at " + w.time(p.ValidUntil) + "."
	}
	return ""
}

// time is in the user's zone and in UTC, as [grant.Words] writes it.
func (w phrase) time(unix uint64) string {
	const layout = "2006-01-02 15:04:05"
	if unix > 1<<38 {
		return fmt.Sprintf("the year 10000 or later (%d seconds)", unix)
	}
	t := time.Unix(int64(unix), 0)
	utc := t.UTC().Format(layout) + " UTC"
	if name := w.zone.String(); name != "UTC" {
		return fmt.Sprintf("%s %s (%s)", t.In(w.zone).Format(layout), name, utc)
	}
	return utc
}

func orZero(n *big.Int) *big.Int {
	if n == nil {
		return new(big.Int)
	}
	return n
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
