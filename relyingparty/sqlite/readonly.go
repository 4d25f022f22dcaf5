package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"github.com/postern-dev/postern/relyingparty"
)

// ErrOlderSchema: an earlier version of this program wrote the file, and a reader does not
// bring it up to date.
var ErrOlderSchema = errors.New("sqlite: database was written by an earlier version")

// maxOfKey bounds how many credentials of one key are read: an honest authenticator makes
// one.
const maxOfKey = 8

// Reader reads a file that may be another process's: it takes no lock, begins no epoch and
// writes nothing.
type Reader struct{ db *sql.DB }

var _ relyingparty.Lister = (*Reader)(nil)

// OpenReadOnly opens an existing database for reading.
func OpenReadOnly(ctx context.Context, path string) (_ *Reader, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is no file", ErrForeign, path)
	}
	file := onDisk(path)
	q := file.Query()
	q.Set("mode", "ro")
	file.RawQuery = q.Encode()
	db, err := sql.Open("sqlite", dataSource(file, "query_only(true)"))
	if err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	var app, version int
	row := db.QueryRowContext(ctx, `SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version)`)
	switch err := row.Scan(&app, &version); {
	case err != nil:
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	case app != applicationID:
		return nil, ErrForeign
	case version > len(migrations):
		return nil, fmt.Errorf("%w: schema %d, this one knows %d", ErrNewerSchema, version, len(migrations))
	case version < len(migrations):
		return nil, fmt.Errorf("%w: schema %d, this one reads %d", ErrOlderSchema, version, len(migrations))
	}
	return &Reader{db}, nil
}

// ByX returns the credentials whose public key has this x, under any RP ID, in the order of
// registration: as much of a key as audits know. It looks at every credential.
func (r *Reader) ByX(ctx context.Context, x [32]byte) ([]*relyingparty.Credential, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT rp_id, id, `+columns+` FROM credential WHERE substr(public_key, 2, 32) = ? ORDER BY rowid LIMIT ?`, x[:], maxOfKey)
	if err != nil {
		return nil, fmt.Errorf("sqlite: read credentials: %w", err)
	}
	defer rows.Close()
	var out []*relyingparty.Credential
	for rows.Next() {
		c := &relyingparty.Credential{}
		if err := scanCredential(rows.Scan, c, &c.RPID, &c.ID); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("sqlite: read credentials: %w", err)
	}
	return out, nil
}

// Record implements relyingparty.Lister.
func (r *Reader) Record(ctx context.Context, rpID string, id []byte) (*relyingparty.Record, error) {
	return record(ctx, r.db, rpID, id)
}

// Close releases the file.
func (r *Reader) Close() error { return r.db.Close() }
