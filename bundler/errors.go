// What can go wrong between here and the other side.

package bundler

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kinds of [TransportError].
var (
	ErrTimeout     = errors.New("no answer in time")
	ErrUnreachable = errors.New("cannot be reached")
	ErrStatus      = errors.New("answered with an error status")
	ErrNotJSON     = errors.New("answered something else than JSON")
	ErrTooLarge    = errors.New("answered with more than is read")
	ErrTruncated   = errors.New("broke off its answer")
	ErrWrongID     = errors.New("answered another request")
	ErrBadReply    = errors.New("answered outside the protocol")
)

// TransportError says that a server could not be asked, or that its answer
// cannot be used. It says nothing about the operation.
type TransportError struct {
	Endpoint string // without keys: "https://api.example.com/…"
	Method   string // "eth_sendUserOperation"
	Kind     error  // one of the kinds above
	Status   int    // HTTP status, 0 without an answer
	Detail   string // printable, without keys; may be empty
	cause    error
}

func (e *TransportError) Error() string {
	s := fmt.Sprintf("%s: %s %s", e.Method, e.Endpoint, e.Kind)
	if e.Kind == ErrStatus {
		s += fmt.Sprintf(" %d", e.Status)
		if t := http.StatusText(e.Status); t != "" {
			s += " " + t
		}
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// Unwrap returns the kind and, where there is one, the cause.
func (e *TransportError) Unwrap() []error {
	if e.cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.cause}
}

// Unavailable reports that the failure says nothing about the operation.
func (e *TransportError) Unavailable() bool { return true }

// Hint is the way out.
func (e *TransportError) Hint() string {
	switch {
	case e.Kind == ErrStatus && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden):
		return "check the API key and whether it is allowed for this chain and method"
	case e.Kind == ErrStatus && e.Status == http.StatusTooManyRequests:
		return "the server limits the rate: wait, or use another one"
	case e.Kind == ErrStatus && e.Status >= 300 && e.Status < 400:
		return "the server redirects, which is not followed: use the address it redirects to"
	case e.Kind == ErrStatus && e.Status < 500, e.Kind == ErrNotJSON:
		return "check that the URL is a JSON-RPC endpoint"
	case e.Kind == ErrTooLarge, e.Kind == ErrWrongID, e.Kind == ErrBadReply:
		return "the server or a proxy before it is faulty: use another one"
	}
	return "check the connection and try again, or use another server"
}

// retryable tells whether asking again soon may help.
func (e *TransportError) retryable() bool {
	switch e.Kind {
	case ErrUnreachable, ErrTruncated:
		return true
	case ErrStatus:
		switch e.Status {
		case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
	}
	return false
}

// printable makes foreign text harmless for a terminal, and short.
func printable(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) > limit {
		s = s[:limit]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
		s += "…"
	}
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c):
			return ' '
		case unicode.IsPrint(c):
			return c
		}
		return '\uFFFD'
	}, s))
}
