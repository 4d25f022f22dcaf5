package relyingparty

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"unicode"
	"unicode/utf8"

	"github.com/postern-dev/postern/passkey"
)

const (
	maxBody     = 64 << 10 // an attestation with a certificate chain is a few KiB
	maxUsername = 256      // bytes
	minHandle   = 16       // bytes
	maxHandle   = 64       // bytes, WebAuthn §5.4.3
)

// b64 refuses padding and non-canonical trailing bits.
var b64 = base64.RawURLEncoding.Strict()

// request is the union of the four bodies; each endpoint looks at its own members.
type request struct {
	RPID       string
	Username   string
	UserHandle string
	UserID     string
	Cred       json.RawMessage
	List       bool
}

// readRequest takes one JSON object of bounded size.
func readRequest(w http.ResponseWriter, r *http.Request) (request, error) {
	if !isJSON(r.Header.Get("Content-Type")) {
		return request{}, refuse(codeMediaType, nil)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return request{}, refuse(codeTooLarge, nil)
	}
	if err != nil {
		return request{}, refuse(codeBadRequest, errors.New("it ended early"))
	}
	req, err := decodeRequest(body)
	if err != nil {
		return request{}, refuse(codeBadRequest, err)
	}
	return req, nil
}

// decodeRequest is strict where encoding/json is not: member names match exactly, none
// stands twice, nothing follows the object. Unknown members are skipped, for clients
// newer than this server.
func decodeRequest(body []byte) (request, error) {
	if !utf8.Valid(body) {
		return request{}, errors.New("it is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return request{}, errors.New("it is no object")
	}
	var req request
	targets := map[string]any{
		"rpID": &req.RPID, "username": &req.Username, "userHandle": &req.UserHandle,
		"userId": &req.UserID, "cred": &req.Cred, "list": &req.List,
	}
	seen := map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return request{}, errors.New("it is malformed")
		}
		if seen[name] {
			return request{}, fmt.Errorf("member %q stands twice", name)
		}
		seen[name] = true
		target, ok := targets[name]
		if !ok {
			target = new(json.RawMessage)
		}
		if err := dec.Decode(target); err != nil {
			return request{}, fmt.Errorf("member %q is malformed", name)
		}
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return request{}, errors.New("it is malformed")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return request{}, errors.New("something follows the object")
	}
	if len(req.Username) > maxUsername || bytes.ContainsFunc([]byte(req.Username), unicode.IsControl) {
		return request{}, fmt.Errorf("username has control characters or more than %d bytes", maxUsername)
	}
	return req, nil
}

func isJSON(contentType string) bool {
	const want = "application/json"
	if len(contentType) < len(want) || contentType[:len(want)] != want {
		return false
	}
	rest := contentType[len(want):]
	return rest == "" || rest[0] == ';' || rest[0] == ' '
}

// decodeHandle takes a user handle in the text form of the wire.
func decodeHandle(text string) ([]byte, error) {
	if len(text) > b64.EncodedLen(maxHandle) {
		return nil, refuse(codeBadHandle, fmt.Errorf("%d characters", len(text)))
	}
	h, err := b64.DecodeString(text)
	if err != nil {
		return nil, refuse(codeBadHandle, err)
	}
	if b64.EncodeToString(h) != text { // the decoder skips line breaks
		return nil, refuse(codeBadHandle, errors.New("line breaks"))
	}
	if len(h) < minHandle || len(h) > maxHandle {
		return nil, refuse(codeBadHandle, fmt.Errorf("%d bytes", len(h)))
	}
	return h, nil
}

// The replies, as the client library reads them.
type (
	registerOptionsReply struct {
		Options creationOptions `json:"options"`
		UserID  string          `json:"userId"`
	}
	creationOptions struct {
		*passkey.CreationOptions
		// Always there, for old client libraries, and always empty: listing a user's
		// credential ids to whoever names the user would leak them.
		ExcludeCredentials []passkey.Descriptor `json:"excludeCredentials"`
	}
	registerVerifyReply struct {
		Verified bool       `json:"verified"`
		Error    *errorBody `json:"error,omitempty"`
	}
	loginVerifyReply struct {
		Verification verification `json:"verification"`
		PubKey       string       `json:"pubkey,omitempty"` // SPKI DER, base64url
		UserID       string       `json:"userId,omitempty"`
		ListToken    string       `json:"listToken,omitempty"`
		Error        *errorBody   `json:"error,omitempty"`
	}
	verification struct {
		Verified bool                `json:"verified"`
		Info     *authenticationInfo `json:"authenticationInfo,omitempty"`
	}
	authenticationInfo struct {
		NewCounter uint32 `json:"newCounter"`
	}
	errorReply struct {
		Error errorBody `json:"error"`
	}
)
