package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/relyingparty"
)

const columns = `public_key, handle, handle_form, name, flags, sign_count, aaguid, provider, format,
	transports, attachment, discoverable, created_at, last_used_at`

const findCredential = `SELECT ` + columns + ` FROM credential WHERE rp_id = ? AND id = ?`

// scanCredential reads columns after those that the caller asks for first.
func scanCredential(scan func(...any) error, c *relyingparty.Credential, first ...any) error {
	var (
		key, aaguid, transports []byte
		discoverable            sql.NullBool
		created                 int64
		used                    sql.NullInt64
	)
	err := scan(append(first, &key, &c.Handle, &c.HandleForm, &c.Name, &c.Flags, &c.SignCount,
		&aaguid, &c.Provider, &c.Format, &transports, &c.Attachment, &discoverable, &created, &used)...)
	if errors.Is(err, sql.ErrNoRows) {
		return relyingparty.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("sqlite: read credential: %w", err)
	}
	if c.Key, err = passkey.ParseSEC1(key); err != nil {
		return fmt.Errorf("sqlite: stored key: %w", err)
	}
	if copy(c.AAGUID[:], aaguid) != len(c.AAGUID) {
		return fmt.Errorf("sqlite: stored AAGUID has %d bytes", len(aaguid))
	}
	if err := json.Unmarshal(transports, &c.Transports); err != nil {
		return fmt.Errorf("sqlite: stored transports: %w", err)
	}
	if discoverable.Valid {
		c.Discoverable = &discoverable.Bool
	}
	c.CreatedAt = time.UnixMilli(created)
	if used.Valid {
		c.LastUsedAt = time.UnixMilli(used.Int64)
	}
	return nil
}

// Credential implements relyingparty.Store.
func (s *Store) Credential(ctx context.Context, rpID string, id []byte) (*relyingparty.Credential, error) {
	c := &relyingparty.Credential{RPID: rpID, ID: append([]byte{}, id...)}
	if err := scanCredential(s.find.QueryRowContext(ctx, rpID, c.ID).Scan, c); err != nil {
		return nil, err
	}
	return c, nil
}

// Events returns the audit trail of one credential, oldest first, at most limit entries.
func (s *Store) Events(ctx context.Context, rpID string, id []byte, limit int) ([]relyingparty.Event, error) {
	return events(ctx, s.read, "", rpID, id, limit)
}

// Record implements relyingparty.Lister.
func (s *Store) Record(ctx context.Context, rpID string, id []byte) (*relyingparty.Record, error) {
	return record(ctx, s.read, rpID, id)
}

func record(ctx context.Context, db *sql.DB, rpID string, id []byte) (*relyingparty.Record, error) {
	rows, err := db.QueryContext(ctx, `SELECT at, flags, sign_count FROM sighting
		WHERE rp_id = ? AND credential_id = ? ORDER BY seq LIMIT ?`, rpID, id, relyingparty.MaxHistory)
	if err != nil {
		return nil, fmt.Errorf("sqlite: read history: %w", err)
	}
	defer rows.Close()
	out := &relyingparty.Record{}
	for rows.Next() {
		var s relyingparty.Sighting
		var at int64
		if err := rows.Scan(&at, &s.Flags, &s.SignCount); err != nil {
			return nil, fmt.Errorf("sqlite: read history: %w", err)
		}
		s.At = time.UnixMilli(at)
		out.History = append(out.History, s)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("sqlite: read history: %w", err)
	}
	if len(out.History) == 0 { // each credential's begins with its registration
		return nil, relyingparty.ErrNotFound
	}
	if out.Events, err = events(ctx, db, " DESC", rpID, id, relyingparty.MaxEvents); err != nil {
		return nil, err
	}
	slices.Reverse(out.Events)
	return out, nil
}

// events are the oldest, or with " DESC" the latest first.
func events(ctx context.Context, db *sql.DB, order, rpID string, id []byte, limit int) ([]relyingparty.Event, error) {
	rows, err := db.QueryContext(ctx, `SELECT at, kind, detail, request_id, coalesce(was_flags, 0), coalesce(was_count, 0),
		coalesce(now_flags, 0), coalesce(now_count, 0) FROM event
		WHERE rp_id = ? AND credential_id = ? ORDER BY seq`+order+` LIMIT ?`, rpID, id, limit)
	if err != nil {
		return nil, fmt.Errorf("sqlite: read events: %w", err)
	}
	defer rows.Close()
	var events []relyingparty.Event
	for rows.Next() {
		e := relyingparty.Event{RPID: rpID, CredentialID: append([]byte{}, id...)}
		var at int64
		if err := rows.Scan(&at, &e.Kind, &e.Detail, &e.RequestID, &e.Was.Flags, &e.Was.SignCount, &e.Now.Flags, &e.Now.SignCount); err != nil {
			return nil, fmt.Errorf("sqlite: read events: %w", err)
		}
		e.At = time.UnixMilli(at)
		events = append(events, e)
	}
	return events, rows.Err()
}
