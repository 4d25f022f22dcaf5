package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/postern-dev/postern/relyingparty"
)

// Tries of one commit, and the longest wait before the second.
const (
	tries     = 5
	firstWait = 20 * time.Millisecond
)

// errAgain marks what may be tried again: nothing of it has happened.
type errAgain struct{ error }

func (e errAgain) Unwrap() error { return e.error }

// Commit implements relyingparty.Store. It begins anew where nothing has happened yet: when
// a connection had ended meanwhile, or the database asks for it. When ctx ends or the
// connection breaks while the transaction is being ended, the error is ErrUnclear and the
// commit may have happened.
func (s *Store) Commit(ctx context.Context, c relyingparty.Commit) error {
	ctx, cancel := context.WithTimeout(ctx, commitTime)
	defer cancel()
	for try := 0; ; try++ {
		err := s.try(ctx, c)
		if again := (errAgain{}); !errors.As(err, &again) || try+1 == tries {
			return err
		}
		select {
		case <-time.After(rand.N(firstWait << try)):
		case <-ctx.Done():
			return failed("commit", ctx.Err())
		}
	}
}

// outcome is what the statements of a commit have found.
type outcome struct {
	epoch                string
	fresh, made, updated bool // the token, the credential, the login
	late                 bool // the token may have been there, and be forgotten
}

// try is one transaction in two round trips: everything whose result decides, then the end.
func (s *Store) try(ctx context.Context, c relyingparty.Commit) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return again("commit", err)
	}
	defer conn.Release() // which drops a connection whose transaction has not ended
	begun := time.Now()
	var found outcome
	first := &pgx.Batch{}
	// Each statement sees what was committed before it. What must hold together is held by
	// the unique index on the token and by the lock on the credential's row, in this order.
	first.Queue(`BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE`)
	// Whether sweep could have forgotten it is asked when it is in: whatever is dropped later, it is not.
	first.Queue(`INSERT INTO postern_passkeys.used (token, expires) VALUES ($1, $2) ON CONFLICT DO NOTHING
		RETURNING expires <= (extract(epoch FROM clock_timestamp()) * 1000)::bigint - $3`,
		c.Token[:], c.Expires.UnixMilli(), sweepSlack.Milliseconds()).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			found.fresh = true
			if err := rows.Scan(&found.late); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	// After the lock on the table, so that it is not another by the time of the write.
	first.Queue(epochQuery).QueryRow(func(row pgx.Row) error { return row.Scan(&found.epoch) })
	if c.Create != nil {
		if err := create(first, c.Create, &found.made); err != nil {
			return err
		}
	}
	if c.Use != nil {
		use(first, c.Use, &found.updated)
	}
	if err := conn.SendBatch(ctx, first).Close(); err != nil {
		return again("commit", err)
	}

	var refused error
	switch epoch := s.saw(found.epoch, begun); {
	case c.Epoch != (relyingparty.Epoch{}) && c.Epoch != epoch:
		refused = relyingparty.ErrEpochEnded
	case !found.fresh:
		refused = relyingparty.ErrTokenUsed
	case found.late: // a challenge that is alive by this server's clock, and long dead by the database's
		refused = &UnfitError{"this server's clock is minutes behind the database's", "set both clocks, by NTP"}
	case c.Use != nil && !found.updated:
		refused = relyingparty.ErrNotFound
	}
	if refused != nil {
		_, _ = conn.Exec(ctx, `ROLLBACK`) // if it fails, the connection is dropped and that is one
		return refused
	}
	if c.Create != nil && !found.made {
		refused = relyingparty.ErrCredentialExists // and only the challenge is consumed
	}

	last := &pgx.Batch{}
	if refused == nil {
		for _, e := range c.Events {
			note(last, e)
		}
	}
	var ended string
	last.Queue(`COMMIT`).Exec(func(tag pgconn.CommandTag) error { ended = tag.String(); return nil })
	switch err := conn.SendBatch(ctx, last).Close(); {
	case err != nil && rolledBack(err) && transient(err):
		return again("commit", err)
	case err != nil && rolledBack(err):
		return failed("commit", err)
	case err != nil || ended != "COMMIT":
		return unclear(err)
	}
	return refused
}

