package flow

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Value is a Cadence value as transactions and scripts take it for an argument, and as they answer: what JSON-Cadence
// writes as {"type":…,"value":…}. Make one with [Text], [UFix64], [Array] and the others, or with [ParseValue].
type Value struct {
	Type  string // "UFix64", "Address", "Array", "Optional", "Dictionary", "Path", "Struct", …
	Text  string // of numbers, Bool, String, Character and Address: digits, "true", the text, 0x and 16 digits
	Items []Value
	// Items of an Array in their order; of an Optional none or one; of a Dictionary keys and values in turn; of a composite
	// (Struct, Resource, Event, Contract, Enum) the fields' values.

	ID     string   // of a composite, its type: "A.0x1654653399040a61.FlowToken.Vault"; of a Path, its domain
	Fields []string // of a composite, the names of Items

	raw json.RawMessage // of types that are passed on as they came: Type, Capability, Function, InclusiveRange
}

// Limits of values that are read.
const (
	maxValue = 1 << 20 // bytes
	maxDepth = 32
)

// Text is a String.
func Text(s string) Value { return Value{Type: "String", Text: s} }

// Bool is a Bool.
func Bool(b bool) Value { return Value{Type: "Bool", Text: strconv.FormatBool(b)} }

// Addr is an Address.
func Addr(a Address) Value { return Value{Type: "Address", Text: a.String()} }

// Integer is a number of one of the types Int, UInt, Int8 to Int256, UInt8 to UInt256 and Word8 to Word256.
func Integer(typ string, n *big.Int) (Value, error) {
	v := Value{Type: typ, Text: n.String()}
	return v, v.checkScalar()
}

// UInt64 is a UInt64.
func UInt64(n uint64) Value { return Value{Type: "UInt64", Text: strconv.FormatUint(n, 10)} }

// Int is an Int.
func Int(n int64) Value { return Value{Type: "Int", Text: strconv.FormatInt(n, 10)} }

// UFix64 is a fixed-point number in units of 10⁻⁸.
func UFix64(units uint64) Value {
	return Value{Type: "UFix64", Text: fmt.Sprintf("%d.%08d", units/1e8, units%1e8)}
}

// Array is an Array.
func Array(items ...Value) Value { return Value{Type: "Array", Items: items} }

// Optional is an Optional with a value, or without one, for nil.
func Optional(v *Value) Value {
	if v == nil {
		return Value{Type: "Optional"}
	}
	return Value{Type: "Optional", Items: []Value{*v}}
}

// ParseValue reads JSON-Cadence: one value, of known types, numbers in their range, no member twice, nothing after it.
func ParseValue(b []byte) (Value, error) {
	if len(b) > maxValue {
		return Value{}, refused(ErrTooLarge, "value", "%d bytes", len(b))
	}
	if !utf8.Valid(b) {
		return Value{}, refused(ErrArgument, "value", "not UTF-8")
	}
	tree, err := readTree(b)
	if err != nil {
		return Value{}, err
	}
	return valueOf(tree)
}

// JSON is the value in JSON-Cadence.
func (v Value) JSON() []byte {
	b, err := json.Marshal(v.wire())
	if err != nil { // strings, maps of strings and slices of them
		panic(err)
	}
	return b
}

type wire struct {
	Type  string `json:"type"`
	Value any    `json:"value,omitempty"`
}

type pair struct {
	Key   wire `json:"key"`
	Value wire `json:"value"`
}

type field struct {
	Name  string `json:"name"`
	Value wire   `json:"value"`
}

func (v Value) wire() any { return v.asWire() }

func (v Value) asWire() wire {
	w := wire{Type: v.Type}
	switch v.kind() {
	case kindVoid:
	case kindBool:
		w.Value = v.Text == "true"
	case kindOptional:
		w.Value = json.RawMessage("null")
		if len(v.Items) == 1 {
			w.Value = v.Items[0].asWire()
		}
	case kindArray:
		items := make([]wire, len(v.Items))
		for i, item := range v.Items {
			items[i] = item.asWire()
		}
		w.Value = items
	case kindDictionary:
		pairs := make([]pair, len(v.Items)/2)
		for i := range pairs {
			pairs[i] = pair{v.Items[2*i].asWire(), v.Items[2*i+1].asWire()}
		}
		w.Value = pairs
	case kindPath:
		w.Value = map[string]string{"domain": v.ID, "identifier": v.Text}
	case kindComposite:
		fields := make([]field, len(v.Items))
		for i, item := range v.Items {
			if fields[i].Value = item.asWire(); i < len(v.Fields) {
				fields[i].Name = v.Fields[i]
			}
		}
		w.Value = struct {
			ID     string  `json:"id"`
			Fields []field `json:"fields"`
		}{v.ID, fields}
	case kindOpaque:
		w.Value = v.raw
	default:
		w.Value = v.Text
	}
	return w
}

