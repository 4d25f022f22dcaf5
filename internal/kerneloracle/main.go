// Command kerneloracle lets the scripts of interop/js/kernel ask what Postern makes of ZeroDev Kernel's session keys,
// so that ZeroDev's own packages can judge it. It reads one JSON request per line and writes one JSON answer per line,
// in their order:
//
//	{"do":"grants","args":{…}}  →  {"ok":{…}}  or  {"error":"…","hint":"…","type":"*approval.Error","field":"…"}
//
// The keys in its requests are made up; it is of no use with real ones.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/postern-dev/postern/account"
)

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "kerneloracle:", err)
		os.Exit(1)
	}
}

// maxLine bounds a request. The hostile documents among them are megabytes long.
const maxLine = 64 << 20

type request struct {
	Do   string          `json:"do"`
	Args json.RawMessage `json:"args"`
}

type answer struct {
	OK    any    `json:"ok,omitempty"`
	Error string `json:"error,omitempty"`
	Hint  string `json:"hint,omitempty"`
	Type  string `json:"type,omitempty"`
	Field string `json:"field,omitempty"`
}

// serve answers until in ends. A request that cannot be read ends it: the script is wrong then, not what it asks about.
func serve(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 1<<16), maxLine)
	w := bufio.NewWriter(out)
	enc := json.NewEncoder(w)
	for lines.Scan() {
		var q request
		if err := strict(lines.Bytes(), &q); err != nil {
			return err
		}
		do, ok := actions[q.Do]
		if !ok {
			return fmt.Errorf("there is no action %q", q.Do)
		}
		made, err := do(q.Args)
		if _, bad := errors.AsType[*argsError](err); bad {
			return fmt.Errorf("%s: %w", q.Do, err)
		}
		if err := enc.Encode(answered(made, err)); err != nil {
			return err
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return lines.Err()
}

func answered(ok any, err error) answer {
	if err == nil {
		return answer{OK: ok}
	}
	a := answer{Error: err.Error()}
	if h, is := errors.AsType[account.Hinter](err); is {
		a.Hint = h.Hint()
	}
	a.Type, a.Field = kind(err)
	return a
}

// argsError says that a request is not what the action takes.
type argsError struct{ err error }

func (e *argsError) Error() string { return e.err.Error() }
func (e *argsError) Unwrap() error { return e.err }

// action makes an action of a function of typed arguments.
func action[A, R any](f func(A) (R, error)) func(json.RawMessage) (any, error) {
	return func(raw json.RawMessage) (any, error) {
		var a A
		if err := strict(raw, &a); err != nil {
			return nil, &argsError{err}
		}
		return f(a)
	}
}

// strict reads exactly one JSON value with no members that nobody reads: a misspelt one would compare nothing.
func strict(b []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}
