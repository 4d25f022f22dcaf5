package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/relyingparty"
)

const columns = `public_key, handle, handle_form, name, flags, sign_count, aaguid, provider, format,
	transports, attachment, discoverable, created_at, last_used_at`

// scanCredential reads columns after those that the caller asks for first.
func scanCredential(row pgx.Row, c *relyingparty.Credential, first ...any) error {
	var (
		key, aaguid    []byte
		form, flags    int16
		count, created int64
		transports     string
		used           *int64
	)
	err := row.Scan(append(first, &key, &c.Handle, &form, &c.Name, &flags, &count,
		&aaguid, &c.Provider, &c.Format, &transports, &c.Attachment, &c.Discoverable, &created, &used)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return relyingparty.ErrNotFound
	}
	if err != nil {
		return failed("read a credential", err)
	}
	if c.Key, err = passkey.ParseSEC1(key); err != nil {
		return stored("key: %v", err)
	}
	if len(aaguid) != len(c.AAGUID) {
		return stored("AAGUID has %d bytes", len(aaguid))
	}
	copy(c.AAGUID[:], aaguid)
	if c.HandleForm = relyingparty.HandleForm(form); form != int16(relyingparty.HandleText) && form != int16(relyingparty.HandleBytes) {
		return stored("form %d of a handle is unknown", form)
	}
	if err := json.Unmarshal([]byte(transports), &c.Transports); err != nil {
		return stored("transports: %v", err)
	}
	c.CreatedAt = time.UnixMilli(created)
	if used != nil {
		c.LastUsedAt = time.UnixMilli(*used)
	}
	return seen(flags, count, &c.Flags, &c.SignCount)
}

// seen is what a ceremony has shown, within the bounds of its bytes.
func seen(flags int16, count int64, f *passkey.Flags, n *uint32) error {
	if flags < 0 || flags > math.MaxUint8 || count < 0 || count > math.MaxUint32 {
		return stored("flags %d or counter %d cannot be", flags, count)
	}
	*f, *n = passkey.Flags(flags), uint32(count)
	return nil
}

// Credential implements relyingparty.Store.
func (s *Store) Credential(ctx context.Context, rpID string, id []byte) (*relyingparty.Credential, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	c := &relyingparty.Credential{RPID: rpID, ID: append([]byte{}, id...)}
	row := s.pool.QueryRow(ctx, `SELECT `+columns+` FROM postern_passkeys.credential WHERE rp_id = $1 AND id = $2`, rpID, c.ID)
	if err := scanCredential(row, c); err != nil {
		return nil, err
	}
	return c, nil
}

// Events returns the audit trail of one credential, oldest first, at most limit entries.
func (s *Store) Events(ctx context.Context, rpID string, id []byte, limit int) ([]relyingparty.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	return events(ctx, s.pool, "", rpID, id, limit)
}

// Record implements relyingparty.Lister.
func (s *Store) Record(ctx context.Context, rpID string, id []byte) (*relyingparty.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	return record(ctx, s.pool, rpID, id)
}

func record(ctx context.Context, q querier, rpID string, id []byte) (*relyingparty.Record, error) {
	out := &relyingparty.Record{}
	err := each(ctx, q, func(row pgx.Row) error {
		var s relyingparty.Sighting
		var at, count int64
		var flags int16
		if err := row.Scan(&at, &flags, &count); err != nil {
			return err
		}
		s.At = time.UnixMilli(at)
		err := seen(flags, count, &s.Flags, &s.SignCount)
		out.History = append(out.History, s)
		return err
	}, `SELECT at, flags, sign_count FROM postern_passkeys.sighting
		WHERE rp_id = $1 AND credential_id = $2 ORDER BY seq LIMIT $3`, rpID, id, relyingparty.MaxHistory)
	if err != nil {
		return nil, err
	}
	if len(out.History) == 0 { // each credential's begins with its registration
		return nil, relyingparty.ErrNotFound
	}
	if out.Events, err = events(ctx, q, " DESC", rpID, id, relyingparty.MaxEvents); err != nil {
		return nil, err
	}
	slices.Reverse(out.Events)
	return out, nil
}

// events are the oldest, or with " DESC" the latest first.
func events(ctx context.Context, q querier, order, rpID string, id []byte, limit int) (out []relyingparty.Event, err error) {
	err = each(ctx, q, func(row pgx.Row) error {
		e := relyingparty.Event{RPID: rpID, CredentialID: append([]byte{}, id...)}
		var at, wasCount, nowCount int64
		var was, now int16
		if err := row.Scan(&at, &e.Kind, &e.Detail, &e.RequestID, &was, &wasCount, &now, &nowCount); err != nil {
			return err
		}
		e.At = time.UnixMilli(at)
		if err := seen(was, wasCount, &e.Was.Flags, &e.Was.SignCount); err != nil {
			return err
		}
		err := seen(now, nowCount, &e.Now.Flags, &e.Now.SignCount)
		out = append(out, e)
		return err
	}, `SELECT at, kind, detail, request_id, was_flags, was_count, now_flags, now_count FROM postern_passkeys.event
		WHERE rp_id = $1 AND credential_id = $2 ORDER BY seq`+order+` LIMIT $3`, rpID, id, limit)
	return out, err
}

// each calls one for every row.
func each(ctx context.Context, q querier, one func(pgx.Row) error, query string, args ...any) error {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return failed("read", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := one(rows); err != nil {
			return failed("read", err)
		}
	}
	return failed("read", rows.Err())
}