type kind int

const (
	kindUnknown kind = iota
	kindVoid
	kindBool
	kindText // String, Character
	kindAddress
	kindInteger
	kindFixed
	kindOptional
	kindArray
	kindDictionary
	kindPath
	kindComposite
	kindOpaque
)

func (v Value) kind() kind {
	switch v.Type {
	case "Void":
		return kindVoid
	case "Bool":
		return kindBool
	case "String", "Character":
		return kindText
	case "Address":
		return kindAddress
	case "Fix64", "UFix64":
		return kindFixed
	case "Optional":
		return kindOptional
	case "Array":
		return kindArray
	case "Dictionary":
		return kindDictionary
	case "Path":
		return kindPath
	case "Struct", "Resource", "Event", "Contract", "Enum":
		return kindComposite
	case "Type", "Capability", "Function", "InclusiveRange", "Attachment", "Fix128", "UFix128":
		return kindOpaque
	}
	if _, _, ok := rangeOf(v.Type); ok {
		return kindInteger
	}
	return kindUnknown
}

// rangeOf is the range of an integer type; nil bounds are none.
func rangeOf(typ string) (low, high *big.Int, ok bool) {
	switch typ {
	case "Int":
		return nil, nil, true
	case "UInt":
		return new(big.Int), nil, true
	}
	for _, prefix := range []string{"UInt", "Word", "Int"} {
		digits, found := strings.CutPrefix(typ, prefix)
		if !found || !slices.Contains([]string{"8", "16", "32", "64", "128", "256"}, digits) {
			continue
		}
		bits, _ := strconv.Atoi(digits)
		if prefix == "Int" {
			high = new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
			return new(big.Int).Neg(high), high.Sub(high, big.NewInt(1)), true
		}
		high = new(big.Int).Lsh(big.NewInt(1), uint(bits))
		return new(big.Int), high.Sub(high, big.NewInt(1)), true
	}
	return nil, nil, false
}

// maxDigits bounds Int and UInt, which Cadence does not.
const maxDigits = 100

func (v Value) checkScalar() error {
	bad := func() error { return refused(ErrArgument, v.Type, "%.80q", v.Text) }
	switch v.kind() {
	case kindInteger:
		low, high, _ := rangeOf(v.Type)
		digits := strings.TrimPrefix(v.Text, "-")
		if len(digits) == 0 || len(digits) > maxDigits || strings.Trim(digits, "0123456789") != "" {
			return bad()
		}
		n, _ := new(big.Int).SetString(v.Text, 10)
		if low != nil && n.Cmp(low) < 0 || high != nil && n.Cmp(high) > 0 {
			return bad()
		}
	case kindFixed:
		if !isFixed(v.Type, v.Text) {
			return bad()
		}
	case kindAddress:
		// Cadence takes shorter ones too; we write all of it.
		if _, err := ParseAddress(v.Text); err != nil || !strings.HasPrefix(v.Text, "0x") {
			return bad()
		}
	case kindText:
		if v.Type == "Character" && !mayBeCharacter(v.Text) {
			return bad()
		}
	case kindPath:
		if !slices.Contains([]string{"storage", "public", "private"}, v.ID) {
			return refused(ErrArgument, v.Type, "domain %.80q", v.ID)
		}
	}
	return nil
}

// mayBeCharacter: a Character is one grapheme cluster. Of those only what is certain is told here: one that is empty is none,
// nor is one with two characters of ASCII side by side, other than CR LF. The rest is left to Cadence.
func mayBeCharacter(text string) bool {
	for i := 1; i < len(text); i++ {
		if text[i-1] < utf8.RuneSelf && text[i] < utf8.RuneSelf && text[i-1:i+1] != "\r\n" {
			return false
		}
	}
	return text != ""
}

func isFixed(typ, text string) bool {
	digits := text
	if typ == "Fix64" {
		digits = strings.TrimPrefix(text, "-")
	}
	whole, fraction, found := strings.Cut(digits, ".")
	if !found || whole == "" || len(whole) > 12 || fraction == "" || len(fraction) > 8 || strings.Trim(whole+fraction, "0123456789") != "" {
		return false
	}
	units, _ := new(big.Int).SetString(whole+fraction+strings.Repeat("0", 8-len(fraction)), 10)
	if typ == "UFix64" {
		return units.IsUint64()
	}
	if digits != text {
		units.Neg(units)
	}
	return units.IsInt64()
}
