package passkey_test

import (
	"crypto/ecdsa"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
)

// Run with: go test -run '^$' -bench 'Assertion|Bare' -count 10 ./passkey/
// and compare the medians of BenchmarkAssertionJSONToVerdict and BenchmarkBareECDSA; on a busy
// machine take "ratio" of BenchmarkAssertionOverECDSA, which measures both in turns.

func benchAssertion(b *testing.B, q softkey.Quirks) ([]byte, passkey.PublicKey) {
	d := newDevice(b)
	d.SetQuirks(q)
	raw := d.get(b)
	if err := verifyJSON(raw, d.key, testRule()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	return raw, d.key
}

// The fast path: a browser's JSON to a verdict, parsing included.
func BenchmarkAssertionJSONToVerdict(b *testing.B) {
	raw, key := benchAssertion(b, softkey.Quirks{})
	rule := testRule()
	for b.Loop() {
		a, err := passkey.ParseAssertion(raw)
		if err != nil {
			b.Fatal(err)
		}
		if err := a.Verify(key, rule); err != nil {
			b.Fatal(err)
		}
	}
}

// Both in turns, so that load on the machine hits both alike: the median of the ratios.
func BenchmarkAssertionOverECDSA(b *testing.B) {
	raw, key := benchAssertion(b, softkey.Quirks{})
	rule := testRule()
	a, _ := parsedAssertion(b)
	digest, der, pub := a.Digest(), a.Signature.DER(), key.ECDSA()
	var ratios []float64
	for b.Loop() {
		start := time.Now()
		if !ecdsa.VerifyASN1(pub, digest[:], der) {
			b.Fatal("refused")
		}
		middle := time.Now()
		if err := verifyJSON(raw, key, rule); err != nil {
			b.Fatal(err)
		}
		ratios = append(ratios, float64(time.Since(middle))/float64(middle.Sub(start)))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
}

// The allocations are part of what is promised, on either path through the client data.
func TestAllocationsFromJSONToVerdict(t *testing.T) {
	for name, q := range map[string]softkey.Quirks{"common": {}, "Android": {AndroidPackageName: "com.example.app"}, "further member": {ExtraMember: true}} {
		d := newDevice(t)
		d.SetQuirks(q)
		raw, rule := d.get(t), testRule()
		if n := testing.AllocsPerRun(100, func() {
			if err := verifyJSON(raw, d.key, rule); err != nil {
				t.Error(err)
			}
		}); n > 15 {
			t.Errorf("%s: %v allocations, want at most 15", name, n)
		}
	}
}

// The same with client data that need the full JSON parser, as Android sends them.
func BenchmarkAssertionJSONToVerdictAndroid(b *testing.B) {
	raw, key := benchAssertion(b, softkey.Quirks{AndroidPackageName: "com.example.app"})
	rule := testRule()
	for b.Loop() {
		a, err := passkey.ParseAssertion(raw)
		if err != nil {
			b.Fatal(err)
		}
		if err := a.Verify(key, rule); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseAssertion(b *testing.B) {
	raw, _ := benchAssertion(b, softkey.Quirks{})
	for b.Loop() {
		if _, err := passkey.ParseAssertion(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// The floor: the signature check alone, with everything prepared. ecdsa.VerifyASN1 is cheaper
// than ecdsa.Verify, which encodes r and s first.
func BenchmarkBareECDSA(b *testing.B) {
	a, key := parsedAssertion(b)
	digest, der, pub := a.Digest(), a.Signature.DER(), key.ECDSA()
	b.ReportAllocs()
	for b.Loop() {
		if !ecdsa.VerifyASN1(pub, digest[:], der) {
			b.Fatal("refused")
		}
	}
}

func BenchmarkBareECDSAVerify(b *testing.B) {
	a, key := parsedAssertion(b)
	digest, pub := a.Digest(), key.ECDSA()
	r, s := new(big.Int).SetBytes(a.Signature.R[:]), new(big.Int).SetBytes(a.Signature.S[:])
	b.ReportAllocs()
	for b.Loop() {
		if !ecdsa.Verify(pub, digest[:], r, s) {
			b.Fatal("refused")
		}
	}
}

func BenchmarkDiagnose(b *testing.B) {
	a, key := parsedAssertion(b)
	other := newDevice(b, softkey.WithSeed([]byte("other"))).key
	for b.Loop() {
		if len(passkey.Diagnose(a, &other, testRule())) == 0 || key == other {
			b.Fatal("silent")
		}
	}
}

func BenchmarkRecover(b *testing.B) {
	a, _ := parsedAssertion(b)
	for b.Loop() {
		if len(a.Recover()) == 0 {
			b.Fatal("no candidates")
		}
	}
}

func parsedAssertion(b *testing.B) (*passkey.Assertion, passkey.PublicKey) {
	raw, key := benchAssertion(b, softkey.Quirks{})
	a, err := passkey.ParseAssertion(raw)
	if err != nil {
		b.Fatal(err)
	}
	return a, key
}
