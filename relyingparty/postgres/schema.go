package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/postern-dev/postern/relyingparty"
)

// The keys of advisory locks, which are the database's: "PSTNmigr", "PSTNswep".
const (
	lockMigrate = 0x5053544e6d696772
	lockSweep   = 0x5053544e73776570
)

// migrations bring the schema from version i to i+1. A released one is never edited.
// Times are milliseconds since 1970 UTC.
var migrations = []string{
	`CREATE TABLE postern_passkeys.schema_version (
		only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
		program  text    NOT NULL DEFAULT 'postern passkeys' CHECK (program = 'postern passkeys'),
		version  integer NOT NULL
	);
	INSERT INTO postern_passkeys.schema_version (version) VALUES (0);

	CREATE TABLE postern_passkeys.state (
		only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
		epoch    bytea   NOT NULL CHECK (octet_length(epoch) = 8),
		secret   bytea   NOT NULL CHECK (octet_length(secret) = 32)
	);

	CREATE TABLE postern_passkeys.credential (
		seq           bigint   GENERATED ALWAYS AS IDENTITY UNIQUE, -- in the order of registration
		rp_id         text     NOT NULL,
		id            bytea    NOT NULL CHECK (octet_length(id) BETWEEN 1 AND 1023),
		public_key    bytea    NOT NULL CHECK (octet_length(public_key) = 65), -- SEC1, uncompressed
		handle        bytea    NOT NULL,
		handle_form   smallint NOT NULL CHECK (handle_form IN (1, 2)), -- 1 UTF-8 of the base64url text, 2 its bytes
		name          text     NOT NULL,
		flags         smallint NOT NULL CHECK (flags BETWEEN 0 AND 255), -- as last signed; no default: "unknown" must never read as BE=0
		sign_count    bigint   NOT NULL CHECK (sign_count BETWEEN 0 AND 4294967295),
		aaguid        bytea    NOT NULL CHECK (octet_length(aaguid) = 16),
		provider      text     NOT NULL,
		format        text     NOT NULL,
		transports    text     NOT NULL, -- JSON array
		attachment    text     NOT NULL,
		discoverable  boolean, -- null: nobody has said anything
		created_at    bigint   NOT NULL,
		last_used_at  bigint,
		PRIMARY KEY (rp_id, id)
	);
	CREATE INDEX credential_x ON postern_passkeys.credential (substring(public_key FROM 2 FOR 32));

	CREATE TABLE postern_passkeys.used (
		token   bytea  PRIMARY KEY CHECK (octet_length(token) = 32),
		expires bigint NOT NULL
	);
	CREATE INDEX used_expires ON postern_passkeys.used (expires);

	CREATE TABLE postern_passkeys.event (
		seq           bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		at            bigint   NOT NULL,
		rp_id         text     NOT NULL,
		credential_id bytea    NOT NULL,
		kind          text     NOT NULL,
		detail        text     NOT NULL,
		request_id    text     NOT NULL,
		was_flags     smallint NOT NULL,
		was_count     bigint   NOT NULL,
		now_flags     smallint NOT NULL,
		now_count     bigint   NOT NULL
	);
	CREATE INDEX event_credential ON postern_passkeys.event (rp_id, credential_id, seq);

	CREATE TABLE postern_passkeys.sighting (
		seq           bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		at            bigint   NOT NULL,
		rp_id         text     NOT NULL,
		credential_id bytea    NOT NULL,
		flags         smallint NOT NULL,
		sign_count    bigint   NOT NULL
	);
	CREATE INDEX sighting_credential ON postern_passkeys.sighting (rp_id, credential_id, seq);`,

	// Secrets, the latest that has begun seals; see Secrets.
	`CREATE TABLE postern_passkeys.sealing (
		since  bigint PRIMARY KEY,
		secret bytea  NOT NULL CHECK (octet_length(secret) = 32)
	);
	INSERT INTO postern_passkeys.sealing SELECT 0, secret FROM postern_passkeys.state;
	ALTER TABLE postern_passkeys.state DROP COLUMN secret;`,
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// versionOf is the version of the schema that is there, 0 if there is none.
func versionOf(ctx context.Context, q querier) (int, error) {
	var relations int
	var ours bool
	err := q.QueryRow(ctx, `SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('postern_passkeys')),
		EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('postern_passkeys') AND relname = 'schema_version')`).Scan(&relations, &ours)
	switch {
	case err != nil:
		return 0, failed("look at the schema", err)
	case relations == 0:
		return 0, nil
	case !ours:
		return 0, ErrForeign
	}
	var version int
	var program string
	switch err := q.QueryRow(ctx, `SELECT program, version FROM postern_passkeys.schema_version`).Scan(&program, &version); {
	case state(err) == "42703", errors.Is(err, pgx.ErrNoRows), err == nil && (program != "postern passkeys" || version < 1):
		return 0, ErrForeign
	case err != nil:
		return 0, failed("look at the schema", err)
	case version > len(migrations):
		return 0, fmt.Errorf("%w: schema %d, this one knows %d", ErrNewerSchema, version, len(migrations))
	}
	return version, nil
}

// migrate makes the schema or brings it up to date, all in one transaction, one server at a
// time; the others wait and find it done.
func migrate(ctx context.Context, pool *pgxpool.Pool) error {
	if version, err := versionOf(ctx, pool); err != nil || version == len(migrations) {
		return err
	}
	return failed("make the schema", pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		// As long as it takes: others may be at it, and tables may be large. ctx bounds it.
		if _, err := tx.Exec(ctx, `SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)`); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(lockMigrate)); err != nil {
			return err
		}
		version, err := versionOf(ctx, tx)
		if err != nil {
			return err
		}
		// Only if it is not there: whoever may use the schema need not be allowed to make it.
		var there bool
		if err := tx.QueryRow(ctx, `SELECT to_regnamespace('postern_passkeys') IS NOT NULL`).Scan(&there); err != nil {
			return err
		}
		if !there {
			if _, err := tx.Exec(ctx, `CREATE SCHEMA postern_passkeys`); err != nil {
				return err
			}
		}
		for _, m := range migrations[version:] {
			if _, err := tx.Exec(ctx, m, pgx.QueryExecModeSimpleProtocol); err != nil {
				return err
			}
		}
		if version == 0 {
			var epoch relyingparty.Epoch
			rand.Read(epoch[:]) // never fails
			if _, err := tx.Exec(ctx, `INSERT INTO postern_passkeys.state (epoch) VALUES ($1)`, epoch[:]); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `INSERT INTO postern_passkeys.sealing (since, secret) VALUES (0, $1)`, newSecret()); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `UPDATE postern_passkeys.schema_version SET version = $1`, len(migrations))
		return err
	}))
}
