package postgres

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/postgres/postgrestest"
	"github.com/postern-dev/postern/relyingparty/storetest"
)

// The database is killed while many register. Everything that was acknowledged is there
// afterwards, and servers go on without being started again.
func TestAcknowledgedCommitsSurviveTheDatabasesCrash(t *testing.T) {
	pg := postgrestest.Start(t, true)
	url := postgrestest.Create(t, pg.URL, "")
	s := open(t, url)
	before := epoch(t, s)
	for round := range 3 {
		var mu sync.Mutex
		var ids [][]byte
		var stop atomic.Bool
		enough := make(chan struct{})
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				for !stop.Load() {
					c := storetest.NewCredential(t)
					err := s.Commit(t.Context(), relyingparty.Commit{Token: storetest.NewToken(), Expires: time.Now().Add(time.Hour), Create: c})
					if errors.Is(err, relyingparty.ErrTokenUsed) {
						t.Error("a commit met itself")
					}
					if err != nil {
						return
					}
					mu.Lock()
					if ids = append(ids, c.ID); len(ids) == 40 {
						close(enough)
					}
					mu.Unlock()
				}
			})
		}
		all := make(chan struct{})
		go func() { wait.Wait(); close(all) }()
		select {
		case <-enough:
		case <-all:
			t.Fatal("the database refuses before it is killed")
		}
		pg.Kill()
		pg.Run()
		stop.Store(true)
		<-all
		fresh, err := Open(t.Context(), Config{URL: url}) // of s some connections may be from before
		must(t, err)
		for i, id := range ids {
			if _, err := fresh.Credential(t.Context(), "example.org", id); err != nil {
				t.Fatalf("round %d: registration %d of %d: %v", round, i+1, len(ids), err)
			}
		}
		must(t, fresh.Close())
		after := epoch(t, s)
		if after == before {
			t.Fatal("the epoch survived the database's crash")
		}
		before = after
	}
}

const crashEnv = "POSTERN_TEST_CRASH_URL"

// One server of two is killed, again and again, while it registers: what it has acknowledged
// is there, and the other one goes on in the same epoch.
func TestAServersEndConcernsNobodyElse(t *testing.T) {
	if url := os.Getenv(crashEnv); url != "" {
		registerForever(t, url)
		return
	}
	url := postgrestest.Database(t)
	s := open(t, url)
	before := epoch(t, s)
	for range 3 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestAServersEndConcernsNobodyElse$")
		cmd.Env = append(os.Environ(), crashEnv+"="+url)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		var ids [][]byte
		for lines := bufio.NewScanner(out); len(ids) < 50 && lines.Scan(); {
			id, err := hex.DecodeString(lines.Text())
			must(t, err)
			ids = append(ids, id)
		}
		must(t, cmd.Process.Kill())
		_ = cmd.Wait() // killed
		if len(ids) < 50 {
			t.Fatalf("only %d registrations", len(ids))
		}
		for _, id := range ids {
			if _, err := s.Credential(t.Context(), "example.org", id); err != nil {
				t.Fatal(err)
			}
		}
		must(t, spend(t, s, storetest.NewToken(), before))
	}
	if epoch(t, s) != before {
		t.Error("a server's end began an epoch")
	}
}

func registerForever(t *testing.T, url string) {
	s := open(t, url)
	var mu sync.Mutex
	parallel(4, func(int) {
		for {
			c := storetest.NewCredential(t)
			if err := s.Commit(t.Context(), relyingparty.Commit{Token: storetest.NewToken(), Expires: time.Now().Add(time.Minute), Create: c}); err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			fmt.Printf("%x\n", c.ID)
			mu.Unlock()
		}
	})
}

// Connections are cut all the time. A commit succeeds, or it is said that nobody knows; it is
// never told that its own first try has used its challenge.
func TestCutConnectionsAreNotMistakenForReplays(t *testing.T) {
	url := postgrestest.Database(t)
	s := open(t, url)
	var stop atomic.Bool
	var done, unclear atomic.Int32
	var wait sync.WaitGroup
	for range 6 {
		wait.Go(func() {
			for range 40 {
				switch err := s.Commit(t.Context(), relyingparty.Commit{Token: storetest.NewToken(), Expires: time.Now().Add(time.Hour)}); {
				case err == nil:
					done.Add(1)
				case errors.Is(err, ErrUnclear):
					unclear.Add(1)
				case errors.Is(err, relyingparty.ErrTokenUsed):
					t.Error(err)
				}
			}
		})
	}
	go func() { wait.Wait(); stop.Store(true) }()
	for !stop.Load() {
		postgrestest.Exec(t, url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() LIMIT 2`)
	}
	if done.Load() == 0 {
		t.Error("nothing was committed")
	}
	t.Logf("%d committed, %d unclear, of 240", done.Load(), unclear.Load())
}
