// Every signature over every path, through whatever takes one: against crypto/ecdsa, with the contracts that are on a
// chain – engines, the complete verifier, tables that the factory built, P256VERIFY.

package contracts_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256hint"
	"github.com/postern-dev/postern/p256table"
)

// halfOfN is the largest s that is low.
var halfOfN, _ = new(big.Int).SetString("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8", 16)

// door is a way into the verifiers.
type door struct {
	name   string
	low    bool // takes low s only
	strict bool // refuses hints of lengths that hints do not have
	chain  *world
	// ask gives the verdict, or why the call failed, or errNoWay where the path cannot be gone through this door.
	ask func(path byte, v ecdsaInput, hints []byte) (bool, error)
}

var errNoWay = errors.New("no way")

// wants is the right answer at the door for a signature that is valid or not.
func (d door) wants(valid bool, v ecdsaInput, hints []byte) bool {
	malformed := d.strict && len(hints) != 0 && len(hints) != 32 && len(hints) != 128
	return valid && !malformed && (!d.low || v.s.Cmp(halfOfN) <= 0)
}

// allDoors are those of P256.sol and of P256Verifier, on a chain with all there is. The verifier is on it as it is where
// P256VERIFY was not there in the beginning, and on another chain as it is elsewhere.
func allDoors(t testing.TB) (*world, []door) {
	t.Helper()
	w, native := verifierWorld(t, osaka, false), verifierWorld(t, osaka, true)
	at, contract := w.deploy("P256Harness")
	send := func(w *world, to common.Address, data []byte) (bool, error) {
		ret, _, err := w.send(stranger, to, nil, data)
		return err == nil && approves(w.t, ret), err
	}
	library := func(function string, low bool) door {
		return door{"P256." + function, low, false, w, func(path byte, v ecdsaInput, hints []byte) (bool, error) {
			return send(w, at, pack(w.t, contract, function, path, word32(v.h), word32(v.r), word32(v.s), word32(v.x), word32(v.y), hints))
		}}
	}
	words := func(w *world, only byte) door {
		return door{"P256Verifier", false, false, w, func(path byte, v ecdsaInput, _ []byte) (bool, error) {
			if path != only {
				return false, errNoWay
			}
			return send(w, contracts.P256Verifier, v.bytes())
		}}
	}
	raw := func(w *world, native bool) door {
		return door{"P256Verifier.verify", true, true, w, func(path byte, v ecdsaInput, hints []byte) (bool, error) {
			b := v.bytes()
			key := b[96:160]
			switch {
			case path >= 0x11 && path <= 0x14: // where P256VERIFY is, nobody looks for the table
				key = append(key, path)
			case native != (path == 0x01):
				return false, errNoWay
			}
			return send(w, contracts.P256Verifier, contracts.VerifySignature(key, [32]byte(b), append(b[32:96:96], hints...)))
		}}
	}
	return w, []door{library("verify", true), library("verifyAny", false), words(w, 0x00), words(native, 0x01), raw(w, false), raw(native, true)}
}

// allPaths are those that there are, and two that there are not.
var allPaths = []byte{0x00, 0x01, 0x11, 0x12, 0x13, 0x14, 0x02, 0xff}

// buildAll has the factory build a key's tables; a key that is no point has none.
func (w *world) buildAll(v ecdsaInput) {
	w.t.Helper()
	key, err := p256table.NewKey(word32(v.x), word32(v.y))
	if err != nil {
		return
	}
	for _, f := range tableFormats {
		w.must(stranger, contracts.P256TableFactory.Address, nil, buildCall(w.t, f, key))
	}
}

// hintsFor are hints by what they are: right for one path or the other, wrong, and of lengths that hints do not have.
// The right ones are those of the signature that v was made from.
func hintsFor(origin, v ecdsaInput, random *rand.Rand) map[string][]byte {
	out := map[string][]byte{"none": nil}
	flip := func(b []byte) []byte {
		b = bytes.Clone(b)
		b[random.IntN(len(b))] ^= 1 << random.IntN(8)
		return b
	}
	if inverse, err := p256hint.Inverse(word32(v.s)); err == nil {
		out["1/s"], out["1/s flipped"] = inverse[:], flip(inverse[:])
	}
	if hints, err := p256hint.For(word32(origin.h), word32(origin.r), word32(origin.s), word32(origin.x), word32(origin.y)); err == nil {
		out["four"], out["four flipped"] = hints.Bytes(), flip(hints.Bytes())
	}
	junk := make([]byte, []int{1, 31, 32, 33, 64, 127, 128, 129, 160}[random.IntN(9)])
	for i := range junk {
		junk[i] = byte(random.UintN(256))
	}
	out[fmt.Sprint(len(junk), " bytes of junk")] = junk
	return out
}

