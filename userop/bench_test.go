package userop_test

import (
	"testing"

	"github.com/postern-dev/postern/userop"
)

func BenchmarkHash(b *testing.B) {
	for _, ep := range userop.EntryPoints() {
		op := randomOp(rng(b), ep)
		b.Run(ep.Version(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ep.Hash(op, one); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkUnmarshalOp(b *testing.B) {
	wire, err := userop.V08.MarshalOp(randomOp(rng(b), userop.V08))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := userop.V08.UnmarshalOp(wire); err != nil {
			b.Fatal(err)
		}
	}
}
