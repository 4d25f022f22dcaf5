package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"time"

	"github.com/postern-dev/postern/audit"
	"github.com/postern-dev/postern/recovery"
)

// relatedAsk asks for the file that lets other domains use an RP ID's passkeys.
type relatedAsk struct {
	rpID    string
	origins repeated
}

func (a *relatedAsk) flags(fs *flag.FlagSet) {
	fs.StringVar(&a.rpID, "related", "", "in place of an account: look at the related origins of this `RP ID`")
	fs.Var(&a.origins, "origin", "with --related: `origin` that the file should let in; may be repeated")
}

func (a *relatedAsk) run(ctx context.Context, c *call, more, asJSON bool, timeout time.Duration) error {
	if more {
		return usageError("--related is about an RP ID, not about an account", "postern audit --related wallet.example")
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := audit.CheckRelatedOrigins(ctx, nil, a.rpID)
	if err != nil {
		return err
	}
	if asJSON {
		text, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintf(c.stdout, "%s\n", text)
	} else {
		c.printAudit(append([]string{"# Related origins of " + a.rpID}, r.Words(a.origins...)...))
	}
	if slices.ContainsFunc(a.origins, func(o string) bool { return !r.Allows(o) }) {
		return errWrong
	}
	return nil
}

// secondRPID guides an owner who depends on one domain; nothing for others.
func secondRPID(r *recovery.Report) []string {
	alone := ""
	for _, id := range slices.Concat(r.Lock.Singles(), r.Theft.Singles()) {
		for _, d := range r.Domains {
			if d.ID == id && d.Kind == recovery.DomainRPID && !d.Assumed {
				alone = d.Label
			}
		}
	}
	if alone == "" {
		return nil
	}
	return []string{
		"1. Take a domain that is not lost with " + alone + ": another registrar, another owner, paid for years ahead. Its related origins do not help: they are gone with it (postern audit --related " + alone + ").",
		"2. Serve one page there: postern rescue --out rescue.html makes it. It needs no server behind it.",
		"3. Make a passkey on that page (Make a further passkey here), in another cloud account or on a security key, and let it sign once before you rely on it.",
		"4. Add it to the account as a signer, with the passkey that you have; Postern's account: postern account add CREDENTIAL-ID:PUBLIC-KEY.",
		"5. Run this audit again: that " + alone + " is gone must read recoverable, or still works.",
	}
}
