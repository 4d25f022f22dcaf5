package flow

import (
	"bytes"
	"encoding/json"
	"io"
)

// tree is JSON without a meaning yet. Only what JSON-Cadence uses: no numbers.
type tree struct {
	kind    byte // '{' '[' '"' 't' 'f' 'n'
	text    string
	names   []string
	items   []tree
	literal json.RawMessage
}

// maxMembers is more than any object of JSON-Cadence has, those of types included. Without it the members of a long one
// would be compared with each other.
const maxMembers = 16

func (t tree) member(name string) (tree, bool) {
	for i, n := range t.names {
		if n == name {
			return t.items[i], true
		}
	}
	return tree{}, false
}

// readTree reads one JSON value of bounded depth in which no member stands twice.
func readTree(b []byte) (tree, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	t, err := readNode(d, b, 0)
	if err != nil {
		return tree{}, err
	}
	if _, err := d.Token(); err != io.EOF {
		return tree{}, refused(ErrArgument, "value", "something follows")
	}
	return t, nil
}

func readNode(d *json.Decoder, b []byte, depth int) (t tree, err error) {
	bad := func(what string) (tree, error) { return tree{}, refused(ErrArgument, "value", "%s", what) }
	if depth > 4*maxDepth {
		return bad("nested too deeply")
	}
	start := d.InputOffset()
	token, err := d.Token()
	if err != nil {
		return bad("not JSON")
	}
	switch v := token.(type) {
	case string:
		t = tree{kind: '"', text: v}
	case bool:
		t = tree{kind: 'f'}
		if v {
			t.kind = 't'
		}
	case nil:
		t = tree{kind: 'n'}
	case json.Delim:
		t.kind = byte(v)
		for d.More() {
			if v == '{' {
				name, err := d.Token()
				if err != nil {
					return bad("not JSON")
				}
				if _, twice := t.member(name.(string)); twice {
					return bad("a member stands twice")
				}
				if len(t.names) == maxMembers {
					return bad("an object has more members than any of JSON-Cadence")
				}
				t.names = append(t.names, name.(string))
			}
			item, err := readNode(d, b, depth+1)
			if err != nil {
				return tree{}, err
			}
			t.items = append(t.items, item)
		}
		if _, err := d.Token(); err != nil {
			return bad("not JSON")
		}
	default:
		return bad("a number that is no text")
	}
	t.literal = bytes.TrimLeft(b[start:d.InputOffset()], " \t\r\n:,")
	return t, nil
}

// valueOf gives JSON its meaning in Cadence.
func valueOf(t tree) (Value, error) { return valueAt(t, 0) }

func valueAt(t tree, depth int) (v Value, err error) {
	bad := func(what string) (Value, error) {
		return Value{}, refused(ErrArgument, "value", "%.40s: %s", v.Type, what)
	}
	if depth > maxDepth {
		return bad("nested too deeply")
	}
	typ, hasType := t.member("type")
	content, hasValue := t.member("value")
	if t.kind != '{' || !hasType || typ.kind != '"' || len(t.names) != 1+count(hasValue) {
		return bad(`not {"type":…,"value":…}`)
	}
	v.Type = typ.text
	each := func(items []tree) error {
		for _, item := range items {
			inner, err := valueAt(item, depth+1)
			if err != nil {
				return err
			}
			v.Items = append(v.Items, inner)
		}
		return nil
	}
	kind := v.kind()
	if hasValue == (kind == kindVoid) || kind == kindUnknown {
		return bad("no such type, or no value")
	}
	switch kind {
	case kindBool:
		if content.kind != 't' && content.kind != 'f' {
			return bad("neither true nor false")
		}
		v.Text = map[byte]string{'t': "true", 'f': "false"}[content.kind]
	case kindText, kindAddress, kindInteger, kindFixed:
		if content.kind != '"' {
			return bad("not a text")
		}
		v.Text = content.text
		return v, v.checkScalar()
	case kindOptional:
		if content.kind != 'n' {
			err = each([]tree{content})
		}
	case kindArray:
		if content.kind != '[' {
			return bad("not an array")
		}
		err = each(content.items)
	case kindDictionary:
		if content.kind != '[' {
			return bad("not an array")
		}
		for _, p := range content.items {
			key, hasKey := p.member("key")
			value, hasValue := p.member("value")
			if p.kind != '{' || !hasKey || !hasValue || len(p.names) != 2 {
				return bad("not a pair of key and value")
			}
			if err = each([]tree{key, value}); err != nil {
				break
			}
		}
	case kindPath:
		domain, _ := content.member("domain")
		identifier, _ := content.member("identifier")
		if content.kind != '{' || len(content.names) != 2 || domain.kind != '"' || identifier.kind != '"' {
			return bad("not a domain and an identifier")
		}
		v.ID, v.Text = domain.text, identifier.text
		return v, v.checkScalar()
	case kindComposite:
		id, _ := content.member("id")
		fields, _ := content.member("fields")
		if content.kind != '{' || len(content.names) != 2 || id.kind != '"' || fields.kind != '[' {
			return bad("not an id and fields")
		}
		v.ID = id.text
		for _, f := range fields.items {
			name, _ := f.member("name")
			value, hasValue := f.member("value")
			if f.kind != '{' || len(f.names) != 2 || name.kind != '"' || !hasValue {
				return bad("not a field")
			}
			v.Fields = append(v.Fields, name.text)
			if err = each([]tree{value}); err != nil {
				break
			}
		}
	case kindOpaque:
		v.raw = content.literal
	}
	return v, err
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}
