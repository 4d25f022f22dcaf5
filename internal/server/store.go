package server

import (
	"context"
	"errors"
	"io"

	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/postgres"
	"github.com/postern-dev/postern/relyingparty/sqlite"
)

// passkeyStore is what the passkey server needs of a store, and what ends it.
type passkeyStore interface {
	relyingparty.Store
	relyingparty.Lister
	io.Closer
}

// secretsNow are the secrets that seal challenges; nil: random ones of this process.
type secretsNow = func(context.Context) ([][]byte, error)

// openPasskeys opens the store that is asked for, with the secrets that seal challenges: of a
// database what it holds for all its servers, of a file those beside it.
func openPasskeys(ctx context.Context, cfg UpConfig) (passkeyStore, secretsNow, error) {
	if cfg.DataDir != "" {
		if err := makeDataDir(cfg.DataDir); err != nil {
			return nil, nil, err
		}
	}
	if cfg.Store != "" {
		store, err := postgres.Open(ctx, postgres.Config{URL: cfg.Store})
		if err != nil {
			return nil, nil, err
		}
		return store, store.Secrets, nil
	}
	path := sqlite.Ephemeral
	if cfg.DataDir != "" {
		path = PasskeyFile(cfg.DataDir)
	}
	store, err := sqlite.Open(ctx, path)
	switch {
	case errors.Is(err, sqlite.ErrInUse):
		return nil, nil, dataBusy(cfg.DataDir, err)
	case errors.Is(err, sqlite.ErrNewerSchema), errors.Is(err, sqlite.ErrForeign):
		return nil, nil, failure("bad-data", "use the version that wrote it, or another directory: --data DIR", "cannot use data directory %s: %w", cfg.DataDir, err)
	case err != nil:
		return nil, nil, err
	case cfg.DataDir == "":
		return store, nil, nil
	}
	secret, err := secretIn(cfg.DataDir) // under the lock of the file
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return store, func(context.Context) ([][]byte, error) { return [][]byte{secret}, nil }, nil
}
