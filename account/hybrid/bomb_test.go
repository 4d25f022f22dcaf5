package hybrid_test

import (
	"bytes"
	"errors"
	"math/big"
	"runtime"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
)

// An application's call data may hold thousands of offsets to one large value.
// What describes it must not copy the value as often.
func TestCallDataThatUnfoldsIsNotUnfolded(t *testing.T) {
	const n, size = 2000, 60_000
	word := func(n int) []byte { return common.BigToHash(big.NewInt(int64(n))).Bytes() }
	offsets, value := bytes.Repeat(word(32*n), n), append(word(size), make([]byte, size)...)
	batch := slices.Concat(word(32), word(n), offsets, word(0), word(0), word(96), value)
	execute, err := hybrid.Pack("execute0", [32]byte{1}, batch)
	if err != nil {
		t.Fatal(err)
	}
	texts := slices.Concat(hybrid.MethodID("updateSigners"), word(0), word(128), word(128), word(128), word(n), offsets, value)
	self := common.Address{1}
	a, err := hybrid.NewStateless(hybrid.V130(), self)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := hybrid.DecodeCalls(self, execute); !errors.Is(err, hybrid.ErrCallData) {
		t.Errorf("got %v", err)
	}
	for _, data := range [][]byte{execute, texts} {
		if words, ok := a.DescribeCall(account.Call{To: self, Data: data}); ok {
			t.Errorf("described as %q", words)
		}
		if a.WarnCall(account.Call{To: self, Data: data}) == "" {
			t.Error("no warning")
		}
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
		t.Errorf("%d and %d bytes took %d of memory", len(execute), len(texts), used)
	}
}
