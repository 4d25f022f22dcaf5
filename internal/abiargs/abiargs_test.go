package abiargs_test

import (
	"bytes"
	"errors"
	"math/big"
	"runtime"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/internal/abiargs"
)

func typ(t testing.TB, name string, parts ...abi.ArgumentMarshaling) abi.Argument {
	t.Helper()
	out, err := abi.NewType(name, "", parts)
	if err != nil {
		t.Fatal(err)
	}
	return abi.Argument{Type: out}
}

type call struct {
	To    common.Address
	Value *big.Int
	Data  []byte
}

func shapes(t testing.TB) map[string]abi.Arguments {
	parts := []abi.ArgumentMarshaling{{Name: "to", Type: "address"}, {Name: "value", Type: "uint256"}, {Name: "data", Type: "bytes"}}
	pair := []abi.ArgumentMarshaling{{Name: "a", Type: "uint64"}, {Name: "b", Type: "bool"}}
	return map[string]abi.Arguments{
		"calls":    {typ(t, "tuple[]", parts...)},
		"one call": {typ(t, "tuple", parts...)},
		"texts":    {typ(t, "address"), typ(t, "string[]"), typ(t, "uint256[]")},
		"nested":   {typ(t, "bytes[][2]"), typ(t, "uint8[2][]")},
		"static":   {typ(t, "tuple", pair...), typ(t, "bytes32[2]")},
		"nothing":  {},
	}
}

func samples() map[string][]any {
	type pair struct {
		A uint64
		B bool
	}
	c := call{common.Address{1}, big.NewInt(2), []byte("three")}
	return map[string][]any{
		"calls": {[]call{c, {Value: new(big.Int)}, c}}, "one call": {c},
		"texts":  {common.Address{2}, []string{"", "four", "a longer text than one word can hold"}, []*big.Int{big.NewInt(5)}},
		"nested": {[2][][]byte{{{1}, {}}, {}}, [][2]uint8{{1, 2}, {3, 4}}},
		"static": {pair{7, true}, [2][32]byte{{8}, {9}}}, "nothing": {},
	}
}

func TestWhatPackWritesIsRead(t *testing.T) {
	for name, args := range shapes(t) {
		data, err := args.Pack(samples()[name]...)
		if err != nil {
			t.Fatal(name, err)
		}
		values, err := abiargs.Unpack(args, data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if again, err := args.Pack(values...); err != nil || !bytes.Equal(again, data) {
			t.Errorf("%s: read as %v", name, values)
		}
		if _, err := abiargs.Unpack(args, append(bytes.Clone(data), make([]byte, 32)...)); !errors.Is(err, abiargs.ErrNotCanonical) {
			t.Errorf("%s with a word behind it: %v", name, err)
		}
		for cut := range len(data) {
			if _, err := abiargs.Unpack(args, data[:cut]); !errors.Is(err, abiargs.ErrNotCanonical) {
				t.Fatalf("%s cut to %d bytes: %v", name, cut, err)
			}
		}
	}
}

func TestMethodTakesItsOwnSelectorOnly(t *testing.T) {
	m := abi.NewMethod("f", "f", abi.Function, "", false, false, abi.Arguments{typ(t, "uint256")}, nil)
	data := append(bytes.Clone(m.ID), make([]byte, 32)...)
	if _, err := abiargs.Method(&m, data); err != nil {
		t.Error(err)
	}
	data[0] ^= 1
	for _, bad := range [][]byte{data, data[:3], nil} {
		if _, err := abiargs.Method(&m, bad); !errors.Is(err, abiargs.ErrNotCanonical) {
			t.Errorf("%x: %v", bad, err)
		}
	}
}

func word(n int) []byte { return common.BigToHash(big.NewInt(int64(n))).Bytes() }

// bomb is an array of n offsets that all lead to one value.
func bomb(lead []byte, n int, value ...[]byte) []byte {
	out := append(bytes.Clone(lead), word(n)...)
	out = append(out, bytes.Repeat(word(32*n), n)...)
	return append(out, bytes.Join(value, nil)...)
}

func TestManyOffsetsToOneValueCostNothing(t *testing.T) {
	const n, size = 3000, 100_000
	body := append(word(size), make([]byte, size)...)
	for name, data := range map[string][]byte{
		"calls": bomb(word(32), n, word(0), word(0), word(96), body),
		"texts": bomb(append(append(word(0), word(96)...), word(96)...), n, body),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := abiargs.Unpack(shapes(t)[name], data)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, abiargs.ErrNotCanonical) || used > 1<<20 {
			t.Errorf("%s: %d bytes took %d of memory: %v", name, len(data), used, err)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	all := shapes(f)
	for name, args := range all {
		data, err := args.Pack(samples()[name]...)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for name, args := range all {
			values, err := abiargs.Unpack(args, data)
			if err != nil {
				continue
			}
			if again, err := args.Pack(values...); err != nil || !bytes.Equal(again, data) {
				t.Errorf("%s: %x is read as %v", name, data, values)
			}
		}
	})
}
