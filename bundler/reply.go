// Strict parsing of JSON-RPC replies.

package bundler

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// parseReply reads one reply to request id: a result or a refusal. Its errors
// wrap ErrNotJSON, ErrTruncated, ErrWrongID or ErrBadReply.
func parseReply(body []byte, id uint64) (json.RawMessage, *wireError, error) {
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 {
		return nil, nil, fmt.Errorf("%w: an empty body", ErrNotJSON)
	}
	if trimmed[0] != '{' {
		if !json.Valid(trimmed) {
			return nil, nil, fmt.Errorf("%w: it starts with %q", ErrNotJSON, printable(string(trimmed[:min(len(trimmed), 60)]), 40))
		}
		return nil, nil, fmt.Errorf("%w: no JSON object", ErrBadReply)
	}
	m, err := members(trimmed)
	if err != nil {
		return nil, nil, err
	}
	if v := string(m["jsonrpc"]); v != `"2.0"` {
		return nil, nil, fmt.Errorf("%w: no JSON-RPC 2.0", ErrBadReply)
	}
	refusal, err := parseError(m["error"])
	if err != nil {
		return nil, nil, err
	}
	got := string(m["id"])
	// A server that could not even read the request answers with id null.
	if got != strconv.FormatUint(id, 10) && (refusal == nil || got != "null") {
		return nil, nil, fmt.Errorf("%w: id %s, asked with %d", ErrWrongID, printable(got, 40), id)
	}
	result, ok := m["result"]
	switch {
	case refusal != nil && ok && string(result) != "null":
		return nil, nil, fmt.Errorf("%w: a result and an error", ErrBadReply)
	case refusal == nil && !ok:
		return nil, nil, fmt.Errorf("%w: neither result nor error", ErrBadReply)
	}
	return result, refusal, nil
}

func parseError(raw json.RawMessage) (*wireError, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	m, err := members(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: the error is no object", ErrBadReply)
	}
	code, err := strconv.ParseInt(string(m["code"]), 10, 32)
	if err != nil {
		return nil, fmt.Errorf("%w: an error without a code", ErrBadReply)
	}
	e := &wireError{Code: int(code)}
	if raw, ok := m["message"]; ok && string(raw) != "null" {
		if err := json.Unmarshal(raw, &e.Message); err != nil {
			return nil, fmt.Errorf("%w: the error's message is no text", ErrBadReply)
		}
	}
	if d, ok := m["data"]; ok && string(d) != "null" {
		e.Data = d
	}
	return e, nil
}

// members reads one JSON object without duplicate members and nothing after it.
func members(data []byte) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	malformed := func(err error) error {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return fmt.Errorf("%w: the JSON ends too early", ErrTruncated)
		}
		return fmt.Errorf("%w: %s", ErrNotJSON, printable(err.Error(), 100))
	}
	t, err := dec.Token()
	if err != nil {
		return nil, malformed(err)
	}
	if t != json.Delim('{') {
		return nil, fmt.Errorf("%w: no JSON object", ErrBadReply)
	}
	m := map[string]json.RawMessage{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, malformed(err)
		}
		name, ok := t.(string)
		if !ok {
			return nil, fmt.Errorf("%w: no JSON object", ErrBadReply)
		}
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			return nil, malformed(err)
		}
		if _, twice := m[name]; twice {
			return nil, fmt.Errorf("%w: member %q twice", ErrBadReply, printable(name, 40))
		}
		m[name] = v
	}
	if _, err := dec.Token(); err != nil {
		return nil, malformed(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("%w: data after the object", ErrBadReply)
	}
	return m, nil
}
