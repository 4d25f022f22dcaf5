// Every signature through every engine, against crypto/ecdsa.

package p256gen

import (
	"bytes"
	"errors"
	"math/big"
	"math/rand"
	"testing"

	"github.com/postern-dev/postern/p256hint"
	"github.com/postern-dev/postern/p256table"
)

// path is a way to verify: an engine, and calldata for it, some with hints.
type path struct {
	name   string
	engine func() []byte
	// install puts what the engine needs for a key onto the chain.
	install func(t testing.TB, m *machine, s signature)
	// calls lists calldata by what it is.
	calls func(t testing.TB, v vector, rng *rand.Rand) map[string][]byte
}

func paths() []path {
	cv, schedules := P256(), LoadSchedules()
	var out []path
	for _, name := range []string{"512", "1k", "4k", "16k"} {
		shape := tables[name]
		out = append(out, path{
			name:    "table" + name,
			engine:  func() []byte { return TableEngine(cv, shape, schedules, slowAt) },
			install: func(t testing.TB, m *machine, s signature) { m.put(tableAt, tableOf(t, shape, s)) },
			calls:   tableCalls,
		})
	}
	return append(out,
		path{"notable", func() []byte { return NoTableEngine(cv, schedules, slowAt) }, nothing, noTableCalls},
		path{"plain", func() []byte { return PlainEngine(cv, schedules, slowAt) }, nothing, func(_ testing.TB, v vector, _ *rand.Rand) map[string][]byte {
			return map[string][]byte{"": wordsOf(v.h, v.r, v.s, v.x, v.y)}
		}})
}

func nothing(testing.TB, *machine, signature) {}

// tableOf is the table contract of a signature's key.
func tableOf(t testing.TB, shape Table, s signature) []byte {
	t.Helper()
	key, err := p256table.NewKey(w32(s.x), w32(s.y))
	if err != nil {
		t.Fatal(err)
	}
	code, err := p256table.Build(p256table.Format(shape.Format), key)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func tableCalls(t testing.TB, v vector, rng *rand.Rand) map[string][]byte {
	plain := wordsOf(v.h, v.r, v.s, tableAt.Big())
	calls := map[string][]byte{"": plain}
	if hint, err := p256hint.Inverse(w32(v.s)); err == nil {
		calls["hint"] = append(bytes.Clone(plain), hint[:]...)
		wrong := hint
		wrong[rng.Intn(32)] ^= 1 << rng.Intn(8)
		calls["wrong hint"] = append(bytes.Clone(plain), wrong[:]...)
	}
	return calls
}

// noTableCalls has hints for the signature a vector was made from: where that has none, there is nothing but zeros.
func noTableCalls(_ testing.TB, v vector, rng *rand.Rand) map[string][]byte {
	plain := wordsOf(v.h, v.r, v.s, v.x, v.y)
	calls := map[string][]byte{"no hints": plain, "zero hints": append(bytes.Clone(plain), make([]byte, 128)...)}
	o := v.origin
	hints, err := p256hint.For(w32(o.h), w32(o.r), w32(o.s), w32(o.x), w32(o.y))
	if err == nil {
		calls["hints"] = append(bytes.Clone(plain), hints.Bytes()...)
		wrong := hints.Bytes()
		wrong[rng.Intn(len(wrong))] ^= 1 << rng.Intn(8)
		calls["wrong hints"] = append(bytes.Clone(plain), wrong...)
	}
	return calls
}

func TestEveryPathAgreesWithTheStandardLibrary(t *testing.T) {
	randoms, edges := counts()
	vectors := append(randomVectors(11, randoms), edgeVectors(12, edges)...)
	var want []bool
	valid := 0
	for _, v := range vectors {
		ok := verifyGo(v.h, v.r, v.s, v.x, v.y)
		want = append(want, ok)
		if ok {
			valid++
		}
	}
	t.Logf("%d vectors, %d valid", len(vectors), valid)
	if len(vectors) < randoms+edges || valid < len(vectors)/2 || valid > len(vectors)*9/10 {
		t.Fatalf("%d vectors, %d valid", len(vectors), valid)
	}
	for _, p := range paths() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, true, p.engine(), verifyGo)
			rng := rand.New(rand.NewSource(13))
			var key signature
			fast, slow := 0, 0
			for i, v := range vectors {
				if key.x == nil || key.x.Cmp(v.x) != 0 || key.y.Cmp(v.y) != 0 {
					key = v.signature
					p.install(t, m, key)
				}
				for what, data := range p.calls(t, v, rng) {
					got, _, asked := m.call(data)
					if got != want[i] {
						t.Errorf("%s %s: %t", v.name, what, got)
					}
					if asked {
						slow++
					} else {
						fast++
					}
				}
			}
			t.Logf("%d answers of its own, %d of the slow verifier", fast, slow)
			if fast < len(vectors)/2 {
				t.Errorf("only %d answers without the slow verifier", fast)
			}
		})
	}
}

