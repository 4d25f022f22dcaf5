package p256table

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"iter"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"
)

// counted are the keys n, n+1, … without end; taken counts how many were asked for.
func counted(t testing.TB, from, until int, taken *int) iter.Seq[Key] {
	return func(yield func(Key) bool) {
		for n := from; n < until; n++ {
			if *taken++; !yield(numbered(t, n)) {
				return
			}
		}
	}
}

// Tables of keys 0, 1, 2, …, formats in turn, folded into one hash: h = SHA-256(h ‖ table). The
// hashes were made by the plain implementation; the first is made by it here, the second
// with POSTERN_LONG=1 (a minute and more).
func TestManyTablesFoldToTheHashOfThePlainImplementation(t *testing.T) {
	counts := map[int]string{200: "3e0327182879431631f1596aeedd722ab960a4f1649e4dba3e7f81a3f9ee474c"}
	if os.Getenv("POSTERN_LONG") != "" {
		counts[10000] = "52188e9c983a6e7a1dbf735298035c442712a134bd41dd10dfe5fa34a94da033"
	}
	for count, want := range counts {
		taken, seen := 0, 0
		var keys []Key
		for k := range counted(t, 0, count, &taken) {
			keys = append(keys, k)
		}
		tables := make([][]byte, count)
		for i, f := range Formats() {
			var mine []Key
			for n := i; n < count; n += len(Formats()) {
				mine = append(mine, keys[n])
			}
			err := BuildMany(context.Background(), f, slices.Values(mine), func(r Result) error {
				if r.Key != mine[r.Index] {
					t.Fatalf("table %d is another key's", r.Index)
				}
				tables[r.Index*len(Formats())+i] = r.Code
				seen++
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if seen != count {
			t.Fatalf("%d tables of %d", seen, count)
		}
		if got := fold(tables); got != want {
			t.Errorf("%d tables fold to %s", count, got)
		}
		for n := range tables {
			tables[n] = reference(Formats()[n%len(Formats())], keys[n])
		}
		if got := fold(tables); got != want {
			t.Errorf("%d tables of the plain implementation fold to %s", count, got)
		}
	}
}

func fold(tables [][]byte) string {
	var h [32]byte
	for _, table := range tables {
		h = sha256.Sum256(append(h[:], table...))
	}
	return hex.EncodeToString(h[:])
}

func TestBuildManyKeepsTheOrder(t *testing.T) {
	for _, count := range []int{0, 1, batch - 1, batch, batch + 1, 100} {
		taken, next := 0, 0
		err := BuildMany(context.Background(), Format512, counted(t, 0, count, &taken), func(r Result) error {
			want, _ := Build(Format512, numbered(t, next))
			if r.Index != next || !bytes.Equal(r.Code, want) {
				t.Fatalf("result %d is %d", next, r.Index)
			}
			next++
			return nil
		})
		if err != nil || next != count || taken != count {
			t.Errorf("%d of %d keys, %v", next, count, err)
		}
	}
}

func TestAKeyWithoutATableDoesNotSpoilOthers(t *testing.T) {
	unreadable := errors.New("line 3 is no key")
	minus := numbered(t, 0)
	g := multipleOf1(t)
	keys := func(yield func(Key, error) bool) {
		_ = yield(minus, nil) && yield(g.opposite(t), nil) && yield(Key{}, unreadable) && yield(g, nil) && yield(Key{}, nil) && yield(numbered(t, 5), nil)
	}
	want := []error{nil, ErrNoFCL, unreadable, nil, ErrNoKey, nil}
	at := 0
	err := NewPool(1).Stream(context.Background(), FCL, keys, func(r Result) error {
		if !errors.Is(r.Err, want[at]) || (r.Err == nil) != (Verify(FCL, r.Key, r.Code) == nil) {
			t.Errorf("key %d: %v", at, r.Err)
		}
		at++
		return nil
	})
	if err != nil || at != len(want) {
		t.Errorf("%d results, %v", at, err)
	}
	taken := 0
	if err := BuildMany(context.Background(), 0x15, counted(t, 0, 3, &taken), nil); !errors.Is(err, ErrFormat) || taken > 0 {
		t.Errorf("an unknown format: %v, %d keys taken", err, taken)
	}
	if err := BuildMany(context.Background(), Format512, slices.Values([]Key{{}}), nil); !errors.Is(err, ErrNoKey) {
		t.Errorf("no key: %v", err)
	}
}

func TestAnEndOfTheContextOrOfTheCallerEndsTheWork(t *testing.T) {
	before := runtime.NumGoroutine()
	enough, gone := errors.New("enough"), errors.New("the client is gone")
	for name, c := range map[string]struct {
		end  func(cancel context.CancelCauseFunc) error
		want error
	}{
		"the caller":  {func(context.CancelCauseFunc) error { return enough }, enough},
		"the context": {func(cancel context.CancelCauseFunc) error { cancel(gone); return nil }, gone},
	} {
		ctx, cancel := context.WithCancelCause(context.Background())
		taken, seen := 0, 0
		err := NewPool(2).Stream(ctx, Format16k, func(yield func(Key, error) bool) {
			for taken = 0; yield(numbered(t, taken), nil); taken++ {
			}
		}, func(Result) error {
			if seen++; seen == 20 {
				return c.end(cancel)
			}
			return nil
		})
		cancel(nil)
		if !errors.Is(err, c.want) || taken > 20+8*batch {
			t.Errorf("%s ends it: %v after %d keys", name, err, taken)
		}
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

func TestAPoolWaitsForAWorkerOnlyAsLongAsTheContextLasts(t *testing.T) {
	p := NewPool(1)
	slot := <-p.slots
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := p.Build(ctx, Format512, numbered(t, 1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while the worker is away: %v", err)
	}
	p.slots <- slot
	code, err := p.Build(context.Background(), Format512, numbered(t, 1))
	if err != nil || Verify(Format512, numbered(t, 1), code) != nil {
		t.Errorf("with the worker back: %v", err)
	}
}
