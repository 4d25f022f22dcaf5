// Expressions: transfer(address to, uint256 amount) where amount <= 5 USDC and
// to in [0x…, 0x…].

package grant

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// Limits of conditions from outside.
const (
	maxRules  = 64
	maxChoice = 256
)

// ParseCall reads an expression as the permission to call that function of
// target; a zero target is any contract. Amounts may be in units of tokens.
//
//	name(type name, …) [where condition and condition …]
//	condition: param = | != | < | <= | > | >= value
//	         | param in [value, …]
//	         | param[start:end] = value     of bytes and string
//	value:     0x… | 100 | 1.5 USDC | true | "text" | USDC (the token's address)
//
// Parameters without names are $0, $1, …
func ParseCall(text string, target common.Address, tokens Tokens) (Permission, error) {
	p := Permission{Target: target}
	s, err := newScanner(text)
	if err != nil {
		return p, err
	}
	f, err := s.function()
	if err != nil {
		return p, err
	}
	p.Function, p.Selector = f, f.Selector()
	if s.peek() == "where" {
		s.next()
		r := ruleReader{scanner: s, f: f, target: target, tokens: tokens}
		if p.Rules, err = r.rules(); err != nil {
			return Permission{}, err
		}
	}
	if err := s.end(); err != nil {
		return Permission{}, err
	}
	return p, nil
}

type ruleReader struct {
	*scanner
	f      *Function
	target common.Address
	tokens Tokens
}

// rules are in the order of the parameters, as the SDK writes them.
func (r *ruleReader) rules() ([]Rule, error) {
	var out []Rule
	for {
		rule, err := r.rule()
		if err != nil {
			return nil, err
		}
		out = append(out, rule)
		if len(out) > maxRules {
			return nil, r.fail("allow fewer things at once", "more than %d conditions", maxRules)
		}
		switch r.peek() {
		case "and":
			r.next()
			continue
		case "or":
			return nil, r.fail("use in [ … ] for several values of one parameter; there is one permission per function and target", "the call policy knows no or")
		}
		slices.SortStableFunc(out, func(a, b Rule) int { return cmp.Compare(a.Offset, b.Offset) })
		return out, nil
	}
}

func (r *ruleReader) rule() (rule Rule, err error) {
	p, err := r.reference()
	if err != nil {
		return rule, err
	}
	rule.Offset = p.offset
	if r.peek() == "[" {
		return r.slice(p, rule)
	}
	if p.Words != 1 || strings.HasSuffix(p.Type, "]") || strings.HasPrefix(p.Type, "(") {
		way := "only values of one word can be compared: address, numbers, bool, bytes1 to bytes32"
		if p.Type == "bytes" || p.Type == "string" {
			way = "compare a slice of it: " + r.label(p) + "[0:4] = 0x…"
		}
		return rule, r.back().fail(way, "%s is a %s", r.label(p), p.Type)
	}
	op := r.next()
	if op == "in" {
		return r.oneOf(p, rule)
	}
	conditions := map[string]Condition{"=": Equal, "==": Equal, "!=": NotEqual, "<": LessThan, "<=": LessOrEqual, ">": GreaterThan, ">=": GreaterOrEqual}
	c, ok := conditions[op]
	if !ok {
		return rule, r.back().fail("write = != < <= > >= or in", "%q is no comparison", op)
	}
	if c != Equal && c != NotEqual && !strings.HasPrefix(p.Type, "uint") {
		way := "compare it with = or !=, or in [ … ]"
		if strings.HasPrefix(p.Type, "int") {
			way = "the contract compares unsigned numbers, for which a negative one is huge: use = or in [ … ]"
		}
		return rule, r.back().fail(way, "%s is a %s, which has no order here", r.label(p), p.Type)
	}
	w, err := r.value(p)
	rule.Condition, rule.Params = c, [][32]byte{w}
	return rule, err
}

// reference reads the name of a parameter, or $ and its number.
func (r *ruleReader) reference() (Param, error) {
	n := r.next()
	for i, p := range r.f.Params {
		if n != "" && (p.Name == n || "$"+decimal(i) == n) {
			return p, nil
		}
	}
	return Param{}, r.back().fail("the parameters are "+r.f.String()+"; one without a name is $0, $1, …", "%s has no parameter %q", r.f.Name, n)
}

func (r *ruleReader) label(p Param) string { return label(r.f, p) }

// label is the parameter's name, or its number where it has none.
func label(f *Function, p Param) string {
	if p.Name != "" {
		return p.Name
	}
	for i, q := range f.Params {
		if q.offset == p.offset {
			return "$" + decimal(i)
		}
	}
	return "?"
}

func (r *ruleReader) oneOf(p Param, rule Rule) (Rule, error) {
	rule.Condition = OneOf
	if err := r.expect("["); err != nil {
		return rule, err
	}
	for {
		w, err := r.value(p)
		if err != nil {
			return rule, err
		}
		if slices.Contains(rule.Params, w) {
			return rule, r.back().fail("write each value once", "the value stands there twice")
		}
		rule.Params = append(rule.Params, w)
		if len(rule.Params) > maxChoice {
			return rule, r.fail("allow fewer values", "more than %d values", maxChoice)
		}
		if r.peek() == "," {
			r.next()
			continue
		}
		return rule, r.expect("]")
	}
}

// slice reads [start:end] = value of a dynamic parameter.
func (r *ruleReader) slice(p Param, rule Rule) (Rule, error) {
	if p.Type != "bytes" && p.Type != "string" {
		return rule, r.fail("compare the whole value", "%s is a %s: only bytes and string have slices", r.label(p), p.Type)
	}
	r.next()
	start, err := r.position()
	if err == nil {
		err = r.expect(":")
	}
	if err != nil {
		return rule, err
	}
	end, err := r.position()
	if err == nil {
		err = r.expect("]")
	}
	if err != nil {
		return rule, err
	}
	if op := r.next(); op != "=" && op != "==" {
		return rule, r.back().fail("write =", "a slice can only be equal to something, found %q", op)
	}
	text := r.next()
	data, ok := []byte(nil), false
	if quoted, is := strings.CutPrefix(text, `"`); is && p.Type == "string" {
		data, ok = []byte(quoted), true
	} else if p.Type == "bytes" {
		data, ok = hexBytes(text)
	}
	if !ok {
		return rule, r.back().fail(`write "text" for a string, 0x… for bytes`, "%q is no value of a slice of %s", text, p.Type)
	}
	if end < start || uint64(len(data)) != end-start || len(data) == 0 {
		return rule, r.back().fail("write as many bytes as the slice has, counted from start up to but not including end", "the slice [%d:%d] and %d bytes", start, end, len(data))
	}
	rule.Condition, rule.Slice = SliceEqual, data
	rule.Params = [][32]byte{[32]byte(numberWord(start)), [32]byte(numberWord(end - start)), crypto.Keccak256Hash(data)}
	return rule, nil
}

func (r *ruleReader) position() (uint64, error) {
	t := r.next()
	n, ok := smallNumber(t, maxExpression)
	if !ok {
		return 0, r.back().fail("write a number of bytes", "%q is no position", t)
	}
	return n, nil
}