// With hints, and a hash that is not the signed one, everything but the final sum is as it should be.
func TestRightHintsDoNotMakeAWrongHashRight(t *testing.T) {
	m := newMachine(t, true, NoTableEngine(P256(), LoadSchedules(), slowAt), func(_, _, _, _, _ *big.Int) bool { return false })
	rng := rand.New(rand.NewSource(3))
	for range 50 {
		sig := signFast(random(rng, P256()), random(rng, P256()), random(rng, P256()))
		data := sig.hinted(t)
		if valid, _, _ := m.call(data); !valid {
			t.Fatal("a valid signature is refused")
		}
		data[rng.Intn(32)] ^= 1 << rng.Intn(8)
		if valid, _, slow := m.call(data); valid || !slow {
			t.Fatalf("another hash: valid %t, slow %t", valid, slow)
		}
	}
}

func TestValidSignaturesWithoutHintsAreTold(t *testing.T) {
	s := wrapped(0)
	_, err := p256hint.For(w32(s.h), w32(s.r), w32(s.s), w32(s.x), w32(s.y))
	var e *p256hint.Error
	if !errors.As(err, &e) || e.Reason != p256hint.Wrapped {
		t.Errorf("x = r + n: %v", err)
	}
	for _, u2 := range []int64{1, 3} { // R = u2·Q
		s = fromScalars(big.NewInt(77), new(big.Int), big.NewInt(u2))
		if _, err := p256hint.For(w32(s.h), w32(s.r), w32(s.s), w32(s.x), w32(s.y)); !errors.As(err, &e) || e.Reason != p256hint.Related {
			t.Errorf("R = %d Q: %v", u2, err)
		}
	}
}

func TestTablesAreThoseOfPackageP256table(t *testing.T) {
	cv := P256()
	for d := range int64(4) {
		q := cv.Mul(big.NewInt(d*d*d*1_000_003+1), cv.G())
		for name, shape := range tables {
			if !bytes.Equal(shape.Code(cv, q), tableOf(t, shape, signature{x: q.X, y: q.Y})) {
				t.Errorf("%s: another table", name)
			}
		}
	}
}

// A contract's code may not begin with 0xef: one key in 256 has an x that does, and no table does.
func TestTableOfAKeyThatBeginsWithEF(t *testing.T) {
	d := big.NewInt(1)
	for base(d).X.FillBytes(make([]byte, 32))[0] != 0xef {
		d.Add(d, big.NewInt(1))
	}
	for _, shape := range tables {
		if code := tableOf(t, shape, signature{x: base(d).X, y: base(d).Y}); code[0] != 0 {
			t.Errorf("format %x begins with %x", shape.Format, code[0])
		}
	}
	onEveryPath(t, fromScalars(d, big.NewInt(1234), big.NewInt(5678)), true)
}

// FuzzEngines drives the EVM and the standard library with the same words.
func FuzzEngines(f *testing.F) {
	cv, schedules := P256(), LoadSchedules()
	for _, v := range edgeVectors(1, 0)[:40] {
		f.Add(v.h.Bytes(), v.r.Bytes(), v.s.Bytes(), uint64(1), uint64(1))
	}
	f.Add([]byte{1}, []byte{2}, []byte{3}, uint64(77), uint64(5))
	engines := map[string][]byte{
		"1k": TableEngine(cv, Table1k, schedules, slowAt), "4k": TableEngine(cv, Table4k, schedules, slowAt), "16k": TableEngine(cv, Table16k, schedules, slowAt),
	}
	noTable, plain := NoTableEngine(cv, schedules, slowAt), PlainEngine(cv, schedules, slowAt)
	f.Fuzz(func(t *testing.T, h, r, s []byte, secret, nonce uint64) {
		if len(h) > 32 || len(r) > 32 || len(s) > 32 || secret == 0 {
			return
		}
		d := new(big.Int).SetUint64(secret)
		q := base(d)
		sig := signature{new(big.Int).SetBytes(h), new(big.Int).SetBytes(r), new(big.Int).SetBytes(s), q.X, q.Y}
		cases := []signature{sig}
		if k := new(big.Int).SetUint64(nonce); nonce != 0 {
			cases = append(cases, signFast(d, k, sig.h))
		}
		for _, sig := range cases {
			want := verifyGo(sig.h, sig.r, sig.s, sig.x, sig.y)
			for name, code := range engines {
				m := newMachine(t, true, code, verifyGo)
				m.put(tableAt, tableOf(t, tables[name], sig))
				if got, _, _ := m.call(wordsOf(sig.h, sig.r, sig.s, tableAt.Big())); got != want {
					t.Errorf("%s: %t", name, got)
				}
			}
			v := vector{"", sig, sig}
			for what, data := range noTableCalls(t, v, rand.New(rand.NewSource(1))) {
				if got, _, _ := newMachine(t, true, noTable, verifyGo).call(data); got != want {
					t.Errorf("no table, %s: %t", what, got)
				}
			}
			if got, _, _ := newMachine(t, true, plain, verifyGo).call(wordsOf(sig.h, sig.r, sig.s, sig.x, sig.y)); got != want {
				t.Errorf("plain: %t", got)
			}
		}
	})
}

