package tableserver

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/postern-dev/postern/p256table"
)

// maxLine bounds one line of a POST: two coordinates with room for blanks.
const maxLine = 512

// An entry is what a POST says of one key.
type entry struct {
	key p256table.Key
	err error // the key is refused
}

// An intake reads the keys of a POST as they come, ahead of the work, so that clients that send
// everything before they read anything are not kept waiting for ever.
type intake struct {
	entries chan entry
	broken  error // set before entries closes: the body is not what it should be, after these keys
	reads   *http.ResponseController
	stall   time.Duration
	body    io.ReadCloser
	ended   chan struct{}

	mu      sync.Mutex
	stopped bool // guarded by mu
}

// newIntake checks what can be known beforehand and starts to read.
func newIntake(w http.ResponseWriter, r *http.Request, kind string, most int, stall time.Duration) (*intake, error) {
	next, room := nextLine, most
	if kind == binaryType {
		next = nextBinary
		if r.ContentLength > 64*int64(most) {
			return nil, tooMany(most)
		}
		if r.ContentLength > 0 && r.ContentLength%64 != 0 {
			return nil, refusal{http.StatusBadRequest, "bad_body", fmt.Sprintf("%d bytes are not a multiple of 64", r.ContentLength), "send x‖y, 64 bytes for each key"}
		}
		if r.ContentLength > 0 {
			room = int(r.ContentLength / 64)
		}
	} else if r.ContentLength > (maxLine+1)*int64(most) {
		return nil, tooMany(most)
	}
	in := &intake{
		entries: make(chan entry, room), reads: http.NewResponseController(w), stall: stall, body: r.Body, ended: make(chan struct{}),
	}
	_ = in.reads.EnableFullDuplex() // HTTP/2 is so anyway
	go in.read(next, most)
	return in, nil
}

func tooMany(most int) error {
	r := errTooMany
	r.Message = fmt.Sprintf("one request may have %d keys", most)
	return r
}

// Read implements io.Reader on the body, with a limit to each wait.
func (in *intake) Read(b []byte) (int, error) {
	in.deadline(time.Now().Add(in.stall))
	n, err := in.body.Read(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errStalled
	}
	return n, err
}

// deadline sets until when the client may take to send more. After stop it has no time.
func (in *intake) deadline(t time.Time) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.stopped {
		t = time.Unix(1, 0)
	}
	_ = in.reads.SetReadDeadline(t) // not every writer has deadlines
}

// read fills entries. They have room for all, so it waits for the client only.
func (in *intake) read(next func(*bufio.Reader) (entry, error), most int) {
	defer close(in.ended)
	defer close(in.entries)
	body := bufio.NewReaderSize(in, 32<<10)
	for n := 0; ; n++ {
		e, err := next(body)
		if err == io.EOF {
			return
		}
		if err == nil && n == most {
			err = tooMany(most)
		}
		if err != nil {
			if _, ok := errors.AsType[refusal](err); !ok {
				err = errBody
			}
			in.broken = err
			return
		}
		in.entries <- e
	}
}

// all are the keys, until the body or ctx ends.
func (in *intake) all(ctx context.Context) iter.Seq2[p256table.Key, error] {
	return func(yield func(p256table.Key, error) bool) {
		for {
			select {
			case e, more := <-in.entries:
				if !more || !yield(e.key, e.err) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// stop ends the reading, whether the client still sends or not. It closes the body in any case:
// in full duplex net/http leaves that to the handler (what it would read after the handler's
// return collides with its own look for the next request).
func (in *intake) stop() {
	select {
	case <-in.ended:
	default:
		in.mu.Lock()
		in.stopped = true
		in.mu.Unlock()
		in.deadline(time.Now())
		<-in.ended
	}
	_ = in.body.Close()
}

// nextBinary reads x‖y.
func nextBinary(r *bufio.Reader) (entry, error) {
	var b [64]byte
	if n, err := io.ReadFull(r, b[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = refusal{http.StatusBadRequest, "bad_body", fmt.Sprintf("the last key has %d bytes, not 64", n), "send x‖y, 64 bytes for each key"}
		}
		return entry{}, err
	}
	k, err := p256table.NewKey([32]byte(b[:]), [32]byte(b[32:]))
	return entry{k, err}, nil
}

// nextLine reads a line of JSON; empty lines are passed over.
func nextLine(r *bufio.Reader) (entry, error) {
	for {
		line, err := r.ReadSlice('\n')
		if len(line) > maxLine || errors.Is(err, bufio.ErrBufferFull) {
			return entry{}, refusal{http.StatusBadRequest, "bad_body", fmt.Sprintf("a line is longer than %d bytes", maxLine), `send {"x":"0x…","y":"0x…"} on a line for each key`}
		}
		if err != nil && (err != io.EOF || len(line) == 0) {
			return entry{}, err
		}
		if len(trim(line)) == 0 {
			if err == io.EOF {
				return entry{}, io.EOF
			}
			continue
		}
		return parseLine(line)
	}
}

func trim(line []byte) []byte {
	for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r' || line[len(line)-1] == ' ') {
		line = line[:len(line)-1]
	}
	return line
}

func parseLine(line []byte) (entry, error) {
	var v struct{ X, Y *string }
	if err := json.Unmarshal(line, &v); err != nil || v.X == nil || v.Y == nil {
		return entry{}, refusal{http.StatusBadRequest, "bad_body", "a line is no JSON object with x and y", `send {"x":"0x…","y":"0x…"} on a line for each key`}
	}
	k, err := p256table.ParseKey(*v.X, *v.Y)
	return entry{k, err}, nil
}
