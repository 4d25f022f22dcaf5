// Package storetest is the conformance suite that every relyingparty.Store runs.
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) storetest.Store { return open(t) })
//	}
package storetest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/relyingparty"
)

// Store is what the suite needs: a Store whose audit trail can be read, and that can tell
// people what is kept.
type Store interface {
	relyingparty.Store
	relyingparty.Lister
	Events(ctx context.Context, rpID string, id []byte, limit int) ([]relyingparty.Event, error)
}

const rp = "example.org"

// Run runs the suite, each test on an empty store.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for name, test := range map[string]func(*testing.T, Store){
		"an unknown credential is not found":                      unknown,
		"a credential reads as it was written":                    roundTrip,
		"one id under two RP IDs is two credentials":              twoRPs,
		"a registered id is not overwritten":                      existing,
		"a challenge is used once":                                usedOnce,
		"of parallel commits with one challenge exactly one wins": parallelReplay,
		"parallel commits with different challenges all succeed":  parallelCommits,
		"a login updates flags, counter and last use":             login,
		"a login of an unknown credential writes nothing":         loginUnknown,
		"events are kept in order":                                events,
		"a record has the changes and the uses before them":       history,
		"a record keeps the registration and the latest":          longHistory,
		"there is no record of an unknown credential":             noRecord,
		"a passkey that was found is discoverable":                found,
		"a commit with an ended context fails":                    ended,
		"the epoch is steady":                                     steadyEpoch,
		"a commit of another epoch writes nothing":                otherEpoch,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// NewCredential is a credential with every field set, for tests.
func NewCredential(t testing.TB) *relyingparty.Credential {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := passkey.NewPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	id, handle := make([]byte, 32), make([]byte, 33)
	rand.Read(id)
	rand.Read(handle)
	return &relyingparty.Credential{
		RPID: rp, ID: id, Key: key, Handle: handle, HandleForm: relyingparty.HandleBytes,
		Name: "Zoë’s “laptop”", Flags: passkey.FlagUP | passkey.FlagUV | passkey.FlagBE | passkey.FlagAT, SignCount: 4_000_000_000,
		AAGUID: passkey.AAGUID{1, 2, 3, 15: 16}, Provider: "A provider", Format: "none",
		Transports: []string{"internal", "hybrid"}, Attachment: "platform", Discoverable: new(bool),
		CreatedAt: time.Now().Truncate(time.Millisecond),
	}
}

// NewToken is a random challenge hash, for tests.
func NewToken() (t relyingparty.Token) {
	rand.Read(t[:])
	return t
}

