package postgres

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postern-dev/postern/relyingparty/postgres/postgrestest"
)

// secrets are those that the database has now.
func secrets(t testing.TB, s *Store) [][]byte {
	t.Helper()
	s.mu.Lock()
	s.secretsAsked = time.Time{}
	s.mu.Unlock()
	all, err := s.Secrets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// ages has a while go by for secrets that Rotate has made.
func ages(t *testing.T, url string, d time.Duration) {
	t.Helper()
	postgrestest.Exec(t, url, fmt.Sprintf(`UPDATE postern_passkeys.sealing SET since = since - %d WHERE since > 0`, d.Milliseconds()))
}

func rotate(t *testing.T, url string, atOnce bool) time.Time {
	t.Helper()
	from, err := Rotate(t.Context(), Config{URL: url, DangerNoFsync: true}, atOnce)
	must(t, err)
	return from
}

func isOne(t *testing.T, what string, got [][]byte, want ...[]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d secrets, want %d", what, len(got), len(want))
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Errorf("%s: secret %d is another", what, i)
		}
	}
}

// While the secret changes, no ceremony has to start again, and an answer is good once: under the new secret and the old.
func TestASecretChangesWhileServersRun(t *testing.T) {
	url := postgrestest.Database(t)
	a, b := open(t, url), open(t, url)
	two := []http.Handler{server(t, a, a.Secrets), server(t, b, b.Secrets)}
	user := newBrowser(t)
	user.must(two[0], "/register/verify", user.registration(two[0]))
	older, last := user.assertion(two[0]), user.assertion(two[0])
	old := secrets(t, a)[0]

	// 1. It opens everywhere before it seals anywhere.
	begun := time.Now().Add(-time.Second) // to be on the safe side of rounding
	if from := rotate(t, url, false); from.Before(begun.Add(secretLead)) || from.After(time.Now().Add(secretLead+time.Second)) {
		t.Errorf("it seals from %s", from)
	}
	ages(t, url, -time.Hour) // however long this test takes
	all := secrets(t, b)
	if len(all) != 2 || bytes.Equal(all[1], old) {
		t.Fatalf("%d secrets", len(all))
	}
	fresh := all[1]
	isOne(t, "before", all, old, fresh)

	// 2. It seals; what the old one has sealed is good, once.
	ages(t, url, time.Hour+secretLead)
	for _, s := range []*Store{a, b} {
		isOne(t, "after", secrets(t, s), fresh, old)
	}
	user.must(two[1], "/login/verify", older)
	if code, raw := user.post(two[0], "/login/verify", older); code != http.StatusConflict {
		t.Errorf("the same again: %d %s", code, raw)
	}
	young := user.assertion(two[0])
	user.must(two[1], "/login/verify", young)

	// 3. When nothing that the old one has sealed can be alive, it opens nothing.
	ages(t, url, secretKept-20*time.Minute)
	isOne(t, "later", secrets(t, a), fresh, old)
	ages(t, url, 20*time.Minute)
	isOne(t, "much later", secrets(t, a), fresh)
	if code, raw := user.post(two[0], "/login/verify", last); code != http.StatusForbidden || !strings.Contains(string(raw), "challenge_invalid") {
		t.Errorf("of the old secret: %d %s", code, raw)
	}

	// 4. The next one forgets it.
	rotate(t, url, false)
	var n int
	must(t, a.pool.QueryRow(t.Context(), `SELECT count(*) FROM postern_passkeys.sealing`).Scan(&n))
	if n != 2 {
		t.Errorf("%d secrets are kept", n)
	}
}

func TestASecretThatIsKnownToOthersEndsAtOnce(t *testing.T) {
	url := postgrestest.Database(t)
	a, b := open(t, url), open(t, url)
	two := []http.Handler{server(t, a, a.Secrets), server(t, b, b.Secrets)}
	user := newBrowser(t)
	user.must(two[0], "/register/verify", user.registration(two[0]))
	lost := user.assertion(two[0])
	old := secrets(t, a)[0]
	rotate(t, url, true)
	for _, s := range []*Store{a, b} {
		if all := secrets(t, s); len(all) != 1 || bytes.Equal(all[0], old) {
			t.Errorf("%d secrets", len(all))
		}
	}
	if code, raw := user.post(two[1], "/login/verify", lost); code != http.StatusForbidden || !strings.Contains(string(raw), "challenge_invalid") {
		t.Errorf("of the old secret: %d %s", code, raw)
	}
	user.must(two[1], "/login/verify", user.assertion(two[0]))
}

func TestSecretsThatChangeTogetherAreInOneOrder(t *testing.T) {
	url := postgrestest.Database(t)
	a, b := open(t, url), open(t, url)
	cfg := Config{URL: url, DangerNoFsync: true}
	parallel(secretsMost-1, func(int) {
		if _, err := Rotate(t.Context(), cfg, false); err != nil {
			t.Error(err)
		}
	})
	_, err := Rotate(t.Context(), cfg, false)
	mustBe(t, err, ErrRotated)
	ages(t, url, secretLead+time.Second)
	one, other := secrets(t, a), secrets(t, b)
	if len(one) != secretsMost {
		t.Errorf("%d secrets", len(one))
	}
	isOne(t, "the other server", one, other...)
	rotate(t, url, true)
	if len(secrets(t, b)) != 1 {
		t.Error("older ones are left")
	}
}

// A database of a release that kept one secret keeps it.
func TestTheSecretOfAnOlderSchemaIsKept(t *testing.T) {
	url := postgrestest.Database(t)
	postgrestest.Exec(t, url, `CREATE SCHEMA postern_passkeys; `+migrations[0]+`; UPDATE postern_passkeys.schema_version SET version = 1;
		INSERT INTO postern_passkeys.state (epoch, secret) VALUES ('\x0102030405060708', decode(repeat('ab', 32), 'hex'))`)
	isOne(t, "an older schema", secrets(t, open(t, url)), bytes.Repeat([]byte{0xab}, 32))
}

func TestASecretOfNoPasskeysIsNotMade(t *testing.T) {
	url := postgrestest.Database(t)
	cfg := Config{URL: url, DangerNoFsync: true}
	_, err := Rotate(t.Context(), cfg, false)
	mustBe(t, err, ErrNoSchema)
	postgrestest.Exec(t, url, `CREATE SCHEMA postern_passkeys; `+migrations[0]+`; UPDATE postern_passkeys.schema_version SET version = 1`)
	_, err = Rotate(t.Context(), cfg, false)
	mustBe(t, err, ErrOlderSchema)
}

func TestSecretsThatAreNotThereAreAnError(t *testing.T) {
	url := postgrestest.Database(t)
	s := open(t, url)
	postgrestest.Exec(t, url, `DELETE FROM postern_passkeys.sealing`)
	user := newBrowser(t)
	h := server(t, s, s.Secrets)
	s.secretsAsked = time.Time{}
	if code, raw := user.post(h, "/login/options", map[string]any{}); code != http.StatusServiceUnavailable {
		t.Errorf("%d %s", code, raw)
	}
}
