// Keys for which an engine's sum meets the very point that it adds next, or its negative: at every addition there is.
//
// Everything that is added is a known multiple of G plus a known multiple of the key, and so is every sum on the way.
// That both are the same, or opposite, is a linear equation for the key's secret. The digits depend on u1 and u2 (and
// without a table on a and b) alone, so that these can be chosen before.

package p256gen

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/big"
	"math/rand"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common/hexutil"
)

// linear is q·d + g, for a key d·G that is not known yet.
type linear struct{ q, g *big.Int }

func (v linear) plus(w linear) linear {
	return linear{new(big.Int).Add(v.q, w.q), new(big.Int).Add(v.g, w.g)}
}

func (v linear) times(k *big.Int) linear {
	return linear{new(big.Int).Mul(v.q, k), new(big.Int).Mul(v.g, k)}
}

// secret is the d for which v is w.
func (v linear) secret(n *big.Int, w linear) *big.Int {
	difference := v.plus(w.times(big.NewInt(-1)))
	d := difference.q.ModInverse(difference.q.Mod(difference.q, n), n)
	if d == nil {
		return nil
	}
	return d.Mul(d, difference.g.Neg(difference.g)).Mod(d, n)
}

// shadow follows a walk with what its columns stand for, and calls f before each addition but the first.
func (w walk) shadow(value func(x step) linear, f func(sum, added linear)) {
	sum, first := linear{new(big.Int), new(big.Int)}, true
	for _, s := range w {
		for pass := range s.times {
			for _, x := range s.steps {
				if x.from == nil {
					sum = sum.plus(sum)
					continue
				}
				added := value(step{x.from, x.col - pass*s.by})
				if !first {
					f(sum, added)
				}
				sum, first = sum.plus(added), false
			}
		}
	}
}

// column is the multiple of the base point that a comb's column stands for, when k is the scalar.
func (c Comb) column(cv *Curve, k *big.Int, col int) *big.Int {
	b := new(big.Int).Mul(k, cv.halfN())
	b.Add(b, c.bias(cv)).Mod(b, cv.N)
	v := new(big.Int)
	for j := range c.T {
		digit := big.NewInt(2*int64(b.Bit(j*c.A+col)) - 1)
		v.Add(v, digit.Lsh(digit, uint(j*c.A+col/c.E*c.E)))
	}
	return v
}

// digits is the number from such digits, from the one of weight 2^from up.
func digits(b *big.Int, from, count int) *big.Int {
	v := new(big.Int)
	for j := range count {
		digit := big.NewInt(2*int64(b.Bit(from+j)) - 1)
		v.Add(v, digit.Lsh(digit, uint(j)))
	}
	return v
}

// meeting is a valid signature (unless the sum ends at infinity) with an exception at one addition.
type meeting struct {
	name string
	signature
	data []byte // for the engine, but for the table's address
}

// meetings are those of a walk. sign makes the signature for a secret.
func meetings(t testing.TB, w walk, value func(x step) linear, sign func(d *big.Int) (signature, []byte)) []meeting {
	t.Helper()
	var out []meeting
	count, never := 0, 0
	w.shadow(value, func(sum, added linear) {
		count++
		for name, other := range map[string]linear{"equal": added, "opposite": added.times(big.NewInt(-1))} {
			d := sum.secret(P256().N, other)
			if d == nil || d.Sign() == 0 {
				if sum.g.Sign() != 0 || added.g.Sign() != 0 { // multiples of the key alone meet for no key
					never++
				}
				continue
			}
			s, data := sign(d)
			out = append(out, meeting{fmt.Sprintf("%s points at addition %02d", name, count), s, data})
		}
	})
	// without a table the sum ends at k0·G for every key
	if count < 60 || len(out) < 80 || never > 1 {
		t.Fatalf("%d meetings at %d additions, and %d that no key has", len(out), count, never)
	}
	return out
}

// wantSlow checks that an exception is noticed.
func wantSlow(t *testing.T, m *machine, all []meeting, put func(s signature)) {
	t.Helper()
	infinite := 0
	for _, c := range all {
		put(c.signature)
		want := verifyGo(c.h, c.r, c.s, c.x, c.y)
		if !want {
			infinite++ // the sum of a bad signature may be there, see fromScalars
		}
		if got, _, slow := m.call(c.data); got != want || !slow {
			t.Errorf("%s: %t, slow %t; crypto/ecdsa says %t", c.name, got, slow, want)
		}
	}
	t.Logf("%d meetings, %d of them at the end and at infinity", len(all), infinite)
	if infinite > 1 {
		t.Errorf("%d sums at infinity", infinite)
	}
}

