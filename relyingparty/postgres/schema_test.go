package postgres

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/postgres/postgrestest"
	"github.com/postern-dev/postern/relyingparty/storetest"
)

func TestForeignNewerAndOlderSchemasAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		setup       string
		write, read error
	}{
		"nothing":                  {`SELECT`, nil, ErrNoSchema},
		"an empty schema":          {`CREATE SCHEMA postern_passkeys`, nil, ErrNoSchema},
		"tables of something else": {`CREATE TABLE notes (text text)`, nil, ErrNoSchema},
		"the schema is another's":  {`CREATE SCHEMA postern_passkeys; CREATE TABLE postern_passkeys.notes (text text)`, ErrForeign, ErrForeign},
		"a table of the same name": {`CREATE SCHEMA postern_passkeys; CREATE TABLE postern_passkeys.schema_version (n int)`, ErrForeign, ErrForeign},
		"of another program":       {version("'another'", "1"), ErrForeign, ErrForeign},
		"a table that is empty":    {version("'postern passkeys'", "1") + `; TRUNCATE postern_passkeys.schema_version`, ErrForeign, ErrForeign},
		"a later schema":           {version("'postern passkeys'", "99"), ErrNewerSchema, ErrNewerSchema},
		"a version that cannot be": {version("'postern passkeys'", "-1"), ErrForeign, ErrForeign},
	} {
		t.Run(name, func(t *testing.T) {
			url := postgrestest.Database(t)
			postgrestest.Exec(t, url, c.setup)
			r, err := OpenReadOnly(t.Context(), Config{URL: url})
			if !errors.Is(err, c.read) {
				t.Errorf("to read: got %v, want %v", err, c.read)
			}
			if err == nil {
				r.Close()
			}
			s, err := Open(t.Context(), Config{URL: url, DangerNoFsync: true})
			if !errors.Is(err, c.write) || (err == nil) != (c.write == nil) {
				t.Errorf("to write: got %v, want %v", err, c.write)
			}
			if err == nil {
				s.Close()
			}
		})
	}
}

func version(program, n string) string {
	return `CREATE SCHEMA postern_passkeys; CREATE TABLE postern_passkeys.schema_version (program text, version int);
		INSERT INTO postern_passkeys.schema_version VALUES (` + program + `, ` + n + `)`
}

func TestAReaderOfALaterReleaseNamesAnOlderSchema(t *testing.T) {
	url := postgrestest.Database(t)
	open(t, url)
	kept := migrations
	defer func() { migrations = kept }()
	migrations = append(kept[:len(kept):len(kept)], `CREATE TABLE postern_passkeys.more (n int)`)
	_, err := OpenReadOnly(t.Context(), Config{URL: url})
	mustBe(t, err, ErrOlderSchema)
	open(t, url) // brings it up to date
	r, err := OpenReadOnly(t.Context(), Config{URL: url})
	must(t, err)
	r.Close()
	migrations = kept
	_, err = Open(t.Context(), Config{URL: url, DangerNoFsync: true})
	mustBe(t, err, ErrNewerSchema)
}

// as is the URL of a database for another role.
func as(t *testing.T, database, role, password string) string {
	t.Helper()
	u, err := url.Parse(database)
	must(t, err)
	u.User = url.UserPassword(role, password)
	return u.String()
}