// pathVector is a signature, and the valid one that it was made from.
type pathVector struct {
	name      string
	v, origin ecdsaInput
}

// randomPathVectors: two of three are valid, and every eight have a key.
func randomPathVectors(random *rand.Rand, n int) []pathVector {
	var out []pathVector
	var d *big.Int
	for i := range n {
		if i%8 == 0 {
			d = randomScalar(random)
		}
		v := signatureWith(d, randomScalar(random), randomScalar(random))
		c := pathVector{fmt.Sprint("random ", i), v, v}
		switch i % 6 {
		case 1:
			c.v.s = new(big.Int).Sub(order, v.s)
		case 2, 5:
			word := []**big.Int{&c.v.h, &c.v.r, &c.v.s}[random.IntN(3)]
			bit := random.IntN(256)
			*word = new(big.Int).SetBit(*word, bit, 1-(*word).Bit(bit))
		}
		out = append(out, c)
	}
	return out
}

var order, _ = new(big.Int).SetString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)

// edgePathVectors: keys and scalars with which points meet, numbers at the ends of their ranges, keys that are none.
func edgePathVectors(t *testing.T, random *rand.Rand, n int) []pathVector {
	var out []pathVector
	one := big.NewInt(1)
	half := new(big.Int).Rsh(new(big.Int).Add(order, one), 1)
	scalars := []*big.Int{one, big.NewInt(2), big.NewInt(3), new(big.Int).Sub(order, one), new(big.Int).Sub(order, big.NewInt(2)), half, new(big.Int).Lsh(one, 128)}
	keys := append([]*big.Int{}, scalars...)
	for _, e := range []uint{32, 43, 64, 86, 127, 192, 215, 255} {
		keys = append(keys, new(big.Int).Lsh(one, e))
	}
	add := func(name string, v ecdsaInput) { out = append(out, pathVector{name, v, v}) }
	for _, d := range keys {
		for _, u2 := range scalars {
			add(fmt.Sprintf("d %x, u1 = 0, u2 %x", d, u2), signatureWith(d, new(big.Int), u2))
		}
		for range 4 {
			u1, u2 := scalars[random.IntN(len(scalars))], scalars[random.IntN(len(scalars))]
			add(fmt.Sprintf("d %x, u1 %x, u2 %x", d, u1, u2), signatureWith(d, u1, u2))
			u := randomScalar(random)
			du := new(big.Int).Mul(u, d)
			add(fmt.Sprintf("d %x, infinity", d), signatureWith(d, du.Sub(order, du.Mod(du, order)), u))
		}
		base := signatureWith(d, randomScalar(random), randomScalar(random))
		top := new(big.Int).Sub(new(big.Int).Lsh(one, 256), one)
		for word := range 3 {
			for _, value := range []*big.Int{new(big.Int), one, order, new(big.Int).Sub(order, one), new(big.Int).Add(order, one), top} {
				c := pathVector{fmt.Sprintf("d %x, word %d is %x", d, word, value), base, base}
				*[]**big.Int{&c.v.h, &c.v.r, &c.v.s}[word] = value
				out = append(out, c)
			}
		}
		minusQ := pathVector{fmt.Sprintf("d %x, -Q", d), base, base}
		minusQ.v.y = new(big.Int).Sub(fieldPrime, base.y)
		out = append(out, minusQ)
	}
	for i := 0; len(out) < n; i++ { // few bits, long runs
		k := func() *big.Int {
			v := new(big.Int).Lsh(new(big.Int).Sub(new(big.Int).Lsh(one, 1+random.UintN(200)), one), random.UintN(56))
			if random.IntN(2) == 0 {
				v = new(big.Int).Sub(order, big.NewInt(1+random.Int64N(40)))
			}
			return v
		}
		good := signatureWith(keys[i/16%len(keys)], k(), k())
		c := pathVector{fmt.Sprint("pattern ", i), good, good}
		switch i % 6 {
		case 1:
			c.v.h = new(big.Int).Xor(good.h, one)
		case 3:
			c.v.r = new(big.Int).Add(good.r, one)
		case 5:
			c.v.s = new(big.Int).Sub(order, good.s)
		}
		out = append(out, c)
	}
	for _, k := range []int64{1, 2, 77} {
		for _, s := range []*big.Int{one, big.NewInt(2), halfOfN, new(big.Int).Add(halfOfN, one), new(big.Int).Sub(order, one)} {
			add(fmt.Sprintf("k %d, s %x", k, s), signatureWithS(big.NewInt(k), s))
		}
	}
	for i := int64(0); i < 6; i++ { // r + n is x(R), or p more than that
		small := big.NewInt(i)
		above, gap := new(big.Int).Add(order, small), new(big.Int).Sub(fieldPrime, order)
		for _, c := range [][2]*big.Int{{above, small}, {small, gap.Add(gap, small)}} {
			if y := liftX(c[0]); y != nil && c[1].Sign() > 0 {
				add(fmt.Sprintf("x(R) = %x, r = %x", c[0], c[1]), keyFor(c[0], y, c[1], big.NewInt(5)))
			}
		}
	}
	// keys with a coordinate to which p can be added
	for _, q := range []ecdsaInput{pointWithSmallX(t), pointWithSmallY(t)} {
		good := signatureOfPoint(q, big.NewInt(3), big.NewInt(5))
		add("a small coordinate", good)
		for _, word := range []int{0, 1} {
			c := pathVector{"a coordinate above p", good, good}
			at := []**big.Int{&c.v.x, &c.v.y}[word]
			if *at = new(big.Int).Add(*at, fieldPrime); (*at).BitLen() <= 256 {
				out = append(out, c)
			}
		}
	}
	base := signatureWith(big.NewInt(77), big.NewInt(5), big.NewInt(9))
	for name, q := range map[string][2]*big.Int{
		"infinity": {new(big.Int), new(big.Int)}, "off the curve": {base.x, new(big.Int).Xor(base.y, one)}, "x = p": {fieldPrime, base.y}, "y = p": {base.x, fieldPrime},
	} {
		c := pathVector{name, base, base}
		c.v.x, c.v.y = q[0], q[1]
		out = append(out, c)
	}
	return out
}

