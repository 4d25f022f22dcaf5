// Functions of contracts, as people write them: transfer(address to, uint256 amount).

package grant

import (
	"strings"

	"github.com/ethereum/go-ethereum/crypto"
)

// Param is one parameter of a function.
type Param struct {
	Type string // canonical: uint256, never uint; tuples as (address,uint256)
	Name string // may be empty
	// Words is the room of the value in the call's data; 0 for dynamic types,
	// where one word points to the value.
	Words  uint64
	offset uint64 // bytes after the selector
}

// Offset is where the parameter's word stands, in bytes after the selector.
func (p Param) Offset() uint64 { return p.offset }

// Function is a parsed signature.
type Function struct {
	Name   string
	Params []Param
}

// Limits of signatures from outside.
const (
	maxExpression = 16 << 10 // bytes
	maxParams     = 64       // of a function, nested ones included
	maxDepth      = 8        // of tuples and arrays
	maxWords      = 1 << 16  // of static parameters together
)

// ParseFunction reads a signature, with or without the word function and names.
func ParseFunction(text string) (*Function, error) {
	s, err := newScanner(text)
	if err != nil {
		return nil, err
	}
	f, err := s.function()
	if err == nil {
		err = s.end()
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Signature is the canonical form that the selector is the hash of.
func (f *Function) Signature() string {
	types := make([]string, len(f.Params))
	for i, p := range f.Params {
		types[i] = p.Type
	}
	return f.Name + "(" + strings.Join(types, ",") + ")"
}

// String is what ParseFunction reads: with the parameters' names.
func (f *Function) String() string {
	params := make([]string, len(f.Params))
	for i, p := range f.Params {
		if params[i] = p.Type; p.Name != "" {
			params[i] += " " + p.Name
		}
	}
	return f.Name + "(" + strings.Join(params, ", ") + ")"
}

// Selector is the first four bytes of the signature's hash.
func (f *Function) Selector() [4]byte { return [4]byte(crypto.Keccak256([]byte(f.Signature()))[:4]) }

// param finds the parameter whose word is at an offset.
func (f *Function) param(offset uint64) (Param, bool) {
	if f != nil {
		for _, p := range f.Params {
			if p.offset == offset && p.Words <= 1 {
				return p, true
			}
		}
	}
	return Param{}, false
}

func (s *scanner) function() (*Function, error) {
	if s.peek() == "function" {
		s.next()
	}
	f := &Function{}
	var err error
	if f.Name, err = s.name("the function's name"); err != nil {
		return nil, err
	}
	left := maxParams
	if f.Params, err = s.params(&left, 0); err != nil {
		return nil, err
	}
	return f, nil
}

// params reads a list in brackets.
func (s *scanner) params(left *int, depth int) ([]Param, error) {
	if err := s.expect("("); err != nil {
		return nil, err
	}
	var out []Param
	var offset uint64
	for s.peek() != ")" {
		if len(out) > 0 {
			if err := s.expect(","); err != nil {
				return nil, err
			}
		}
		if *left--; *left < 0 || depth > maxDepth {
			return nil, s.fail("write the selector and the rules instead", "more than %d parameters, or more than %d levels of tuples", maxParams, maxDepth)
		}
		p, err := s.param(left, depth)
		if err != nil {
			return nil, err
		}
		p.offset = offset
		if offset += 32 * max(p.Words, 1); offset > 32*maxWords {
			return nil, s.fail("such a call fits into no block", "the parameters take more than %d words", maxWords)
		}
		for _, q := range out {
			if p.Name != "" && q.Name == p.Name {
				return nil, s.fail("give each parameter its own name", "two parameters are called %q", p.Name)
			}
		}
		out = append(out, p)
	}
	s.next()
	return out, nil
}

func (s *scanner) param(left *int, depth int) (Param, error) {
	p := Param{Words: 1}
	if s.peek() == "tuple" {
		s.next()
	}
	if s.peek() == "(" {
		fields, err := s.params(left, depth+1)
		if err != nil {
			return p, err
		}
		p.Words = 0
		types := make([]string, len(fields))
		dynamic := false
		for i, f := range fields {
			types[i] = f.Type
			p.Words += f.Words
			dynamic = dynamic || f.Words == 0
		}
		if len(fields) == 0 {
			return p, s.fail("leave it out", "a tuple without fields")
		}
		if dynamic {
			p.Words = 0
		}
		p.Type = "(" + strings.Join(types, ",") + ")"
	} else {
		word := s.next()
		t, ok := elementary(word)
		if !ok {
			return p, s.back().fail("write a type such as address, uint256, bool, bytes32, string, bytes or (address,uint256)", "%q is no type", word)
		}
		p.Type = t
		if t == "bytes" || t == "string" {
			p.Words = 0
		}
	}
	for levels := 0; s.peek() == "["; levels++ {
		s.next()
		if levels > maxDepth {
			return p, s.fail("write the selector and the rules instead", "more than %d levels of arrays", maxDepth)
		}
		n := uint64(0)
		if s.peek() != "]" {
			word := s.next()
			var ok bool
			if n, ok = smallNumber(word, maxWords); !ok || n == 0 {
				return p, s.back().fail("write a number from 1 to 65536, or nothing", "%q is no length of an array", word)
			}
			p.Words *= n // of a dynamic element: stays 0
			if p.Words > maxWords {
				return p, s.fail("such a call fits into no block", "the array takes more than %d words", maxWords)
			}
			p.Type += "[" + word + "]"
		} else {
			p.Words = 0
			p.Type += "[]"
		}
		if err := s.expect("]"); err != nil {
			return p, err
		}
	}
	for s.peek() == "calldata" || s.peek() == "memory" || s.peek() == "payable" {
		s.next()
	}
	if isName(s.peek()) {
		p.Name = s.next()
	}
	return p, nil
}

// elementary makes a type's canonical name.
func elementary(t string) (string, bool) {
	switch t {
	case "address", "bool", "string", "bytes":
		return t, true
	case "uint", "int":
		return t + "256", true
	}
	for _, k := range []struct {
		prefix         string
		unit, low, top uint64
	}{{"uint", 8, 8, 256}, {"int", 8, 8, 256}, {"bytes", 1, 1, 32}} {
		if digits, ok := strings.CutPrefix(t, k.prefix); ok {
			n, ok := smallNumber(digits, k.top)
			return t, ok && n >= k.low && n%k.unit == 0
		}
	}
	return "", false
}

// smallNumber reads decimal digits without leading zeros.
func smallNumber(s string, top uint64) (uint64, bool) {
	if s == "" || len(s) > 6 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	n := uint64(0)
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + uint64(c-'0')
	}
	return n, n <= top
}
