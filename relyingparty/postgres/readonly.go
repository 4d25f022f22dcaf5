package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/postern-dev/postern/relyingparty"
)

// maxOfKey bounds how many credentials of one key are read: an honest authenticator makes
// one.
const maxOfKey = 8

// Reader reads beside the servers and can write nothing: its connections are read only. It
// may ask a database that follows another, and as a role that may do no more than read
// schema_version, credential, sighting and event.
type Reader struct{ pool *pgxpool.Pool }

var _ relyingparty.Lister = (*Reader)(nil)

// OpenReadOnly opens an existing schema for reading.
func OpenReadOnly(ctx context.Context, cfg Config) (*Reader, error) {
	pool, err := connect(ctx, cfg, true)
	if err != nil {
		return nil, err
	}
	if err := current(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	return &Reader{pool}, nil
}

// current: the schema is there, and as this version has it.
func current(ctx context.Context, q querier) error {
	switch version, err := versionOf(ctx, q); {
	case err != nil:
		return err
	case version == 0:
		return ErrNoSchema
	case version < len(migrations):
		return fmt.Errorf("%w: schema %d, this one reads %d", ErrOlderSchema, version, len(migrations))
	}
	return nil
}

// ByX returns the credentials whose public key has this x, under any RP ID, in the order of
// registration: as much of a key as audits know.
func (r *Reader) ByX(ctx context.Context, x [32]byte) (out []*relyingparty.Credential, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	err = each(ctx, r.pool, func(row pgx.Row) error {
		c := &relyingparty.Credential{}
		out = append(out, c)
		return scanCredential(row, c, &c.RPID, &c.ID)
	}, `SELECT rp_id, id, `+columns+` FROM postern_passkeys.credential
		WHERE substring(public_key FROM 2 FOR 32) = $1 ORDER BY seq LIMIT $2`, x[:], maxOfKey)
	return out, err
}

// Record implements relyingparty.Lister.
func (r *Reader) Record(ctx context.Context, rpID string, id []byte) (*relyingparty.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	return record(ctx, r.pool, rpID, id)
}

// Close ends the connection.
func (r *Reader) Close() error {
	r.pool.Close()
	return nil
}
