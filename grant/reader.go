package grant

import (
	"encoding/binary"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

// words reads 32-byte words one after the other. It does not judge what does not
// belong into a word: who decodes encodes again and compares.
type words struct {
	data []byte
	bad  bool // the end was passed
}

func (r *words) next() (w [32]byte) {
	if len(r.data) < 32 {
		r.bad = true
		return w
	}
	copy(w[:], r.data)
	r.data = r.data[32:]
	return w
}

func (r *words) number() uint64 {
	w := r.next()
	return binary.BigEndian.Uint64(w[24:])
}

func (r *words) big() *big.Int {
	w := r.next()
	return new(big.Int).SetBytes(w[:])
}

func (r *words) address() common.Address {
	w := r.next()
	return common.Address(w[12:])
}

// length reads the number of elements of which each takes at least size words;
// 0 if there is no room for them.
func (r *words) length(size int) int {
	n := r.number()
	if r.bad || n > uint64(len(r.data)/(32*size)) {
		r.bad = true
		return 0
	}
	return int(n)
}

func (r *words) skip(n int) {
	for range n {
		r.next()
	}
}
