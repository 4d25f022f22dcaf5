package access

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxReply bounds what is read of a reply.
const maxReply = 16 << 20

// Client asks one access node. It is safe for concurrent use.
type Client struct {
	base string
	http *http.Client
	poll time.Duration
}

// Option changes what [New] makes.
type Option func(*Client)

// WithHTTP is a client to ask with; without it requests end after 30 seconds.
func WithHTTP(c *http.Client) Option { return func(a *Client) { a.http = c } }

// WithPoll is how long Wait waits between two questions; a second without it.
func WithPoll(d time.Duration) Option { return func(a *Client) { a.poll = d } }

// New makes a client of the node at a URL, for example https://rest-mainnet.onflow.org.
func New(base string, options ...Option) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, &Error{Cause: ErrURL, Message: fmt.Sprintf("%.200q", base)}
	}
	c := &Client{base: strings.TrimSuffix(u.String(), "/"), http: &http.Client{Timeout: 30 * time.Second}, poll: time.Second}
	for _, o := range options {
		o(c)
	}
	return c, nil
}

// Cause says why something was refused. Causes are constants: compare with errors.Is.
type Cause string

func (c Cause) Error() string { return "flow access: " + string(c) }

// Causes.
const (
	ErrURL         Cause = "not the URL of an access node"
	ErrUnreachable Cause = "the node cannot be reached"
	ErrReply       Cause = "the node's reply is malformed"
	ErrRefused     Cause = "the node refused"
	ErrInvalid     Cause = "no node takes such a transaction"
	ErrNotFound    Cause = "the node does not know it"
	ErrExtension   Cause = "the node refused a signature's extension"
	ErrDuplicate   Cause = "the node has the transaction already"
	ErrOtherID     Cause = "the node took it for another transaction"
	ErrExpired     Cause = "the transaction has expired"
	ErrFailed      Cause = "the transaction failed"
	ErrSignature   Cause = "a signature did not verify in execution"
	ErrWeight      Cause = "the signatures' weights do not reach 1000"
	ErrSequence    Cause = "the proposal key's sequence number is another by now"
	ErrTooLarge    Cause = "the reply is too large"
)

var hints = map[Cause]string{
	ErrURL:         "Write it as https://host, without a path's query.",
	ErrUnreachable: "Look at the URL and the network; asking again is safe: a transaction is known by its id.",
	ErrReply:       "Ask another node.",
	ErrRefused:     "The message says why; a node refuses addresses and blocks of another network, too.",
	ErrInvalid:     "It has not run and never will: mend what the message names, and have the new transaction signed.",
	ErrNotFound:    "It may be too new for this node, or on another network.",
	ErrExtension:   "Verify the signature with package flow: it names the rule that was broken.",
	ErrDuplicate:   "Wait for its result instead of sending it again.",
	ErrOtherID:     "The node, or what stands before it, lost a part of the transaction, such as a signature's extension.",
	ErrExpired:     "Build it anew on a newer block, and have it signed again.",
	ErrFailed:      "The message says why; fees were paid all the same.",
	ErrSignature:   "Another key signed it, or the extension was lost on the way.",
	ErrWeight:      "Let more keys of the account sign.",
	ErrSequence:    "Another transaction with this proposal key came first: build this one anew, and have it signed again.",
	ErrTooLarge:    "Ask for less.",
}

// Error is a refusal.
type Error struct {
	Cause   Cause
	Status  int    // of HTTP, or 0
	Code    int    // Flow's error code of a failed transaction, or 0
	Message string // in the node's words; may quote what was sent
}

func (e *Error) Error() string {
	text := string(e.Cause)
	if e.Code != 0 {
		text += fmt.Sprintf(" (code %d)", e.Code)
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	return "flow access: " + text
}

func (e *Error) Unwrap() error { return e.Cause }

// Temporary says that the node, or what stands before it, may answer the same question later: it cannot be reached, is out
// of order, or has been asked too often. Whether it has taken what it was handed is not known then. A refusal in a node's
// known words is none of that, whatever its status: the emulator says 500 for all of them.
func (e *Error) Temporary() bool {
	switch e.Cause {
	case ErrUnreachable:
		return true
	case ErrRefused:
		return e.Status >= 500 || e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout
	}
	return false
}

func temporary(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Temporary()
}

// Hint is a way out.
func (e *Error) Hint() string { return hints[e.Cause] }

// do asks the Access API and reads the reply into out.
func (c *Client) do(ctx context.Context, method, path string, query url.Values, body, out any) error {
	target := c.base + "/v1" + path
	if len(query) != 0 {
		target += "?" + query.Encode()
	}
	return c.ask(ctx, method, target, body, out)
}

func (c *Client) ask(ctx context.Context, method, target string, body, out any) error {
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, content)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &Error{Cause: ErrUnreachable, Message: strings.TrimPrefix(err.Error(), method+" ")}
	}
	defer res.Body.Close()
	reply, err := io.ReadAll(io.LimitReader(res.Body, maxReply+1))
	if err != nil {
		return &Error{Cause: ErrUnreachable, Status: res.StatusCode, Message: err.Error()}
	}
	if len(reply) > maxReply {
		return &Error{Cause: ErrTooLarge, Status: res.StatusCode}
	}
	if res.StatusCode/100 != 2 {
		return refusal(res.StatusCode, reply)
	}
	if err := json.Unmarshal(reply, out); err != nil {
		return &Error{Cause: ErrReply, Status: res.StatusCode, Message: err.Error()}
	}
	return nil
}

// maxMessage bounds what is passed on of a node's words.
const maxMessage = 2_000

func refusal(status int, reply []byte) error {
	var said struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(reply, &said) != nil {
		said.Message = string(reply)
	}
	said.Message = strings.ToValidUTF8(said.Message[:min(len(said.Message), maxMessage)], "")
	e := &Error{Cause: ErrRefused, Status: status, Message: said.Message}
	if status == http.StatusNotFound {
		e.Cause = ErrNotFound
		return e
	}
	first := len(said.Message)
	for _, w := range knownWords {
		if at := strings.Index(said.Message, w.words); at >= 0 && at < first {
			first, e.Cause = at, w.cause
		}
	}
	return e
}

// knownWords are those of flow-go's access/validator, and of the emulator where it has its own. Of several the first in a
// message counts: what follows may quote the transaction, in which anything may stand.
var knownWords = []struct {
	words string
	cause Cause
}{
	{"invalid extension data", ErrExtension},
	{"has already been submitted", ErrDuplicate},
	{"transaction is expired", ErrExpired},
	{"failed to parse transaction Cadence script", ErrInvalid},
	{"exceeds the maximum compute limit", ErrInvalid}, // the emulator's
	{"is not in the acceptable range (min: ", ErrInvalid},
	{"exceeds the maximum byte size allowed for a transaction", ErrInvalid},
	{"transaction is missing required fields", ErrInvalid},
	{"duplicated signature for key", ErrInvalid},
	{": missing signature is from account", ErrInvalid},
	{"unrelated account signature from address", ErrInvalid},
	{"the cryptographic signature within the transaction signature has an invalid format", ErrInvalid},
}
