package abituple_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"

	"github.com/postern-dev/postern/internal/abituple"
)

// random makes a tuple and its shape.
func random(rng *rand.Rand) (string, []abituple.Field) {
	shape, fields := make([]byte, 1+rng.IntN(8)), []abituple.Field(nil)
	fill := func(b []byte) {
		for j := range b {
			b[j] = byte(rng.Uint32())
		}
	}
	for i := range shape {
		if shape[i] = 'w'; rng.IntN(2) == 0 {
			data := make([]byte, rng.IntN(70))
			fill(data)
			shape[i] = 'd'
			fields = append(fields, abituple.Bytes(data))
			continue
		}
		var w [32]byte
		fill(w[:])
		fields = append(fields, abituple.Word(w))
	}
	return string(shape), fields
}

// goEthereum is the encoding by another hand.
func goEthereum(t *testing.T, fields []abituple.Field) []byte {
	t.Helper()
	var args abi.Arguments
	var values []any
	for _, f := range fields {
		name, value := "bytes32", any(f.Word)
		if f.Dynamic {
			name, value = "bytes", f.Data
		}
		typ, err := abi.NewType(name, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		args, values = append(args, abi.Argument{Type: typ}), append(values, value)
	}
	b, err := args.Pack(values...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestExactlyOneEncodingIsRead(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		shape, fields := random(rng)
		b := abituple.Encode(fields...)
		if want := goEthereum(t, fields); !bytes.Equal(b, want) {
			t.Fatalf("%s: %x, go-ethereum makes %x", shape, b, want)
		}
		got, err := abituple.Decode(b, shape)
		if err != nil {
			t.Fatalf("%s: %v", shape, err)
		}
		for i := range fields {
			if got[i].Word != fields[i].Word || !bytes.Equal(got[i].Data, fields[i].Data) {
				t.Fatalf("%s: member %d differs", shape, i)
			}
		}
		for range 20 {
			c := bytes.Clone(b)
			c[rng.IntN(len(c))] ^= byte(1 + rng.IntN(255))
			if got, err := abituple.Decode(c, shape); err == nil && !bytes.Equal(abituple.Encode(got...), c) {
				t.Fatalf("%s: %x decodes and is not canonical", shape, c)
			}
		}
		for _, c := range [][]byte{b[:len(b)-1], append(bytes.Clone(b), 0), append(bytes.Clone(b), make([]byte, 32)...)} {
			if _, err := abituple.Decode(c, shape); err == nil {
				t.Fatalf("%s: another length decodes", shape)
			}
		}
		if got, err := abituple.DecodeStruct(abituple.EncodeStruct(fields...), shape); err != nil || len(got) != len(fields) {
			t.Fatalf("%s as a struct: %v", shape, err)
		}
	}
}

func TestRefusalsSayWhy(t *testing.T) {
	good := abituple.Encode(abituple.Number(7), abituple.Bytes([]byte("abc")))
	change := func(at int, value byte) []byte {
		c := bytes.Clone(good)
		c[at] = value
		return c
	}
	for name, c := range map[string]struct {
		b      []byte
		reason abituple.Reason
		field  int
	}{
		"nothing":          {nil, abituple.Truncated, 0},
		"half a head":      {good[:33], abituple.Truncated, 0},
		"no length":        {good[:64], abituple.Truncated, 2},
		"no padding":       {good[:99], abituple.Truncated, 2},
		"a huge length":    {change(64, 0xff), abituple.Truncated, 2},
		"length 2^31-1":    {append(bytes.Clone(good[:92]), 0x7f, 0xff, 0xff, 0xff), abituple.Truncated, 2},
		"a huge offset":    {change(32, 0xff), abituple.NotCanonical, 2},
		"an offset back":   {change(63, 32), abituple.NotCanonical, 2},
		"dirty padding":    {change(127, 1), abituple.NotCanonical, 2},
		"something behind": {append(bytes.Clone(good), 1), abituple.Trailing, 0},
	} {
		_, err := abituple.Decode(c.b, "wd")
		var e *abituple.Error
		if !errors.As(err, &e) || e.Reason != c.reason || e.Field != c.field || strings.TrimSpace(e.Error()) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, b := range [][]byte{nil, good[:31], good} {
		if _, err := abituple.DecodeStruct(b, "wd"); err == nil {
			t.Errorf("%x is a struct", b)
		}
	}
}

func FuzzDecode(f *testing.F) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		shape, fields := random(rng)
		f.Add(abituple.Encode(fields...), shape)
	}
	f.Fuzz(func(t *testing.T, b []byte, shape string) {
		if len(shape) > 16 || strings.Trim(shape, "wd") != "" {
			return
		}
		fields, err := abituple.Decode(b, shape)
		if err != nil {
			if fields != nil {
				t.Fatal("a failure returned something")
			}
			return
		}
		if again := abituple.Encode(fields...); !bytes.Equal(again, b) {
			t.Fatalf("%x becomes %x", b, again)
		}
	})
}
