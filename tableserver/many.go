package tableserver

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"time"

	"github.com/postern-dev/postern/p256table"
)

// Kinds of frames of a binary reply to POST. In a table's frame the code follows, as long as the
// format says; in a refused key's, length(2) and JSON; at the end, tables(4) and refused(4).
const (
	FrameTable   = 1
	FrameRefused = 2
	FrameEnd     = 3
	FrameBroken  = 4 // length(2) and JSON: the request cannot be gone on with
)

// flushEvery is how long finished tables may wait for more.
const flushEvery = 100 * time.Millisecond

// progressEvery is how many keys lie between two lines of progress.
const progressEvery = 1000

// many is POST /v1/tables.
func (s *Server) many(w http.ResponseWriter, r *http.Request) error {
	f, err := s.format(r)
	if err != nil {
		return err
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != linesType && kind != binaryType {
		return errMediaType
	}
	offers := []string{linesType, binaryType}
	if kind == binaryType {
		offers = []string{binaryType, linesType}
	}
	reply, err := accepted(r, offers...)
	if err != nil {
		return err
	}
	out := &outlet{w: w, control: http.NewResponseController(w), stall: s.cfg.Stall, format: f, kind: reply}
	in, err := newIntake(w, r, kind, s.cfg.MaxKeys, s.cfg.Stall)
	if err != nil {
		return err
	}
	defer in.stop()
	out.buffer = bufio.NewWriterSize(stallWriter{out}, 64<<10)

	begun := time.Now()
	err = s.pool.Stream(r.Context(), f, in.all(r.Context()), out.result)
	if err == nil {
		<-in.ended
		if in.broken != nil && !out.started {
			w.Header().Set("Connection", "close") // the rest of the body is nobody's
		}
		if in.broken != nil && out.tables+out.refused == 0 {
			return in.broken
		}
		err = out.end(in.broken)
	}
	in.stop()
	s.cfg.Log.Info("tables", "format", f.String(), "built", out.tables, "refused", out.refused, "seconds", time.Since(begun).Seconds(), "error", errText(err, in.broken))
	return nil // the reply has begun, or nobody waits for it
}

func errText(errs ...error) string {
	for _, err := range errs {
		if err != nil {
			return err.Error()
		}
	}
	return ""
}

// An outlet writes the reply to a POST. Nothing is sent before there is a table, so that a request
// of which every key is refused has status 400.
type outlet struct {
	w       http.ResponseWriter
	control *http.ResponseController
	stall   time.Duration
	buffer  *bufio.Writer
	format  p256table.Format
	kind    string

	started         bool // the header is sent
	flushed         time.Time
	tables, refused uint32
	line            []byte
}

// stallWriter is the connection, with a limit to each wait.
type stallWriter struct{ *outlet }

func (s stallWriter) Write(b []byte) (int, error) {
	s.start(http.StatusOK)
	_ = s.control.SetWriteDeadline(time.Now().Add(s.stall)) // not every writer has deadlines
	return s.w.Write(b)
}

func (o *outlet) start(status int) {
	if o.started {
		return
	}
	o.started, o.flushed = true, time.Now()
	o.w.Header().Set("Content-Type", o.kind)
	o.w.Header().Set("Cache-Control", "no-store")
	o.w.WriteHeader(status)
}

// result writes what became of a key.
func (o *outlet) result(r p256table.Result) error {
	b := o.line[:0]
	switch {
	case r.Err != nil:
		o.refused++
		b = o.appendRefusal(b, FrameRefused, fmt.Sprintf(`"index":%d,`, r.Index), explain(r.Err))
	case o.kind == binaryType:
		o.tables++
		b = append(append(b, FrameTable), r.Code...)
	default:
		o.tables++
		b = append(appendTable(b, fmt.Sprintf(`"index":%d,`, r.Index), o.format, r.Key, r.Code), '\n')
	}
	if done := o.tables + o.refused; o.kind == linesType && done%progressEvery == 0 {
		b = fmt.Appendf(b, `{"progress":{"tables":%d,"refused":%d}}`+"\n", o.tables, o.refused)
	}
	o.line = b
	if _, err := o.buffer.Write(b); err != nil {
		return err
	}
	if o.tables > 0 && time.Since(o.flushed) > flushEvery {
		return o.flush()
	}
	return nil
}

func (o *outlet) appendRefusal(b []byte, frame byte, before string, r refusal) []byte {
	text, _ := json.Marshal(r) // words always encode
	if o.kind == binaryType {
		b = binary.BigEndian.AppendUint16(append(b, frame), uint16(len(text)))
		return append(b, text...)
	}
	return fmt.Appendf(b, "{%s\"error\":%s}\n", before, text)
}

func (o *outlet) flush() error {
	if err := o.buffer.Flush(); err != nil {
		return err
	}
	o.flushed = time.Now()
	return o.control.Flush()
}

// end says how many there were, which is how a client knows that nothing is missing; or why the
// request was not gone on with.
func (o *outlet) end(broken error) error {
	var b []byte
	switch {
	case broken != nil:
		b = o.appendRefusal(b, FrameBroken, "", explain(broken))
	case o.kind == binaryType:
		b = binary.BigEndian.AppendUint32(append(b, FrameEnd), o.tables)
		b = binary.BigEndian.AppendUint32(b, o.refused)
	default:
		b = fmt.Appendf(b, `{"end":{"tables":%d,"refused":%d}}`+"\n", o.tables, o.refused)
	}
	if o.tables == 0 && (o.refused > 0 || broken != nil) {
		o.start(http.StatusBadRequest)
	}
	if _, err := o.buffer.Write(b); err != nil {
		return err
	}
	err := o.buffer.Flush()
	_ = o.control.SetWriteDeadline(time.Time{}) // the connection's next request has its own time
	return err
}
