package devnet_test

import (
	"testing"

	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/userop"
)

// BenchmarkEstimate estimates the first operation of a SimpleAccount over HTTP.
func BenchmarkEstimate(b *testing.B) {
	each(b, func(b *testing.B, s *bench, a *account) {
		for b.Loop() {
			if err := s.estimate(s.op(a)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkOperation estimates, sends and waits for an operation of a deployed SimpleAccount.
func BenchmarkOperation(b *testing.B) {
	each(b, func(b *testing.B, s *bench, a *account) {
		for b.Loop() {
			hash, err := s.send(s.ready(a, nil))
			if err != nil {
				b.Fatal(err)
			}
			s.wait(hash)
		}
	})
}

func each(b *testing.B, f func(*testing.B, *bench, *account)) {
	for _, ep := range userop.EntryPoints() {
		b.Run(ep.Version(), func(b *testing.B) {
			s := newBench(b, start(b, devnet.Config{}), ep)
			f(b, s, s.newAccount(ether(100)))
		})
	}
}
