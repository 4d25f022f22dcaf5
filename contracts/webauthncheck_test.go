// The arithmetic of WebAuthn on chain against Go's: base64url, clientDataJSON, digests, flags and rules.

package contracts_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/holiman/uint256"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// assertion is what the library reads, in words of its own: nothing here is taken from seal.
type assertion struct {
	general                  bool
	authData, prefix, suffix []byte
	typeIndex                int
}

// bytes writes the assertion as it is.
func (a assertion) bytes() []byte {
	b := append([]byte{byte(len(a.authData))}, a.authData...)
	if a.general {
		b = binary.BigEndian.AppendUint16(b, uint16(a.typeIndex))
		b = binary.BigEndian.AppendUint16(b, uint16(len(a.prefix)))
		b = append(b, a.prefix...)
	}
	return append(binary.BigEndian.AppendUint16(b, uint16(len(a.suffix))), a.suffix...)
}

// readAssertion parses strictly, up to where the assertion ends.
func readAssertion(general bool, b []byte) (a assertion, length int, ok bool) {
	rest := b
	take := func(n int) []byte {
		if n > len(rest) {
			rest, ok = nil, false
			return nil
		}
		head := rest[:n]
		rest = rest[n:]
		return head
	}
	number := func(width int) int {
		if b := take(width); b != nil {
			return int(new(big.Int).SetBytes(b).Int64())
		}
		return 0
	}
	ok = true
	a.general = general
	a.authData = take(number(1))
	if general {
		a.typeIndex = number(2)
		a.prefix = take(number(2))
	}
	a.suffix = take(number(2))
	if !ok || len(a.authData) < 37 || general && len(a.prefix) < 14 {
		return assertion{}, 0, false
	}
	return a, len(b) - len(rest), true
}

const (
	fixedPrefix = `{"type":"webauthn.get","challenge":"`
	typeMember  = `"type":"webauthn.get"`
)

// judge is what the library has to say of the assertion, told in other words.
func (a assertion) judge(challenge [32]byte, rule byte) (allowed bool, hash [32]byte) {
	prefix := a.prefix
	if !a.general {
		prefix = []byte(fixedPrefix)
	}
	json := slices.Concat(prefix, []byte(base64.RawURLEncoding.EncodeToString(challenge[:])), a.suffix)
	allowed = ruleAllows(rule, a.authData[32]) && bytes.HasPrefix(a.suffix, []byte(`"`))
	if a.general {
		opens := func(i int) bool { return i >= 0 && (json[i] == '{' || json[i] == ',') }
		allowed = allowed && json[0] == '{' && bytes.HasSuffix(prefix, []byte(`"challenge":"`)) && opens(len(prefix)-14) &&
			len(json) >= a.typeIndex+21 && string(json[a.typeIndex:a.typeIndex+21]) == typeMember && opens(a.typeIndex-1) &&
			!(len(prefix) == 36 && a.typeIndex == 1)
	}
	return allowed, digestOf(a.authData, json)
}

// ruleAllows is the rule by its definition: pairs of bits, 0 any, 1 required, 2 forbidden.
func ruleAllows(rule, flags byte) bool {
	has := func(f passkey.Flags) bool { return passkey.Flags(flags)&f != 0 }
	if rule >= 64 || !has(passkey.FlagUP) || has(passkey.FlagBS) && !has(passkey.FlagBE) {
		return false
	}
	for i, f := range []passkey.Flags{passkey.FlagUV, passkey.FlagBE, passkey.FlagBS} {
		pair := rule >> (2 * i) & 3
		if pair&1 != 0 && !has(f) || pair&2 != 0 && has(f) {
			return false
		}
	}
	return true
}

// digest asks the library.
func (h *harness) digest(challenge [32]byte, rule byte, general bool, b []byte) (length int, allowed bool, hash [32]byte) {
	h.t.Helper()
	dirt := bytes.Repeat([]byte(`{"type":"webauthn.get","challenge":"`), 4+len(b)/36)
	ret := h.must(stranger, h.at, nil, pack(h.t, h.contract, "digest", challenge, big.NewInt(int64(rule)), general, b, dirt))
	out, err := h.contract.Unpack("digest", ret)
	if err != nil {
		h.t.Fatal(err)
	}
	if !out[3].(bool) {
		h.t.Fatalf("memory that is not free was written: %x", b)
	}
	return int(out[0].(*big.Int).Int64()), out[1].(bool), out[2].([32]byte)
}

