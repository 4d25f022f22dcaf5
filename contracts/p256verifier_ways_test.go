// P256Verifier verifies the plainest approvals apart, with everything at a place that is known: here it is shown that this
// is the same as its general way.

package contracts_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/holiman/uint256"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// ways are a verifier's two ways to take an approval: its own call, which has a quick way for the plainest, and ERC-7913.
type ways struct{ *world }

// same asks by both and wants one answer.
func (w ways) same(name string, call []byte) (valid bool) {
	w.t.Helper()
	ret, _, err := w.send(stranger, contracts.P256Verifier, nil, call)
	if err != nil {
		w.t.Fatalf("%s: %v: %x", name, err, call)
	}
	valid = approves(w.t, ret)
	if len(call) < 192 || !bytes.Equal(call[:28], zero[:28]) {
		if valid && len(call) != 160 {
			w.t.Errorf("%s: a call that is none is answered by yes: %x", name, call)
		}
		return valid
	}
	hash, key, signature := unpacked(call)
	ret, _, err = w.send(stranger, contracts.P256Verifier, nil, contracts.VerifySignature(key, hash, signature))
	if err != nil {
		w.t.Fatalf("%s: ERC-7913: %v: %x", name, err, call)
	}
	if by7913 := approves(w.t, ret); by7913 != valid {
		w.t.Errorf("%s: its own call says %t, ERC-7913 %t: %x", name, valid, by7913, call)
	}
	return valid
}

// plainest are valid calls that have a quick way, one for each, and some that have none: with another form, with
// extensions in authData, with a table that is not there.
func plainest(t testing.TB, w *world, p *rawPasskey, hash common.Hash, suffix []byte) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	client := append(slices.Clone(standardClientData(hash)[:79]), suffix...)
	put := func(name string, data []byte, format p256table.Format, hinted bool) {
		approval := p.fixed(data, client)
		var hints []byte
		if hinted {
			hints = hintsOf(t, format, p.public(), digestOf(data, client), approval[66:130])
		}
		out[name] = packedCall(hash, append(p.public().Raw(), byte(seal.RequireUV), byte(format)), assertionOf(approval, hints))
	}
	put("no hints", authData(usualFlags), 0, false)
	put("four hints", authData(usualFlags), 0, true)
	put("extensions", authData(usualFlags|passkey.FlagED, 0xa0), 0, true)
	for _, f := range tableFormats {
		if f != p256table.Format512 {
			w.putTableOf(f, p.public())
		}
		put("table of "+f.String(), authData(usualFlags), f, true)
	}
	put("table without hint", authData(usualFlags), p256table.Format4k, false)
	general := p.reversed(hash)
	out["general"] = packedCall(hash, append(p.public().Raw(), byte(seal.RequireUV), 0), assertionOf(general, nil))
	return out
}

var usualSuffix = []byte(`","origin":"https://wallet.example","crossOrigin":false}`)

// bothVerifiers calls f with a verifier that has found P256VERIFY and with one that has not.
func bothVerifiers(t *testing.T, f func(t *testing.T, w ways, precompile bool)) {
	for _, precompile := range []bool{true, false} {
		t.Run(fmt.Sprintf("precompile %t", precompile), func(t *testing.T) {
			t.Parallel()
			f(t, ways{verifierWorld(t, osaka, precompile)}, precompile)
		})
	}
}

// TestTheQuickWaysAreNoOtherWays: calls with a quick way, changed in every byte, cut and lengthened.
func TestTheQuickWaysAreNoOtherWays(t *testing.T) {
	bothVerifiers(t, func(t *testing.T, w ways, precompile bool) {
		random := rand.New(rand.NewPCG(51, 52))
		hash := opHash("quick")
		p := newPasskey(t, "quick", seal.RequireUV)
		telling := []byte{0, 1, 2, 3, 4, 5, 6, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x20, 0x22, 0x25, 0x26, 0x7f, 0x80, 0xff}
		kept := 0
		all := plainest(t, w.world, p, hash, usualSuffix)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			good := all[name]
			if !w.same(name, good) {
				t.Errorf("%s: refused", name)
			}
			try := func(what string, call []byte) {
				if w.same(name+", "+what, call) && !bytes.Equal(call, good) {
					kept++
				}
			}
			step := count(9, 1)
			for at := random.IntN(step); at < len(good); at += step {
				for range 2 {
					call := bytes.Clone(good)
					call[at] ^= 1 << random.IntN(8)
					try(fmt.Sprintf("a bit of byte %d", at), call)
				}
			}
			// everything that has a place of its own: rule, format, form, authLen, flags, the suffix's length and quote, the
			// hints' length
			for _, at := range []int{0, 27, 28, 29, 30, 31, 224, 229, 230, 231, len(good) - 129, len(good) - 33, len(good) - 1} {
				for _, v := range telling {
					call := bytes.Clone(good)
					call[at] = v
					try(fmt.Sprintf("byte %d is %d", at, v), call)
				}
			}
			for n := random.IntN(step); n < len(good); n += step {
				try(fmt.Sprintf("cut to %d", n), good[:n])
			}
			for _, more := range []int{1, 2, 32, 33, 128, 129} {
				try(fmt.Sprintf("%d zeros more", more), append(bytes.Clone(good), make([]byte, more)...))
				try(fmt.Sprintf("%d bytes more", more), append(bytes.Clone(good), bytes.Repeat([]byte{0x20}, more)...))
			}
			for word, values := range map[int][]*big.Int{ // r and s
				128: {new(big.Int), big.NewInt(1), order}, 160: {new(big.Int), big.NewInt(1), halfOfN, new(big.Int).Add(halfOfN, big.NewInt(1)), order,
					new(big.Int).Sub(order, new(big.Int).SetBytes(good[160:192]))},
			} {
				for _, v := range values {
					call := bytes.Clone(good)
					v.FillBytes(call[word : word+32])
					if w.same(fmt.Sprintf("%s, word at %d is %x", name, word, v), call) {
						t.Errorf("%s: r or s is %x and accepted", name, v)
					}
				}
			}
		}
		t.Logf("%d changed calls were valid: other hints, other formats, other lengths of nothing", kept)
	})
}

