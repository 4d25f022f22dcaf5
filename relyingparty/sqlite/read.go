package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/relyingparty"
)

const findCredential = `SELECT public_key, handle, handle_form, name, flags, sign_count, aaguid, provider, format,
	transports, attachment, created_at, last_used_at FROM credential WHERE rp_id = ? AND id = ?`

// Credential implements relyingparty.Store.
func (s *Store) Credential(ctx context.Context, rpID string, id []byte) (*relyingparty.Credential, error) {
	c := &relyingparty.Credential{RPID: rpID, ID: append([]byte{}, id...)}
	var (
		key, aaguid, transports []byte
		created                 int64
		used                    sql.NullInt64
	)
	err := s.find.QueryRowContext(ctx, rpID, c.ID).Scan(&key, &c.Handle, &c.HandleForm, &c.Name, &c.Flags, &c.SignCount,
		&aaguid, &c.Provider, &c.Format, &transports, &c.Attachment, &created, &used)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, relyingparty.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("sqlite: read credential: %w", err)
	}
	if c.Key, err = passkey.ParseSEC1(key); err != nil {
		return nil, fmt.Errorf("sqlite: stored key: %w", err)
	}
	if copy(c.AAGUID[:], aaguid) != len(c.AAGUID) {
		return nil, fmt.Errorf("sqlite: stored AAGUID has %d bytes", len(aaguid))
	}
	if err := json.Unmarshal(transports, &c.Transports); err != nil {
		return nil, fmt.Errorf("sqlite: stored transports: %w", err)
	}
	c.CreatedAt = time.UnixMilli(created)
	if used.Valid {
		c.LastUsedAt = time.UnixMilli(used.Int64)
	}
	return c, nil
}

// Events returns the audit trail of one credential, oldest first, at most limit entries.
func (s *Store) Events(ctx context.Context, rpID string, id []byte, limit int) ([]relyingparty.Event, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT at, kind, detail, request_id FROM event
		WHERE rp_id = ? AND credential_id = ? ORDER BY seq LIMIT ?`, rpID, id, limit)
	if err != nil {
		return nil, fmt.Errorf("sqlite: read events: %w", err)
	}
	defer rows.Close()
	var events []relyingparty.Event
	for rows.Next() {
		e := relyingparty.Event{RPID: rpID, CredentialID: append([]byte{}, id...)}
		var at int64
		if err := rows.Scan(&at, &e.Kind, &e.Detail, &e.RequestID); err != nil {
			return nil, fmt.Errorf("sqlite: read events: %w", err)
		}
		e.At = time.UnixMilli(at)
		events = append(events, e)
	}
	return events, rows.Err()
}
