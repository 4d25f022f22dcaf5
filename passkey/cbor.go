package passkey

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// The subset of CBOR that authenticators speak: CTAP2 canonical form (§2.1 and CTAP 2.1 §8) –
// definite lengths, shortest heads, map keys in order and unique, no tags. The reader walks the
// input in place; it allocates nothing, whatever a length field claims.

const cborMaxDepth = 8

// CBOR major types.
const (
	cborUint  = 0
	cborNint  = 1
	cborBytes = 2
	cborText  = 3
	cborArray = 4
	cborMap   = 5
	cborOther = 7
)

type cborReader struct {
	b     []byte
	i     int
	where string
}

func (r *cborReader) bad(format string, args ...any) error {
	return &Error{Cause: ErrCBOR, Where: fmt.Sprintf("%s, byte %d", r.where, r.i), Seen: fmt.Sprintf(format, args...)}
}

// head reads the first byte and argument of an item. For floats and simple values the argument
// is their content; info tells them apart.
func (r *cborReader) head() (major, info byte, arg uint64, err error) {
	if r.i >= len(r.b) {
		return 0, 0, 0, r.bad("the end of the input")
	}
	major, info = r.b[r.i]>>5, r.b[r.i]&31
	rest := r.b[r.i+1:]
	if info < 24 {
		r.i++
		return major, info, uint64(info), nil
	}
	if info > 27 {
		return 0, 0, 0, r.bad("an indefinite or reserved length")
	}
	n := 1 << (info - 24)
	if len(rest) < n {
		return 0, 0, 0, r.bad("the end of the input")
	}
	least := uint64(24)
	switch n {
	case 1:
		arg = uint64(rest[0])
	case 2:
		arg, least = uint64(binary.BigEndian.Uint16(rest)), 1<<8
	case 4:
		arg, least = uint64(binary.BigEndian.Uint32(rest)), 1<<16
	case 8:
		arg, least = binary.BigEndian.Uint64(rest), 1<<32
	}
	if major != cborOther && arg < least {
		return 0, 0, 0, r.bad("a number that is not in its shortest form")
	}
	r.i += 1 + n
	return major, info, arg, nil
}

// str reads a byte or text string.
func (r *cborReader) str(want byte) ([]byte, error) {
	start := r.i
	major, _, n, err := r.head()
	if err != nil {
		return nil, err
	}
	if major != want {
		r.i = start
		return nil, r.bad("major type %d where %d is expected", major, want)
	}
	if n > uint64(len(r.b)-r.i) {
		return nil, r.bad("a string of %d bytes with %d left", n, len(r.b)-r.i)
	}
	s := r.b[r.i : r.i+int(n)]
	r.i += int(n)
	return s, nil
}

// mapHead reads the head of a map and returns its number of pairs.
func (r *cborReader) mapHead() (int, error) {
	start := r.i
	major, _, n, err := r.head()
	if err != nil {
		return 0, err
	}
	if major != cborMap {
		r.i = start
		return 0, r.bad("major type %d where a map is expected", major)
	}
	if n > uint64(len(r.b)-r.i)/2 {
		return 0, r.bad("a map of %d pairs with %d bytes left", n, len(r.b)-r.i)
	}
	return int(n), nil
}

// key reads a map key and checks that it sorts after the previous one (nil for the first).
// It returns the key's encoding.
func (r *cborReader) key(previous []byte) ([]byte, error) {
	start := r.i
	major, _, n, err := r.head()
	if err != nil {
		return nil, err
	}
	switch major {
	case cborUint, cborNint:
	case cborBytes, cborText:
		r.i = start
		if _, err := r.str(major); err != nil {
			return nil, err
		}
	default:
		return nil, r.bad("a map key of major type %d, value %d", major, n)
	}
	k := r.b[start:r.i]
	// The order of CTAP 2.1 §8 is major type, then length, then bytes. Heads are in their shortest
	// form here, so that comparing the encodings is the same.
	switch order := bytes.Compare(previous, k); {
	case previous == nil || order < 0:
		return k, nil
	case order == 0:
		r.i = start
		return nil, r.bad("a map key twice")
	}
	r.i = start
	return nil, r.bad("map keys out of order")
}

// skip walks over one item of any kind.
func (r *cborReader) skip(depth int) error {
	if depth > cborMaxDepth {
		return r.bad("nesting deeper than %d", cborMaxDepth)
	}
	start := r.i
	major, info, n, err := r.head()
	if err != nil {
		return err
	}
	switch major {
	case cborUint, cborNint:
		return nil
	case cborBytes, cborText:
		r.i = start
		_, err := r.str(major)
		return err
	case cborArray:
		if n > uint64(len(r.b)-r.i) {
			return r.bad("an array of %d items with %d bytes left", n, len(r.b)-r.i)
		}
		for ; n > 0; n-- {
			if err := r.skip(depth + 1); err != nil {
				return err
			}
		}
		return nil
	case cborMap:
		r.i = start
		pairs, err := r.mapHead()
		if err != nil {
			return err
		}
		var k []byte
		for ; pairs > 0; pairs-- {
			if k, err = r.key(k); err != nil {
				return err
			}
			if err := r.skip(depth + 1); err != nil {
				return err
			}
		}
		return nil
	case cborOther:
		// false, true, null; floats of 2, 4 or 8 bytes are left as they are (CTAP 2.1 §8).
		if info >= 20 && info <= 22 || info >= 25 && info <= 27 {
			return nil
		}
	}
	r.i = start
	return r.bad("a tag or an undefined simple value (0x%02x)", r.b[start])
}