// agree checks that the library and judge say the same.
func (h *harness) agree(challenge [32]byte, rule byte, general bool, b []byte) (allowed bool) {
	h.t.Helper()
	length, allowed, hash := h.digest(challenge, rule, general, b)
	a, wantLength, ok := readAssertion(general, b)
	if !ok {
		if length != 0 || allowed {
			h.t.Fatalf("malformed, but %d bytes, allowed %t: %x", length, allowed, b)
		}
		return false
	}
	want, wantHash := a.judge(challenge, rule)
	if length != wantLength || allowed != want || hash != wantHash {
		h.t.Fatalf("general %t: %d bytes, allowed %t, digest %x; want %d, %t, %x: rule %d %x", general, length, allowed, hash, wantLength, want, wantHash, rule, b)
	}
	return allowed
}

func TestEveryRuleWithAllFlags(t *testing.T) {
	h := newHarness(t, prague)
	for rule := range 256 {
		for flags := range 256 {
			dirty := new(big.Int).Or(new(big.Int).Lsh(big.NewInt(0x5eed_00), 60), big.NewInt(int64(flags)))
			ret := h.must(stranger, h.at, nil, pack(t, h.contract, "allows", big.NewInt(int64(rule)), dirty))
			got, want := ret[31] == 1, ruleAllows(byte(rule), byte(flags))
			if got != want {
				t.Fatalf("rule %#02x, flags %#02x: %t", rule, flags, got)
			}
			if r := seal.Rule(rule); r.Valid() && r.Allows(passkey.Flags(flags)) != want || !r.Valid() && want {
				t.Fatalf("rule %#02x, flags %#02x: %t on chain, not by seal", rule, flags, want)
			}
		}
	}
}

// sample makes an assertion that is mostly good.
func sampleAssertion(random *rand.Rand, challenge [32]byte) assertion {
	flags := []passkey.Flags{usualFlags, passkey.FlagUP, passkey.Flags(random.UintN(256)), usualFlags | passkey.FlagBE | passkey.FlagBS}
	extensions := make([]byte, []int{0, 0, 1, 31, 32, 218}[random.IntN(6)])
	a := assertion{authData: authData(flags[random.IntN(len(flags))], extensions...), general: random.IntN(2) == 0}
	origin := bytes.Repeat([]byte("o"), []int{0, 7, 30, 400}[random.IntN(4)])
	a.suffix = slices.Concat([]byte(`","origin":"`), origin, []byte(`"}`))
	if a.general {
		switch random.IntN(3) {
		case 0:
			a.prefix, a.typeIndex = slices.Concat([]byte(`{"androidPackageName":"`), origin, []byte(`","type":"webauthn.get","challenge":"`)), 25+len(origin)
		case 1:
			a.prefix = []byte(`{"challenge":"`)
			a.suffix = append([]byte(`",`+typeMember+`,"origin":"`), append(origin, `"}`...)...)
			a.typeIndex = 14 + 43 + 2
		case 2:
			a.prefix = slices.Concat([]byte(`{"origin":"`), origin, []byte(`","challenge":"`))
			a.suffix = []byte(`",` + typeMember + `}`)
			a.typeIndex = len(a.prefix) + 43 + 2
		}
	}
	return a
}

func TestDigestsAreGos(t *testing.T) {
	h := newHarness(t, prague)
	random := rand.New(rand.NewPCG(5, 1))
	allowed := 0
	for range 600 {
		var challenge [32]byte
		for i := range challenge {
			challenge[i] = byte(random.UintN(256))
		}
		a := sampleAssertion(random, challenge)
		rule := []byte{0, 1, 1, 1, 2, 0x15, 0x29, byte(random.UintN(256))}[random.IntN(8)]
		b := a.bytes()
		if h.agree(challenge, rule, a.general, b) {
			allowed++
		}
		h.agree(challenge, rule, !a.general, b)
		// what follows is not read; what is missing is missed; any byte may be wrong
		h.agree(challenge, rule, a.general, append(slices.Clone(b), "hints follow"...))
		h.agree(challenge, rule, a.general, b[:random.IntN(len(b))])
		for range 4 {
			wrong := slices.Clone(b)
			i := random.IntN(len(wrong))
			if random.IntN(2) == 0 { // the lengths and the ends of texts are where it matters
				i = []int{0, len(a.authData), 1 + len(a.authData), 2 + len(a.authData), 4 + len(a.authData), 4 + len(a.authData) + len(a.prefix), 33}[random.IntN(7)] % len(wrong)
			}
			wrong[i] ^= 1 << random.UintN(8)
			h.agree(challenge, rule, a.general, wrong)
		}
	}
	t.Logf("%d allowed", allowed)
	if allowed < 100 {
		t.Errorf("only %d assertions were allowed", allowed)
	}
}