func tableMeetings(t testing.TB, shape Table) []meeting {
	t.Helper()
	cv := P256()
	rng := rand.New(rand.NewSource(21))
	u1, u2 := random(rng, cv), random(rng, cv)
	g, q := &source{columns: newColumnsOf(shape.G)}, &source{columns: newColumnsOf(shape.Q)}
	return meetings(t, shape.walk(g, q), func(x step) linear {
		if x.from == g {
			return linear{new(big.Int), shape.G.column(cv, u1, x.col)}
		}
		return linear{shape.Q.column(cv, u2, x.col), new(big.Int)}
	}, func(d *big.Int) (signature, []byte) {
		s := fromScalars(d, u1, u2)
		return s, wordsOf(s.h, s.r, s.s, tableAt.Big())
	})
}

// newColumnsOf is columns that only know their comb.
func newColumnsOf(c Comb) columns { return &bytewise{newColumn("", c, nil)} }

func plainMeetings(t testing.TB) []meeting {
	t.Helper()
	cv := P256()
	rng := rand.New(rand.NewSource(22))
	u1, u2 := random(rng, cv), random(rng, cv)
	b := new(big.Int).Mul(u2, cv.halfN())
	b.Add(b, NewComb(4, 1).bias(cv)).Mod(b, cv.N)
	g, q := &source{columns: newColumnsOf(noTableComb)}, &source{columns: &quads{}}
	return meetings(t, plainWalk(g, q), func(x step) linear {
		if x.from == g {
			return linear{new(big.Int), noTableComb.column(cv, u1, x.col)}
		}
		return linear{digits(b, 4*x.col, 4), new(big.Int)}
	}, func(d *big.Int) (signature, []byte) {
		s := fromScalars(d, u1, u2)
		return s, wordsOf(s.h, s.r, s.s, s.x, s.y)
	})
}

// halves are scalars for the engine without a table: a and b below 2^128, and whether b stands for n - b.
type halves struct {
	aEven, bEven, negative bool
}

// signer is what makes signatures with these scalars, and value what the columns stand for then.
func (o halves) signer(seed int64) (sign func(d *big.Int) (signature, []byte), value func(g *source, x step) linear, minusR linear) {
	cv := P256()
	n := cv.N
	rng := rand.New(rand.NewSource(seed))
	// k is a scalar, up the word of the digits of the odd one that stands for it
	short := func(even bool) (k, up *big.Int) {
		odd := new(big.Int).Rand(rng, ones(127))
		odd.SetBit(odd, 0, 1).SetBit(odd, 127, 1)
		up = new(big.Int).Rsh(new(big.Int).Add(odd, ones(128)), 1)
		if even {
			odd.SetBit(odd, 0, 0)
		}
		return odd, up
	}
	a, aUp := short(o.aEven)
	b, bUp := short(o.bEven)
	key := linear{big.NewInt(1), new(big.Int)}
	if o.negative {
		key = key.times(big.NewInt(-1))
	}
	u1 := random(rng, cv)
	u2 := new(big.Int).Mul(b, key.q)
	u2.Mul(u2, new(big.Int).ModInverse(a, n)).Mod(u2, n)
	minusR = linear{new(big.Int).Neg(u2), new(big.Int).Neg(u1)}
	c := new(big.Int).Mul(u1, a)
	c.Add(c, noTableK0(cv)).Mod(c, n)
	sign = func(d *big.Int) (signature, []byte) {
		s := fromScalars(d, u1, u2)
		w := new(big.Int).Mul(a, new(big.Int).ModInverse(s.s, n))
		return s, append(wordsOf(s.h, s.r, s.s, s.x, s.y), toyHints(cv, s, w.Mod(w, n))...)
	}
	value = func(g *source, x step) linear {
		if x.from == g {
			return linear{new(big.Int), noTableComb.column(cv, c, x.col)}
		}
		return minusR.times(digits(aUp, 2*x.col, 2)).plus(key.times(digits(bUp, 2*x.col, 2)))
	}
	return sign, value, minusR
}

