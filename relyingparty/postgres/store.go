// Package postgres keeps a relying party's credentials, used challenges and audit trail in
// PostgreSQL 13 or newer, for any number of servers at once, without cgo.
//
// Start with Open. Servers hold nothing of their own: those that share a database and the
// secrets that seal challenges (Store.Secrets) are one server, and any of them may end at any
// moment. Everything is in the schema postern_passkeys of the database that Config.URL names.
//
// Promised: at most one commit per challenge succeeds, on whichever server, by a unique
// index and in one transaction. A commit that returned nil survives a crash of the database.
// The epoch changes with everything that may have lost a commit: another database server
// (failover, also to a copy that lags behind), another timeline (a restored backup), a
// restart (a restored snapshot of the volume), another or an emptied table of used
// challenges (a restored dump). It is read again inside each commit. The price is that
// ceremonies under way start again when the database restarts.
//
// Not promised: that rows which somebody deletes by hand are noticed; that a pooler which
// hands out connections per transaction works in between (one per session does).
package postgres

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/postern-dev/postern/relyingparty"
)

// Bounds of what one call may take, all below the server's own for a request.
const (
	readTime   = 5 * time.Second
	commitTime = 8 * time.Second

	// epochAge is how long an epoch is believed before it is asked for again. Commits
	// compare it in their own transaction, whatever its age.
	epochAge = time.Second
)

// Store implements relyingparty.Store.
type Store struct {
	pool *pgxpool.Pool

	mu    sync.Mutex
	epoch relyingparty.Epoch // guarded by mu
	asked time.Time          // guarded by mu; when epoch was; zero: ask

	secrets      [][]byte  // guarded by mu
	secretsAsked time.Time // guarded by mu; when they were

	end  context.CancelFunc
	done chan struct{} // closed when sweep has returned
	once sync.Once
}

var (
	_ relyingparty.Store  = (*Store)(nil)
	_ relyingparty.Lister = (*Store)(nil)
)

// Open connects, makes or updates the schema, and checks that the database is one that
// keeps what it has acknowledged.
func Open(ctx context.Context, cfg Config) (_ *Store, err error) {
	pool, err := connect(ctx, cfg, false)
	if err != nil {
		return nil, err
	}
	s := &Store{pool: pool, done: make(chan struct{})}
	defer func() {
		if err != nil {
			pool.Close()
		}
	}()
	if err := fit(ctx, pool, cfg); err != nil {
		return nil, err
	}
	if err := migrate(ctx, pool); err != nil {
		return nil, err
	}
	if _, err := s.Secrets(ctx); err != nil {
		return nil, err
	}
	if _, err := s.Epoch(ctx); err != nil {
		return nil, err
	}
	sweep, end := context.WithCancel(context.Background())
	s.end = end
	go s.sweep(sweep)
	return s, nil
}

// Close ends the connections. Calls after the first do nothing.
func (s *Store) Close() error {
	s.once.Do(func() {
		s.end()
		<-s.done
		s.pool.Close()
	})
	return nil
}

// epochQuery is everything that is another after used challenges may have been lost. On a
// server that only follows another it fails.
const epochQuery = `SELECT concat_ws('/',
	(SELECT system_identifier FROM pg_control_system()),
	substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8),
	(extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint,
	(SELECT oid FROM pg_database WHERE datname = current_database()),
	'postern_passkeys.used'::regclass::oid,
	pg_relation_filenode('postern_passkeys.used'::regclass),
	(SELECT encode(epoch, 'hex') FROM postern_passkeys.state))`

func epochOf(text string) (e relyingparty.Epoch) {
	sum := sha256.Sum256([]byte("postern passkey epoch v1/" + text))
	copy(e[:], sum[:])
	return e
}

// Epoch implements relyingparty.Store.
func (s *Store) Epoch(ctx context.Context) (relyingparty.Epoch, error) {
	s.mu.Lock()
	epoch, fresh := s.epoch, time.Since(s.asked) < epochAge
	s.mu.Unlock()
	if fresh {
		return epoch, nil
	}
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	var text string
	begun := time.Now()
	if err := s.pool.QueryRow(ctx, epochQuery).Scan(&text); err != nil {
		return epoch, failed("read the epoch", err)
	}
	return s.saw(text, begun), nil
}

// saw remembers what the database has said of its epoch.
func (s *Store) saw(text string, at time.Time) relyingparty.Epoch {
	s.mu.Lock()
	defer s.mu.Unlock()
	epoch := epochOf(text)
	if at.After(s.asked) {
		s.epoch, s.asked = epoch, at
	}
	return epoch
}