func TestOddCalldata(t *testing.T) {
	cv := P256()
	sig := signFast(big.NewInt(4711), big.NewInt(815), big.NewInt(42))
	other := signFast(big.NewInt(4712), big.NewInt(815), big.NewInt(42))
	for _, p := range paths() {
		t.Run(p.name, func(t *testing.T) {
			m := newMachine(t, true, p.engine(), verifyGo)
			p.install(t, m, sig)
			for what, data := range p.calls(t, vector{"", sig, sig}, rand.New(rand.NewSource(1))) {
				if got, _, _ := m.call(data); !got {
					t.Fatalf("%s: refused", what)
				}
				if got, _, _ := m.call(append(bytes.Clone(data), bytes.Repeat([]byte{0xff}, 77)...)); !got && len(data) >= 160 && what != "no hints" {
					t.Errorf("%s with bytes after it: refused", what)
				}
				words := 5
				if len(data) == 128 || len(p.name) > 5 && p.name[:5] == "table" {
					words = 4
				}
				for n := range 32 * words { // all of these cut what is needed
					if bytes.Count(data[n:32*words], []byte{0}) == 32*words-n {
						continue // nothing but zeros is cut
					}
					if got, _, _ := m.call(data[:n]); got {
						t.Errorf("%s: %d bytes are accepted", what, n)
					}
				}
			}
		})
	}
	for name, shape := range tables {
		m := newMachine(t, true, TableEngine(cv, shape, LoadSchedules(), slowAt), verifyGo)
		data := wordsOf(sig.h, sig.r, sig.s, tableAt.Big())
		m.put(tableAt, tableOf(t, shape, sig))
		copy(data[96:108], "dirty bytes!")
		if got, _, _ := m.call(data); !got {
			t.Errorf("%s: an address with bytes above it is refused", name)
		}
		for what, code := range map[string][]byte{"another key's table": tableOf(t, shape, other), "no table": {}, "one byte": {0xfe}} {
			m.put(tableAt, code)
			if got, _, _ := m.call(data); got {
				t.Errorf("%s: accepted with %s", name, what)
			}
		}
		// The table of another format can be the right one by chance (the first block of 1k is 512's), or have equal
		// points where it ends, which is an exception like any other. It never makes a bad signature good.
		bad := wordsOf(new(big.Int).Add(sig.h, big.NewInt(1)), sig.r, sig.s, tableAt.Big())
		for foreign, other := range tables {
			m.put(tableAt, tableOf(t, other, sig))
			if got, _, _ := m.call(bad); got {
				t.Errorf("%s: another hash is accepted with a table of %s", name, foreign)
			}
		}
	}
}

func TestKeysThatAreNoPoints(t *testing.T) {
	cv := P256()
	sig := signFast(big.NewInt(4711), big.NewInt(815), big.NewInt(42))
	for name, q := range map[string]Point{
		"infinity": {new(big.Int), new(big.Int)}, "off the curve": {sig.x, new(big.Int).Add(sig.y, big.NewInt(1))},
		"x + p": {new(big.Int).Add(big.NewInt(5), cv.P), sig.y}, "y = p": {sig.x, cv.P}, "all ones": {ones(256), ones(256)},
	} {
		bad := sig
		bad.x, bad.y = q.X, q.Y
		data := append(wordsOf(bad.h, bad.r, bad.s, bad.x, bad.y), sig.hinted(t)[160:]...)
		for _, engine := range [][]byte{NoTableEngine(cv, LoadSchedules(), slowAt), PlainEngine(cv, LoadSchedules(), slowAt)} {
			m := newMachine(t, true, engine, func(_, _, _, _, _ *big.Int) bool { return true })
			if got, _, slow := m.call(data); got || slow {
				t.Errorf("%s: valid %t, slow %t", name, got, slow)
			}
		}
	}
}
