package relyingparty

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"testing"
	"time"
)

func randomNote() (n note) {
	n.purpose = purpose(1 + rand.IntN(2))
	n.issued = time.UnixMilli(rand.Int64N(1 << 45))
	for _, f := range [][]byte{n.epoch[:], n.rp[:], n.binding[:], n.subject[:]} {
		for i := range f {
			f[i] = byte(rand.Int())
		}
	}
	return n
}

func testRing(t testing.TB, fill ...byte) keyring {
	t.Helper()
	var secrets [][]byte
	for _, b := range fill {
		secrets = append(secrets, bytes.Repeat([]byte{b}, 32))
	}
	r, err := newKeyring(secrets)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestNotesSealAndOpen(t *testing.T) {
	ring := testRing(t, 1, 2)
	for range 1000 {
		want := randomNote()
		sealed := ring.seal(want)
		if len(sealed) != challengeSize {
			t.Fatalf("%d bytes", len(sealed))
		}
		got, err := ring.open(sealed)
		if err != nil || got.issued.UnixMilli() != want.issued.UnixMilli() {
			t.Fatalf("%v, %v", got, err)
		}
		if got.issued = want.issued; got != want {
			t.Fatalf("%+v, want %+v", got, want)
		}
	}
}

func TestNoTwoChallengesAreEqual(t *testing.T) {
	ring, n := testRing(t, 1), randomNote()
	if bytes.Equal(ring.seal(n), ring.seal(n)) {
		t.Fatal("equal")
	}
}

func TestAnyKeyOpensAndTheFirstSeals(t *testing.T) {
	n := randomNote()
	if _, err := testRing(t, 1, 2, 3).open(testRing(t, 3).seal(n)); err != nil {
		t.Fatal(err)
	}
	if _, err := testRing(t, 2).open(testRing(t, 1, 2).seal(n)); !errors.Is(err, errNotSealed) {
		t.Fatalf("got %v", err)
	}
	if _, err := testRing(t).open(testRing(t).seal(n)); !errors.Is(err, errNotSealed) {
		t.Fatalf("two random secrets agree: %v", err)
	}
}

func TestDigestsSeparateTheirFields(t *testing.T) {
	if digestOf("a", []byte("bc")) == digestOf("ab", []byte("c")) || digestOf("a", []byte("b"), nil) == digestOf("a", []byte("b")) {
		t.Fatal("fields run into each other")
	}
}

func FuzzOpenChallenge(f *testing.F) {
	ring := testRing(f, 1)
	f.Add(ring.seal(randomNote()))
	f.Add([]byte{})
	f.Add(make([]byte, challengeSize))
	genuine := ring.seal(randomNote())
	f.Fuzz(func(t *testing.T, b []byte) {
		if n, err := ring.open(b); err != nil && n != (note{}) {
			t.Fatal("a failed open returned something")
		}
		bent := bytes.Clone(genuine)
		changed := false
		for i, x := range b {
			bent[i%len(bent)] ^= x
		}
		changed = !bytes.Equal(bent, genuine)
		if _, err := ring.open(bent); (err == nil) == changed {
			t.Fatalf("changed %t, error %v", changed, err)
		}
	})
}

// FuzzDecodeRequest compares with encoding/json, which accepts more but must agree on
// what both accept.
func FuzzDecodeRequest(f *testing.F) {
	for _, s := range []string{`{}`, `{"username":"alice","rpID":"localhost","x":[1,{"y":null}]}`, `{"cred":{"id":"a"},"userId":null}`,
		`{"rpID":"a","rpID":"b"}`, `{"RPID":"a"}`, `[]`, `{"userHandle":"AQ"}{`, `{"a":1,}`, "\xef\xbb\xbf{}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := decodeRequest(body)
		if err != nil {
			if got.RPID != "" || got.Username != "" || got.UserHandle != "" || got.UserID != "" || got.Cred != nil {
				t.Fatal("a failed parse returned something")
			}
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatalf("accepted what is no JSON: %v", err)
		}
		for name, v := range map[string]string{"rpID": got.RPID, "username": got.Username, "userHandle": got.UserHandle, "userId": got.UserID} {
			var text string
			if raw, ok := want[name]; ok {
				if err := json.Unmarshal(raw, &text); err != nil {
					t.Fatal(err)
				}
			}
			if text != v {
				t.Fatalf("%s: %q, want %q", name, v, text)
			}
		}
	})
}

func FuzzDecodeHandle(f *testing.F) {
	f.Add("AQEBAQEBAQEBAQEBAQEBAQ")
	f.Add("AQEBAQEBAQEBAQEBAQEBAR")
	f.Add("AQEBAQEBAQEBAQEBAQ\nEBAQ")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := decodeHandle(text)
		if err != nil {
			if h != nil {
				t.Fatal("a failed parse returned something")
			}
			return
		}
		if len(h) < minHandle || len(h) > maxHandle || b64.EncodeToString(h) != text {
			t.Fatalf("%q became %x", text, h)
		}
	})
}

func BenchmarkChallenge(b *testing.B) {
	ring, n := testRing(b, 1), randomNote()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ring.open(ring.seal(n)); err != nil {
			b.Fatal(err)
		}
	}
}