// TestTheQuickWaysOnRules: every rule with all flags that it looks at, signed with these.
func TestTheQuickWaysOnRules(t *testing.T) {
	bothVerifiers(t, func(t *testing.T, w ways, precompile bool) {
		hash := opHash("rules")
		p := newPasskey(t, "rules", seal.RequireUV)
		allowed := 0
		step := 1
		if !precompile {
			step = count(37, 5) // without P256VERIFY each takes a millisecond
		}
		for flags := range 32 {
			data := authData(passkey.Flags(flags))
			client := standardClientData(hash)
			approval := p.fixed(data, client)
			var hints []byte
			if !precompile {
				hints = hintsOf(t, 0, p.public(), digestOf(data, client), approval[66:130])
			}
			for rule := flags % step; rule < 256; rule += step {
				key := append(p.public().Raw(), byte(rule), 0)
				got := w.same(fmt.Sprintf("rule %#x, flags %#x", rule, flags), packedCall(hash, key, assertionOf(approval, hints)))
				if want := seal.Rule(rule).Valid() && seal.Rule(rule).Allows(passkey.Flags(flags)); got != want {
					t.Errorf("rule %#x, flags %#x: %t", rule, flags, got)
				}
				if got {
					allowed++
				}
			}
		}
		if allowed == 0 || step == 1 && allowed != 96 {
			t.Errorf("%d allowed", allowed)
		}
	})
}

// TestTheQuickWaysOnHashesAndSuffixes: every character of the challenge, and client data of all lengths.
func TestTheQuickWaysOnHashesAndSuffixes(t *testing.T) {
	bothVerifiers(t, func(t *testing.T, w ways, precompile bool) {
		random := rand.New(rand.NewPCG(53, 54))
		p := newPasskey(t, "hashes", seal.RequireUV)
		way := "no hints"
		if !precompile {
			way = "four hints"
		}
		var hashes []common.Hash
		for i := range 64 { // the same character everywhere
			var h common.Hash
			for bit := range 256 {
				h[bit/8] |= byte(i>>(5-bit%6)&1) << (7 - bit%8)
			}
			hashes = append(hashes, h)
		}
		for range count(100, 2_000) {
			var h common.Hash
			for i := range h {
				h[i] = byte(random.UintN(256))
			}
			hashes = append(hashes, h)
		}
		for _, h := range hashes {
			if !w.same(h.String(), plainest(t, w.world, p, h, usualSuffix)[way]) {
				t.Errorf("%s: refused", h)
			}
		}
		for _, n := range []int{1, 2, 3, 12, 13, 31, 32, 33, 44, 45, 255, 256, 257, 1_000, 65_535} {
			suffix := append([]byte{'"'}, bytes.Repeat([]byte{'}'}, n-1)...)
			for name, call := range plainest(t, w.world, p, hashes[0], suffix) {
				if !w.same(fmt.Sprintf("%s, %d bytes of suffix", name, n), call) {
					t.Errorf("%s, %d bytes of suffix: refused", name, n)
				}
			}
		}
	})
}

// TestTheChallengeEndsWithItsQuote: client data in which the challenge goes on is refused in every way, signed or not.
func TestTheChallengeEndsWithItsQuote(t *testing.T) {
	bothVerifiers(t, func(t *testing.T, w ways, precompile bool) {
		hash, p := opHash("quote"), newPasskey(t, "quote", seal.RequireUV)
		for first := range 256 {
			if !precompile && first > 0x30 && first%16 != 0xc {
				continue
			}
			suffix := append([]byte{byte(first)}, usualSuffix[1:]...)
			for name, call := range plainest(t, w.world, p, hash, suffix) {
				if want := first == '"' || name == "general"; w.same(fmt.Sprintf("%s, %#x for the quote", name, first), call) != want {
					t.Errorf("%s, %#x for the quote: %t", name, first, !want)
				}
			}
		}
	})
}

