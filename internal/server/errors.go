package server

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Error is a failure to start with the way out. Code is a stable word for programs.
type Error struct {
	code, hint string
	err        error
}

func (e *Error) Error() string { return e.err.Error() }
func (e *Error) Unwrap() error { return e.err }

// Code is the stable word: "port-busy", "bad-listen", "data-busy", "bad-data".
func (e *Error) Code() string { return e.code }

// Hint is what to do about it.
func (e *Error) Hint() string { return e.hint }

func failure(code, hint, format string, args ...any) error {
	return &Error{code: code, hint: hint, err: fmt.Errorf(format, args...)}
}

// refusal is what a caller over HTTP is told.
type refusal struct {
	status              int
	code, message, hint string
}

func (s refusal) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(s.status)
	// Marshals; a caller that has gone is not our failure.
	_ = json.NewEncoder(w).Encode(map[string]any{"error": struct {
		Code      string `json:"code"`
		Message   string `json:"message"`
		Hint      string `json:"hint,omitempty"`
		RequestID string `json:"requestId"`
	}{s.code, s.message, s.hint, h.Get(requestIDHeader)}})
}

var (
	notFound   = refusal{http.StatusNotFound, "not_found", "there is nothing at this address", "the wallet is at /"}
	panicked   = refusal{http.StatusInternalServerError, "internal", "the server failed", "look for the request id in the server's log"}
	notReady   = refusal{http.StatusServiceUnavailable, "not_ready", "the server is not ready", "try again in a moment"}
	wrongSite  = refusal{http.StatusForbidden, "origin_not_allowed", "pages of this origin may not use this server", "open the wallet on this server, or allow the page's exact origin when starting it: postern up --origin"}
	readOnly   = refusal{http.StatusMethodNotAllowed, "method_not_allowed", "only GET is served here", ""}
	longTarget = refusal{http.StatusRequestURITooLong, "address_too_long", "the address is too long", ""}
)

func wrongHost(origin string) refusal {
	return refusal{http.StatusMisdirectedRequest, "wrong_host", "this server answers to the name localhost only", "open " + origin}
}
