// Package accesstest gives tests and demonstrations a Flow chain: the emulator that interop/flow builds, or, where there
// is none, what the emulator said when the exchange was recorded.
package accesstest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/postern-dev/postern/flow"
)

// Directory is the environment variable that names where interop/flow's programs are.
const Directory = "POSTERN_FLOW"

// Emulator is a running emulator.
type Emulator struct {
	URL     string
	Service flow.Address // its service account, with one key of weight 1000

	stdin io.Closer
	cmd   *exec.Cmd
}

// Start starts the emulator in a directory; the service account has the given key, with SHA2_256. It ends with Stop, or
// when this process does.
func Start(ctx context.Context, dir string, service [64]byte) (*Emulator, error) {
	cmd := exec.Command(filepath.Join(dir, "emulator"), hex.EncodeToString(service[:]))
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	e := &Emulator{stdin: stdin, cmd: cmd}
	line := make(chan []byte, 1)
	go func() {
		b, _ := bufio.NewReader(stdout).ReadBytes('\n')
		line <- b
		io.Copy(io.Discard, stdout)
	}()
	select {
	case b := <-line:
		var said struct{ REST, Service string }
		if err := json.Unmarshal(b, &said); err != nil {
			e.Stop()
			return nil, fmt.Errorf("emulator: %s%s", b, complaints.Bytes())
		}
		e.URL = said.REST
		if e.Service, err = flow.ParseAddress(said.Service); err != nil {
			e.Stop()
			return nil, err
		}
		return e, nil
	case <-ctx.Done():
		e.Stop()
		return nil, ctx.Err()
	}
}

// Stop ends the emulator.
func (e *Emulator) Stop() {
	e.stdin.Close()
	done := make(chan struct{})
	go func() { e.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		e.cmd.Process.Kill()
		<-done
	}
}

// Tape is a recorded exchange with the emulator: requests in their order, with what it said.
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
	var t Tape
	return &t, json.Unmarshal(b, &t)
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

// Record is a transport that asks the emulator and records.
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