func noTableMeetings(t testing.TB, o halves) []meeting {
	t.Helper()
	cv := P256()
	sign, value, minusR := o.signer(23)
	g, joint := &source{columns: newColumnsOf(noTableComb)}, &source{columns: &windows{}}
	out := meetings(t, noTableWalk(g, joint), func(x step) linear { return value(g, x) }, sign)
	// Before a correction the sum is k0·G and the point to take away. It meets that point's negative; the point itself it
	// never does, because k0 is not zero.
	k0, taken := linear{new(big.Int), noTableK0(cv)}, minusR
	switch {
	case o.bEven && o.negative:
		taken = linear{big.NewInt(-1), new(big.Int)}
	case o.bEven:
		taken = linear{big.NewInt(1), new(big.Int)}
	case !o.aEven:
		return out
	}
	s, data := sign(k0.plus(taken).secret(cv.N, taken.times(big.NewInt(-1))))
	return append(out, meeting{"equal points at the correction", s, data})
}

func TestTableEnginesNoticeEveryMeeting(t *testing.T) {
	for name, shape := range tables {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, true, TableEngine(P256(), shape, LoadSchedules(), slowAt), verifyGo)
			wantSlow(t, m, tableMeetings(t, shape), func(s signature) { m.put(tableAt, tableOf(t, shape, s)) })
		})
	}
}

func TestThePlainEngineNoticesEveryMeeting(t *testing.T) {
	wantSlow(t, newMachine(t, true, PlainEngine(P256(), LoadSchedules(), slowAt), verifyGo), plainMeetings(t), func(signature) {})
}

func TestTheEngineWithoutATableNoticesEveryMeeting(t *testing.T) {
	for _, o := range []halves{{}, {aEven: true}, {bEven: true}, {negative: true}, {aEven: true, negative: true}, {bEven: true, negative: true}} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, true, NoTableEngine(P256(), LoadSchedules(), slowAt), verifyGo)
			wantSlow(t, m, noTableMeetings(t, o), func(signature) {})
			// and with other keys there is nothing to notice
			for seed := range int64(5) {
				sign, _, _ := o.signer(seed)
				s, data := sign(big.NewInt(4711 + seed))
				if got, _, slow := m.call(data); !got || slow {
					t.Errorf("%v: %t, slow %t", s, got, slow)
				}
			}
		})
	}
}

const meetingsFile = "testdata/meetings.json"

var update = flag.Bool("update", false, "write "+meetingsFile)

// meetingVector is a meeting for others to replay: with the slow verifier that is on the chain, for instance.
type meetingVector struct {
	Engine string        `json:"engine"`
	Name   string        `json:"name"`
	Words  hexutil.Bytes `json:"words"` // h, r, s, x, y
	Hints  hexutil.Bytes `json:"hints,omitempty"`
	Valid  bool          `json:"valid"`
}

// TestMeetingsFile keeps some meetings of each engine, and all that end at infinity or meet at a correction.
func TestMeetingsFile(t *testing.T) {
	var out []meetingVector
	put := func(engine string, all []meeting) {
		slices.SortFunc(all, func(a, b meeting) int { return strings.Compare(a.name, b.name) })
		for i, c := range all {
			v := meetingVector{Engine: engine, Name: c.name, Words: wordsOf(c.h, c.r, c.s, c.x, c.y), Valid: verifyGo(c.h, c.r, c.s, c.x, c.y)}
			if i%(1+len(all)/12) != 0 && v.Valid && !strings.Contains(c.name, "correction") {
				continue
			}
			if engine == "notable" {
				v.Hints = c.data[160:]
			}
			out = append(out, v)
		}
	}
	for _, name := range []string{"512", "1k", "4k", "16k"} {
		put("table"+name, tableMeetings(t, tables[name]))
	}
	put("plain", plainMeetings(t))
	put("notable", noTableMeetings(t, halves{aEven: true, negative: true}))
	put("notable", noTableMeetings(t, halves{bEven: true}))
	file, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	file = append(file, '\n')
	if *update {
		if err := os.WriteFile(meetingsFile, file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(meetingsFile); err != nil || !bytes.Equal(want, file) {
		t.Errorf("%s is not what the code makes (%v): run with -update", meetingsFile, err)
	}
}