// Every place where the general form looks at something, with something else there.
func TestTheGeneralFormIsLookedAtClosely(t *testing.T) {
	h := newHarness(t, prague)
	challenge := [32]byte{1, 2, 3}
	good := assertion{general: true, authData: authData(usualFlags), prefix: []byte(`{"a":1,"type":"webauthn.get","challenge":"`), suffix: []byte(`","b":2}`), typeIndex: 7}
	if !h.agree(challenge, 1, true, good.bytes()) {
		t.Fatal("a good one is refused")
	}
	for i := range good.prefix {
		c := good
		c.prefix = slices.Clone(good.prefix)
		c.prefix[i] ^= 0x04
		inside := i > 0 && i < 6 // in the member before
		if got := h.agree(challenge, 1, true, c.bytes()); got != inside {
			t.Errorf("prefix %s: allowed %t", c.prefix, got)
		}
	}
	for i := range 200 {
		c := good
		c.typeIndex = i
		if got := h.agree(challenge, 1, true, c.bytes()); got != (i == 7) {
			t.Errorf("type at %d: allowed %t", i, got)
		}
	}
	for _, index := range []int{0xffff, 0xffeb, 0xffea, len(good.prefix) + 43 + len(good.suffix) - 21, len(good.prefix) + 43 + len(good.suffix) - 20} {
		c := good
		c.typeIndex = index
		if h.agree(challenge, 1, true, c.bytes()) {
			t.Errorf("type at %d: allowed", index)
		}
	}
	for name, c := range map[string]assertion{
		"the fixed form":          {true, good.authData, []byte(fixedPrefix), []byte(`"}`), 1},
		"brace, then challenge":   {true, good.authData, []byte(`{"challenge":"`), []byte(`",` + typeMember + `}`), 59},
		"type ends the JSON":      {true, good.authData, []byte(`{"challenge":"`), []byte(`",` + typeMember), 59},
		"type cut short":          {true, good.authData, []byte(`{"challenge":"`), []byte(`",` + typeMember[:20]), 59},
		"no suffix":               {true, good.authData, good.prefix, nil, 7},
		"prefix of 13":            {true, good.authData, []byte(`"challenge":"`), []byte(`",` + typeMember + `}`), 58},
		"prefix does not open":    {true, good.authData, []byte(`["type":"webauthn.get","challenge":"`), good.suffix, 1},
		"type in a string":        {true, good.authData, []byte(`{"a":"` + typeMember + `","challenge":"`), good.suffix, 6},
		"type after space":        {true, good.authData, []byte(`{ "type":"webauthn.get","challenge":"`), good.suffix, 2},
		"challenge after space":   {true, good.authData, []byte(`{"type":"webauthn.get", "challenge":"`), good.suffix, 1},
		"type spans the text":     {true, good.authData, []byte(`{"type":"challenge":"`), good.suffix, 1},
		"challenge named escaped": {true, good.authData, []byte(`{"type":"webauthn.get","a":"\"challenge":"`), good.suffix, 1},
	} {
		want := name == "brace, then challenge" || name == "type ends the JSON"
		if got := h.agree(challenge, 1, true, c.bytes()); got != want {
			t.Errorf("%s: allowed %t", name, got)
		}
	}
}

