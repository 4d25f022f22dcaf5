// Policy files: what a person writes.

package grant

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/internal/textfile"
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
	root, err := textfile.Parse(data)
	if err != nil {
		return Grant{}, placed(err)
	}
	f := &fileReader{}
	f.grant(root)
	if f.err != nil {
		return Grant{}, f.err
	}
	return f.g, nil
}

// placed makes an error of this package of one of a text.
func placed(err error) error {
	var e *textfile.Error
	if errors.As(err, &e) {
		return &Error{Line: e.Line, Column: e.Column, Field: e.Field, What: e.What, Way: e.Way}
	}
	return err
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
	n     *textfile.Node
	field string
	known []string
}

func (f *fileReader) table(n *textfile.Node, field string) *table {
	t := &table{f: f, n: n, field: field}
	if n.Form != textfile.Table {
		f.refuse(n, field, "write a table: { name = value }", "it is no table")
		t.n = &textfile.Node{Line: n.Line, Column: n.Column, Form: textfile.Table}
	}
	return t
}

func (f *fileReader) refuse(n *textfile.Node, field, way, format string, args ...any) {
	if f.err == nil {
		f.err = placed(n.Fail(field, way, format, args...))
	}
}

// wrong places an error of a value where the value stands.
func (f *fileReader) wrong(n *textfile.Node, field string, err error) {
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
	out.Line, out.Column = n.Line, n.Column+e.Column
	out.Field = field
	f.err = &out
}

func (t *table) at(key string) string {
	if t.field == "" {
		return key
	}
	return t.field + ", " + key
}

func (t *table) take(key string) *textfile.Node {
	t.known = append(t.known, key)
	return t.n.Values[key]
}

// done refuses keys that nobody took.
func (t *table) done() {
	for _, k := range t.n.Keys {
		if !slices.Contains(t.known, k) {
			t.f.refuse(t.n.Values[k], t.at(k), "the names here are "+strings.Join(t.known, ", "), "nobody knows this name")
		}
	}
}

// missing refuses a table without a key, and points to the one that was perhaps meant.
func (t *table) missing(key, way string) {
	for _, k := range t.n.Keys {
		if mistyped(k, key) {
			t.f.refuse(t.n.Values[k], t.at(k), "write "+key, "nobody knows this name, and %s is missing", key)
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
func (t *table) text(key string) (string, *textfile.Node) {
	n := t.take(key)
	if n == nil {
		return "", nil
	}
	if n.Form != textfile.String || n.Text == "" {
		t.f.refuse(n, t.at(key), `write "text"`, "it is no text, or an empty one")
	}
	return n.Text, n
}

func (t *table) number(key string, top uint64) (uint64, *textfile.Node) {
	n := t.take(key)
	if n == nil {
		return 0, nil
	}
	v, err := ParseAmount(n.Text, nil)
	if n.Form != textfile.Bare || err != nil || !v.IsUint64() || v.Uint64() > top {
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
	if n.Form != textfile.Bare || n.Text != "true" && n.Text != "false" {
		t.f.refuse(n, t.at(key), "write true or false", "it is neither true nor false")
	}
	return n.Text == "true"
}

func (t *table) list(key string, top int) []*textfile.Node {
	n := t.take(key)
	if n == nil {
		return nil
	}
	if n.Form != textfile.List {
		t.f.refuse(n, t.at(key), "write [ … ]", "it is no list")
	}
	if len(n.List) > top {
		t.f.refuse(n, t.at(key), "split the grant", "%d of them, more than %d", len(n.List), top)
		return nil
	}
	return n.List
}

// address takes an address or a token's symbol.
func (f *fileReader) address(n *textfile.Node, field string) common.Address {
	if n.Form != textfile.String {
		f.refuse(n, field, `write "0x…" in quotes, or a token's symbol`, "it is no address")
		return common.Address{}
	}
	if t, ok := f.g.Tokens.symbol(n.Text); ok {
		return t.Address
	}
	a, why := parseAddress(n.Text)
	if why != "" {
		f.refuse(n, field, "write 0x and 40 hexadecimal digits, or the symbol of a token in the table", "%q is no address: %s", n.Text, why)
	}
	return a
}

func (f *fileReader) grant(root *textfile.Node) {
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
	if len(t.n.Keys) > maxTokens {
		f.refuse(t.n, "tokens", "keep those that the policies name", "more than %d", maxTokens)
		return
	}
	for _, symbol := range t.n.Keys {
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
