package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/recovery"
)

// A guardianRequest is something that guardians approve by quorum: it begins as a file with
// nobody's approval, and ends as a transaction that anybody may send.
type guardianRequest struct {
	guardianAct
	tier, within string
	file         *guardian.Collected // of what is to be sent; nil to begin
}

func (r *guardianRequest) flags(fs *flag.FlagSet) {
	r.guardianAct.flags(fs)
	fs.StringVar(&r.tier, "tier", "1", "whose guardians approve: a `tier`'s number, or with --names its name")
}

func (r *guardianRequest) deadline(fs *flag.FlagSet) {
	fs.StringVar(&r.within, "within", "7 days", "how `long` the approvals can be sent")
}

// open reads the file, or the account that is named in its place, and where its recovery stands.
func (r *guardianRequest) open(ctx context.Context, verb string, rest []string) error {
	if len(rest) == 1 && !strings.HasPrefix(rest[0], "0x") && !isKeyText(rest[0]) {
		var err error
		if r.file, err = r.call.readCollected(rest[0]); err != nil {
			return err
		}
		at := subjectOf(r.file.Message()).account
		r.address, rest = at.Hex(), nil
		if len(r.keys) > 0 {
			// The key pays by an operation of its own account, which must be this one.
			if r.ownerKey != "" {
				return usageError("--key and --owner-key exclude each other", "--key makes an operation of the account, --owner-key a transaction of somebody else")
			}
		}
	}
	if err := r.guardianAct.open(ctx, verb, rest); err != nil {
		return err
	}
	return r.standing()
}

// until is the time by which approvals must be sent.
func (r *guardianRequest) until() (time.Time, error) {
	d, ok := recovery.ParseSpan(r.within)
	if !ok || d < time.Minute {
		return time.Time{}, usageError("--within is no duration: "+clip(r.within), `write "7 days" or "36 hours"`)
	}
	return r.now.Add(d), nil
}

// begin writes the file for the guardians.
func (r *guardianRequest) begin(m guardian.Message) error {
	col, err := guardian.Collect(r.state.ChainID, r.state.Setup, m)
	if err != nil {
		return err
	}
	if r.out == "" {
		return usageError("the guardians need a file", "--out FILE, which goes from one to the other: postern guardian approve FILE")
	}
	if err := r.call.writeCollected(r.out, col); err != nil {
		return err
	}
	if r.json {
		return printJSON(r.call.stdout, statusOf(col, r.names, r.now))
	}
	r.call.printLines(r.names.words(col))
	r.call.printWarnings(col, r.now)
	r.call.printStatus(col, r.names)
	fmt.Fprintf(r.call.stdout, "next: each of them: postern guardian approve %s\n", plain(r.out))
	return nil
}

// send brings what enough guardians approved to the chain, after looking whether the chain would
// take it.
func (r *guardianRequest) send(ctx context.Context, after func(*guarded)) error {
	about := subjectOf(r.file.Message())
	if r.file.ChainID().Cmp(r.state.ChainID) != 0 {
		return failf("wrong-chain", "use a node of that chain", "the file is for chain %s, and the node is on chain %s", r.file.ChainID(), r.state.ChainID)
	}
	if err := r.current(about); err != nil {
		return err
	}
	call, err := r.file.Call()
	if err != nil {
		return r.missing(err)
	}
	if err := r.file.VerifyOn(ctx, r.conn.Chain); err != nil {
		return err
	}
	return r.anybody(ctx, about.does, call, after)
}

// current refuses approvals of what is no longer asked for.
func (r *guardianRequest) current(about subject) error {
	again := "begin again: postern guardian show " + about.account.Hex() + " says what stands"
	if about.config != r.state.ConfigHash() {
		return failf("outdated", again, "the guardians have changed since the file was made")
	}
	nonce, deadline := r.state.Any, time.Time{}
	switch m := r.file.Message().(type) {
	case guardian.Recovery:
		deadline = m.Deadline
		nonce = nil
		if r.state.Nonces[m.Tier].Cmp(m.Nonce) == 0 {
			nonce = m.Nonce
		}
		if p := r.state.Proposals[m.Tier]; p != nil && p.Stage(r.now) != guardian.Expired {
			if p.Digest == m.Digest(r.file.ChainID()) {
				return failf("proposed", "what stands: postern guardian show "+about.account.Hex(), "this recovery is proposed already")
			}
			return failf("busy", "what stands: postern guardian show "+about.account.Hex()+"; a quorum of guardians can cancel it", "another recovery is proposed by %s", r.names.tier(int(m.Tier)))
		}
	case guardian.CancelRecovery:
		nonce = nil
		if r.state.Nonces[m.Tier].Cmp(m.Nonce) == 0 {
			nonce = m.Nonce
		}
		if r.state.Proposals[m.Tier] == nil {
			return failf("nothing-proposed", "what stands: postern guardian show "+about.account.Hex(), "%s has proposed nothing", r.names.tier(int(m.Tier)))
		}
	case guardian.Freeze:
		deadline = m.Deadline
		if m.Nonce.Cmp(nonce) != 0 {
			nonce = nil
		}
	case guardian.Unfreeze:
		deadline = m.Deadline
		if m.Nonce.Cmp(nonce) != 0 {
			nonce = nil
		}
	default:
		return failf("bad-file", "it is for postern drill report", "no contract takes what is in the file")
	}
	if nonce == nil {
		return failf("outdated", again, "what the guardians signed was used or stopped since")
	}
	if !deadline.IsZero() && r.now.After(deadline) {
		return failf("outdated", again, "the approvals were to be sent until %s", moment(deadline))
	}
	return nil
}

// missing says who has not signed yet.
func (r *guardianRequest) missing(err error) error {
	var who []string
	for _, g := range r.file.Status().Guardians {
		if !g.Approved {
			who = append(who, r.names.signer(g.Signer))
		}
	}
	f := explain(err)
	f.Code = "no-quorum"
	if !r.file.Status().NewSigner {
		f.Message, f.Hint = "the new signer has not signed yet", "with its key: postern guardian approve FILE"
	} else if len(who) > 0 {
		f.Hint = "not signed by " + strings.Join(who, ", ") + ": postern guardian approve FILE"
	}
	return f
}
