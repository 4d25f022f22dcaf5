// Reading typed values out of a parsed document.

package approval

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/common"
)

// path names a value: permissionParams.policies[1].policyParams.allowed.
func (t *tree) path(i int) string {
	var parts []string
	for steps := 0; i > 0 && i < len(t.nodes) && steps <= maxDepth+1; steps++ {
		n := t.nodes[i]
		switch {
		case n.keyEnd > n.key+1:
			parts = append(parts, "."+strings.ToValidUTF8(string(clip(t.text[n.key+1:n.keyEnd-1], 40)), "?"))
		case n.kind != 0:
			parts = append(parts, "["+strconv.Itoa(t.index(i))+"]")
		}
		i = n.parent
	}
	var b strings.Builder
	for k := len(parts) - 1; k >= 0; k-- {
		b.WriteString(parts[k])
	}
	return strings.TrimPrefix(b.String(), ".")
}

func clip(b []byte, n int) []byte { return b[:min(len(b), n)] }

// index is the place of a value in its list.
func (t *tree) index(i int) int {
	n := 0
	for c := t.nodes[t.nodes[i].parent].first; c != i && c != 0; c = t.nodes[c].next {
		n++
	}
	return n
}

// raw is a value's text.
func (t *tree) raw(i int) []byte { return t.text[t.nodes[i].start:t.nodes[i].end] }

// get is an object's member; 0 if there is none.
func (t *tree) get(i int, name string) int {
	if t.nodes[i].kind != object {
		return 0
	}
	for c := t.nodes[i].first; c != 0; c = t.nodes[c].next {
		n := &t.nodes[c]
		if string(t.text[n.key+1:n.keyEnd-1]) == name {
			return c
		}
	}
	return 0
}

// fields reads members of one kind after another; the first refusal stays.
type fields struct {
	*tree
	err error
}

func (f *fields) fail(i int, way, format string, args ...any) {
	if f.err == nil {
		f.err = refuse(f.path(i), way, format, args...)
	}
}

const wayAgain = "ask the owner for a new approval, or copy this one again as a whole"

// need is a member of a kind, which must be there.
func (f *fields) need(i int, name string, k kind) int {
	c := f.get(i, name)
	if c == 0 {
		f.fail(i, wayAgain, "%s is missing", name)
		return 0
	}
	return f.is(c, k)
}

// may is a member of a kind, or 0 if there is none.
func (f *fields) may(i int, name string, k kind) int {
	c := f.get(i, name)
	if c == 0 {
		return 0
	}
	return f.is(c, k)
}

func (f *fields) is(c int, k kind) int {
	if f.nodes[c].kind != k {
		f.fail(c, wayAgain, "%s stands where %s should", kindNames[f.nodes[c].kind], kindNames[k])
		return 0
	}
	return c
}

// items are the values of a list.
func (f *fields) items(i int) []int {
	if i == 0 {
		return nil
	}
	out := make([]int, 0, f.nodes[i].size)
	for c := f.nodes[i].first; c != 0; c = f.nodes[c].next {
		out = append(out, c)
	}
	return out
}

// plain is a text as it stands between its quotes. Nothing that we read has escapes.
func (f *fields) plain(i int) string {
	if i == 0 {
		return ""
	}
	b := f.raw(i)
	return string(b[1 : len(b)-1])
}

// boolean is a member that is true or false; false if there is none.
func (f *fields) boolean(i int, name string) (value, there bool) {
	c := f.may(i, name, literal)
	if c == 0 {
		return false, false
	}
	switch string(f.raw(c)) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	f.fail(c, wayAgain, "null stands where true or false should")
	return false, false
}

// bytes is a text of hex digits with 0x; want is their number, -1 for any.
func (f *fields) bytes(i, want int) []byte {
	if i == 0 {
		return nil
	}
	raw := f.raw(i)
	raw = raw[1 : len(raw)-1]
	if !bytes.HasPrefix(raw, []byte("0x")) || len(raw)%2 != 0 {
		f.fail(i, wayAgain, "this is no hex with 0x")
		return nil
	}
	out := make([]byte, len(raw)/2-1)
	if _, err := hex.Decode(out, raw[2:]); err != nil {
		f.fail(i, wayAgain, "this is no hex with 0x")
		return nil
	}
	if want >= 0 && len(out) != want {
		f.fail(i, wayAgain, "%d bytes stand where %d should", len(out), want)
		return nil
	}
	return out
}

// address is a text of 40 hex digits: in small letters, or with the right checksum
// (EIP-55), as viem wants it.
func (f *fields) address(i int) (a common.Address) {
	b := f.bytes(i, common.AddressLength)
	if b == nil {
		return a
	}
	copy(a[:], b)
	s := f.plain(i)
	if s != strings.ToLower(s) && s != a.Hex() {
		f.fail(i, wayAgain, "the checksum of the address %s is wrong", s)
	}
	return a
}

// uint is a number that JavaScript can hold, or its decimal digits as a text where
// the SDK takes a bigint; bits is its room.
func (f *fields) uint(i, bits int, asText bool) *big.Int {
	if i == 0 {
		return new(big.Int)
	}
	raw := f.raw(i)
	switch k := f.nodes[i].kind; {
	case k == text && asText:
		raw = raw[1 : len(raw)-1]
	case k == text:
		f.fail(i, "write it as a number", "a text stands where a number should: the SDK would read its digits as hex")
		return new(big.Int)
	case k != number:
		f.fail(i, wayAgain, "%s stands where a number should", kindNames[k])
		return new(big.Int)
	case len(raw) > 16:
		f.fail(i, "write it as a text of digits", "the number %s is more than JavaScript can hold exactly", raw)
		return new(big.Int)
	}
	if len(raw) == 0 || len(raw) > 78 || len(raw) > 1 && raw[0] == '0' || bytes.ContainsFunc(raw, func(r rune) bool { return r < '0' || r > '9' }) {
		f.fail(i, wayAgain, "%.80q is no whole number that is not negative", raw)
		return new(big.Int)
	}
	n, _ := new(big.Int).SetString(string(raw), 10)
	if f.nodes[i].kind == number && n.BitLen() > 53 {
		f.fail(i, "write it as a text of digits", "the number %s is more than JavaScript can hold exactly", raw)
	}
	if n.BitLen() > bits {
		f.fail(i, "the contract keeps "+strconv.Itoa(bits)+" bits", "%s is too large", n)
	}
	return n
}

// small is [fields.uint] of up to 64 bits.
func (f *fields) small(i, bits int, asText bool) uint64 { return f.uint(i, bits, asText).Uint64() }
