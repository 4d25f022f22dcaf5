package postgres

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/postgres/postgrestest"
	"github.com/postern-dev/postern/relyingparty/sqlite"
	"github.com/postern-dev/postern/relyingparty/storetest"
)

// stores are those to compare, each of them keeping what it has acknowledged.
func stores(b *testing.B) map[string]relyingparty.Store {
	b.Helper()
	pg := postgrestest.Start(b, true)
	file, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "passkeys.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { file.Close() })
	return map[string]relyingparty.Store{"postgres": open(b, postgrestest.Create(b, pg.URL, "")), "sqlite": file}
}

// BenchmarkRegisterAndLogin is one person's first visit: four requests, two of them durable
// writes, with the authenticator's part; from many at once.
func BenchmarkRegisterAndLogin(b *testing.B) {
	for name, store := range stores(b) {
		b.Run(name, func(b *testing.B) {
			s := server(b, store, nil)
			b.SetParallelism(16) // times two cores
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					user := newBrowser(b)
					user.must(s, "/register/verify", user.registration(s))
					user.must(s, "/login/verify", user.assertion(s))
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "visits/s")
		})
	}
}

// BenchmarkCommit is the store's part alone: a challenge used up.
func BenchmarkCommit(b *testing.B) {
	for name, store := range stores(b) {
		commit := func(b *testing.B) {
			if err := store.Commit(b.Context(), relyingparty.Commit{Token: storetest.NewToken(), Expires: time.Now().Add(time.Minute)}); err != nil {
				b.Error(err)
			}
		}
		b.Run(name+"/1", func(b *testing.B) {
			for b.Loop() {
				commit(b)
			}
		})
		b.Run(name+"/32", func(b *testing.B) {
			b.SetParallelism(16) // times two cores
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					commit(b)
				}
			})
		})
	}
}
