package postgres

import (
	"errors"
	"testing"
	"time"

	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/postgres/postgrestest"
	"github.com/postern-dev/postern/relyingparty/storetest"
)

// spend uses up a challenge of an epoch.
func spend(t *testing.T, s *Store, token relyingparty.Token, e relyingparty.Epoch) error {
	t.Helper()
	return s.Commit(t.Context(), relyingparty.Commit{Token: token, Epoch: e, Expires: time.Now().Add(time.Hour)})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustBe(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

// Whatever may have lost a used challenge begins a new epoch, so that it stays refused: at
// servers that run on as they are, too.
func TestWhatMayLoseAChallengeBeginsAnEpoch(t *testing.T) {
	pg := postgrestest.Start(t, false)
	for name, lose := range map[string]func(url string){
		"the table is emptied": func(url string) { postgrestest.Exec(t, url, `TRUNCATE postern_passkeys.used`) },
		"a dump is restored in its place": func(url string) {
			dump := pg.Dump(url)
			postgrestest.Exec(t, url, `DROP SCHEMA postern_passkeys CASCADE`)
			pg.Restore(url, dump)
			postgrestest.Exec(t, url, `DELETE FROM postern_passkeys.used`) // an old dump
		},
		"the database restarts": func(url string) {
			pg.Stop()
			pg.Run()
			postgrestest.Exec(t, url, `DELETE FROM postern_passkeys.used`) // a snapshot of the volume
		},
		"somebody asks for one": func(url string) {
			postgrestest.Exec(t, url, `DELETE FROM postern_passkeys.used; UPDATE postern_passkeys.state SET epoch = '\x0102030405060708'`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			url := postgrestest.Create(t, pg.URL, "")
			s := open(t, url)
			before, token := epoch(t, s), storetest.NewToken()
			must(t, spend(t, s, token, before))
			mustBe(t, spend(t, s, token, before), relyingparty.ErrTokenUsed)
			lose(url)
			// What is remembered of the epoch is of before, and yet:
			mustBe(t, spend(t, s, token, before), relyingparty.ErrEpochEnded)
			after := epoch(t, s)
			if after == before {
				t.Fatal("the epoch went on")
			}
			must(t, spend(t, s, storetest.NewToken(), after))
			if again := epoch(t, open(t, url)); again != after {
				t.Errorf("another server: %x, want %x", again, after)
			}
		})
	}
}

func TestARestoredCopyHasAnotherEpoch(t *testing.T) {
	pg := postgrestest.Start(t, false)
	from, to := postgrestest.Create(t, pg.URL, ""), postgrestest.Create(t, pg.URL, "")
	s := open(t, from)
	pg.Restore(to, pg.Dump(from))
	if copied := open(t, to); epoch(t, copied) == epoch(t, s) {
		t.Fatal("two databases have one epoch")
	}
}

// A database that lags behind takes over: what it has not seen it would allow again.
func TestAFailoverBeginsAnEpoch(t *testing.T) {
	pg := postgrestest.Start(t, false)
	url := postgrestest.Create(t, pg.URL, "")
	s := open(t, url)
	c := storetest.NewCredential(t)
	must(t, s.Commit(t.Context(), relyingparty.Commit{Token: storetest.NewToken(), Expires: time.Now().Add(time.Hour), Create: c}))
	copied := pg.Follow(t)
	there := copied.Database(url)

	// While it follows, it can be read and not used.
	unfit := &UnfitError{}
	if _, err := Open(t.Context(), Config{URL: there, DangerNoFsync: true}); !errors.As(err, &unfit) {
		t.Fatalf("got %v, want that it follows", err)
	}
	r, err := OpenReadOnly(t.Context(), Config{URL: there})
	must(t, err)
	if found, err := r.ByX(t.Context(), c.Key.X()); err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	must(t, r.Close())

	// Cut off, so that a challenge is used which it never hears of.
	postgrestest.Exec(t, copied.URL, `ALTER SYSTEM SET primary_conninfo = ''`)
	postgrestest.Exec(t, copied.URL, `SELECT pg_reload_conf()`)
	pg.Stop()
	pg.Run()
	before, token := epoch(t, s), storetest.NewToken()
	must(t, spend(t, s, token, before))

	postgrestest.Exec(t, copied.URL, `SELECT pg_promote()`)
	next := open(t, there)
	if epoch(t, next) == before {
		t.Fatal("the epoch survived a failover")
	}
	mustBe(t, spend(t, next, token, before), relyingparty.ErrEpochEnded)
	must(t, spend(t, next, token, relyingparty.Epoch{})) // only the epoch stood in the way
	if _, err := next.Credential(t.Context(), c.RPID, c.ID); err != nil {
		t.Fatal(err)
	}
}

// A commit that waits while the table of used challenges is emptied is one of the epoch that
// has ended.
func TestACommitThatMeetsAnEmptyingIsOfTheOldEpoch(t *testing.T) {
	url := postgrestest.Database(t)
	s, other := open(t, url), open(t, url)
	token, old := storetest.NewToken(), epoch(t, s)
	must(t, spend(t, s, token, old))
	tx, err := other.pool.Begin(t.Context())
	must(t, err)
	_, err = tx.Exec(t.Context(), `TRUNCATE postern_passkeys.used`)
	must(t, err)
	done := make(chan error, 1)
	go func() { done <- spend(t, s, token, old) }()
	for waits := false; !waits; {
		must(t, other.pool.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'postern_passkeys.used'::regclass)`).Scan(&waits))
	}
	must(t, tx.Commit(t.Context()))
	mustBe(t, <-done, relyingparty.ErrEpochEnded)
}