var fieldPrime, _ = new(big.Int).SetString("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 16)

// everyDoor tries a vector at every door, over every path: without hints, and with some of the others.
func everyDoor(t *testing.T, doors []door, c pathVector, random *rand.Rand) (valid bool) {
	t.Helper()
	valid = c.v.valid()
	for _, path := range allPaths {
		if path >= 0x11 && path <= 0x14 {
			if _, err := p256table.NewKey(word32(c.v.x), word32(c.v.y)); err != nil {
				continue // there is no table of it, and nobody has one remembered
			}
		}
		all := hintsFor(c.origin, c.v, random)
		which := []string{"none"}
		for what := range all {
			if what != "none" && len(which) < 2 {
				which = append(which, what)
			}
		}
		for i, what := range which {
			for first := random.IntN(len(doors)) + i; ; first++ { // the next door that leads there
				d := doors[first%len(doors)]
				got, err := d.ask(path, c.v, all[what])
				if err == errNoWay {
					continue
				}
				if want := d.wants(valid, c.v, all[what]); err != nil || got != want {
					t.Errorf("%s: %s over %#x, hints %s: %t, %v, not %t: %v", c.name, d.name, path, what, got, err, want, c.v)
				}
				break
			}
		}
	}
	return valid
}

func TestEveryDoorAndPathAgreesWithTheStandardLibrary(t *testing.T) {
	for name, vectors := range map[string]func(*rand.Rand) []pathVector{
		"random": func(r *rand.Rand) []pathVector { return randomPathVectors(r, count(1_000, 10_000)) },
		"edges":  func(r *rand.Rand) []pathVector { return edgePathVectors(t, r, count(1_000, 5_000)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(41, 42))
			w, doors := allDoors(t)
			var key ecdsaInput
			valid, all := 0, vectors(random)
			for _, c := range all {
				if key.x == nil || key.x.Cmp(c.v.x) != 0 || key.y.Cmp(c.v.y) != 0 {
					key = c.v
					w.buildAll(key)
				}
				if everyDoor(t, doors, c, random) {
					valid++
				}
			}
			t.Logf("%d vectors, %d valid", len(all), valid)
			if len(all) < 1_000 || valid < len(all)/3 || valid > len(all)*9/10 {
				t.Errorf("%d vectors, %d valid", len(all), valid)
			}
		})
	}
}

// meetings are signatures for which an engine meets equal or opposite points on its way, from internal/p256gen.
func meetings(t *testing.T) (out []struct {
	Engine, Name string
	Words, Hints hexutil.Bytes
	Valid        bool
}) {
	t.Helper()
	file, err := os.ReadFile("../internal/p256gen/testdata/meetings.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(file, &out); err != nil {
		t.Fatal(err)
	}
	if len(out) < 60 {
		t.Fatalf("%d meetings", len(out))
	}
	return out
}

// pathOf is the path that goes by an engine.
var pathOf = map[string]byte{"table512": 0x11, "table1k": 0x12, "table4k": 0x13, "table16k": 0x14, "plain": 0, "notable": 0}

