// Policy files: what a person writes.

package grant

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/ethereum/go-ethereum/common"
)

// FileVersion is the version of policy files that this package reads.
const FileVersion = 1

const (
	maxPolicies    = 253 // Kernel takes 254 entries, the signer among them
	maxPermissions = 256
	maxTokens      = 256
	maxCallers     = 256
)

// ParseFile reads a policy file, TOML or JSON of the same shape; docs/grants.md
// describes it. It refuses what it does not know, and says where. It does not
// judge: see [Check].
func ParseFile(data []byte) (Grant, error) {
	root, err := parseText(data)
	if err != nil {
		return Grant{}, err
	}
	f := &fileReader{}
	f.grant(root)
	if f.err != nil {
		return Grant{}, f.err
	}
	return f.g, nil
}

// fileReader makes a grant of a file's tables. After the first error it does
// nothing more.
type fileReader struct {
	g    Grant
	zone *time.Location
	err  error
}

// table is one table of the file and what was taken from it.
type table struct {
	f     *fileReader
	n     *node
	field string
	known []string
}

func (f *fileReader) table(n *node, field string) *table {
	t := &table{f: f, n: n, field: field}
	if n.form != formTable {
		f.refuse(n, field, "write a table: { name = value }", "it is no table")
		t.n = newTable(&node{line: n.line, column: n.column})
	}
	return t
}

func (f *fileReader) refuse(n *node, field, way, format string, args ...any) {
	if f.err == nil {
		f.err = n.fail(field, way, format, args...)
	}
}

// wrong places an error of a value where the value stands.
func (f *fileReader) wrong(n *node, field string, err error) {
	if f.err != nil || err == nil {
		return
	}
	var e *Error
	if !errors.As(err, &e) {
		f.refuse(n, field, "write it differently", "%v", err)
		return
	}
	out := *e
	// A column inside a text is counted behind its opening quote.
	out.Line, out.Column = n.line, n.column+e.Column
	out.Field = field
	f.err = &out
}

func (t *table) at(key string) string {
	if t.field == "" {
		return key
	}
	return t.field + ", " + key
}

func (t *table) take(key string) *node {
	t.known = append(t.known, key)
	return t.n.values[key]
}

// done refuses keys that nobody took.
func (t *table) done() {
	for _, k := range t.n.keys {
		if !slices.Contains(t.known, k) {
			t.f.refuse(t.n.values[k], t.at(k), "the names here are "+strings.Join(t.known, ", "), "nobody knows this name")
		}
	}
}

// missing refuses a table without a key, and points to the one that was perhaps meant.
func (t *table) missing(key, way string) {
	for _, k := range t.n.keys {
		if mistyped(k, key) {
			t.f.refuse(t.n.values[k], t.at(k), "write "+key, "nobody knows this name, and %s is missing", key)
			return
		}
	}
	t.f.refuse(t.n, t.at(key), way, "it is missing")
}

// mistyped reports whether two names differ in two letters at one place at most.
func mistyped(a, b string) bool {
	n := min(len(a), len(b))
	front := 0
	for front < n && a[front] == b[front] {
		front++
	}
	back := 0
	for back < n-front && a[len(a)-1-back] == b[len(b)-1-back] {
		back++
	}
	return front+back > 1 && max(len(a), len(b))-front-back <= 2
}

// text is "" if the key is missing.
func (t *table) text(key string) (string, *node) {
	n := t.take(key)
	if n == nil {
		return "", nil
	}
	if n.form != formString || n.text == "" {
		t.f.refuse(n, t.at(key), `write "text"`, "it is no text, or an empty one")
	}
	return n.text, n
}

func (t *table) number(key string, top uint64) (uint64, *node) {
	n := t.take(key)
	if n == nil {
		return 0, nil
	}
	v, err := ParseAmount(n.text, nil)
	if n.form != formBare || err != nil || !v.IsUint64() || v.Uint64() > top {
		t.f.refuse(n, t.at(key), "write a whole number without quotes", "it is no number up to %d", top)
		return 0, n
	}
	return v.Uint64(), n
}