// Neither what follows in the calldata nor what stood in memory completes what is missing.
func TestNothingIsCompletedByWhatFollows(t *testing.T) {
	h := newHarness(t, prague)
	challenge := [32]byte{4, 5}
	for _, general := range []bool{false, true} {
		a := assertion{general: general, authData: authData(usualFlags), prefix: []byte(`{"a":1,"type":"webauthn.get","challenge":"`), typeIndex: 7}
		for _, more := range []string{`"`, `","origin":"x"}`} {
			if h.agree(challenge, 1, general, append(a.bytes(), more...)) {
				t.Errorf("no suffix, but %s after it", more)
			}
		}
	}
	// The JSON ends within the type, at each of its characters; the memory after it holds the same member at every place
	// where that can be.
	for cut := 1; cut <= len(typeMember); cut++ {
		for shift := range 36 {
			a := assertion{general: true, authData: authData(usualFlags), prefix: []byte(`{"challenge":"`)}
			a.suffix = []byte(`"` + string(bytes.Repeat([]byte("x"), shift)) + `,` + typeMember[:len(typeMember)-cut])
			a.typeIndex = 14 + 43 + 2 + shift
			if h.agree(challenge, 1, true, a.bytes()) {
				t.Fatalf("the last %d characters of the type are missing, shift %d", cut, shift)
			}
		}
	}
}

// The longest that lengths can say.
func TestTheLongestAssertions(t *testing.T) {
	h := newHarness(t, prague)
	challenge := [32]byte{9}
	long := bytes.Repeat([]byte("x"), 0xffff)
	suffix := append([]byte(`"`), long[1:]...)
	for _, c := range []assertion{
		{authData: authData(usualFlags, long[:218]...), suffix: suffix},
		{general: true, authData: authData(usualFlags, long[:218]...), suffix: suffix, typeIndex: 0xffff - 36,
			prefix: slices.Concat([]byte(`{`), long[:0xffff-36-2], []byte(`,`+typeMember+`,"challenge":"`))},
	} {
		if !h.agree(challenge, 1, c.general, c.bytes()) {
			t.Error("refused")
		}
		for _, cut := range []int{1, 2, 0xffff} {
			h.agree(challenge, 1, c.general, c.bytes()[:len(c.bytes())-cut])
		}
	}
}

func FuzzDigest(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 8 {
		a := sampleAssertion(random, [32]byte{})
		f.Add(a.bytes(), byte(1), a.general, []byte{7})
	}
	h := newHarness(f, prague)
	f.Fuzz(func(t *testing.T, b []byte, rule byte, general bool, seed []byte) {
		h.t = t
		var challenge [32]byte
		copy(challenge[:], seed)
		h.agree(challenge, rule, general, b)
	})
}

// failing stands for a precompile that answers the first calls and then fails.
type failing struct {
	vm.PrecompiledContract
	after *int
}

func (f failing) Run(in []byte) ([]byte, error) {
	if *f.after--; *f.after < 0 {
		return nil, vm.ErrOutOfGas
	}
	return f.PrecompiledContract.Run(in)
}

// Without SHA-256 memory would hold what an assertion says of itself in place of a digest: nothing is allowed, and the
// verifier is not even created.
func TestNothingIsAllowedWithoutSHA256(t *testing.T) {
	h := newHarness(t, osaka)
	sha256At := common.BytesToAddress([]byte{2})
	rules := h.fork.config().Rules(big.NewInt(1), true, 1_700_000_000)
	real := vm.ActivePrecompiledContracts(rules)[sha256At]
	b := assertion{authData: authData(usualFlags), suffix: []byte(`"}`)}.bytes()
	call := pack(t, h.contract, "digest", [32]byte{1}, big.NewInt(1), false, b, []byte{})
	none, first, second := 0, 1, 2
	for name, c := range map[string]struct {
		precompile vm.PrecompiledContract
		want       bool
	}{
		"absent": {nil, false}, "silent": {lyingInverse{}, false}, "fails at once": {failing{real, &none}, false},
		"fails the second time": {failing{real, &first}, false}, "works twice": {failing{real, &second}, true},
	} {
		ret, _, err := h.strange(sha256At, c.precompile).Call(stranger, h.at, call, vm.NewGasBudget(30_000_000, 0), new(uint256.Int))
		if err != nil || (ret[63] == 1) != c.want {
			t.Errorf("%s: %x, %v", name, ret, err)
		}
	}
	for name, precompile := range map[string]vm.PrecompiledContract{"absent": nil, "lying": lyingInverse(make([]byte, 32))} {
		w := newWorld(t, osaka)
		_, _, err := w.strange(sha256At, precompile).Call(stranger, contracts.Deployer, contracts.P256VerifierInit(), vm.NewGasBudget(30_000_000, 0), new(uint256.Int))
		if err == nil || len(w.state.GetCode(contracts.P256Verifier)) != 0 {
			t.Errorf("%s: the verifier was created", name)
		}
	}
}