func inputOf(b []byte) ecdsaInput {
	w := func(i int) *big.Int { return new(big.Int).SetBytes(b[32*i : 32*i+32]) }
	return ecdsaInput{w(0), w(1), w(2), w(3), w(4)}
}

// The complete verifier has the last word on what the engines cannot tell.
func TestMeetingsAtEveryDoor(t *testing.T) {
	random := rand.New(rand.NewPCG(43, 44))
	w, doors := allDoors(t)
	invalid := 0
	for _, c := range meetings(t) {
		v := inputOf(c.Words)
		w.buildAll(v)
		for _, s := range []*big.Int{v.s, new(big.Int).Sub(order, v.s)} {
			v.s = s
			if everyDoor(t, doors, pathVector{c.Engine + " " + c.Name, v, v}, random) != c.Valid {
				t.Errorf("%s %s: crypto/ecdsa disagrees", c.Engine, c.Name)
			}
			for _, d := range doors {
				if got, err := d.ask(pathOf[c.Engine], v, c.Hints); err != errNoWay && (err != nil || got != d.wants(c.Valid, v, c.Hints)) {
					t.Errorf("%s: %s %s: %t, %v", d.name, c.Engine, c.Name, got, err)
				}
			}
		}
		if !c.Valid {
			invalid++
		}
	}
	if invalid < 4 {
		t.Errorf("only %d end at infinity", invalid)
	}
}

// TestTooLittleGasIsNeverANo: whatever gas a call is given, a valid signature is found valid or the call fails – over
// P256VERIFY, with an engine alone, and where the complete verifier is asked and runs out of gas with a 64th left to
// the engine, to the library and to its caller each.
func TestTooLittleGasIsNeverANo(t *testing.T) {
	w, doors := allDoors(t)
	tried := map[string]bool{}
	for _, c := range meetings(t) {
		v := inputOf(c.Words)
		if tried[c.Engine] || !c.Valid || v.s.Cmp(halfOfN) > 0 {
			continue
		}
		tried[c.Engine] = true
		w.buildAll(v)
		ordinary := signatureWith(big.NewInt(77), big.NewInt(5), big.NewInt(9))
		if ordinary.s.Cmp(halfOfN) > 0 {
			ordinary.s.Sub(order, ordinary.s)
		}
		w.buildAll(ordinary)
		for name, call := range map[string]struct {
			path  byte
			v     ecdsaInput
			hints []byte
		}{c.Engine: {pathOf[c.Engine], v, c.Hints}, c.Engine + " without trouble": {pathOf[c.Engine], ordinary, nil}, "P256VERIFY": {0x01, v, nil}} {
			for _, d := range doors {
				got, err := d.ask(call.path, call.v, call.hints)
				if err == errNoWay {
					continue
				}
				if !got || err != nil {
					t.Fatalf("%s, %s: %t, %v", d.name, name, got, err)
				}
				failed, valid := 0, 0
				for gas := uint64(2_000); gas < 420_000; gas += 1_777 {
					d.chain.gas = gas
					switch got, err := d.ask(call.path, call.v, call.hints); {
					case err != nil:
						failed++
					case got:
						valid++
					default:
						t.Fatalf("%s, %s: refused with %d gas", d.name, name, gas)
					}
				}
				d.chain.gas = 30_000_000
				if failed < 2 || valid < 60 {
					t.Errorf("%s, %s: failed %d times, valid %d times", d.name, name, failed, valid)
				}
			}
		}
	}
	if len(tried) != len(pathOf) {
		t.Errorf("tried %v", tried)
	}
}

// TestTablesHavePlacesOfTheirOwn: the library, the factory and Go agree on where a table is, and no two
// tables share a place.
func TestTablesHavePlacesOfTheirOwn(t *testing.T) {
	w := newWorld(t, prague)
	w.installP256()
	at, contract := w.deploy("P256Harness")
	seen := map[common.Address]string{}
	for d := int64(1); d <= 20; d++ {
		key := tableKey(t, big.NewInt(d*d*d))
		x, y := key.X(), key.Y()
		for _, f := range tableFormats {
			ret := w.must(stranger, at, nil, pack(t, contract, "tableOf", uint8(f), x, y))
			where := common.BytesToAddress(ret)
			if want := tableAt(t, f, key); where != want || !bytes.Equal(ret[:12], make([]byte, 12)) {
				t.Errorf("%v: %x, not %s", f, ret, want)
			}
			name := fmt.Sprint(f, d)
			if other, ok := seen[where]; ok {
				t.Errorf("%s and %s share a place", name, other)
			}
			seen[where] = name
		}
	}
}
