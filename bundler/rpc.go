// JSON-RPC 2.0 over HTTP, strictly.

package bundler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// call asks and decodes the result into result, which may be nil. Params of the
// type json.RawMessage are sent as they are.
func (e *endpoint) call(ctx context.Context, method string, result any, params ...any) error {
	if params == nil {
		params = []any{}
	}
	id := e.id.Add(1)
	body, err := json.Marshal(struct {
		Version string `json:"jsonrpc"`
		ID      uint64 `json:"id"`
		Method  string `json:"method"`
		Params  []any  `json:"params"`
	}{"2.0", id, method, params})
	if err != nil {
		return fmt.Errorf("%s: encode the request: %w", method, err)
	}
	raw, err := e.roundTrips(ctx, method, id, body)
	if err != nil {
		return err
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(raw, result); err != nil {
		return e.fault(method, ErrBadReply, 0, "unexpected result: "+printable(e.scrub(err.Error()), 200), nil)
	}
	return nil
}

// roundTrips repeats the same bytes while the server cannot be reached.
func (e *endpoint) roundTrips(ctx context.Context, method string, id uint64, body []byte) (json.RawMessage, error) {
	pause := 200 * time.Millisecond
	for attempt := 0; ; attempt++ {
		raw, err := e.roundTrip(ctx, method, id, body)
		t, ok := errors.AsType[*TransportError](err)
		if err == nil || !ok || !t.retryable() || attempt >= e.retries {
			return raw, err
		}
		if sleep(ctx, pause) != nil {
			return nil, err
		}
		pause *= 3
	}
}

func (e *endpoint) roundTrip(ctx context.Context, method string, id uint64, body []byte) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return nil, e.fault(method, ErrUnreachable, 0, "", withoutURL(err))
	}
	for k, v := range e.header {
		req.Header[k] = v
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	resp, err := e.http.Do(req)
	if err != nil {
		return nil, e.connectionFault(ctx, method, 0, ErrUnreachable, err)
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(io.LimitReader(resp.Body, e.maxBody+1))
	if err != nil {
		return nil, e.connectionFault(ctx, method, resp.StatusCode, ErrTruncated, err)
	}
	if int64(len(reply)) > e.maxBody {
		return nil, e.fault(method, ErrTooLarge, resp.StatusCode, fmt.Sprintf("%d bytes are read", e.maxBody), nil)
	}
	return e.judge(method, id, resp, reply)
}

// judge makes a result or an error of an answer that came in whole.
func (e *endpoint) judge(method string, id uint64, resp *http.Response, reply []byte) (json.RawMessage, error) {
	result, refusal, err := parseReply(reply, id)
	if resp.StatusCode != http.StatusOK {
		if err == nil && refusal != nil { // some servers refuse with both
			return nil, e.rpcError(method, refusal)
		}
		return nil, e.fault(method, ErrStatus, resp.StatusCode, e.excerpt(reply), nil)
	}
	if !isJSON(resp.Header.Get("Content-Type")) {
		return nil, e.fault(method, ErrNotJSON, resp.StatusCode, e.excerpt(reply), nil)
	}
	switch {
	case err != nil:
		kind := ErrBadReply
		for _, k := range [...]error{ErrNotJSON, ErrTruncated, ErrWrongID} {
			if errors.Is(err, k) {
				kind = k
			}
		}
		return nil, e.fault(method, kind, resp.StatusCode, e.scrub(err.Error()), nil)
	case refusal != nil:
		return nil, e.rpcError(method, refusal)
	}
	return result, nil
}

func (e *endpoint) fault(method string, kind error, status int, detail string, cause error) *TransportError {
	return &TransportError{Endpoint: e.shown, Method: method, Kind: kind, Status: status, Detail: detail, cause: cause}
}

// connectionFault tells a deadline from a broken connection.
func (e *endpoint) connectionFault(ctx context.Context, method string, status int, kind error, err error) error {
	err = withoutURL(err)
	if cause := ctx.Err(); cause != nil {
		detail := ""
		if errors.Is(cause, context.Canceled) {
			detail = "cancelled"
		}
		return e.fault(method, ErrTimeout, status, detail, cause)
	}
	if t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && t.Timeout() {
		return e.fault(method, ErrTimeout, status, "", nil)
	}
	return e.fault(method, kind, status, printable(e.scrub(err.Error()), 200), nil)
}

// withoutURL takes the URL, which may hold a key, off an error of net/http.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

func isJSON(contentType string) bool {
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && (t == "application/json" || strings.HasPrefix(t, "application/") && strings.HasSuffix(t, "+json"))
}

func (e *endpoint) excerpt(body []byte) string {
	if len(body) == 0 {
		return "an empty body"
	}
	return strconv.Quote(printable(e.scrub(string(body[:min(len(body), 400)])), 120))
}

// sleep pauses unless ctx ends first.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
