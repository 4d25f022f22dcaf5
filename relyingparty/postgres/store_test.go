package postgres

import (
	"context"
	"os"
	"testing"

	"github.com/postern-dev/postern/relyingparty/postgres/postgrestest"
	"github.com/postern-dev/postern/relyingparty/storetest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// open is one server's store; fsync is off in the shared database.
func open(t testing.TB, url string) *Store {
	t.Helper()
	s, err := Open(context.Background(), Config{URL: url, DangerNoFsync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestTheStoreConforms(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Store { return open(t, postgrestest.Database(t)) })
}
