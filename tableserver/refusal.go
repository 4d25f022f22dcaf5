package tableserver

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/postern-dev/postern/p256table"
)

// A refusal is what a client is told, and with which status.
type refusal struct {
	status  int
	Code    string `json:"code"` // stable, for programs
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

func (r refusal) Error() string { return r.Message }

var (
	errNotFound   = refusal{http.StatusNotFound, "not_found", "there is nothing at this path", "GET /v1/tables/{x}/{y}, POST /v1/tables or GET /precompute/{x}/{y}"}
	errMethod     = refusal{http.StatusMethodNotAllowed, "method_not_allowed", "this path takes another method", "see the header Allow"}
	errBusy       = refusal{http.StatusServiceUnavailable, "busy", "as many requests as the server takes are under way", "try again in a second"}
	errAcceptable = refusal{http.StatusNotAcceptable, "not_acceptable", "no form of the reply is acceptable to you", "accept application/octet-stream or application/json (application/x-ndjson for many)"}
	errMediaType  = refusal{http.StatusUnsupportedMediaType, "unsupported_media_type", "the body's type is neither of the two", "send Content-Type: application/x-ndjson or application/octet-stream"}
	errStalled    = refusal{http.StatusRequestTimeout, "stalled", "the body stopped coming", "send keys without long pauses"}
	errTooMany    = refusal{http.StatusRequestEntityTooLarge, "too_many_keys", "there are more keys than one request may have", "send several requests"}
	errBody       = refusal{http.StatusBadRequest, "bad_body", "the body broke off", "send it whole"}
)

// codes are the words for what can be wrong with a key or a format.
var codes = map[error]string{
	p256table.ErrFormat: "bad_format", p256table.ErrHex: "bad_hex", p256table.ErrTooLarge: "too_large",
	p256table.ErrInfinity: "infinity", p256table.ErrOffCurve: "off_curve", p256table.ErrNoFCL: "no_fcl",
}

// explain makes a refusal of any error.
func explain(err error) refusal {
	if r, ok := errors.AsType[refusal](err); ok {
		return r
	}
	if e, ok := errors.AsType[*p256table.Error](err); ok && codes[e.Cause] != "" {
		return refusal{http.StatusBadRequest, codes[e.Cause], strings.TrimPrefix(e.Error(), "p256table: "), e.Hint()}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return refusal{http.StatusServiceUnavailable, "cancelled", "the request ended before the answer was there", "ask again"}
	}
	return refusal{http.StatusInternalServerError, "internal", "the server failed", ""}
}

func refuse(w http.ResponseWriter, err error) {
	r := explain(err)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Del("ETag")
	writeJSON(w, r.status, map[string]refusal{"error": r})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a reader that has gone is not our failure
}
