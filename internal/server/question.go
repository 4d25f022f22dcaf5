package server

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"time"
)

// What every question that a page POSTs to this server is held to, whatever it is about: JSON both ways, a bounded
// body, a bounded time, and a bounded number at once. Those that do not fit in are sent away, not queued.

// questions are the bounds of one kind of question, and what to say of what does not keep to them.
type questions struct {
	most    int64         // bytes of a body
	time    time.Duration // for one answer
	slots   chan struct{} // its capacity is how many are answered at once
	long    refusal
	busy    refusal
	refused func(w http.ResponseWriter, r *http.Request, err error) refusal
}

// answered reads a question's body and writes what comes of it.
func (q *questions) answered(answer func(context.Context, []byte) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			postOnly.write(w)
			return
		}
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			notJSON.write(w)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, q.most))
		if err != nil {
			q.long.write(w)
			return
		}
		select {
		case q.slots <- struct{}{}:
			defer func() { <-q.slots }()
		default:
			w.Header().Set("Retry-After", "1")
			q.busy.write(w)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), q.time)
		defer cancel()
		reply, err := answer(ctx, body)
		var text []byte
		if err == nil {
			text, err = json.Marshal(reply)
		}
		if err != nil {
			q.refused(w, r, err).write(w)
			return
		}
		constant(text).ServeHTTP(w, r)
	})
}

var (
	postOnly = refusal{http.StatusMethodNotAllowed, "method_not_allowed", "only POST is answered here", ""}
	notJSON  = refusal{http.StatusUnsupportedMediaType, "not_json", "the request is no JSON", "send Content-Type: application/json"}
)
