package inspect

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// encode is the inverse of abiDecode.
func encode(fields []field) []byte {
	var head, tail []byte
	for _, f := range fields {
		if !f.dynamic {
			head = append(head, f.word[:]...)
			continue
		}
		head = append(head, number32(32*len(fields)+len(tail))...)
		tail = append(append(tail, number32(len(f.data))...), f.data...)
		tail = append(tail, make([]byte, (32-len(tail)%32)%32)...)
	}
	return append(head, tail...)
}

func number32(n int) []byte {
	return binary.BigEndian.AppendUint32(make([]byte, 28), uint32(n))
}

func TestAbiDecodeTakesExactlyOneEncoding(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		shape, fields := make([]byte, 1+rng.IntN(8)), []field(nil)
		for i := range shape {
			var f field
			if shape[i] = 'w'; rng.IntN(2) == 0 {
				shape[i], f.dynamic, f.data = 'd', true, make([]byte, rng.IntN(70))
				for j := range f.data {
					f.data[j] = byte(rng.Uint32())
				}
			} else {
				for j := range f.word {
					f.word[j] = byte(rng.Uint32())
				}
			}
			fields = append(fields, f)
		}
		b := encode(fields)
		got, err := abiDecode(b, string(shape))
		if err != nil {
			t.Fatalf("%s: %v", shape, err)
		}
		for i := range fields {
			if got[i].word != fields[i].word || !bytes.Equal(got[i].data, fields[i].data) {
				t.Fatalf("%s: member %d differs", shape, i)
			}
		}
		// Whatever else decodes must encode to itself: there is no second way to write it.
		for range 20 {
			c := bytes.Clone(b)
			c[rng.IntN(len(c))] ^= byte(1 + rng.IntN(255))
			if got, err := abiDecode(c, string(shape)); err == nil && !bytes.Equal(encode(got), c) {
				t.Fatalf("%s: %x decodes and is not canonical", shape, c)
			}
		}
		for _, c := range [][]byte{b[:len(b)-1], append(bytes.Clone(b), 0), append(bytes.Clone(b), make([]byte, 32)...)} {
			if _, err := abiDecode(c, string(shape)); err == nil {
				t.Fatalf("%s: another length decodes", shape)
			}
		}
	}
}
