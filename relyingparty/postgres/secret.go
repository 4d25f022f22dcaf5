package postgres

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// secretLead is how long a new secret opens before it seals, so that every server has it by then: they ask
	// when they have not for epochAge.
	secretLead = 10 * time.Second

	// secretKept is how long the one before opens afterwards: no challenge lives longer than an hour.
	secretKept = time.Hour + 10*time.Minute

	secretsMost = 8 // at once
)

func newSecret() []byte {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	return secret
}

// secretsQuery are the secrets that open: first the one that seals, then those before it, and what is about to.
const secretsQuery = `SELECT secret FROM (
		SELECT since, secret, lead(since) OVER (ORDER BY since) AS ended, (extract(epoch FROM now()) * 1000)::bigint AS t FROM postern_passkeys.sealing) s
	WHERE ended IS NULL OR ended > t - $1 ORDER BY since > t, since DESC`

// Secrets is for relyingparty.Config.SecretsNow of all servers, where no other place is at hand: 32 random bytes that
// the first server has put into the database, or Rotate has since, and those before for as long as a challenge of theirs
// may live. Whoever reads the whole database, or a dump of it, has them too.
func (s *Store) Secrets(ctx context.Context) ([][]byte, error) {
	s.mu.Lock()
	secrets, fresh := s.secrets, time.Since(s.secretsAsked) < epochAge
	s.mu.Unlock()
	if fresh {
		return secrets, nil
	}
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	begun := time.Now()
	rows, err := s.pool.Query(ctx, secretsQuery, secretKept.Milliseconds())
	if err == nil {
		secrets, err = pgx.CollectRows(rows, pgx.RowTo[[]byte])
	}
	if err == nil && len(secrets) == 0 {
		err = pgx.ErrNoRows
	}
	if err != nil {
		return nil, failed("read the secrets", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if begun.After(s.secretsAsked) {
		s.secrets, s.secretsAsked = secrets, begun
	}
	return secrets, nil
}

// Rotate puts a new secret in the place of the one that seals challenges, for all servers of the database and while they
// run, and returns since when. What older ones have sealed is good as long as it would have been. With atOnce older ones
// open nothing any more: ceremonies under way start again. It makes no schema, and brings none up to date.
func Rotate(ctx context.Context, cfg Config, atOnce bool) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*commitTime)
	defer cancel()
	pool, err := connect(ctx, cfg, false)
	if err != nil {
		return time.Time{}, err
	}
	defer pool.Close()
	if err := fit(ctx, pool, cfg); err != nil {
		return time.Time{}, err
	}
	if err := current(ctx, pool); err != nil {
		return time.Time{}, err
	}
	var since int64
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `LOCK TABLE postern_passkeys.sealing IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return err
		}
		forget, lead := `DELETE FROM postern_passkeys.sealing WHERE since < (SELECT max(since) FROM postern_passkeys.sealing
			WHERE since <= (extract(epoch FROM now()) * 1000)::bigint - $1)`, secretLead
		arguments := []any{secretKept.Milliseconds()}
		if atOnce {
			forget, lead, arguments = `DELETE FROM postern_passkeys.sealing`, 0, nil
		}
		if _, err := tx.Exec(ctx, forget, arguments...); err != nil {
			return err
		}
		var others int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM postern_passkeys.sealing`).Scan(&others); err != nil {
			return err
		}
		if others >= secretsMost {
			return ErrRotated
		}
		return tx.QueryRow(ctx, `INSERT INTO postern_passkeys.sealing (since, secret) VALUES (greatest(
			(extract(epoch FROM now()) * 1000)::bigint + $1, (SELECT max(since) + 1 FROM postern_passkeys.sealing)), $2) RETURNING since`,
			lead.Milliseconds(), newSecret()).Scan(&since)
	})
	if err != nil {
		return time.Time{}, failed("change the secret", err)
	}
	return time.UnixMilli(since), nil
}
