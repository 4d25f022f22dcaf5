// What the hash of a slice is of: for words only, and only where the hash proves it.

package approval

import (
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/grant"
)

// What is looked at: a longer text keeps its hash, and so do rules after so many.
const (
	maxSlice  = 4096
	maxSlices = 64
)

// readSlices looks for the slices of a permission among the arguments that the SDK
// computed its rules of, which it leaves in its document: a value for each
// parameter, or null.
func readSlices(f *fields, permission int, rules []grant.Rule) {
	var args []int
	if i := f.get(permission, "args"); i != 0 && f.nodes[i].kind == array {
		args = f.items(i)
	}
	for i := range rules[:min(len(rules), maxSlices)] {
		r := &rules[i]
		if n := r.Offset / 32; r.Condition == grant.SliceEqual && r.Slice == nil && n < uint64(len(args)) {
			r.Slice = sliceOf(*r, argument(f, args[n]))
		}
	}
}

// argument is the text in an argument; "" if there is none.
func argument(f *fields, i int) (s string) {
	if f.nodes[i].kind != object {
		return ""
	}
	value := f.get(i, "value")
	if value == 0 || f.nodes[value].kind != text || len(f.raw(value)) > maxSlice || json.Unmarshal(f.raw(value), &s) != nil {
		return ""
	}
	return s
}

// sliceOf is the bytes that a text stands for, as such or in hex, if the rule has
// their hash; nil otherwise.
func sliceOf(r grant.Rule, s string) []byte {
	if s == "" || len(r.Params) != 3 {
		return nil
	}
	candidates := [][]byte{[]byte(s)}
	if digits, is := strings.CutPrefix(s, "0x"); is {
		if b, err := hex.DecodeString(digits); err == nil {
			candidates = append(candidates, b)
		}
	}
	for _, b := range candidates {
		if [32]byte(crypto.Keccak256(b)) == r.Params[2] {
			return b
		}
	}
	return nil
}