func again(doing string, err error) error {
	if transient(err) {
		return errAgain{failed(doing, err)}
	}
	return failed(doing, err)
}

// did reports whether a statement has changed a row.
func did(yes *bool) func(pgconn.CommandTag) error {
	return func(tag pgconn.CommandTag) error {
		*yes = tag.RowsAffected() > 0
		return nil
	}
}

// create writes a credential and the first entry of its history, or neither.
func create(b *pgx.Batch, k *relyingparty.Credential, made *bool) error {
	transports, err := json.Marshal(append([]string{}, k.Transports...))
	if err != nil {
		return err
	}
	b.Queue(`WITH made AS (
			INSERT INTO postern_passkeys.credential (rp_id, id, public_key, handle, handle_form, name, flags, sign_count,
				aaguid, provider, format, transports, attachment, discoverable, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT (rp_id, id) DO NOTHING
			RETURNING created_at, rp_id, id, flags, sign_count)
		INSERT INTO postern_passkeys.sighting (at, rp_id, credential_id, flags, sign_count) SELECT * FROM made`,
		k.RPID, k.ID, k.Key.SEC1(), append([]byte{}, k.Handle...), int16(k.HandleForm), k.Name, int16(k.Flags), int64(k.SignCount),
		k.AAGUID[:], k.Provider, k.Format, string(transports), k.Attachment, k.Discoverable, k.CreatedAt.UnixMilli()).Exec(did(made))
	return nil
}

// use writes what a login has changed. What enters the history depends on what is there, so
// that the credential is locked before it is looked at.
func use(b *pgx.Batch, u *relyingparty.Use, found *bool) {
	if u.Changed {
		b.Queue(`SELECT FROM postern_passkeys.credential WHERE rp_id = $1 AND id = $2 FOR NO KEY UPDATE`, u.RPID, u.ID)
		// The use before a change, unless it is a change itself and there already.
		b.Queue(`INSERT INTO postern_passkeys.sighting (at, rp_id, credential_id, flags, sign_count)
			SELECT last_used_at, rp_id, id, flags, sign_count FROM postern_passkeys.credential
			WHERE rp_id = $1 AND id = $2 AND last_used_at >
				(SELECT max(at) FROM postern_passkeys.sighting WHERE rp_id = $1 AND credential_id = $2)`, u.RPID, u.ID)
		b.Queue(`INSERT INTO postern_passkeys.sighting (at, rp_id, credential_id, flags, sign_count) VALUES ($1, $2, $3, $4, $5)`,
			u.At.UnixMilli(), u.RPID, u.ID, int16(u.Flags), int64(u.Count))
		b.Queue(`DELETE FROM postern_passkeys.sighting WHERE rp_id = $1 AND credential_id = $2
			AND seq > (SELECT min(seq) FROM postern_passkeys.sighting WHERE rp_id = $1 AND credential_id = $2)
			AND seq NOT IN (SELECT seq FROM postern_passkeys.sighting WHERE rp_id = $1 AND credential_id = $2 ORDER BY seq DESC LIMIT $3)`,
			u.RPID, u.ID, relyingparty.MaxHistory-1)
	}
	b.Queue(`UPDATE postern_passkeys.credential SET flags = $1, sign_count = greatest(sign_count, $2), last_used_at = $3,
		discoverable = CASE WHEN $4 THEN true ELSE discoverable END WHERE rp_id = $5 AND id = $6`,
		int16(u.Flags), int64(u.SignCount), u.At.UnixMilli(), u.Discoverable, u.RPID, u.ID).Exec(did(found))
}

func note(b *pgx.Batch, e relyingparty.Event) {
	b.Queue(`INSERT INTO postern_passkeys.event (at, rp_id, credential_id, kind, detail, request_id, was_flags, was_count, now_flags, now_count)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		e.At.UnixMilli(), e.RPID, e.CredentialID, string(e.Kind), e.Detail, e.RequestID,
		int16(e.Was.Flags), int64(e.Was.SignCount), int16(e.Now.Flags), int64(e.Now.SignCount))
}
