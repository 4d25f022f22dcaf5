package seal_test

import (
	"bytes"
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// reencode are all parsers of this package's other layouts, each followed by its
// encoder.
var reencode = map[string]func([]byte) ([]byte, error){
	"metamask": func(b []byte) ([]byte, error) {
		s, err := seal.ParseMetaMask(b)
		if err != nil {
			if s.Kind != 0 || s.AuthData != nil {
				panic("a failure returned something")
			}
			return nil, err
		}
		return s.Bytes()
	},
	"coinbase": func(b []byte) ([]byte, error) {
		s, err := seal.ParseCoinbase(b)
		if err != nil {
			if s.Assertion != nil || s.Owner != 0 {
				panic("a failure returned something")
			}
			return nil, err
		}
		return s.Bytes()
	},
	"openzeppelin":   throughAssertion("openzeppelin"),
	"solady":         throughAssertion("solady"),
	"solady-compact": throughAssertion("solady-compact"),
	"openzeppelin-p256": func(b []byte) ([]byte, error) {
		s, err := seal.ParseOpenZeppelinP256(b)
		if err != nil {
			return nil, err
		}
		return seal.OpenZeppelinP256(s), nil
	},
	"safe": func(b []byte) ([]byte, error) {
		s, err := seal.ParseSafeWebAuthn(b)
		if err != nil {
			return nil, err
		}
		return s.Bytes()
	},
	"safe-signatures": func(b []byte) ([]byte, error) {
		s, err := seal.ParseSafeSignatures(b)
		if err != nil {
			return nil, err
		}
		return seal.SafeSignatures(s...)
	},
}

func throughAssertion(layout string) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) {
		a, err := layouts[layout].parse(b, common.Hash{}, common.Hash{})
		if err != nil {
			if a != nil {
				panic("a failure returned something")
			}
			return nil, err
		}
		return layouts[layout].seal(common.Hash{}, a)
	}
}

// samples are good signatures of every layout.
func samples(t testing.TB) map[string][][]byte {
	t.Helper()
	d := newDevice(t, "samples")
	hash := common.Hash(bytes.Repeat([]byte{0xa5}, 32))
	out := map[string][][]byte{}
	add := func(layout string, b []byte, err error) {
		if err != nil {
			t.Fatal(err)
		}
		out[layout] = append(out[layout], b)
	}
	for layout, l := range layouts {
		for name, q := range acceptable {
			if layout != "safe" || name != "android" && name != "reverse" && name != "both" {
				b, err := l.seal(hash, d.assertion(hash[:], q))
				add(layout, b, err)
			}
		}
	}
	ecdsa := seal.MetaMaskECDSAStub()
	add("metamask", ecdsa, nil)
	add("metamask", seal.MetaMaskP256Stub(hash), nil)
	owner, err := seal.CoinbaseECDSA(1<<40, ecdsa)
	add("coinbase", owner, err)
	add("openzeppelin-p256", seal.OpenZeppelinP256Stub(), nil)
	inner := out["safe"][0]
	one, err := seal.SafeSignatures(seal.SafeOwnerSignature{Owner: common.Address{2}, Signature: inner})
	add("safe-signatures", one, err)
	three, err := seal.SafeSignatures(seal.SafeOwnerSignature{Owner: common.Address{3}},
		seal.SafeOwnerSignature{Owner: common.Address{2}, Signature: inner}, seal.SafeOwnerSignature{Owner: common.Address{1}, Signature: []byte{1}})
	add("safe-signatures", three, err)
	return out
}

func TestWhatParsesIsWrittenAgainToTheByte(t *testing.T) {
	for layout, list := range samples(t) {
		for i, b := range list {
			if again, err := reencode[layout](b); err != nil || !bytes.Equal(again, b) {
				t.Errorf("%s, %d: %x, %v", layout, i, again, err)
			}
		}
	}
}

// No prefix of a signature parses, nothing may follow one, and a flipped bit is
// refused or written again as it is: there is one encoding of everything.
func TestCutPaddedAndFlippedSignatures(t *testing.T) {
	for layout, list := range samples(t) {
		for _, b := range list {
			for n := range b {
				if len(b[:n]) == 65 && layout == "metamask" || len(b[:n]) == 96 && layout == "metamask" {
					continue // these lengths are of other kinds
				}
				if _, err := reencode[layout](b[:n]); err == nil {
					t.Fatalf("%s: the first %d of %d bytes parse", layout, n, len(b))
				}
			}
			for _, more := range [][]byte{{0}, make([]byte, 30), make([]byte, 32), {1}} {
				if _, err := reencode[layout](append(bytes.Clone(b), more...)); err == nil {
					t.Errorf("%s: %d bytes may follow", layout, len(more))
				}
			}
			for bit := 0; bit < 8*len(b); bit += 3 {
				c := bytes.Clone(b)
				c[bit/8] ^= 1 << (bit % 8)
				if again, err := reencode[layout](c); err == nil && !bytes.Equal(again, c) {
					t.Fatalf("%s: with bit %d flipped it parses and is written otherwise", layout, bit)
				}
			}
		}
	}
}

