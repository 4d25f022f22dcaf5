package devnet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// member is a name of a JSON object and its value.
type member struct {
	name  string
	value json.RawMessage
}

// members splits a JSON object, in its order. A name that stands twice is an error: which one counts would
// be anybody's guess. So is an object with more than limit names.
func members(data []byte, limit int) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("no JSON object")
	}
	var list []member
	seen := map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, errors.New("no JSON object")
		}
		m := member{name: t.(string)} // what else a name is, the decoder refuses
		if err := dec.Decode(&m.value); err != nil {
			return nil, errors.New("no JSON object")
		}
		if seen[m.name] {
			return nil, fmt.Errorf("%.70q is given twice", m.name)
		}
		if len(list) == limit {
			return nil, fmt.Errorf("more than %d members", limit)
		}
		seen[m.name] = true
		list = append(list, m)
	}
	if _, err := dec.Token(); err != nil {
		return nil, errors.New("no JSON object")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("something follows the JSON object")
	}
	return list, nil
}
