package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/storetest"
)

func open(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestStoreOnDiskConforms(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Store { return open(t, filepath.Join(t.TempDir(), "a b?#%.db")) })
}

func TestEphemeralStoreConforms(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Store { return open(t, Ephemeral) })
}

func TestEphemeralStoresDoNotShare(t *testing.T) {
	a, b := open(t, Ephemeral), open(t, Ephemeral)
	c := storetest.NewCredential(t)
	if err := a.Commit(t.Context(), relyingparty.Commit{Token: storetest.NewToken(), Create: c}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Credential(t.Context(), c.RPID, c.ID); !errors.Is(err, relyingparty.ErrNotFound) {
		t.Fatalf("got %v, want not found", err)
	}
}

func TestWhatWasCommittedSurvivesARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passkeys.db")
	a := open(t, path)
	c, token := storetest.NewCredential(t), storetest.NewToken()
	commit := relyingparty.Commit{Token: token, Expires: time.Now().Add(time.Hour), Create: c}
	if err := a.Commit(t.Context(), commit); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a clean end leaves a journal: %v", err)
	}
	b := open(t, path)
	if got, err := b.Credential(t.Context(), c.RPID, c.ID); err != nil || got.Key != c.Key {
		t.Fatalf("got %v, %v", got, err)
	}
	if err := b.Commit(t.Context(), relyingparty.Commit{Token: token}); !errors.Is(err, relyingparty.ErrTokenUsed) {
		t.Fatalf("got %v, want used", err)
	}
	if a.epoch != b.epoch {
		t.Fatal("a clean restart began a new epoch")
	}
}

func TestACrashBeginsANewEpoch(t *testing.T) {
	dir := t.TempDir()
	a := open(t, filepath.Join(dir, "a.db"))
	c := storetest.NewCredential(t)
	if err := a.Commit(t.Context(), relyingparty.Commit{Token: storetest.NewToken(), Create: c}); err != nil {
		t.Fatal(err)
	}
	// What a crash leaves: the files as they are now.
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, "a.db"+suffix))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "b.db"+suffix), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b := open(t, filepath.Join(dir, "b.db"))
	if a.epoch == b.epoch {
		t.Fatal("the epoch survived a crash")
	}
	if _, err := b.Credential(t.Context(), c.RPID, c.ID); err != nil {
		t.Fatalf("the credential did not survive: %v", err)
	}
}

func TestALostFileBeginsANewEpoch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passkeys.db")
	a := open(t, path)
	if err := errors.Join(a.Close(), os.Remove(path)); err != nil {
		t.Fatal(err)
	}
	if b := open(t, path); a.epoch == b.epoch {
		t.Fatal("the epoch survived the loss of the file")
	}
}

func TestAFileHasOneOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passkeys.db")
	open(t, path)
	if _, err := Open(t.Context(), path); !errors.Is(err, ErrInUse) {
		t.Fatalf("got %v, want in use", err)
	}
}

func TestFilesArePrivate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "passkeys.db")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	if err := s.Commit(t.Context(), relyingparty.Commit{Token: storetest.NewToken()}); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) < 3 {
		t.Fatalf("%v, %v", entries, err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: mode %v, %v", e.Name(), info.Mode(), err)
		}
	}
}

func TestForeignAndNewerDatabasesAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		setup string
		want  error
	}{
		"someone else's table":   {`CREATE TABLE notes (text TEXT)`, ErrForeign},
		"someone else's id":      {`PRAGMA application_id = 7`, ErrForeign},
		"someone else's version": {`PRAGMA user_version = 1`, ErrForeign},
		"a later schema":         {`PRAGMA application_id = 0x5053544e; PRAGMA user_version = 99`, ErrNewerSchema},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.db")
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(c.setup); err != nil {
				t.Fatal(err)
			}
			db.Close()
			if _, err := Open(t.Context(), path); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
	t.Run("no database", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "x.db")
		if err := os.WriteFile(path, []byte("this is a diary, not a database, and long enough to tell\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), path); err == nil {
			t.Fatal("opened")
		}
	})
}

