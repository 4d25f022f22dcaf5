package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/postgres/postgrestest"
	"github.com/postern-dev/postern/relyingparty/storetest"
)

func parallel(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

// Many begin at once on an empty database: one makes the schema, and they agree on
// everything.
func TestServersThatBeginTogetherAgree(t *testing.T) {
	url := postgrestest.Database(t)
	stores := make([]*Store, 8)
	parallel(len(stores), func(i int) {
		s, err := Open(context.Background(), Config{URL: url, DangerNoFsync: true})
		if err != nil {
			t.Error(err)
			return
		}
		stores[i] = s
		t.Cleanup(func() { s.Close() })
	})
	if t.Failed() {
		return
	}
	for _, s := range stores {
		if a, b := epoch(t, s), epoch(t, stores[0]); a != b || a == (relyingparty.Epoch{}) {
			t.Errorf("epochs %x and %x", a, b)
		}
		if a, b := secrets(t, s), secrets(t, stores[0]); len(a) != 1 || len(b) != 1 || !bytes.Equal(a[0], b[0]) || len(a[0]) != 32 {
			t.Error("they seal with different secrets")
		}
	}
}

func epoch(t testing.TB, s *Store) relyingparty.Epoch {
	t.Helper()
	var err error
	for range maxConns + 1 { // each connection from before a restart may be met once
		s.mu.Lock()
		s.asked = time.Time{}
		s.mu.Unlock()
		var e relyingparty.Epoch
		if e, err = s.Epoch(t.Context()); err == nil {
			return e
		}
	}
	t.Fatal(err)
	return relyingparty.Epoch{}
}

func TestOfManyCommitsOnTwoServersOneWins(t *testing.T) {
	url := postgrestest.Database(t)
	two := []*Store{open(t, url), open(t, url)}
	for range 10 {
		c := storetest.NewCredential(t)
		token := storetest.NewToken()
		storetest.OnlyOne(t, 2*32, func(i int) error {
			mine := *c
			mine.Name = string(rune('A' + i%26))
			return two[i%2].Commit(t.Context(), relyingparty.Commit{Token: token, Expires: time.Now().Add(time.Hour), Create: &mine})
		})
	}
}

// Two servers make one: options of one are good at the other, and an answer is good once,
// wherever it arrives.
func TestAnAnswerIsGoodOnceOnWhicheverServer(t *testing.T) {
	url := postgrestest.Database(t)
	a, b := open(t, url), open(t, url)
	two := []http.Handler{server(t, a, a.Secrets), server(t, b, b.Secrets)}
	user := newBrowser(t)

	race := func(path string, body map[string]any) {
		t.Helper()
		storetest.OnlyOne(t, 2*12, func(i int) error {
			switch code, raw := user.post(two[i%2], path, body); {
			case code == http.StatusOK:
				return nil
			case code == http.StatusConflict && bytes.Contains(raw, []byte("challenge_used")):
				return relyingparty.ErrTokenUsed
			default:
				return fmt.Errorf("%s: %d %s", path, code, raw)
			}
		})
	}
	race("/register/verify", user.registration(two[0]))
	for i := range 4 {
		race("/login/verify", user.assertion(two[i%2]))
	}
	user.must(two[1], "/login/verify", user.assertion(two[0]))
}

func TestANonceIsGoodOnceOnWhicheverServer(t *testing.T) {
	url := postgrestest.Database(t)
	var two []*relyingparty.Nonces
	for range 2 {
		s := open(t, url)
		n, err := relyingparty.NewNonces(relyingparty.NoncesConfig{Store: s, SecretsNow: s.Secrets, Name: "account proofs"})
		if err != nil {
			t.Fatal(err)
		}
		two = append(two, n)
	}
	for range 5 {
		nonce, err := two[0].Issue(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		storetest.OnlyOne(t, 2*16, func(i int) error {
			err := two[i%2].Redeem(t.Context(), nonce)
			if refused := (*relyingparty.Refusal)(nil); errors.As(err, &refused) && refused.Code == "challenge_used" {
				return relyingparty.ErrTokenUsed
			}
			return err
		})
	}
}

// Logins at which something changed, at once on two servers: each is in the history once,
// and the use before it as well.
func TestHistoriesOfParallelChangesAreWhole(t *testing.T) {
	url := postgrestest.Database(t)
	two := []*Store{open(t, url), open(t, url)}
	c := storetest.NewCredential(t)
	c.SignCount = 0
	if err := two[0].Commit(t.Context(), relyingparty.Commit{Token: storetest.NewToken(), Expires: time.Now().Add(time.Hour), Create: c}); err != nil {
		t.Fatal(err)
	}
	const rounds, each = 8, 5
	use := func(i int, changed bool) {
		u := &relyingparty.Use{RPID: c.RPID, ID: c.ID, At: c.CreatedAt.Add(time.Duration(i) * time.Second), Flags: passkey.FlagUP, SignCount: uint32(i), Count: uint32(i), Changed: changed}
		if err := two[i%2].Commit(t.Context(), relyingparty.Commit{Token: storetest.NewToken(), Expires: time.Now().Add(time.Hour), Use: u}); err != nil {
			t.Error(err)
		}
	}
	for round := range rounds {
		first := 1 + round*each
		use(first, false) // in the history as the one before, of whichever comes first
		parallel(each-1, func(i int) { use(first+1+i, true) })
	}
	const n = rounds * each
	r, err := two[0].Record(t.Context(), c.RPID, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[uint32]int{}
	for _, s := range r.History {
		seen[s.SignCount]++
	}
	for i := range uint32(n + 1) {
		if seen[i] != 1 {
			t.Errorf("counter %d stands %d times", i, seen[i])
		}
	}
	if got, err := two[1].Credential(t.Context(), c.RPID, c.ID); err != nil || got.SignCount != n {
		t.Errorf("%+v, %v", got, err)
	}
}