func commit(what relyingparty.Commit) relyingparty.Commit {
	if what.Token == (relyingparty.Token{}) {
		what.Token = NewToken()
	}
	what.Expires = time.Now().Add(time.Hour)
	return what
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustBe(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

func find(t *testing.T, s Store, c *relyingparty.Credential) *relyingparty.Credential {
	t.Helper()
	got, err := s.Credential(t.Context(), c.RPID, c.ID)
	must(t, err)
	return got
}

func create(t *testing.T, s Store) *relyingparty.Credential {
	t.Helper()
	c := NewCredential(t)
	must(t, s.Commit(t.Context(), commit(relyingparty.Commit{Create: c})))
	return c
}

func unknown(t *testing.T, s Store) {
	_, err := s.Credential(t.Context(), rp, []byte("nobody"))
	mustBe(t, err, relyingparty.ErrNotFound)
}

func roundTrip(t *testing.T, s Store) {
	c := create(t, s)
	got := find(t, s, c)
	if !got.CreatedAt.Equal(c.CreatedAt) || !got.LastUsedAt.IsZero() {
		t.Fatalf("times: %v, %v", got.CreatedAt, got.LastUsedAt)
	}
	got.CreatedAt = c.CreatedAt
	equal(t, got, c)

	bare := NewCredential(t)
	bare.Name, bare.Provider, bare.Attachment, bare.Transports, bare.AAGUID, bare.Flags = "", "", "", []string{}, passkey.AAGUID{}, 0
	bare.Discoverable = nil
	must(t, s.Commit(t.Context(), commit(relyingparty.Commit{Create: bare})))
	got = find(t, s, bare)
	got.CreatedAt = bare.CreatedAt
	equal(t, got, bare)
}

func twoRPs(t *testing.T, s Store) {
	a := create(t, s)
	b := NewCredential(t)
	b.ID, b.RPID = a.ID, "other.example"
	must(t, s.Commit(t.Context(), commit(relyingparty.Commit{Create: b})))
	if find(t, s, a).Key != a.Key || find(t, s, b).Key != b.Key {
		t.Fatal("the two share a row")
	}
}

func existing(t *testing.T, s Store) {
	a := create(t, s)
	thief := NewCredential(t)
	thief.ID = a.ID
	what := commit(relyingparty.Commit{Create: thief, Events: []relyingparty.Event{{At: time.Now(), RPID: rp, CredentialID: a.ID, Kind: relyingparty.EventRegistered}}})
	mustBe(t, s.Commit(t.Context(), what), relyingparty.ErrCredentialExists)
	if find(t, s, a).Key != a.Key {
		t.Fatal("the key was replaced")
	}
	if got, err := s.Events(t.Context(), rp, a.ID, 10); err != nil || len(got) != 0 {
		t.Fatalf("events %v, error %v", got, err)
	}
	mustBe(t, s.Commit(t.Context(), what), relyingparty.ErrTokenUsed)
}

func usedOnce(t *testing.T, s Store) {
	c := create(t, s)
	first := commit(relyingparty.Commit{Use: &relyingparty.Use{RPID: rp, ID: c.ID, At: time.UnixMilli(1000), Flags: c.Flags, SignCount: c.SignCount}})
	must(t, s.Commit(t.Context(), first))
	second := first
	second.Use = &relyingparty.Use{RPID: rp, ID: c.ID, At: time.UnixMilli(2000), Flags: c.Flags, SignCount: c.SignCount + 1}
	second.Events = []relyingparty.Event{{At: time.Now(), RPID: rp, CredentialID: c.ID, Kind: relyingparty.EventBackupState}}
	mustBe(t, s.Commit(t.Context(), second), relyingparty.ErrTokenUsed)
	if got := find(t, s, c); got.LastUsedAt.UnixMilli() != 1000 || got.SignCount != c.SignCount {
		t.Fatal("the second commit had an effect")
	}
	if got, err := s.Events(t.Context(), rp, c.ID, 10); err != nil || len(got) != 0 {
		t.Fatalf("events %v, error %v", got, err)
	}
}

func parallelReplay(t *testing.T, s Store) {
	for range 10 {
		token := NewToken()
		OnlyOne(t, 64, func(int) error { return s.Commit(t.Context(), commit(relyingparty.Commit{Token: token})) })
	}
}

// OnlyOne tries so many times at once: one succeeds, and all others are told that the challenge is used.
func OnlyOne(t *testing.T, n int, try func(i int) error) {
	t.Helper()
	var won, lost atomic.Int32
	parallel(n, func(i int) {
		switch err := try(i); {
		case err == nil:
			won.Add(1)
		case errors.Is(err, relyingparty.ErrTokenUsed):
			lost.Add(1)
		default:
			t.Error(err)
		}
	})
	if won.Load() != 1 || int(lost.Load()) != n-1 {
		t.Fatalf("%d won, %d lost", won.Load(), lost.Load())
	}
}

func parallelCommits(t *testing.T, s Store) {
	c := create(t, s)
	parallel(64, func(i int) {
		for range 8 {
			what := commit(relyingparty.Commit{Use: &relyingparty.Use{RPID: rp, ID: c.ID, At: time.Now(), Flags: c.Flags, SignCount: c.SignCount + uint32(i)}})
			if err := s.Commit(t.Context(), what); err != nil {
				t.Error(err)
			}
			if _, err := s.Credential(t.Context(), rp, c.ID); err != nil {
				t.Error(err)
			}
		}
	})
	if got := find(t, s, c); got.SignCount != c.SignCount+63 {
		t.Fatalf("counter %d, want the highest, %d", got.SignCount, c.SignCount+63)
	}
}

func parallel(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

func login(t *testing.T, s Store) {
	c := create(t, s)
	use := relyingparty.Use{RPID: rp, ID: c.ID, At: time.UnixMilli(1_700_000_000_123), Flags: passkey.FlagUP | passkey.FlagBE | passkey.FlagBS, SignCount: c.SignCount + 5}
	must(t, s.Commit(t.Context(), commit(relyingparty.Commit{Use: &use})))
	got := find(t, s, c)
	if got.Flags != use.Flags || got.SignCount != use.SignCount || !got.LastUsedAt.Equal(use.At) || got.Key != c.Key {
		t.Fatalf("%+v", got)
	}
	use.SignCount = 1
	must(t, s.Commit(t.Context(), commit(relyingparty.Commit{Use: &use})))
	if got := find(t, s, c); got.SignCount != c.SignCount+5 {
		t.Fatalf("the counter fell to %d", got.SignCount)
	}
}

func loginUnknown(t *testing.T, s Store) {
	what := commit(relyingparty.Commit{
		Use:    &relyingparty.Use{RPID: rp, ID: []byte("nobody"), At: time.Now()},
		Events: []relyingparty.Event{{At: time.Now(), RPID: rp, CredentialID: []byte("nobody"), Kind: relyingparty.EventBackupState}},
	})
	mustBe(t, s.Commit(t.Context(), what), relyingparty.ErrNotFound)
	if got, err := s.Events(t.Context(), rp, []byte("nobody"), 10); err != nil || len(got) != 0 {
		t.Fatalf("events %v, error %v", got, err)
	}
}

func events(t *testing.T, s Store) {
	id := []byte("some credential")
	var want []relyingparty.Event
	for i := range 3 {
		e := relyingparty.Event{At: time.UnixMilli(int64(1000 - i)), RPID: rp, CredentialID: id,
			Kind: relyingparty.EventCounterRegressed, Detail: fmt.Sprint("number ", i), RequestID: fmt.Sprint("r", i),
			Was: relyingparty.Sighting{Flags: passkey.FlagUP, SignCount: 4_000_000_000}, Now: relyingparty.Sighting{Flags: passkey.FlagUV, SignCount: uint32(i)}}
		want = append(want, e)
	}
	must(t, s.Commit(t.Context(), commit(relyingparty.Commit{Events: want[:2]})))
	must(t, s.Commit(t.Context(), commit(relyingparty.Commit{Events: want[2:]})))
	got, err := s.Events(t.Context(), rp, id, 10)
	must(t, err)
	equal(t, got, want)
	got, err = s.Events(t.Context(), rp, id, 2)
	must(t, err)
	equal(t, got, want[:2])
}

// use logs in with a passkey of these flags and counter, the given seconds after a start.
func use(t *testing.T, s Store, c *relyingparty.Credential, second int64, flags passkey.Flags, count uint32, changed bool) {
	t.Helper()
	must(t, s.Commit(t.Context(), commit(relyingparty.Commit{Use: &relyingparty.Use{
		RPID: c.RPID, ID: c.ID, At: c.CreatedAt.Add(time.Duration(second) * time.Second),
		Flags: flags, SignCount: max(count, find(t, s, c).SignCount), Count: count, Changed: changed,
	}})))
}

// seen compares a history, times being seconds after the credential was made.
func seen(t *testing.T, s Store, c *relyingparty.Credential, want ...relyingparty.Sighting) {
	t.Helper()
	r, err := s.Record(t.Context(), c.RPID, c.ID)
	must(t, err)
	for i := range r.History {
		r.History[i].At = time.Unix(int64(r.History[i].At.Sub(c.CreatedAt)/time.Second), 0)
	}
	equal(t, r.History, want)
}

func sighting(second int64, flags passkey.Flags, count uint32) relyingparty.Sighting {
	return relyingparty.Sighting{At: time.Unix(second, 0), Flags: flags, SignCount: count}
}

func history(t *testing.T, s Store) {
	const one, two = passkey.FlagUP | passkey.FlagBE | passkey.FlagBS, passkey.FlagUP | passkey.FlagBE
	c, other := NewCredential(t), create(t, s)
	c.Flags, c.SignCount = one, 1
	must(t, s.Commit(t.Context(), commit(relyingparty.Commit{Create: c})))
	use(t, s, c, 1, one, 2, false)
	seen(t, s, c, sighting(0, one, 1))
	use(t, s, c, 2, one, 3, false)
	use(t, s, c, 3, two, 4, true) // the use at 2 is the one before
	seen(t, s, c, sighting(0, one, 1), sighting(2, one, 3), sighting(3, two, 4))
	use(t, s, c, 4, one, 5, true) // the use at 3 is there already
	seen(t, s, c, sighting(0, one, 1), sighting(2, one, 3), sighting(3, two, 4), sighting(4, one, 5))
	use(t, s, c, 5, one, 2, true) // a counter that went back is kept as it was signed
	seen(t, s, c, sighting(0, one, 1), sighting(2, one, 3), sighting(3, two, 4), sighting(4, one, 5), sighting(5, one, 2))
	if got := find(t, s, c); got.SignCount != 5 {
		t.Fatalf("the counter fell to %d", got.SignCount)
	}
	seen(t, s, other, sighting(0, other.Flags, other.SignCount))

	for i := range relyingparty.MaxEvents + 3 {
		must(t, s.Commit(t.Context(), commit(relyingparty.Commit{Events: []relyingparty.Event{{At: time.UnixMilli(1), RPID: rp, CredentialID: c.ID, Detail: fmt.Sprint(i)}}})))
	}
	r, err := s.Record(t.Context(), c.RPID, c.ID)
	must(t, err)
	if n := len(r.Events); n != relyingparty.MaxEvents || r.Events[0].Detail != "3" || r.Events[n-1].Detail != fmt.Sprint(relyingparty.MaxEvents+2) {
		t.Fatalf("%d events from %q", n, r.Events[0].Detail)
	}
}

func longHistory(t *testing.T, s Store) {
	c := NewCredential(t)
	c.Flags, c.SignCount = passkey.FlagBE, 0
	must(t, s.Commit(t.Context(), commit(relyingparty.Commit{Create: c})))
	want := []relyingparty.Sighting{sighting(0, c.Flags, 0)}
	for i := int64(1); i <= relyingparty.MaxHistory+5; i++ {
		flags := passkey.FlagBE
		if i%2 == 1 {
			flags |= passkey.FlagBS
		}
		use(t, s, c, i, flags, 0, true)
		if i >= 7 { // the first, and MaxHistory-1 others
			want = append(want, sighting(i, flags, 0))
		}
	}
	seen(t, s, c, want...)
}

func noRecord(t *testing.T, s Store) {
	_, err := s.Record(t.Context(), rp, []byte("nobody"))
	mustBe(t, err, relyingparty.ErrNotFound)
	what := commit(relyingparty.Commit{Use: &relyingparty.Use{RPID: rp, ID: []byte("nobody"), At: time.Now(), Changed: true}})
	mustBe(t, s.Commit(t.Context(), what), relyingparty.ErrNotFound)
	_, err = s.Record(t.Context(), rp, []byte("nobody"))
	mustBe(t, err, relyingparty.ErrNotFound)
}

func found(t *testing.T, s Store) {
	c := NewCredential(t)
	c.Discoverable = nil
	must(t, s.Commit(t.Context(), commit(relyingparty.Commit{Create: c})))
	log := func(yes bool) *bool {
		must(t, s.Commit(t.Context(), commit(relyingparty.Commit{Use: &relyingparty.Use{RPID: rp, ID: c.ID, At: time.Now(), Flags: c.Flags, SignCount: c.SignCount, Discoverable: yes}})))
		return find(t, s, c).Discoverable
	}
	if log(false) != nil || !*log(true) || !*log(false) {
		t.Fatal("what is known of it changed back")
	}
}

func ended(t *testing.T, s Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Commit(ctx, commit(relyingparty.Commit{})); err != nil {
		mustBe(t, err, context.Canceled)
	}
}

func steadyEpoch(t *testing.T, s Store) {
	a, err := s.Epoch(t.Context())
	must(t, err)
	b, err := s.Epoch(t.Context())
	must(t, err)
	if a != b || a == (relyingparty.Epoch{}) {
		t.Fatalf("%x, then %x", a, b)
	}
}

func otherEpoch(t *testing.T, s Store) {
	epoch, err := s.Epoch(t.Context())
	must(t, err)
	c := NewCredential(t)
	what := commit(relyingparty.Commit{Create: c, Epoch: epoch})
	what.Epoch[0] ^= 1
	mustBe(t, s.Commit(t.Context(), what), relyingparty.ErrEpochEnded)
	_, err = s.Credential(t.Context(), c.RPID, c.ID)
	mustBe(t, err, relyingparty.ErrNotFound)
	what.Epoch = epoch
	must(t, s.Commit(t.Context(), what))
}
