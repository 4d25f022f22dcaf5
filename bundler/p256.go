// Does P256VERIFY (RIP-7212, EIP-7951) answer at 0x100, and truthfully?

package bundler

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
)

// P256Address is where the precompile lives.
var P256Address = common.Address{18: 0x01}

// P256 says what a chain does with P256VERIFY.
type P256 uint8

const (
	P256Absent   P256 = iota // no answer: signatures are checked in plain arithmetic
	P256Works                // accepts the good signature and refuses the bad one
	P256Untrusty             // answers something else: must not be relied on
)

func (p P256) String() string {
	switch p {
	case P256Absent:
		return "absent"
	case P256Works:
		return "works"
	}
	return "answers wrongly"
}

// MarshalText writes String.
func (p P256) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// p256Good is hash ‖ r ‖ s ‖ x ‖ y: "sample" with SHA-256 of RFC 6979, A.2.5,
// with s made low.
var p256Good = unhex(
	"af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf",
	"efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
	"0834e36ad29a83bf2bc9385e491d6099c8fdf9d1ed67aa7ea5f51f93782857a9",
	"60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
	"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
)

// p256Bad is the same with one bit of the hash turned.
var p256Bad = func() []byte {
	b := bytes.Clone(p256Good)
	b[31] ^= 1
	return b
}()

func unhex(words ...string) []byte {
	var out []byte
	for _, w := range words {
		b, err := hex.DecodeString(w)
		if err != nil || len(b) != 32 {
			panic("bundler: a constant is wrong")
		}
		out = append(out, b...)
	}
	return out
}

// probeP256 asks with a good and a bad signature: a precompile that accepts
// everything is worse than none.
func probeP256(ctx context.Context, c *Chain) (P256, string, error) {
	good, err := callOrRevert(ctx, c, p256Good)
	if err != nil {
		return P256Absent, "", err
	}
	bad, err := callOrRevert(ctx, c, p256Bad)
	if err != nil {
		return P256Absent, "", err
	}
	switch {
	case isTrue(good) && !isTrue(bad) && allZero(bad):
		return P256Works, "", nil
	case len(good) == 0 && len(bad) == 0:
		return P256Absent, "", nil
	}
	return P256Untrusty, fmt.Sprintf("a good signature gives 0x%x, a bad one 0x%x", clip(good), clip(bad)), nil
}

// HasP256 reports whether P256VERIFY works; one that answers wrongly does not.
// A chain that has it is asked once; one that has not may get it some day.
func (c *Chain) HasP256(ctx context.Context) (bool, error) {
	if c.p256.Load() {
		return true, nil
	}
	p, _, err := probeP256(ctx, c)
	if err != nil {
		return false, err
	}
	if p == P256Works {
		c.p256.Store(true)
	}
	return p == P256Works, nil
}

// callOrRevert takes a refusal of the call for an empty answer.
func callOrRevert(ctx context.Context, c *Chain, data []byte) ([]byte, error) {
	out, err := c.Call(ctx, P256Address, data)
	if r, ok := errors.AsType[*RPCError](err); ok && !r.Unavailable() {
		return nil, nil
	}
	return out, err
}

func isTrue(b []byte) bool  { return len(b) == 32 && b[31] == 1 && allZero(b[:31]) }
func allZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }
func clip(b []byte) []byte  { return b[:min(len(b), 40)] }
