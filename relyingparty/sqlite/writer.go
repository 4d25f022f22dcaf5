package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/postern-dev/postern/relyingparty"
)

const (
	maxBatch   = 256
	pruneEvery = time.Minute
	pruneLimit = 10_000 // rows per pass, so that no commit waits long for it
)

// writer owns the one connection that writes. Commits that arrive during an fsync wait
// in the queue and share the next one.
type writer struct {
	queue chan job
	done  chan struct{} // closed when loop has returned

	mu     sync.RWMutex // held for reading while sending to queue
	closed bool

	conn     *sql.Conn
	stmt     statements
	prepared []*sql.Stmt // the same, to close

	pruned time.Time // owned by loop
}

type job struct {
	commit relyingparty.Commit
	result chan<- error // of capacity 1
}

type statements struct {
	begin, commit, rollback   *sql.Stmt
	savepoint, release, undo  *sql.Stmt
	use, create, update, note *sql.Stmt
	before, seen, forget      *sql.Stmt
	prune                     *sql.Stmt
}

func startWriter(ctx context.Context, db *sql.DB) (_ *writer, err error) {
	w := &writer{queue: make(chan job, maxBatch), done: make(chan struct{})}
	if w.conn, err = db.Conn(ctx); err != nil {
		return nil, err
	}
	for _, p := range []struct {
		to   **sql.Stmt
		text string
	}{
		{&w.stmt.begin, `BEGIN IMMEDIATE`},
		{&w.stmt.commit, `COMMIT`},
		{&w.stmt.rollback, `ROLLBACK`},
		{&w.stmt.savepoint, `SAVEPOINT one`},
		{&w.stmt.release, `RELEASE one`},
		{&w.stmt.undo, `ROLLBACK TO one`},
		{&w.stmt.use, `INSERT INTO used (token, expires) VALUES (?, ?) ON CONFLICT DO NOTHING`},
		{&w.stmt.create, `INSERT INTO credential (rp_id, id, public_key, handle, handle_form, name, flags, sign_count,
			aaguid, provider, format, transports, attachment, discoverable, created_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`},
		{&w.stmt.update, `UPDATE credential SET flags = ?, sign_count = max(sign_count, ?), last_used_at = ?,
			discoverable = CASE WHEN ? THEN 1 ELSE discoverable END WHERE rp_id = ? AND id = ?`},
		{&w.stmt.note, `INSERT INTO event (at, rp_id, credential_id, kind, detail, request_id, was_flags, was_count, now_flags, now_count)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		// The use before a change, unless it is a change itself and there already.
		{&w.stmt.before, `INSERT INTO sighting (at, rp_id, credential_id, flags, sign_count)
			SELECT last_used_at, rp_id, id, flags, sign_count FROM credential
			WHERE rp_id = ?1 AND id = ?2 AND last_used_at > (SELECT max(at) FROM sighting WHERE rp_id = ?1 AND credential_id = ?2)`},
		{&w.stmt.seen, `INSERT INTO sighting (at, rp_id, credential_id, flags, sign_count) VALUES (?, ?, ?, ?, ?)`},
		{&w.stmt.forget, `DELETE FROM sighting WHERE rp_id = ?1 AND credential_id = ?2
			AND seq > (SELECT min(seq) FROM sighting WHERE rp_id = ?1 AND credential_id = ?2)
			AND seq NOT IN (SELECT seq FROM sighting WHERE rp_id = ?1 AND credential_id = ?2 ORDER BY seq DESC LIMIT ?3)`},
		{&w.stmt.prune, `DELETE FROM used WHERE token IN (SELECT token FROM used WHERE expires <= ? LIMIT ?)`},
	} {
		if *p.to, err = w.conn.PrepareContext(ctx, p.text); err != nil {
			return nil, errors.Join(err, w.release())
		}
		w.prepared = append(w.prepared, *p.to)
	}
	go w.loop()
	return w, nil
}

func (w *writer) submit(ctx context.Context, c relyingparty.Commit) error {
	result := make(chan error, 1)
	w.mu.RLock()
	if w.closed {
		w.mu.RUnlock()
		return ErrClosed
	}
	select {
	case w.queue <- job{c, result}:
		w.mu.RUnlock()
	case <-ctx.Done():
		w.mu.RUnlock()
		return ctx.Err()
	}
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop lets the queue run empty and waits for it.
func (w *writer) stop() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.done
}

func (w *writer) loop() {
	defer close(w.done)
	defer w.release()
	batch := make([]job, 0, maxBatch)
	for first := range w.queue {
		batch = append(batch[:0], first)
	fill:
		for len(batch) < maxBatch {
			select {
			case j, ok := <-w.queue:
				if !ok {
					break fill
				}
				batch = append(batch, j)
			default:
				break fill
			}
		}
		w.flush(batch)
	}
}

func (w *writer) release() error {
	var errs []error
	for _, s := range w.prepared {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, w.conn.Close())...)
}

// flush applies a batch in one transaction. Each commit succeeds or fails by itself;
// all fail if the transaction does.
func (w *writer) flush(batch []job) {
	results := make([]error, len(batch))
	err := run(w.stmt.begin)
	if err == nil {
		for i, j := range batch {
			results[i] = w.apply(j.commit)
		}
		w.prune()
		if err = run(w.stmt.commit); err != nil {
			_ = run(w.stmt.rollback) // some failures have rolled back already
		}
	}
	for i, j := range batch {
		if err != nil {
			results[i] = fmt.Errorf("sqlite: commit: %w", err)
		}
		j.result <- results[i]
	}
}

// apply is one commit inside the batch's transaction.
func (w *writer) apply(c relyingparty.Commit) error {
	if err := run(w.stmt.savepoint); err != nil {
		return err
	}
	err := w.effects(c)
	if err != nil && !errors.Is(err, relyingparty.ErrCredentialExists) {
		err = errors.Join(err, run(w.stmt.undo))
	}
	return errors.Join(err, run(w.stmt.release))
}

func (w *writer) effects(c relyingparty.Commit) error {
	if n, err := affect(w.stmt.use, c.Token[:], c.Expires.UnixMilli()); err != nil {
		return err
	} else if n == 0 {
		return relyingparty.ErrTokenUsed
	}
	if k := c.Create; k != nil {
		transports, err := json.Marshal(append([]string{}, k.Transports...))
		if err != nil {
			return err
		}
		n, err := affect(w.stmt.create, k.RPID, k.ID, k.Key.SEC1(), k.Handle, k.HandleForm, k.Name, k.Flags, k.SignCount,
			k.AAGUID[:], k.Provider, k.Format, string(transports), k.Attachment, k.Discoverable, k.CreatedAt.UnixMilli())
		if err != nil {
			return err
		}
		if n == 0 {
			return relyingparty.ErrCredentialExists
		}
		if err := run(w.stmt.seen, k.CreatedAt.UnixMilli(), k.RPID, k.ID, k.Flags, k.SignCount); err != nil {
			return err
		}
	}
	if u := c.Use; u != nil {
		if u.Changed {
			if err := w.remember(u); err != nil {
				return err
			}
		}
		n, err := affect(w.stmt.update, u.Flags, u.SignCount, u.At.UnixMilli(), u.Discoverable, u.RPID, u.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return relyingparty.ErrNotFound
		}
	}
	for _, e := range c.Events {
		if err := run(w.stmt.note, e.At.UnixMilli(), e.RPID, e.CredentialID, string(e.Kind), e.Detail, e.RequestID,
			e.Was.Flags, e.Was.SignCount, e.Now.Flags, e.Now.SignCount); err != nil {
			return err
		}
	}
	return nil
}

// remember puts a change into the credential's history, and the use before it.
func (w *writer) remember(u *relyingparty.Use) error {
	if err := run(w.stmt.before, u.RPID, u.ID); err != nil {
		return err
	}
	if err := run(w.stmt.seen, u.At.UnixMilli(), u.RPID, u.ID, u.Flags, u.Count); err != nil {
		return err
	}
	return run(w.stmt.forget, u.RPID, u.ID, relyingparty.MaxHistory-1)
}

// prune drops entries of challenges that are refused by their age anyway. A failure
// costs only space and is met again by the next pass.
func (w *writer) prune() {
	now := time.Now()
	if now.Sub(w.pruned) < pruneEvery {
		return
	}
	w.pruned = now
	_ = run(w.stmt.prune, now.UnixMilli(), pruneLimit)
}

func run(s *sql.Stmt, args ...any) error {
	_, err := s.Exec(args...)
	return err
}

func affect(s *sql.Stmt, args ...any) (int64, error) {
	res, err := s.Exec(args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