// A file of the release before the history is brought up to date, and says no more than
// that release knew.
func TestAFileOfTheFirstSchemaIsBroughtUpToDate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passkeys.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	c := storetest.NewCredential(t)
	for _, x := range []struct {
		text string
		args []any
	}{
		{migrations[0], nil},
		{`PRAGMA application_id = 0x5053544e; PRAGMA user_version = 1`, nil},
		{`INSERT INTO credential VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, []any{c.RPID, c.ID, c.Key.SEC1(), c.Handle, c.HandleForm,
			c.Name, c.Flags, c.SignCount, c.AAGUID[:], c.Provider, c.Format, `["internal"]`, c.Attachment, c.CreatedAt.UnixMilli(), c.CreatedAt.UnixMilli() + 1000}},
		{`INSERT INTO event (at, rp_id, credential_id, kind, detail, request_id) VALUES (1, ?, ?, 'backup_state', 'flags UP after UP|BS', 'r')`, []any{c.RPID, c.ID}},
	} {
		if _, err := db.Exec(x.text, x.args...); err != nil {
			t.Fatal(err)
		}
	}
	db.Close()

	if _, err := OpenReadOnly(t.Context(), path); !errors.Is(err, ErrOlderSchema) {
		t.Fatalf("got %v, want an older schema", err)
	}
	s := open(t, path)
	got, err := s.Credential(t.Context(), c.RPID, c.ID)
	if err != nil || got.Discoverable != nil || got.Key != c.Key {
		t.Fatalf("got %+v, %v", got, err)
	}
	r, err := s.Record(t.Context(), c.RPID, c.ID)
	if err != nil || len(r.History) != 1 || r.History[0].Flags != c.Flags || !r.History[0].At.Equal(c.CreatedAt.Add(time.Second)) {
		t.Fatalf("got %+v, %v", r, err)
	}
	if len(r.Events) != 1 || r.Events[0].Words() != "backup_state: flags UP after UP|BS" {
		t.Fatalf("got %+v", r.Events)
	}
}

func TestAReaderSeesWhatTheOwnerOfAFileWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?#%.db")
	if _, err := OpenReadOnly(t.Context(), path); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("got %v, want that there is no file", err)
	}
	s := open(t, path)
	c := storetest.NewCredential(t)
	if err := s.Commit(t.Context(), relyingparty.Commit{Token: storetest.NewToken(), Create: c}); err != nil {
		t.Fatal(err)
	}
	read := func() {
		t.Helper()
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		r, err := OpenReadOnly(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		all, err := r.ByX(t.Context(), c.Key.X())
		if err != nil || len(all) != 1 || all[0].Key != c.Key || all[0].RPID != c.RPID {
			t.Fatalf("got %+v, %v", all, err)
		}
		if rec, err := r.Record(t.Context(), c.RPID, c.ID); err != nil || len(rec.History) != 1 {
			t.Fatalf("got %+v, %v", rec, err)
		}
		if none, err := r.ByX(t.Context(), [32]byte{1}); err != nil || len(none) != 0 {
			t.Fatalf("got %+v, %v", none, err)
		}
		if _, err := r.db.Exec(`DELETE FROM credential`); err == nil {
			t.Fatal("a reader wrote")
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
			t.Fatalf("the file changed, or %v", err)
		}
	}
	read() // while it is in use
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	epoch := s.epoch
	read() // and when it is not
	if s := open(t, path); s.epoch != epoch {
		t.Fatal("a reader began an epoch")
	}
}

// What a crash left is read as it is: its journal stays for the owner to bring in.
func TestAReaderLeavesAJournalAlone(t *testing.T) {
	dir := t.TempDir()
	a := open(t, filepath.Join(dir, "a.db"))
	c := storetest.NewCredential(t)
	if err := a.Commit(t.Context(), relyingparty.Commit{Token: storetest.NewToken(), Create: c}); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, "a.db"+suffix))
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Join(dir, "b.db"+suffix)] = b
		if err := os.WriteFile(filepath.Join(dir, "b.db"+suffix), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := OpenReadOnly(t.Context(), filepath.Join(dir, "b.db"))
	if err != nil {
		t.Fatal(err)
	}
	if all, err := r.ByX(t.Context(), c.Key.X()); err != nil || len(all) != 1 {
		t.Fatalf("got %+v, %v", all, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for path, want := range files {
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s changed, or %v", path, err)
		}
	}
}

func TestCommitAfterCloseIsRefused(t *testing.T) {
	s := open(t, Ephemeral)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), relyingparty.Commit{}); !errors.Is(err, ErrClosed) {
		t.Fatalf("got %v, want closed", err)
	}
}

func TestEntriesOfDeadChallengesAreDropped(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "passkeys.db"))
	now := time.Now()
	for i, expires := range []time.Time{now.Add(-time.Second), now.Add(time.Hour)} {
		if err := s.Commit(t.Context(), relyingparty.Commit{Token: relyingparty.Token{byte(i)}, Expires: expires}); err != nil {
			t.Fatal(err)
		}
	}
	var left int
	if err := s.read.QueryRow(`SELECT count(*) FROM used`).Scan(&left); err != nil || left != 1 {
		t.Fatalf("%d left, %v", left, err)
	}
}

func BenchmarkCommit(b *testing.B) {
	for name, path := range map[string]string{"disk": filepath.Join(b.TempDir(), "passkeys.db"), "memory": Ephemeral} {
		s := open(b, path)
		b.Run(name+"/1", func(b *testing.B) {
			for b.Loop() {
				if err := s.Commit(b.Context(), relyingparty.Commit{Token: storetest.NewToken(), Expires: time.Now().Add(time.Minute)}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/32", func(b *testing.B) {
			b.SetParallelism(16) // times two cores
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := s.Commit(b.Context(), relyingparty.Commit{Token: storetest.NewToken(), Expires: time.Now().Add(time.Minute)}); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