func (t *table) flag(key string) bool {
	n := t.take(key)
	if n == nil {
		return false
	}
	if n.form != formBare || n.text != "true" && n.text != "false" {
		t.f.refuse(n, t.at(key), "write true or false", "it is neither true nor false")
	}
	return n.text == "true"
}

func (t *table) list(key string, top int) []*node {
	n := t.take(key)
	if n == nil {
		return nil
	}
	if n.form != formList {
		t.f.refuse(n, t.at(key), "write [ … ]", "it is no list")
	}
	if len(n.list) > top {
		t.f.refuse(n, t.at(key), "split the grant", "%d of them, more than %d", len(n.list), top)
		return nil
	}
	return n.list
}

// address takes an address or a token's symbol.
func (f *fileReader) address(n *node, field string) common.Address {
	if n.form != formString {
		f.refuse(n, field, `write "0x…" in quotes, or a token's symbol`, "it is no address")
		return common.Address{}
	}
	if t, ok := f.g.Tokens.symbol(n.text); ok {
		return t.Address
	}
	a, why := parseAddress(n.text)
	if why != "" {
		f.refuse(n, field, "write 0x and 40 hexadecimal digits, or the symbol of a token in the table", "%q is no address: %s", n.text, why)
	}
	return a
}

func (f *fileReader) grant(root *node) {
	t := f.table(root, "")
	version, n := t.number("version", 1<<32)
	switch {
	case n == nil:
		t.missing("version", "write version = 1")
	case version != FileVersion:
		f.refuse(n, "version", "use a newer release of this program", "it is %d, and this program reads %d", version, FileVersion)
	}
	f.g.Name, n = t.text("name")
	if len(f.g.Name) > 200 || strings.ContainsFunc(f.g.Name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		f.refuse(n, "name", "write a short plain text", "it is too long or has control characters")
	}
	f.zone = time.UTC
	if zone, n := t.text("timezone"); n != nil && f.err == nil {
		loc, err := loadZone(zone)
		if err != nil {
			f.refuse(n, "timezone", `write a name such as "Europe/Berlin"`, "there is no time zone %q", zone)
		} else {
			f.g.Zone, f.zone = zone, loc
		}
	}
	for _, k := range []struct {
		key  string
		flag Flag
	}{{"messages", FlagNotMessages}, {"operations", FlagNotOps}} {
		if word, n := t.text(k.key); n != nil {
			switch word {
			case "none":
				f.g.Flag |= k.flag
			case "policies":
			default:
				f.refuse(n, k.key, `write "none", or "policies" for what the policies allow`, "%q is neither", word)
			}
		}
	}
	if n := t.take("tokens"); n != nil {
		f.tokens(f.table(n, "tokens"))
	}
	for i, n := range t.list("policy", maxPolicies) {
		if f.err == nil {
			f.policy(f.table(n, "policy "+decimal(i+1)))
		}
	}
	t.done()
}

func loadZone(name string) (*time.Location, error) {
	if name == "Local" || len(name) > 64 {
		return nil, errors.New("no name of a zone")
	}
	return time.LoadLocation(name)
}

func (f *fileReader) tokens(t *table) {
	if len(t.n.keys) > maxTokens {
		f.refuse(t.n, "tokens", "keep those that the policies name", "more than %d", maxTokens)
		return
	}
	for _, symbol := range t.n.keys {
		k := f.table(t.take(symbol), t.at(symbol))
		token := Token{Symbol: symbol}
		if !token.sound() {
			f.refuse(k.n, k.field, "give it another symbol", "%q cannot be a symbol here", symbol)
		}
		if n := k.take("address"); n == nil {
			k.missing("address", "write the contract's address")
		} else {
			token.Address = f.address(n, k.at("address"))
		}
		decimals, n := k.number("decimals", maxDecimals)
		if n == nil {
			k.missing("decimals", "write how many digits stand behind the point, as its contract says")
		}
		token.Decimals = uint8(decimals)
		if other, twice := f.g.Tokens.at(token.Address); twice {
			f.refuse(k.n, k.field, "keep one of the two", "%s has the same address", other.Symbol)
		}
		k.done()
		f.g.Tokens = append(f.g.Tokens, token)
	}
}
