// Package sqlite keeps a relying party's credentials, used challenges and audit trail
// in one SQLite file, without cgo.
//
// Start with Open. One process owns a file (a lock beside it enforces that): one writer
// puts all commits that wait into one transaction and one fsync (group commit), readers
// run beside it (WAL). A commit that returned nil survives a power cut.
//
// Promised: at most one commit per challenge succeeds. The epoch changes after anything
// but a clean Close, so that challenges whose use may have been forgotten are refused.
// Not promised: that a copy of a cleanly closed file, put back within the life of a
// challenge, is noticed.
package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/postern-dev/postern/relyingparty"
)

// Errors a caller acts on.
var (
	// ErrInUse: another process has the file.
	ErrInUse = errors.New("sqlite: database is in use by another process")
	// ErrNewerSchema: a later version of this program wrote the file.
	ErrNewerSchema = errors.New("sqlite: database was written by a later version")
	// ErrForeign: the file is a database of something else.
	ErrForeign = errors.New("sqlite: not a passkey database")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("sqlite: store is closed")
)

// Ephemeral as a path keeps everything in memory until Close.
const Ephemeral = ""

// Store implements relyingparty.Store.
type Store struct {
	epoch relyingparty.Epoch
	lock  *flock.Flock // nil when ephemeral
	write *sql.DB
	read  *sql.DB
	find  *sql.Stmt

	w *writer

	closeOnce sync.Once
	closeErr  error
}

var (
	_ relyingparty.Store  = (*Store)(nil)
	_ relyingparty.Lister = (*Store)(nil)
)

// Open opens or creates the database at path, mode 0600; Ephemeral keeps it in memory.
func Open(ctx context.Context, path string) (_ *Store, err error) {
	s := &Store{}
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	file, write, read := memory(), "journal_mode(memory)", "query_only(true)"
	if path != Ephemeral {
		if err := s.own(path); err != nil {
			return nil, err
		}
		file, write = onDisk(path), "journal_mode(wal)"
	}
	if s.write, err = sql.Open("sqlite", dataSource(file, write, "synchronous(full)")); err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	s.write.SetMaxOpenConns(1)
	s.write.SetConnMaxLifetime(0)
	if err := migrate(ctx, s.write); err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	if s.epoch, err = beginEpoch(ctx, s.write); err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	if s.read, err = sql.Open("sqlite", dataSource(file, read)); err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	s.read.SetMaxOpenConns(4)
	s.read.SetMaxIdleConns(4)
	if s.find, err = s.read.PrepareContext(ctx, findCredential); err != nil {
		return nil, fmt.Errorf("sqlite: prepare: %w", err)
	}
	if s.w, err = startWriter(ctx, s.write); err != nil {
		return nil, fmt.Errorf("sqlite: prepare: %w", err)
	}
	return s, nil
}

// own takes the lock and makes sure that the file, and with it its journal, is private.
func (s *Store) own(path string) error {
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	got, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("sqlite: lock %s: %w", path, err)
	}
	if !got {
		return fmt.Errorf("%w: %s", ErrInUse, path)
	}
	s.lock = lock
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("sqlite: create: %w", err)
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

// memory names a database that lives as long as this store's connections.
func memory() url.URL {
	return url.URL{Scheme: "file", OmitHost: true, Path: "/postern-" + rand.Text(), RawQuery: "vfs=memdb"}
}

func onDisk(path string) url.URL {
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path)}
	if !filepath.IsAbs(path) {
		u.Path, u.Opaque = "", (&url.URL{Path: u.Path}).EscapedPath()
	}
	return u
}

func dataSource(file url.URL, pragmas ...string) string {
	q := file.Query()
	q["_pragma"] = append([]string{"busy_timeout(5000)"}, pragmas...)
	file.RawQuery = q.Encode()
	return file.String()
}

// Epoch implements relyingparty.Store.
func (s *Store) Epoch(context.Context) (relyingparty.Epoch, error) { return s.epoch, nil }

// Commit implements relyingparty.Store. When ctx ends first the outcome is unknown: the
// commit may still happen.
func (s *Store) Commit(ctx context.Context, c relyingparty.Commit) error {
	if c.Epoch != (relyingparty.Epoch{}) && c.Epoch != s.epoch {
		return relyingparty.ErrEpochEnded
	}
	return s.w.submit(ctx, c)
}

// Close finishes the commits that wait, records the clean end and releases the file.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		s.w.stop()
		s.closeErr = errors.Join(endEpoch(s.write, s.epoch), s.release())
	})
	return s.closeErr
}

func (s *Store) release() error {
	var errs []error
	if s.w != nil {
		s.w.stop()
	}
	if s.find != nil {
		errs = append(errs, s.find.Close())
	}
	if s.read != nil {
		errs = append(errs, s.read.Close())
	}
	if s.write != nil {
		errs = append(errs, s.write.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Unlock())
	}
	return errors.Join(errs...)
}
