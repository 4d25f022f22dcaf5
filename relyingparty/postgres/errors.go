package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Errors a caller acts on.
var (
	// ErrURL: what names the database cannot be read. It is not repeated: it may hold a password.
	ErrURL = errors.New("postgres: the database's URL cannot be read")
	// ErrNewerSchema: a later version of this program has made the schema.
	ErrNewerSchema = errors.New("postgres: the schema was written by a later version")
	// ErrOlderSchema: an earlier version has, and a reader does not bring it up to date.
	ErrOlderSchema = errors.New("postgres: the schema was written by an earlier version")
	// ErrNoSchema: there is none, and a reader makes none.
	ErrNoSchema = errors.New("postgres: there are no passkeys in this database")
	// ErrForeign: the schema is something else's.
	ErrForeign = errors.New("postgres: the schema postern_passkeys is not a passkey database")
	// ErrRotated: the secret was changed so often within an hour that no more are kept.
	ErrRotated error = &UnfitError{"the secret was changed too often within an hour", "wait an hour; if an older secret must end: --now"}
	// ErrUnclear: the connection ended while the commit was under way. It may have happened or not.
	ErrUnclear = errors.New("postgres: it is not known whether the commit happened")
)

// UnfitError is about a database that could not keep what this package promises.
type UnfitError struct{ What, Remedy string }

func (e *UnfitError) Error() string { return "postgres: " + e.What }

// Hint is what to do about it.
func (e *UnfitError) Hint() string { return e.Remedy }

// Error is a failure of the database or on the way to it. It holds nothing of the URL, nor
// the words of the server, which may repeat it: those are in the server's own log.
type Error struct {
	Doing  string // what failed, "connect"
	Reason string // for people
	State  string // the server's SQLSTATE; empty when it did not answer
	cause  error  // of context, or ErrUnclear
}

func (e *Error) Error() string {
	text := "postgres: " + e.Doing + ": " + e.Reason
	if e.State != "" {
		text += " (SQLSTATE " + e.State + ")"
	}
	return text
}

func (e *Error) Unwrap() error { return e.cause }

// Hint is what to do about it.
func (e *Error) Hint() string {
	switch e.State {
	case "":
		if e.Doing != "connect" {
			return ""
		}
		return "is it up? Its address and how it is encrypted: --store postgres://host:port/database?sslmode=verify-full, or PGHOST, PGPORT, PGSSLMODE"
	case "28P01", "28000":
		return "user and password: PGUSER and PGPASSWORD, a file named by PGPASSFILE, or POSTERN_STORE"
	case "3D000":
		return "make it: createdb NAME"
	case "42501":
		return "let the role make the schema: GRANT CREATE ON DATABASE; to read: USAGE on schema postern_passkeys and SELECT on schema_version, credential, sighting, event"
	}
	return "the database's own log says more"
}

// states are the SQLSTATEs that have words of their own.
var states = map[string]string{
	"28P01": "the password is wrong", "28000": "this user is not let in", "3D000": "there is no such database",
	"42501": "the role may not do that", "53100": "the disk is full", "53300": "there are too many connections",
	"57014": "it took too long", "55P03": "somebody else held what it needs for too long", "57P01": "the database is going down", "57P03": "the database is not up yet",
	"25006": "the database cannot be written to", "40001": "it met others too often", "40P01": "it met others too often",
}

// failed says what went wrong in words of this package. Errors that are ours pass.
func failed(doing string, err error) error {
	if e, u := (*Error)(nil), (*UnfitError)(nil); err == nil || errors.As(err, &e) || errors.As(err, &u) ||
		errors.Is(err, ErrNewerSchema) || errors.Is(err, ErrForeign) {
		return err
	}
	out := &Error{Doing: doing, Reason: "the connection broke, or the reply was not understood"}
	var (
		said *pgconn.PgError
		name *net.DNSError
		cert *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &said):
		out.State, out.Reason = said.Code, states[said.Code]
		if out.Reason == "" {
			out.Reason = "the database refused"
		}
	case errors.Is(err, context.Canceled):
		out.cause, out.Reason = context.Canceled, context.Canceled.Error()
	case errors.Is(err, context.DeadlineExceeded), pgconn.Timeout(err):
		out.cause, out.Reason = context.DeadlineExceeded, "no answer in time"
	case errors.Is(err, pgx.ErrNoRows):
		out.Reason = "a row is missing"
	case errors.As(err, &name):
		out.Reason = "the host's name is not known"
	case errors.As(err, &cert):
		out.Reason = "its certificate is not trusted"
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT):
		out.Reason = "nothing listens there"
	}
	return out
}

// unclear is for a commit whose outcome nobody was told.
func unclear(err error) error {
	e := &Error{Reason: "the reply was not understood"}
	_ = errors.As(failed("commit", err), &e) // none where the database ended it in another way
	return &Error{Doing: "commit", Reason: e.Reason + "; it may have happened or not", State: e.State, cause: errors.Join(ErrUnclear, e.cause)}
}

// stored is about a row that is not as this package writes them.
func stored(format string, args ...any) error {
	return &Error{Doing: "read", Reason: "the stored " + fmt.Sprintf(format, args...)}
}

// transient: another try may succeed, and nothing has happened. Only for what was said before
// a COMMIT was sent, or as the answer to it by a server that lives on.
func transient(err error) bool {
	var said *pgconn.PgError
	if !errors.As(err, &said) {
		return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
	}
	switch said.Code {
	case "40001", "40P01", "57P01", "57P02", "57P03", "53300":
		return true
	}
	return said.Code[:min(2, len(said.Code))] == "08"
}

// rolledBack: the server says so, and lives.
func rolledBack(err error) bool {
	var said *pgconn.PgError
	return errors.As(err, &said) && said.SeverityUnlocalized == "ERROR"
}

// state is the server's SQLSTATE, if the error is its.
func state(err error) string {
	if said := (*pgconn.PgError)(nil); errors.As(err, &said) {
		return said.Code
	}
	return ""
}
