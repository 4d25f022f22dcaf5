package postgres

import (
	"context"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Config says which database. The field comments are the manual.
type Config struct {
	// URL is postgres://user@host:port/database?sslmode=verify-full. What it leaves out comes
	// from the environment: PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD, PGPASSFILE,
	// PGSSLMODE, PGSSLROOTCERT. A host that is not this machine needs an sslmode without
	// a way back to plaintext: verify-full, verify-ca, require, or disable on a network
	// that is trusted. pool_max_conns: connections of this server, 16 unless given;
	// those of all servers together must be within the database's max_connections.
	URL string

	// DangerNoFsync takes a database with fsync = off, which forgets commits in a crash, for
	// tests. False: it is refused.
	DangerNoFsync bool
}

const (
	maxConns    = 16
	connectTime = 5 * time.Second
)

// settings of every connection, whatever the database's own are. A server that dies or
// hangs in a transaction holds what it has locked for ten seconds at most.
var settings = map[string]string{
	"application_name":                    "postern",
	"client_encoding":                     "UTF8",
	"search_path":                         "pg_catalog",
	"statement_timeout":                   "8s",
	"lock_timeout":                        "6s",
	"idle_in_transaction_session_timeout": "10s",
	"synchronous_commit":                  "on",
}

// parse never repeats the URL in an error: it may hold a password anywhere, if a part of
// it is not escaped.
func parse(url string) (*pgxpool.Config, error) {
	if !IsURL(url) {
		return nil, ErrURL
	}
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, ErrURL
	}
	c := cfg.ConnConfig
	for name, value := range settings {
		if name == "synchronous_commit" && c.RuntimeParams[name] == "remote_apply" {
			continue // waits for more
		}
		c.RuntimeParams[name] = value
	}
	c.Tracer, c.OnNotice = nil, nil
	c.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	if c.ConnectTimeout == 0 || c.ConnectTimeout > connectTime {
		c.ConnectTimeout = connectTime
	}
	if !strings.Contains(url, "pool_max_conns") {
		cfg.MaxConns = maxConns
	}
	cfg.MaxConnLifetimeJitter = cfg.MaxConnLifetime / 10
	return cfg, private(c)
}

// IsURL says whether a text names a PostgreSQL database, and not a file.
func IsURL(text string) bool {
	return strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://")
}

// private refuses what would go on without encryption where encryption fails.
func private(c *pgx.ConnConfig) error {
	encrypted, plain := false, false
	for _, way := range append([]*pgconn.FallbackConfig{{Host: c.Host, TLSConfig: c.TLSConfig}}, c.Fallbacks...) {
		if isHere(way.Host) {
			continue
		}
		encrypted = encrypted || way.TLSConfig != nil
		plain = plain || way.TLSConfig == nil
	}
	if encrypted && plain {
		return &UnfitError{"the connection would go on unencrypted where encryption fails", "say which it is: sslmode=verify-full, or sslmode=disable on a network that you trust"}
	}
	return nil
}

func isHere(host string) bool {
	ip := net.ParseIP(host)
	return strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") || host == "localhost" || ip != nil && ip.IsLoopback()
}

func connect(ctx context.Context, cfg Config, readOnly bool) (*pgxpool.Pool, error) {
	c, err := parse(cfg.URL)
	if err != nil {
		return nil, err
	}
	if readOnly {
		c.MaxConns = 1
		c.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	}
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, failed("connect", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, failed("connect", err)
	}
	return pool, nil
}

// oldest is the oldest PostgreSQL that is taken, as server_version_num.
const oldest = 130000

// fit checks that the database is one that can keep the promises.
func fit(ctx context.Context, pool *pgxpool.Pool, cfg Config) error {
	var version int
	var encoding, fsync string
	var follows bool
	err := pool.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),
		current_setting('fsync'), pg_is_in_recovery()`).Scan(&version, &encoding, &fsync, &follows)
	switch {
	case err != nil:
		return failed("look at the database", err)
	case version < oldest:
		return &UnfitError{"PostgreSQL is too old", "13 or newer"}
	case encoding != "UTF8":
		return &UnfitError{"the database's encoding is not UTF8", "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"}
	case follows:
		return &UnfitError{"the database follows another and cannot be written to", "name the one that it follows, or several hosts with target_session_attrs=read-write"}
	case fsync != "on" && !cfg.DangerNoFsync:
		return &UnfitError{"the database forgets commits in a crash: fsync is " + fsync, "fsync = on in postgresql.conf"}
	}
	return nil
}