func TestOversizedSignaturesAreRefused(t *testing.T) {
	huge := make([]byte, seal.MaxABI+32)
	copy(huge, samples(t)["safe-signatures"][0][:65])
	for layout, f := range reencode {
		if _, err := f(huge); err == nil {
			t.Errorf("%s: parses", layout)
		}
	}
	if _, err := seal.SafeSignatures(seal.SafeOwnerSignature{Owner: common.Address{1}, Signature: huge}); err == nil {
		t.Error("a list that would not parse is written")
	}
}

func TestSafeListsAreStrict(t *testing.T) {
	a, b := common.Address{1}, common.Address{2}
	list := func(s ...seal.SafeOwnerSignature) []byte {
		out, err := seal.SafeSignatures(s...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	two := list(seal.SafeOwnerSignature{Owner: b, Signature: []byte{2}}, seal.SafeOwnerSignature{Owner: a, Signature: []byte{1, 1}})
	parsed, err := seal.ParseSafeSignatures(two)
	if err != nil || len(parsed) != 2 || parsed[0].Owner != a || parsed[1].Owner != b || !bytes.Equal(parsed[0].Signature, []byte{1, 1}) {
		t.Fatalf("%v, %v", parsed, err)
	}
	if _, err := seal.SafeSignatures(); err == nil {
		t.Error("a list of nobody")
	}
	if _, err := seal.SafeSignatures(seal.SafeOwnerSignature{Owner: a}, seal.SafeOwnerSignature{Owner: a}); err == nil {
		t.Error("one owner twice")
	}
	for name, change := range map[string]func([]byte){
		"an approved hash":    func(b []byte) { b[64] = 1 },
		"a secp256k1 owner":   func(b []byte) { b[65+64] = 27 },
		"a dirty address":     func(b []byte) { b[0] = 1 },
		"offset 0":            func(b []byte) { b[63] = 0 },
		"offset 66":           func(b []byte) { b[63] = 66 },
		"offset of the other": func(b []byte) { b[65+63] = b[63] },
		"a huge length":       func(b []byte) { b[130] = 0xff },
		"one owner twice":     func(b []byte) { b[65+12] = b[12] },
		"owners in disorder":  func(b []byte) { b[12] = 9 },
	} {
		c := bytes.Clone(two)
		change(c)
		var m *seal.MalformedError
		if got, err := seal.ParseSafeSignatures(c); got != nil || !errors.As(err, &m) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func FuzzParseMetaMask(f *testing.F)             { fuzzLayout(f, "metamask") }
func FuzzParseCoinbase(f *testing.F)             { fuzzLayout(f, "coinbase") }
func FuzzParseOpenZeppelinWebAuthn(f *testing.F) { fuzzLayout(f, "openzeppelin") }
func FuzzParseOpenZeppelinP256(f *testing.F)     { fuzzLayout(f, "openzeppelin-p256") }
func FuzzParseWebAuthnAuth(f *testing.F)         { fuzzLayout(f, "solady") }
func FuzzParseSoladyCompact(f *testing.F)        { fuzzLayout(f, "solady-compact") }
func FuzzParseSafeWebAuthn(f *testing.F)         { fuzzLayout(f, "safe") }
func FuzzParseSafeSignatures(f *testing.F)       { fuzzLayout(f, "safe-signatures") }

// fuzzLayout: what parses is written again to the same bytes; a failure returns nothing.
func fuzzLayout(f *testing.F, layout string) {
	for _, b := range samples(f)[layout] {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		again, err := reencode[layout](b)
		if err != nil {
			if again != nil {
				t.Fatalf("parses but is not written: %v", err)
			}
			return
		}
		if !bytes.Equal(again, b) {
			t.Fatalf("%x\nbecomes %x", b, again)
		}
	})
}

var benchmarkSink any

func BenchmarkMetaMaskDigest(b *testing.B) {
	op := metaMaskOp()
	op.CallData = make([]byte, 292) // addKey of a 27-byte id, about
	chainID := big.NewInt(31337)
	b.ReportAllocs()
	for b.Loop() {
		d, err := seal.MetaMaskDigest(seal.MetaMaskHybrid, op, userop.V07, chainID)
		if err != nil {
			b.Fatal(err)
		}
		benchmarkSink = d
	}
}

func BenchmarkMetaMaskWebAuthn(b *testing.B) {
	hash := common.Hash{1}
	a := newDevice(b, "benchmark").assertion(hash[:], softkey.Quirks{})
	b.ReportAllocs()
	for b.Loop() {
		sig, err := seal.MetaMaskWebAuthn(hash, a)
		if err != nil {
			b.Fatal(err)
		}
		benchmarkSink = sig
	}
}

func BenchmarkParseMetaMask(b *testing.B) {
	hash := common.Hash{1}
	sig, err := seal.MetaMaskWebAuthn(hash, newDevice(b, "benchmark").assertion(hash[:], softkey.Quirks{}))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s, err := seal.ParseMetaMask(sig)
		if err != nil {
			b.Fatal(err)
		}
		benchmarkSink = s
	}
}
