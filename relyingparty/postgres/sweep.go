package postgres

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	sweepEvery = time.Minute
	sweepTime  = 30 * time.Second
	sweepRows  = 10_000 // of one transaction
	sweepMost  = 100    // transactions in a row

	// sweepSlack is how long entries are kept beyond their end: they are forgotten by the
	// earlier of two clocks, the database's and this server's, and both may be ahead.
	sweepSlack = 10 * time.Minute
)

// sweep drops entries of challenges that are refused by their age anyway, until ctx ends. A
// failure costs only space and is met again by the next pass.
func (s *Store) sweep(ctx context.Context) {
	defer close(s.done)
	wait := rand.N(sweepEvery)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = sweepEvery
		for range sweepMost {
			if n, err := s.drop(ctx, time.Now(), sweepRows); err != nil || n < sweepRows {
				break
			}
		}
	}
}

// drop forgets at most so many entries, and none where another server is at it.
func (s *Store) drop(ctx context.Context, now time.Time, most int64) (dropped int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, sweepTime)
	defer cancel()
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var mine bool
		if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, int64(lockSweep)).Scan(&mine); err != nil || !mine {
			return err
		}
		tag, err := tx.Exec(ctx, `DELETE FROM postern_passkeys.used WHERE token IN (SELECT token FROM postern_passkeys.used
			WHERE expires <= least($1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint - $2)
			ORDER BY expires LIMIT $3 FOR UPDATE SKIP LOCKED)`, now.Add(-sweepSlack).UnixMilli(), sweepSlack.Milliseconds(), most)
		dropped = tag.RowsAffected()
		return err
	})
	return dropped, failed("forget used challenges", err)
}
