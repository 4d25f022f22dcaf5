package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/postgres/postgrestest"
	"github.com/postern-dev/postern/relyingparty/storetest"
)

// everything is all that an error can be made to say.
func everything(err error) string {
	var b strings.Builder
	for ; err != nil; err = errors.Unwrap(err) {
		fmt.Fprintf(&b, "%v %+v %#v ", err, err, err)
		if h, ok := err.(interface{ Hint() string }); ok {
			b.WriteString(h.Hint())
		}
	}
	return b.String()
}

// Whatever is wrong with it, nothing of what may be a password is said.
func TestNoErrorHoldsAPassword(t *testing.T) {
	good := postgrestest.Database(t)
	u, err := url.Parse(good)
	must(t, err)
	query := u.Query().Encode()
	real, has := u.User.Password()
	if !has {
		real = "no password at all"
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	port := closed.Addr().(*net.TCPAddr).Port
	closed.Close()
	for name, c := range map[string]struct{ url, secret string }{
		"a wrong password":            {as(t, good, "owner", "hunter22"), "hunter22"},
		"a slash in it":               {"postgres://owner:12/hunter22@localhost/db?" + query, "hunter22"},
		"a question mark in it":       {"postgres://owner:a?hunter22@localhost/db", "hunter22"},
		"a hash in it":                {"postgres://owner:a#hunter22@localhost/db", "hunter22"},
		"a percent sign in it":        {"postgres://owner:hunter22%@localhost/db", "hunter22"},
		"a space in it":               {"postgres://owner:hunter22 more@localhost/db", "hunter22"},
		"no at sign":                  {"postgres://owner:hunter22", "hunter22"},
		"nothing listens":             {fmt.Sprintf("postgres://owner:hunter22@127.0.0.1:%d/db?sslmode=disable", port), "hunter22"},
		"no such socket":              {"postgres://owner:hunter22@/db?host=/nowhere", "hunter22"},
		"no such database":            {strings.Replace(good, u.Path, "/hunter22", 1), real},
		"no such mode":                {"postgres://owner:hunter22@localhost/db?sslmode=never", "hunter22"},
		"keywords and values":         {"host=localhost password=hunter22", "hunter22"},
		"another scheme":              {"mysql://owner:hunter22@localhost/db", "hunter22"},
		"a parameter it has not":      {good + "&hunter22=1", "hunter22"},
		"back to plaintext elsewhere": {"postgres://owner:hunter22@db.example/db", "hunter22"},
	} {
		t.Run(name, func(t *testing.T) {
			for what, open := range map[string]func() error{
				"Open":         func() error { _, err := Open(t.Context(), Config{URL: c.url, DangerNoFsync: true}); return err },
				"OpenReadOnly": func() error { _, err := OpenReadOnly(t.Context(), Config{URL: c.url}); return err },
			} {
				err := open()
				if err == nil {
					t.Fatal("opened")
				}
				if said := everything(err); strings.Contains(said, c.secret) || strings.Contains(said, real) {
					t.Errorf("%s: the error holds the password", what)
				}
				if e := (*Error)(nil); errors.As(err, &e) && e.Doing == "connect" && e.Hint() == "" {
					t.Errorf("%s: %v: no hint", what, err)
				}
			}
		})
	}
}

func TestDatabasesThatForgetAreRefused(t *testing.T) {
	fast := postgrestest.Start(t, false)
	ascii := postgrestest.Create(t, fast.URL, `ENCODING 'SQL_ASCII' TEMPLATE template0`)
	for name, c := range map[string]struct {
		cfg  Config
		want string
	}{
		"fsync is off":          {Config{URL: fast.URL}, "fsync is off"},
		"another encoding":      {Config{URL: ascii, DangerNoFsync: true}, "encoding"},
		"a way back":            {Config{URL: "postgres://owner@db.example/db"}, "unencrypted"},
		"a way back, named":     {Config{URL: "postgres://owner@db.example/db?sslmode=prefer"}, "unencrypted"},
		"a way back, elsewhere": {Config{URL: "postgres://owner@localhost,db.example/db?sslmode=allow"}, "unencrypted"},
	} {
		_, err := Open(t.Context(), c.cfg)
		unfit := (*UnfitError)(nil)
		if !errors.As(err, &unfit) || !strings.Contains(unfit.What, c.want) || unfit.Hint() == "" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, fine := range []string{
		"postgres://owner@db.example/db?sslmode=disable", "postgres://owner@db.example/db?sslmode=require", "postgresql://owner@db.example/db?sslmode=verify-full",
		"postgres://owner@localhost/db", "postgres://owner@127.0.0.1/db", "postgres://owner@[::1]/db", "postgres:///db?host=/run/postgresql",
	} {
		if _, err := parse(fine); err != nil {
			t.Errorf("%s: %v", fine, err)
		}
	}
}

// Connections ask for what keeps commits, whatever the role's own settings are.
func TestConnectionsSetWhatMatters(t *testing.T) {
	url := postgrestest.Database(t)
	postgrestest.Exec(t, url, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database());
		EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = ''serializable''', current_database());
		EXECUTE format('ALTER DATABASE %I SET statement_timeout = 0', current_database()); END $$`)
	s := open(t, url+"&synchronous_commit=off&search_path=public")
	for name, want := range map[string]string{"synchronous_commit": "on", "search_path": "pg_catalog", "statement_timeout": "8s", "idle_in_transaction_session_timeout": "10s"} {
		var got string
		if err := s.pool.QueryRow(t.Context(), `SELECT current_setting($1)`, name).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	must(t, spend(t, s, storetest.NewToken(), epoch(t, s)))
	must(t, spend(t, open(t, url+"&synchronous_commit=remote_apply"), storetest.NewToken(), epoch(t, s)))
}

// failing makes the first n writes of a challenge fail with an SQLSTATE, as the database
// would: at once, or when the transaction ends.
func failing(t *testing.T, url string, n int, state string, deferred bool) {
	t.Helper()
	kind := `TRIGGER fail AFTER INSERT ON postern_passkeys.used`
	if deferred {
		kind = `CONSTRAINT TRIGGER fail AFTER INSERT ON postern_passkeys.used DEFERRABLE INITIALLY DEFERRED`
	}
	postgrestest.Exec(t, url, fmt.Sprintf(`DROP TRIGGER IF EXISTS fail ON postern_passkeys.used;
		DROP SEQUENCE IF EXISTS public.attempts; CREATE SEQUENCE public.attempts;
		CREATE OR REPLACE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF nextval('public.attempts') <= %d THEN RAISE EXCEPTION 'no' USING ERRCODE = '%s'; END IF; RETURN NULL; END $$;
		CREATE %s FOR EACH ROW EXECUTE FUNCTION public.fail()`, n, state, kind))
}

func TestWhatTheDatabaseAsksToRepeatIsRepeatedWithinLimits(t *testing.T) {
	url := postgrestest.Database(t)
	s := open(t, url)
	for _, deferred := range []bool{false, true} {
		for _, c := range []struct {
			state string
			times int
			fails bool
		}{{"40001", tries - 1, false}, {"40P01", 1, false}, {"40001", tries, true}, {"22012", 1, true}} {
			failing(t, url, c.times, c.state, deferred)
			token := storetest.NewToken()
			err := spend(t, s, token, relyingparty.Epoch{})
			if e := (*Error)(nil); (err != nil) != c.fails || c.fails && (!errors.As(err, &e) || e.State != c.state || errors.Is(err, ErrUnclear)) {
				t.Errorf("%s, %d times, deferred %v: %v", c.state, c.times, deferred, err)
			}
			// What failed has not used the challenge up, and what succeeded has.
			again := spend(t, s, token, relyingparty.Epoch{})
			if c.fails {
				must(t, again)
			} else {
				mustBe(t, again, relyingparty.ErrTokenUsed)
			}
		}
	}
}

func TestACommitThatEndedInAnotherWayIsUnclear(t *testing.T) {
	for _, err := range []error{nil, context.DeadlineExceeded, &pgconn.PgError{Code: "57P01"}} {
		mustBe(t, unclear(err), ErrUnclear)
	}
}

// A database that does not answer holds nobody up for longer than they have time.
func TestAnEndedContextEndsACommit(t *testing.T) {
	url := postgrestest.Database(t)
	s := open(t, url)
	token := storetest.NewToken()
	tx, err := s.pool.Begin(t.Context())
	must(t, err)
	_, err = tx.Exec(t.Context(), `INSERT INTO postern_passkeys.used VALUES ($1, 0)`, token[:])
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	mustBe(t, s.Commit(ctx, relyingparty.Commit{Token: token}), context.DeadlineExceeded)
	must(t, tx.Rollback(t.Context()))
	must(t, spend(t, s, token, relyingparty.Epoch{}))
}
