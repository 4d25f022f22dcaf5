package p256table

import (
	"context"
	"slices"
	"testing"
)

// BenchmarkBuild is one table of one key on one core, beside the plain implementation.
func BenchmarkBuild(b *testing.B) {
	k := numbered(b, 1)
	for _, f := range Formats() {
		b.Run(f.String(), func(b *testing.B) {
			for b.Loop() {
				if _, err := Build(f, k); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPlain is the same with crypto/elliptic, whose field is assembly on amd64, one
// inversion or more per point.
func BenchmarkPlain(b *testing.B) {
	k := numbered(b, 1)
	for _, f := range []Format{Format4k, Format16k, FCL} {
		b.Run(f.String(), func(b *testing.B) {
			for b.Loop() {
				reference(f, k)
			}
		})
	}
}

// BenchmarkBatch is one table of many, on one core.
func BenchmarkBatch(b *testing.B) {
	var keys []Key
	for n := range 64 {
		keys = append(keys, numbered(b, n))
	}
	for _, f := range Formats() {
		b.Run(f.String(), func(b *testing.B) {
			w, err := newBuilder(f, batch)
			if err != nil {
				b.Fatal(err)
			}
			for i := 0; i < b.N; i += batch {
				if _, err := w.build(keys[i%len(keys):][:batch]); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tables/s")
		})
	}
}

// BenchmarkBuildMany is one table of many on all cores, in order.
func BenchmarkBuildMany(b *testing.B) {
	keys := make([]Key, b.N)
	for i := range keys {
		keys[i] = numbered(b, i%64)
	}
	b.ResetTimer()
	seen := 0
	err := BuildMany(context.Background(), Format16k, slices.Values(keys), func(Result) error { seen++; return nil })
	if err != nil || seen != b.N {
		b.Fatal(seen, err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tables/s")
}
