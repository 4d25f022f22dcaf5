// The parts of the Solidity ABI that Kernel's data is made of.

package kernel

import (
	"encoding/binary"
	"math/big"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

var (
	bytesArray   = abi.Arguments{{Type: mustType("bytes[]")}}
	bytes32Array = abi.Arguments{{Type: mustType("bytes32[]")}}
)

// mustType is a type of the contract interface made by hand.
func mustType(name string, parts ...abi.ArgumentMarshaling) abi.Type {
	t, err := abi.NewType(name, "", parts)
	if err != nil {
		panic(err) // a constant of this package is wrong; every test would fail
	}
	return t
}

// function is a function of a contract: its text signature and argument types.
func function(name string, types ...abi.Type) *abi.Method {
	args := make(abi.Arguments, len(types))
	for i, t := range types {
		args[i].Type = t
	}
	m := abi.NewMethod(name, name, abi.Function, "", false, true, args, nil)
	return &m
}

// word is a number that is not negative.
func word(n int) []byte { return binary.BigEndian.AppendUint64(make([]byte, 24, 32), uint64(n)) }

// padRight fills b up to a whole word.
func padRight(b []byte) []byte {
	out := make([]byte, (len(b)+31)&^31)
	copy(out, b)
	return out
}

// encodeBytesArray is abi.encode(bytes[]).
func encodeBytesArray(items [][]byte) []byte {
	size := 64 + 32*len(items)
	for _, b := range items {
		size += 32 + (len(b)+31)&^31
	}
	out := make([]byte, 0, size)
	out = append(append(out, word(32)...), word(len(items))...)
	at := 32 * len(items)
	for _, b := range items {
		out = append(out, word(at)...)
		at += 32 + (len(b)+31)&^31
	}
	for _, b := range items {
		out = append(append(out, word(len(b))...), b...)
		out = append(out, make([]byte, (32-len(b)%32)%32)...)
	}
	return out
}

// create2 is where a factory puts a proxy.
func create2(factory common.Address, salt, initCodeHash common.Hash) common.Address {
	return crypto.CreateAddress2(factory, salt, initCodeHash[:])
}

func orZero(v *big.Int) *big.Int {
	if v == nil {
		return new(big.Int)
	}
	return v
}
