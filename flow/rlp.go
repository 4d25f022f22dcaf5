package flow

import "encoding/binary"

// The part of RLP that Flow uses: byte strings, lists, and unsigned integers as big-endian byte strings without leading
// zeros. Written into one buffer from the inside out, which costs one allocation: lengths are known before their contents.

// sizeOfBytes is the size of a byte string's encoding.
func sizeOfBytes(b []byte) int {
	if len(b) == 1 && b[0] < 0x80 {
		return 1
	}
	return sizeOfHead(len(b)) + len(b)
}

func sizeOfUint(v uint64) int {
	if v < 0x80 {
		return 1
	}
	return 1 + lengthOf(v)
}

// sizeOfHead is the size of what stands in front of n bytes.
func sizeOfHead(n int) int {
	if n < 56 {
		return 1
	}
	return 1 + lengthOf(uint64(n))
}

func sizeOfList(contents int) int { return sizeOfHead(contents) + contents }

// lengthOf is the number of bytes of v without leading zeros.
func lengthOf(v uint64) (n int) {
	for ; v != 0; v >>= 8 {
		n++
	}
	return n
}

func appendHead(to []byte, short byte, n int) []byte {
	if n < 56 {
		return append(to, short+byte(n))
	}
	length := lengthOf(uint64(n))
	return appendBigEndian(append(to, short+55+byte(length)), uint64(n), length)
}

func appendBigEndian(to []byte, v uint64, length int) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], v)
	return append(to, b[8-length:]...)
}

func appendBytes(to, b []byte) []byte {
	if len(b) == 1 && b[0] < 0x80 {
		return append(to, b[0])
	}
	return append(appendHead(to, 0x80, len(b)), b...)
}

func appendUint(to []byte, v uint64) []byte {
	if v != 0 && v < 0x80 {
		return append(to, byte(v))
	}
	length := lengthOf(v)
	return appendBigEndian(append(to, 0x80+byte(length)), v, length)
}

func appendList(to []byte, contents int) []byte { return appendHead(to, 0xc0, contents) }

// rlpReader reads what the functions above write, and refuses everything else: long forms of short lengths, leading zeros,
// lengths beyond the input. Its first error stays.
type rlpReader struct {
	in  []byte
	err error
}

func (r *rlpReader) fail(what string) {
	if r.err == nil {
		r.err = refused(ErrRLP, "", "%s", what)
	}
	r.in = nil
}

// item takes the next item off the input.
func (r *rlpReader) item() (list bool, contents []byte) {
	if len(r.in) == 0 {
		r.fail("it ends where an item should begin")
		return false, nil
	}
	first := r.in[0]
	if first < 0x80 {
		contents, r.in = r.in[:1], r.in[1:]
		return false, contents
	}
	list = first >= 0xc0
	short := first & 0x3f
	rest := r.in[1:]
	n := uint64(short)
	if short >= 56 {
		width := int(short) - 55
		if width > len(rest) {
			r.fail("it ends within a length")
			return false, nil
		}
		n = 0
		for _, b := range rest[:width] {
			n = n<<8 | uint64(b)
		}
		if rest[0] == 0 || n < 56 {
			r.fail("a length is not written in the shortest way")
			return false, nil
		}
		rest = rest[width:]
	}
	if n > uint64(len(rest)) {
		r.fail("it ends within an item")
		return false, nil
	}
	contents, r.in = rest[:n], rest[n:]
	if !list && n == 1 && contents[0] < 0x80 {
		r.fail("a byte is not written in the shortest way")
		return false, nil
	}
	return list, contents
}

// bytes takes a byte string. It refers to the input.
func (r *rlpReader) bytes() []byte {
	list, b := r.item()
	if list {
		r.fail("a list where a byte string should be")
		return nil
	}
	return b
}

// fixed takes a byte string of the length of to.
func (r *rlpReader) fixed(to []byte) {
	b := r.bytes()
	if r.err == nil && len(b) != len(to) {
		r.fail("a byte string of another length")
	}
	copy(to, b)
}

func (r *rlpReader) uint(limit uint64) (v uint64) {
	b := r.bytes()
	if len(b) > 8 || len(b) > 0 && b[0] == 0 {
		r.fail("an integer with leading zeros or above 64 bits")
		return 0
	}
	for _, d := range b {
		v = v<<8 | uint64(d)
	}
	if v > limit {
		r.fail("an integer above its limit")
		return 0
	}
	return v
}

// list takes a list and returns a reader of what is in it.
func (r *rlpReader) list() *rlpReader {
	list, b := r.item()
	if !list {
		r.fail("a byte string where a list should be")
	}
	return &rlpReader{in: b, err: r.err}
}

// end reports the first error, or that something is left.
func (r *rlpReader) end() error {
	if len(r.in) != 0 {
		r.fail("something follows")
	}
	return r.err
}
