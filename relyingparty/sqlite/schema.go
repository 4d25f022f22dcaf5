package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"

	"github.com/postern-dev/postern/relyingparty"
)

// applicationID marks the file as ours: "PSTN".
const applicationID = 0x5053544e

// migrations bring the schema from version i to i+1. A released one is never edited.
// Times are milliseconds since 1970 UTC.
var migrations = []string{
	`CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

	CREATE TABLE credential (
		rp_id         TEXT    NOT NULL,
		id            BLOB    NOT NULL,
		public_key    BLOB    NOT NULL, -- SEC1, uncompressed
		handle        BLOB    NOT NULL,
		handle_form   INTEGER NOT NULL, -- 1 UTF-8 of the base64url text, 2 its bytes
		name          TEXT    NOT NULL,
		flags         INTEGER NOT NULL, -- as last signed; no default: "unknown" must never read as BE=0
		sign_count    INTEGER NOT NULL,
		aaguid        BLOB    NOT NULL,
		provider      TEXT    NOT NULL,
		format        TEXT    NOT NULL,
		transports    TEXT    NOT NULL, -- JSON array
		attachment    TEXT    NOT NULL,
		created_at    INTEGER NOT NULL,
		last_used_at  INTEGER,
		PRIMARY KEY (rp_id, id)
	) STRICT;

	CREATE TABLE used (
		token   BLOB    PRIMARY KEY,
		expires INTEGER NOT NULL
	) STRICT, WITHOUT ROWID;
	CREATE INDEX used_expires ON used (expires);

	CREATE TABLE event (
		seq           INTEGER PRIMARY KEY,
		at            INTEGER NOT NULL,
		rp_id         TEXT    NOT NULL,
		credential_id BLOB    NOT NULL,
		kind          TEXT    NOT NULL,
		detail        TEXT    NOT NULL,
		request_id    TEXT    NOT NULL
	) STRICT;
	CREATE INDEX event_credential ON event (rp_id, credential_id, seq);`,

	// What is known of a passkey over time. Of passkeys of before, the history begins with
	// what was signed last; how their earlier flags were, nobody has kept.
	`ALTER TABLE credential ADD COLUMN discoverable INTEGER; -- 0, 1; null: nobody has said anything

	ALTER TABLE event ADD COLUMN was_flags INTEGER; -- null: not kept
	ALTER TABLE event ADD COLUMN was_count INTEGER;
	ALTER TABLE event ADD COLUMN now_flags INTEGER;
	ALTER TABLE event ADD COLUMN now_count INTEGER;

	CREATE TABLE sighting (
		seq           INTEGER PRIMARY KEY,
		at            INTEGER NOT NULL,
		rp_id         TEXT    NOT NULL,
		credential_id BLOB    NOT NULL,
		flags         INTEGER NOT NULL,
		sign_count    INTEGER NOT NULL
	) STRICT;
	CREATE INDEX sighting_credential ON sighting (rp_id, credential_id, seq);
	INSERT INTO sighting (at, rp_id, credential_id, flags, sign_count)
		SELECT coalesce(last_used_at, created_at), rp_id, id, flags, sign_count FROM credential ORDER BY rowid;`,
}

// migrate checks whose file it is and brings it up to date, all in one transaction.
func migrate(ctx context.Context, db *sql.DB) (err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // no effect after Commit

	var app, version, tables int
	row := tx.QueryRowContext(ctx, `SELECT
		(SELECT application_id FROM pragma_application_id),
		(SELECT user_version FROM pragma_user_version),
		(SELECT count(*) FROM sqlite_schema)`)
	if err := row.Scan(&app, &version, &tables); err != nil {
		return err
	}
	switch {
	case app != applicationID && (app != 0 || version != 0 || tables != 0):
		return ErrForeign
	case version > len(migrations):
		return fmt.Errorf("%w: schema %d, this one knows %d", ErrNewerSchema, version, len(migrations))
	case version == len(migrations):
		return nil
	}
	for i, m := range migrations[version:] {
		if _, err := tx.ExecContext(ctx, m); err != nil {
			return fmt.Errorf("migrate to schema %d: %w", version+i+1, err)
		}
	}
	_, err = tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA application_id=%d; PRAGMA user_version=%d`, applicationID, len(migrations)))
	return errors.Join(err, tx.Commit())
}

// beginEpoch continues the epoch of a database that was closed cleanly and starts a new
// one otherwise. From here on the file counts as not cleanly closed, durably.
func beginEpoch(ctx context.Context, db *sql.DB) (epoch relyingparty.Epoch, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return epoch, err
	}
	defer tx.Rollback() // no effect after Commit

	var kept []byte
	err = tx.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = 'clean_epoch'`).Scan(&kept)
	switch {
	case err == nil && len(kept) == len(epoch):
		copy(epoch[:], kept)
		_, err = tx.ExecContext(ctx, `DELETE FROM meta WHERE key = 'clean_epoch'`)
	case err == nil || errors.Is(err, sql.ErrNoRows):
		rand.Read(epoch[:])
		_, err = tx.ExecContext(ctx, `DELETE FROM meta WHERE key = 'clean_epoch'; DELETE FROM used`)
	}
	if err != nil {
		return epoch, err
	}
	return epoch, tx.Commit()
}

// endEpoch records that every use of a challenge is in the file.
func endEpoch(db *sql.DB, epoch relyingparty.Epoch) error {
	_, err := db.Exec(`INSERT INTO meta (key, value) VALUES ('clean_epoch', ?)`, epoch[:])
	if err != nil {
		return fmt.Errorf("sqlite: record clean end: %w", err)
	}
	return nil
}
