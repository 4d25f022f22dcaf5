// Package tape records what an access node says over HTTP and says it again, request by request, where there is no node:
// for demonstrations and tests. A tape proves that the program still asks what it asked when a node answered, and nothing
// about the node of today.
package tape

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
)

// Tape is a recorded exchange with a node: requests in their order, with what it said.
type Tape struct {
	Recorded  string // what was run, and with which versions
	Service   string // the service account
	Exchanges []Exchange
}

// Exchange is a request and its reply.
type Exchange struct {
	Request string // method, path and query
	Body    string `json:",omitempty"`
	Status  int
	Reply   json.RawMessage
}

// Read reads a tape.
func Read(file string) (*Tape, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return Parse(b)
}

// Parse reads what Write writes.
func Parse(b []byte) (*Tape, error) {
	var t Tape
	if err := json.Unmarshal(b, &t); err != nil {
		return nil, fmt.Errorf("read a recorded exchange: %w", err)
	}
	return &t, nil
}

// Write writes a tape, an exchange on a line.
func (t *Tape) Write(file string) error {
	out := bytes.NewBuffer(nil)
	fmt.Fprintf(out, "{\"Recorded\":%q,\"Service\":%q,\"Exchanges\":[", t.Recorded, t.Service)
	for i, x := range t.Exchanges {
		b, err := json.Marshal(x)
		if err != nil {
			return err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteByte('\n')
		out.Write(b)
	}
	out.WriteString("\n]}\n")
	return os.WriteFile(file, out.Bytes(), 0o644)
}

// Record is a transport that asks the node and records.
func (t *Tape) Record() http.RoundTripper { return &recorder{tape: t} }

type recorder struct {
	mu   sync.Mutex
	tape *Tape
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x, err := asked(req)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	reply, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil {
		return nil, err
	}
	var small bytes.Buffer
	if err := json.Compact(&small, reply); err != nil {
		return nil, err
	}
	x.Status, x.Reply = res.StatusCode, small.Bytes()
	r.tape.Exchanges = append(r.tape.Exchanges, x)
	return response(req, x), nil
}

// Play is a transport that answers from the tape, in its order. A request that is not the next one is an error.
func (t *Tape) Play() http.RoundTripper { return &player{tape: t} }

type player struct {
	mu   sync.Mutex
	tape *Tape
	next int
}

// ErrTape: the program asks for something else than it did when the exchange was recorded.
var ErrTape = errors.New("not what was recorded: record the exchange anew (see docs/flow.md)")

func (p *player) RoundTrip(req *http.Request) (*http.Response, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	x, err := asked(req)
	if err != nil {
		return nil, err
	}
	if p.next >= len(p.tape.Exchanges) {
		return nil, fmt.Errorf("%s after the end: %w", x.Request, ErrTape)
	}
	want := p.tape.Exchanges[p.next]
	if x.Request != want.Request || x.Body != want.Body {
		return nil, fmt.Errorf("request %d: %s %.200s\ninstead of %s %.200s: %w", p.next, x.Request, x.Body, want.Request, want.Body, ErrTape)
	}
	p.next++
	return response(req, want), nil
}

func asked(req *http.Request) (x Exchange, err error) {
	x.Request = req.Method + " " + req.URL.RequestURI()
	if req.Body != nil {
		b, err := io.ReadAll(req.Body)
		if err != nil {
			return x, err
		}
		req.Body.Close()
		req.Body = io.NopCloser(bytes.NewReader(b))
		x.Body = string(b)
	}
	return x, nil
}

func response(req *http.Request, x Exchange) *http.Response {
	return &http.Response{
		Status: http.StatusText(x.Status), StatusCode: x.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(x.Reply)),
		ContentLength: int64(len(x.Reply)), Request: req,
	}
}