// dearSHA256 is SHA-256 on a chain that charges more for it.
type dearSHA256 uint64

func (d dearSHA256) RequiredGas(in []byte) uint64 {
	return uint64(d) * (60 + 12*uint64((len(in)+31)/32))
}
func (dearSHA256) Name() string { return "sha256" }
func (dearSHA256) Run(in []byte) ([]byte, error) {
	h := sha256.Sum256(in)
	return h[:], nil
}

// TestTooLittleGasForSHA256IsNoAnswer: after a hash that had too little gas a 64th of it is left, and whoever calls
// chooses what r, s and the hints are. Nothing that follows may be taken for a signature. As SHA-256 is priced there is not
// enough left for anything; the verifier stays where prices change, and here they are up to a thousand times as high.
func TestTooLittleGasForSHA256IsNoAnswer(t *testing.T) {
	sha256At := common.BytesToAddress([]byte{2})
	bothVerifiers(t, func(t *testing.T, w ways, precompile bool) {
		hash := opHash("starved")
		p := newPasskey(t, "starved", seal.RequireUV)
		rules := w.fork.config().Rules(big.NewInt(1), true, 1_700_000_000)
		var warm types.AccessList
		for _, e := range contracts.P256Engines() {
			warm = append(warm, types.AccessTuple{Address: e.Address})
		}
		for name, call := range plainest(t, w.world, p, hash, append([]byte{'"'}, bytes.Repeat([]byte{0xff}, 3_000)...)) {
			for _, r := range []int64{0, 1} {
				forged := bytes.Clone(call)
				big.NewInt(r).FillBytes(forged[128:160])
				for _, s := range []int64{0, 1} {
					big.NewInt(s).FillBytes(forged[160:192])
					for _, price := range []dearSHA256{1, 100, 1_000} {
						env := w.strange(sha256At, price)
						dear := uint64(price) * 1_300
						for gas := dear; gas < 4*dear+400_000; gas += 1 + dear/150 + (gas-dear)/80 {
							at := contracts.P256Verifier
							w.state.Prepare(rules, stranger, common.Address{}, &at, vm.ActivePrecompiles(rules), warm)
							ret, _, err := env.Call(stranger, at, forged, vm.NewGasBudget(gas, 0), new(uint256.Int))
							// P256VERIFY's way to say no is nothing at all, and may get through where r is 0
							if silent := precompile && r == 0 && len(ret) == 0; err == nil && !silent && approves(t, ret) {
								t.Fatalf("%s, r = %d, s = %d, SHA-256 %d times as dear, %d gas: %x", name, r, s, price, gas, ret)
							}
						}
					}
				}
			}
		}
	})
}

// TestTheQuickWaysKnowWhatAnAccountHasFound: an account for which P256VERIFY was found is served by it, in every way.
func TestTheQuickWaysKnowWhatAnAccountHasFound(t *testing.T) {
	w := ways{verifierWorld(t, osaka, false)}
	hash := opHash("found")
	calls := plainest(t, w.world, newPasskey(t, "found", seal.RequireUV), hash, usualSuffix)
	for _, found := range []bool{false, true} {
		if found {
			w.must(addr("anybody"), contracts.P256Verifier, nil, contracts.ProbeFor(stranger))
		}
		for name, call := range calls {
			trace := w.watch(common.Address{}, common.Address{}, func() {
				if !approves(t, w.must(stranger, contracts.P256Verifier, nil, call)) {
					t.Errorf("%s, found %t: refused", name, found)
				}
			})
			if trace.called(p256Verify) != found {
				t.Errorf("%s, found %t: asked %v", name, found, trace.calls)
			}
		}
	}
}

// TestAKeyThatCalldataEndsWithinIsNone: ERC-7913's byte strings may stand in any order, and what is cut off the last one
// is not made up by the zeros that follow calldata.
func TestAKeyThatCalldataEndsWithinIsNone(t *testing.T) {
	bothVerifiers(t, func(t *testing.T, w ways, precompile bool) {
		hash := opHash("cut")
		for name, call := range plainest(t, w.world, newPasskey(t, "cut", seal.RequireUV), hash, usualSuffix) {
			_, key, signature := unpacked(call)
			number := func(n int) []byte { return big.NewInt(int64(n)).FillBytes(make([]byte, 32)) }
			padded := append(slices.Clone(signature), make([]byte, -len(signature)&31)...)
			data := slices.Concat(contracts.VerifierMagic[:], number(96+32+len(padded)), hash[:], number(96), number(len(signature)), padded, number(len(key)), key)
			if !approves(t, w.must(stranger, contracts.P256Verifier, nil, data)) {
				t.Errorf("%s: refused with the key at the end", name)
			}
			for cut := 1; cut <= 66; cut++ {
				if approves(t, w.must(stranger, contracts.P256Verifier, nil, data[:len(data)-cut])) {
					t.Errorf("%s: accepted with %d bytes of the key cut off", name, cut)
				}
			}
		}
	})
}