// A role that may use the schema and make none, and one that may only read what an audit needs.
func TestRolesNeedNoMoreThanTheirPart(t *testing.T) {
	database := postgrestest.Database(t)
	name := strings.ToLower(pgName(t, database))
	server, auditor := name+"_server", name+"_auditor"
	postgrestest.Exec(t, database, `CREATE ROLE `+server+` LOGIN PASSWORD 'one'; CREATE ROLE `+auditor+` LOGIN PASSWORD 'two'`)
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), database)
		if err != nil {
			t.Fatal("cannot connect to the tests' database")
		}
		defer conn.Close(context.Background())
		if _, err := conn.Exec(context.Background(), `DROP OWNED BY `+server+`, `+auditor+` CASCADE; DROP ROLE `+server+`, `+auditor, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Error(err)
		}
	})
	_, err := Open(t.Context(), Config{URL: as(t, database, server, "one"), DangerNoFsync: true})
	if e := (*Error)(nil); !errors.As(err, &e) || e.State != "42501" || !strings.Contains(e.Hint(), "GRANT CREATE") {
		t.Fatalf("got %v, want that it may not", err)
	}
	postgrestest.Exec(t, database, `CREATE SCHEMA postern_passkeys AUTHORIZATION `+server)
	s := open(t, as(t, database, server, "one"))
	c := storetest.NewCredential(t)
	must(t, s.Commit(t.Context(), relyingparty.Commit{Token: storetest.NewToken(), Expires: time.Now().Add(time.Hour), Create: c}))

	_, err = OpenReadOnly(t.Context(), Config{URL: as(t, database, auditor, "two")})
	if e := (*Error)(nil); !errors.As(err, &e) || e.State != "42501" {
		t.Fatalf("got %v, want that it may not", err)
	}
	postgrestest.Exec(t, database, `GRANT USAGE ON SCHEMA postern_passkeys TO `+auditor+`;
		GRANT SELECT ON postern_passkeys.schema_version, postern_passkeys.credential, postern_passkeys.sighting, postern_passkeys.event TO `+auditor)
	r, err := OpenReadOnly(t.Context(), Config{URL: as(t, database, auditor, "two")})
	must(t, err)
	defer r.Close()
	if all, err := r.ByX(t.Context(), c.Key.X()); err != nil || len(all) != 1 || all[0].Key != c.Key || all[0].RPID != c.RPID {
		t.Fatalf("got %+v, %v", all, err)
	}
	if rec, err := r.Record(t.Context(), c.RPID, c.ID); err != nil || len(rec.History) != 1 {
		t.Fatalf("got %+v, %v", rec, err)
	}
	if _, err := r.pool.Exec(t.Context(), `SELECT secret FROM postern_passkeys.sealing`); state(err) != "42501" {
		t.Errorf("an auditor reads the secret: %v", err)
	}
}

func pgName(t *testing.T, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	must(t, err)
	return strings.TrimPrefix(u.Path, "/")
}

func TestAReaderWritesNothing(t *testing.T) {
	url := postgrestest.Database(t)
	s := open(t, url)
	c := storetest.NewCredential(t)
	must(t, s.Commit(t.Context(), relyingparty.Commit{Token: storetest.NewToken(), Expires: time.Now().Add(time.Hour), Create: c}))
	r, err := OpenReadOnly(t.Context(), Config{URL: url})
	must(t, err)
	defer r.Close()
	if _, err := r.pool.Exec(t.Context(), `DELETE FROM postern_passkeys.credential`); state(err) != "25006" {
		t.Fatalf("a reader wrote: %v", err)
	}
	if none, err := r.ByX(t.Context(), [32]byte{1}); err != nil || len(none) != 0 {
		t.Fatalf("got %+v, %v", none, err)
	}
	if _, err := r.Record(t.Context(), c.RPID, []byte("nobody")); !errors.Is(err, relyingparty.ErrNotFound) {
		t.Fatal(err)
	}
}

