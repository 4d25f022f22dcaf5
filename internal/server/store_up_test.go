//go:build !race

package server

import (
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/relyingparty/postgres"
	"github.com/postern-dev/postern/relyingparty/postgres/postgrestest"
)

// Two servers, each with a chain of its own, know the same passkeys. They need no directory
// for that, and one that comes later knows them as well.
func TestServersOfOneDatabaseKnowTheSamePasskeys(t *testing.T) {
	database := postgrestest.Create(t, postgrestest.Start(t, true).URL, "")
	key, dir := softkey.New(), t.TempDir()
	var out lines
	one, end := up(t, UpConfig{Store: database, DataDir: dir, Out: &out})
	two, _ := up(t, UpConfig{Store: database})
	if res, body := two.get("/readyz"); res.StatusCode != http.StatusOK {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	one.register(key)
	known := func(u *user) {
		t.Helper()
		reply := u.login(key)
		if v, _ := reply["verification"].(map[string]any); v["verified"] != true {
			t.Errorf("%v", reply)
		}
	}
	known(two)
	known(one)
	end()
	three, _ := up(t, UpConfig{Store: database, DataDir: dir})
	known(three)
	known(two)
	for _, name := range []string{passkeyFile, secretFile} {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there: %v", name, err)
		}
	}
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	if password, _ := u.User.Password(); strings.Contains(out.String(), password) || !strings.Contains(out.String(), "passkeys kept in PostgreSQL") {
		t.Error(out.String())
	}
}

func TestAServerThatLosesItsDatabaseIsNotReadyUntilItIsBack(t *testing.T) {
	database := postgrestest.Start(t, true)
	u, _ := up(t, UpConfig{Store: postgrestest.Create(t, database.URL, "")})
	is := func(status int) { // and stays so: connections from before may be broken
		t.Helper()
		var res *http.Response
		var body []byte
		row := 0
		for end := time.Now().Add(20 * time.Second); row < 10 && time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
			res, body = u.get("/readyz")
			if row++; res.StatusCode != status {
				row = 0
			}
		}
		if row < 10 {
			t.Fatalf("%d %s, want %d", res.StatusCode, body, status)
		}
	}
	is(http.StatusOK)
	database.Stop()
	is(http.StatusServiceUnavailable)
	database.Run()
	is(http.StatusOK)
	// One that was made to follow another can be read, and takes no commit.
	database.Stop()
	database.Demote()
	database.Run()
	is(http.StatusServiceUnavailable)
}

func TestAStoreThatIsNotThereIsNamed(t *testing.T) {
	_, err := Start(t.Context(), UpConfig{Listen: "localhost:0", Store: "postgres://owner:hunter22@/db?host=" + t.TempDir()})
	failed := (*postgres.Error)(nil)
	if !errors.As(err, &failed) || failed.Doing != "connect" || strings.Contains(err.Error(), "hunter22") {
		t.Fatalf("got %v", err)
	}
}
