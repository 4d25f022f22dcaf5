// Strict JSON objects of hex values.

package userop

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
)

// object holds the members of one JSON object and the first error met in them.
type object struct {
	members map[string]json.RawMessage
	prefix  string // of error messages, "eip7702Auth."
	err     error
}

func parseObject(data []byte, limit int, known []string, unknown unknownRule) (*object, error) {
	if len(data) > limit {
		return nil, fmt.Errorf("user operation: %w: %d bytes of JSON, at most %d are read", ErrTooLarge, len(data), limit)
	}
	malformed := func(err error) error { return fmt.Errorf("user operation: %w JSON: %w", ErrFormat, err) }
	if !json.Valid(data) {
		return nil, malformed(errNotJSON)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if t, err := dec.Token(); err != nil {
		return nil, malformed(err)
	} else if t != json.Delim('{') {
		return nil, malformed(errNotObject)
	}
	o := &object{members: make(map[string]json.RawMessage, len(known))}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, malformed(err)
		}
		name := t.(string)
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			return nil, malformed(err)
		}
		if !slices.Contains(known, name) {
			if unknown == ignoreUnknown {
				continue
			}
			return nil, fieldErr(fmt.Sprintf("%.40q", name), ErrUnknown)
		}
		if _, twice := o.members[name]; twice {
			return nil, fieldErr(name, ErrDuplicate)
		}
		o.members[name] = v
	}
	if _, err := dec.Token(); err != nil {
		return nil, malformed(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, malformed(errTrailing)
	}
	return o, nil
}

type jsonError string

func (e jsonError) Error() string { return string(e) }

const (
	errNotJSON   = jsonError("not JSON")
	errNotObject = jsonError("not an object")
	errTrailing  = jsonError("data after the object")
)

func (o *object) fail(err error) {
	if o.err == nil {
		o.err = err
	}
}

// text returns the member's string; absent and null are not ok.
func (o *object) text(name string, required bool) (string, bool) {
	raw, ok := o.members[name]
	if !ok || string(raw) == "null" {
		if required {
			o.fail(fieldErr(o.prefix+name, ErrMissing))
		}
		return "", false
	}
	// The values of interest have no escapes, so none are understood.
	if len(raw) < 2 || raw[0] != '"' || bytes.IndexByte(raw, '\\') >= 0 {
		o.fail(fieldErrf(o.prefix+name, ErrFormat, "not a plain string"))
		return "", false
	}
	return string(raw[1 : len(raw)-1]), true
}

func (o *object) parseBytes(name string, required bool) []byte {
	s, ok := o.text(name, required)
	if !ok {
		return nil
	}
	b, err := parseHexBytes(s)
	if err != nil {
		o.fail(fieldErrf(o.prefix+name, ErrFormat, "%s", err))
	}
	return b
}

func (o *object) bytes(name string) []byte         { return o.parseBytes(name, false) }
func (o *object) requiredBytes(name string) []byte { return o.parseBytes(name, true) }

func (o *object) parseNumber(name string, bits int, required bool) *big.Int {
	s, ok := o.text(name, required)
	if !ok {
		return nil
	}
	n, err := parseQuantity(s)
	if err != nil {
		o.fail(fieldErrf(o.prefix+name, ErrFormat, "%s", err))
		return nil
	}
	if n.BitLen() > bits {
		o.fail(fieldErrf(o.prefix+name, ErrRange, "%d bits, at most %d fit", n.BitLen(), bits))
		return nil
	}
	return n
}

func (o *object) number(name string, bits int) *big.Int { return o.parseNumber(name, bits, false) }
func (o *object) requiredNumber(name string, bits int) *big.Int {
	return o.parseNumber(name, bits, true)
}

func (o *object) address(name string) *common.Address {
	s, ok := o.text(name, false)
	if !ok {
		return nil
	}
	a, err := parseAddress(s)
	if err != nil {
		o.fail(fieldErrf(o.prefix+name, ErrFormat, "%s", err))
		return nil
	}
	return &a
}

func (o *object) requiredAddress(name string) common.Address {
	a := o.address(name)
	if a == nil {
		o.fail(fieldErr(o.prefix+name, ErrMissing))
		return common.Address{}
	}
	return *a
}

// factory is an address or the short EIP-7702 marker "0x7702".
func (o *object) factory(name string) *common.Address {
	if string(o.members[name]) == `"0x7702"` {
		a := EIP7702Marker
		return &a
	}
	return o.address(name)
}

func (o *object) authorization(name string, unknown unknownRule) *Authorization {
	raw, ok := o.members[name]
	if !ok || string(raw) == "null" {
		return nil
	}
	a, err := parseObject(raw, 4096, []string{"chainId", "address", "nonce", "yParity", "r", "s", "v"}, unknown)
	if err != nil {
		o.fail(fieldErrf(o.prefix+name, ErrFormat, "%s", err))
		return nil
	}
	a.prefix = o.prefix + name + "."
	auth := &Authorization{
		ChainID: a.requiredNumber("chainId", 256),
		Address: a.requiredAddress("address"),
		R:       a.padded("r", 256),
		S:       a.padded("s", 256),
	}
	if n := a.requiredNumber("nonce", 64); n != nil {
		auth.Nonce = n.Uint64()
	}
	if y := a.padded("yParity", 1); y != nil {
		auth.YParity = uint8(y.Uint64())
	}
	o.fail(a.err)
	return auth
}

// padded reads a required number that common clients write with leading zeros,
// up to 32 bytes.
func (o *object) padded(name string, bits int) *big.Int {
	s, ok := o.text(name, true)
	if !ok {
		return nil
	}
	if len(s) < 3 || len(s) > 66 || s[:2] != "0x" {
		o.fail(fieldErrf(o.prefix+name, ErrFormat, "1 to 64 hex digits after 0x are needed"))
		return nil
	}
	digits := s[2:]
	if len(digits)%2 == 1 {
		digits = "0" + digits
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		o.fail(fieldErrf(o.prefix+name, ErrFormat, "not hex"))
		return nil
	}
	n := new(big.Int).SetBytes(b)
	if n.BitLen() > bits {
		o.fail(fieldErrf(o.prefix+name, ErrRange, "%d bits, at most %d fit", n.BitLen(), bits))
		return nil
	}
	return n
}
