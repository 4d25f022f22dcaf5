package grant_test

import (
	"testing"

	"github.com/postern-dev/postern/grant"
)

// What the client does before each prompt: ≤ 20 µs.
func BenchmarkDecide(b *testing.B) {
	g := mustFile(b, shopFile)
	state := g.NewState(shopStart)
	op := operation(single(call{g.Tokens[0].Address, 0, arguments("0xa9059cbb", []byte{0xde, 0xad, 0xbe, 0xef}, []byte{5})}))
	if d := g.Decide(state, op); !d.Allowed {
		b.Fatal(d.Refusal)
	}
	b.ReportAllocs()
	for b.Loop() {
		g.Decide(state, op)
	}
}

func BenchmarkDecideBatchOf64(b *testing.B) {
	g := mustFile(b, shopFile)
	state := g.NewState(shopStart)
	calls := make([]call, 64)
	for i := range calls {
		calls[i] = call{g.Tokens[0].Address, 0, arguments("0xa9059cbb", []byte{0xde, 0xad, 0xbe, 0xef}, []byte{5})}
	}
	op := operation(batch(calls...))
	if d := g.Decide(state, op); !d.Allowed {
		b.Fatal(d.Refusal)
	}
	b.ReportAllocs()
	for b.Loop() {
		g.Decide(state, op)
	}
}

func BenchmarkParseFile(b *testing.B) {
	data := []byte(shopFile)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := grant.ParseFile(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckAndWords(b *testing.B) {
	g := mustFile(b, shopFile)
	b.ReportAllocs()
	for b.Loop() {
		grant.Check(g, facts)
		grant.Words(g, grant.Style{})
	}
}

func BenchmarkEncodeKernel(b *testing.B) {
	g := mustFile(b, shopFile)
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range g.Policies {
			if _, err := grant.KernelEntry(p); err != nil {
				b.Fatal(err)
			}
		}
	}
}
