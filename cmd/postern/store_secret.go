package main

import (
	"context"
	"fmt"
	"time"

	"github.com/postern-dev/postern/relyingparty/postgres"
)

const storeAbout = `
The database in which passkey servers keep passkeys: postern up --store.

  postern store rotate-secret --store URL        a new secret seals challenges
  postern store rotate-secret --store URL --now  and the old one opens nothing any more`

const storeRotateAbout = `
Gives the passkey servers of a database a new secret. With it they seal challenges, so that they
need not remember those they hand out. They need no restart, and nobody notices: the new secret
opens at once and seals some seconds later, when every server has it; the old one opens for as
long as a challenge that it has sealed may live.

With --now the old one opens nothing any more: for a secret that others have seen, in a dump of
the database. Whoever is registering or logging in has to start again.

All servers have to be of a version that knows this command; older ones take their secret along
until they are started again. A password stands in PGPASSWORD, in a file named by PGPASSFILE, or
in the whole URL in POSTERN_STORE, never on the command line.`

func storeCommand() command {
	return command{
		name: "store", summary: "change the secret of the passkey servers' database",
		usage: "rotate-secret …", about: storeAbout, run: runStore,
	}
}

func runStore(ctx context.Context, c *call) error {
	return c.dispatch(ctx, []verb{
		{"rotate-secret", "--store URL [--now] [--json]", storeRotateAbout, runStoreRotate},
	})
}

// rotated says since when a new secret seals.
type rotated struct {
	SealsFrom time.Time `json:"sealsFrom"`
	OldOpens  bool      `json:"oldOpens"`
}

func runStoreRotate(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var store storeFlag
	store.flags(fs, "the passkey servers' PostgreSQL database, its `URL`")
	now := fs.Bool("now", false, "let the old secret open nothing any more")
	asJSON := fs.Bool("json", false, "print one JSON object")
	if _, err := c.parse(fs, 0); err != nil {
		return err
	}
	url, _, err := store.read()
	if err != nil {
		return err
	}
	if url == "" {
		return usageError("a database is needed", "postern store rotate-secret --store postgres://user@host/database, or "+storeVariable)
	}
	from, err := postgres.Rotate(ctx, postgres.Config{URL: url}, *now)
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(c.stdout, rotated{from.UTC(), !*now})
	}
	if *now {
		fmt.Fprintln(c.stdout, "A new secret seals challenges. The old one opens nothing any more: ceremonies under way start again.")
		return nil
	}
	fmt.Fprintf(c.stdout, "A new secret seals challenges from %s.\nWhat the old one has sealed is good until it expires.\n", from.UTC().Format("15:04:05 UTC"))
	return nil
}