// Rows that this package does not write are not believed.
func TestDamagedRowsAreRefused(t *testing.T) {
	url := postgrestest.Database(t)
	s := open(t, url)
	c := storetest.NewCredential(t)
	must(t, s.Commit(t.Context(), relyingparty.Commit{Token: storetest.NewToken(), Expires: time.Now().Add(time.Hour), Create: c}))
	for _, damage := range []string{
		`UPDATE postern_passkeys.credential SET public_key = '\x04' || decode(repeat('ff', 64), 'hex')`,
		`UPDATE postern_passkeys.credential SET transports = 'usb'`,
		`ALTER TABLE postern_passkeys.credential DROP CONSTRAINT credential_flags_check; UPDATE postern_passkeys.credential SET flags = 256`,
		`ALTER TABLE postern_passkeys.credential DROP CONSTRAINT credential_handle_form_check; UPDATE postern_passkeys.credential SET handle_form = 257`,
		`ALTER TABLE postern_passkeys.credential DROP CONSTRAINT credential_aaguid_check; UPDATE postern_passkeys.credential SET aaguid = '\x00'`,
	} {
		keep := `CREATE TABLE kept AS SELECT * FROM postern_passkeys.credential; `
		postgrestest.Exec(t, url, keep+damage)
		if got, err := s.Credential(t.Context(), c.RPID, c.ID); err == nil || errors.Is(err, relyingparty.ErrNotFound) {
			t.Errorf("%s: got %+v, %v", damage, got, err)
		}
		postgrestest.Exec(t, url, `UPDATE postern_passkeys.credential c SET public_key = k.public_key, transports = k.transports, flags = k.flags,
			handle_form = k.handle_form, aaguid = k.aaguid FROM kept k; DROP TABLE kept`)
		if got, err := s.Credential(t.Context(), c.RPID, c.ID); err != nil || got.Key != c.Key {
			t.Fatalf("got %+v, %v", got, err)
		}
	}
	postgrestest.Exec(t, url, `UPDATE postern_passkeys.sighting SET flags = -1`)
	if got, err := s.Record(t.Context(), c.RPID, c.ID); err == nil {
		t.Errorf("got %+v", got)
	}
}

func TestEntriesOfDeadChallengesAreDropped(t *testing.T) {
	url := postgrestest.Database(t)
	s, other := open(t, url), open(t, url)
	now := time.Now()
	for i, expires := range []time.Duration{-time.Hour, -2 * sweepSlack, -sweepSlack / 2, 0, time.Hour} {
		token := relyingparty.Token{byte(i)}
		_, err := s.pool.Exec(t.Context(), `INSERT INTO postern_passkeys.used VALUES ($1, $2)`, token[:], now.Add(expires).UnixMilli())
		must(t, err)
	}
	left := func() (n int) {
		t.Helper()
		must(t, s.pool.QueryRow(t.Context(), `SELECT count(*) FROM postern_passkeys.used`).Scan(&n))
		return n
	}
	// While one server is at it, no other is.
	tx, err := other.pool.Begin(t.Context())
	must(t, err)
	_, err = tx.Exec(t.Context(), `SELECT pg_advisory_xact_lock($1)`, int64(lockSweep))
	must(t, err)
	if n, err := s.drop(t.Context(), now, sweepRows); err != nil || n != 0 || left() != 5 {
		t.Fatalf("%d dropped, %v", n, err)
	}
	must(t, tx.Rollback(t.Context()))
	// A server whose clock is days ahead drops no more than the database's clock allows, nor
	// one whose clock is behind.
	if n, err := s.drop(t.Context(), now.Add(-24*time.Hour), sweepRows); err != nil || n != 0 {
		t.Fatalf("%d dropped, %v", n, err)
	}
	for range 2 { // within the bound of a transaction
		if n, err := s.drop(t.Context(), now.Add(48*time.Hour), 1); err != nil || n != 1 {
			t.Fatalf("%d dropped, %v", n, err)
		}
	}
	if n, err := s.drop(t.Context(), now.Add(48*time.Hour), sweepRows); err != nil || n != 0 || left() != 3 {
		t.Fatalf("%d dropped, %d left, %v", n, left(), err)
	}
	// By a server whose clock is behind, a challenge that was forgotten is alive: it is refused all the same.
	err = s.Commit(t.Context(), relyingparty.Commit{Token: relyingparty.Token{0}, Expires: now.Add(-time.Hour)})
	if unfit := (*UnfitError)(nil); !errors.As(err, &unfit) || left() != 3 {
		t.Errorf("what was forgotten, once more: %v, %d left", err, left())
	}
	must(t, s.Commit(t.Context(), relyingparty.Commit{Token: relyingparty.Token{9}, Expires: now.Add(-sweepSlack / 2)}))
}
