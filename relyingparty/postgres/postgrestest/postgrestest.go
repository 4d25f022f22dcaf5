//go:build unix

// Package postgrestest gives tests a real PostgreSQL: one that they start themselves from the
// programs on this machine, or the one that POSTERN_POSTGRES names. Where there is neither,
// tests are skipped, with the reason.
//
//	func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }
//
//	func TestStore(t *testing.T) { url := postgrestest.Database(t) … }
package postgrestest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Variable names a database whose role may make databases; tests make their own in it.
const Variable = "POSTERN_POSTGRES"

// shared is one server for all tests of a package that do not end it.
var shared struct {
	sync.Mutex
	server *Server
}

// Main runs the tests and ends the server that they shared, if they did.
func Main(m *testing.M) int {
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.server != nil {
		shared.server.remove()
		shared.server = nil
	}
	return code
}

// Database makes an empty database for this test and returns its URL, password included.
// The package's TestMain calls Main.
func Database(t testing.TB) string {
	t.Helper()
	server := os.Getenv(Variable)
	if server == "" {
		shared.Lock()
		defer shared.Unlock()
		if shared.server == nil {
			shared.server = begin(t, false)
		}
		server = shared.server.URL
	}
	return Create(t, server, "")
}

// Create makes a database in the server of a URL, with what CREATE DATABASE takes beside the
// name, and removes it when the test has ended, if the server is still there.
func Create(t testing.TB, server, how string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("%s cannot be read", Variable) // not repeated: it holds a password
	}
	name := "postern_test_" + strings.ToLower(rand.Text()[:12])
	Exec(t, server, `CREATE DATABASE `+name+` `+how)
	t.Cleanup(func() {
		if conn, err := pgx.Connect(context.Background(), server); err == nil {
			_, _ = conn.Exec(context.Background(), `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`)
			conn.Close(context.Background())
		}
	})
	u.Path = "/" + name
	return u.String()
}

// Exec runs statements.
func Exec(t testing.TB, url, statements string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal("cannot connect to the tests' database")
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), statements, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
}
