package relyingparty

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/postern-dev/postern/passkey"
)

// A Refusal is an error that the caller is told: the one place where status and
// text are decided. Anything else becomes codeInternal and goes to the log.
type Refusal struct {
	Code  string // stable, for programs
	cause error  // for the log only
}

func (r *Refusal) Error() string {
	if r.cause != nil {
		return fmt.Sprintf("relyingparty: %s: %v", r.Code, r.cause)
	}
	return "relyingparty: " + r.Code
}

func (r *Refusal) Unwrap() error { return r.cause }

func refuse(code string, cause error) error { return &Refusal{Code: code, cause: cause} }

// ErrUnknownProject is for Config.Admit, where a server stands for projects that do not
// exist: the request is refused as such.
var ErrUnknownProject = refuse(codeUnknownProject, nil)

// notAdmitted is the refusal for an error of Config.Admit.
func notAdmitted(err error) error {
	if errors.Is(err, ErrUnknownProject) {
		return ErrUnknownProject
	}
	return refuse(codeNotAdmitted, err)
}

const (
	codeMethod           = "method_not_allowed"
	codeNotFound         = "not_found"
	codeMediaType        = "unsupported_media_type"
	codeTooLarge         = "body_too_large"
	codeBadRequest       = "bad_request"
	codeBadHandle        = "bad_user_handle"
	codeUnknownRP        = "unknown_rp"
	codeOrigin           = "origin_not_allowed"
	codeNotAdmitted      = "not_admitted"
	codeUnknownProject   = "unknown_project"
	codeRateLimited      = "rate_limited"
	codeChallenge        = "challenge_invalid"
	codeChallengeExpired = "challenge_expired"
	codeChallengeEpoch   = "challenge_before_restart"
	codeChallengePurpose = "challenge_wrong_purpose"
	codeChallengeRP      = "challenge_wrong_rp"
	codeChallengeSubject = "challenge_wrong_user"
	codeBinding          = "challenge_other_browser"
	codeReplayed         = "challenge_used"
	codeCredential       = "credential_invalid"
	codeVerification     = "verification_failed"
	codeUnknown          = "credential_unknown"
	codeExists           = "credential_exists"
	codeHandleMismatch   = "user_handle_mismatch"
	codeBackupDrift      = "backup_eligibility_changed"
	codeListToken        = "list_token_invalid"
	codeListExpired      = "list_token_expired"
	codeUnavailable      = "unavailable"
	codeInternal         = "internal"
)

const (
	retryHint = "start the ceremony again"
	listHint  = "sign in with \"list\": true in login/verify, and send its listToken as Authorization: Bearer"
)

// said is what each code says to the caller.
var said = map[string]struct {
	status        int
	message, hint string
}{
	codeMethod:           {http.StatusMethodNotAllowed, "this method is not served here", "the Allow header says which is"},
	codeNotFound:         {http.StatusNotFound, "no such endpoint", "use register/options, register/verify, login/options, login/verify or credentials"},
	codeMediaType:        {http.StatusUnsupportedMediaType, "the body is not declared as JSON", "send Content-Type: application/json"},
	codeTooLarge:         {http.StatusRequestEntityTooLarge, "the body is too large", "send at most 64 KiB"},
	codeBadRequest:       {http.StatusBadRequest, "the body is not the expected JSON", ""},
	codeBadHandle:        {http.StatusBadRequest, "userHandle is not canonical base64url of 16 to 64 bytes", "leave it out to get one"},
	codeUnknownRP:        {http.StatusNotFound, "this RP ID is not served here", "compare rpID with the server's configuration"},
	codeOrigin:           {http.StatusForbidden, "this origin may not use the RP ID", "add the page's exact origin to the server's configuration"},
	codeNotAdmitted:      {http.StatusUnauthorized, "the server does not admit this request", "send the headers, such as an API key, that the server's operator asks for"},
	codeUnknownProject:   {http.StatusNotFound, "no such project is served here", "compare the project in the address with the server's configuration"},
	codeRateLimited:      {http.StatusTooManyRequests, "too many requests", "wait a moment and try again"},
	codeChallenge:        {http.StatusForbidden, "the challenge was not issued by this server", retryHint},
	codeChallengeExpired: {http.StatusForbidden, "the challenge has expired", retryHint},
	codeChallengeEpoch:   {http.StatusForbidden, "the challenge is from before the server's restart", retryHint},
	codeChallengePurpose: {http.StatusForbidden, "the challenge was issued for the other ceremony", retryHint},
	codeChallengeRP:      {http.StatusForbidden, "the challenge was issued for another RP ID or project", retryHint},
	codeChallengeSubject: {http.StatusForbidden, "the challenge was issued for another user", "send userId and username as in register/options"},
	codeBinding:          {http.StatusForbidden, "the challenge was issued to another browser", "allow the server's cookie and send it with credentials: \"include\""},
	codeReplayed:         {http.StatusConflict, "the challenge was used before", "if the first reply was lost, sign in; otherwise start again"},
	codeCredential:       {http.StatusBadRequest, "the credential cannot be read", ""},
	codeVerification:     {http.StatusForbidden, "the credential does not verify", ""},
	codeUnknown:          {http.StatusForbidden, "this passkey is not registered here", "register it first"},
	codeExists:           {http.StatusConflict, "this passkey is already registered", "sign in with it"},
	codeHandleMismatch:   {http.StatusForbidden, "the user handle is not the one registered with this passkey", ""},
	codeBackupDrift:      {http.StatusForbidden, "the passkey's backup eligibility changed after registration", "register a new passkey or allow the upgrade by policy"},
	codeListToken:        {http.StatusUnauthorized, "no passkey has just signed in this browser for what is asked", listHint},
	codeListExpired:      {http.StatusUnauthorized, "too much time has passed since the passkey signed", listHint},
	codeUnavailable:      {http.StatusServiceUnavailable, "the server cannot write at the moment", "try again"},
	codeInternal:         {http.StatusInternalServerError, "the server failed", "look for the request id in the server's log"},
}

// errorBody is what the caller reads under "error".
type errorBody struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	Hint      string `json:"hint,omitempty"`
	RequestID string `json:"requestId"`
}

// explain turns any error into what the caller is told.
func explain(err error, requestID string) (status int, body errorBody) {
	code := codeInternal
	var r *Refusal
	if errors.As(err, &r) {
		code = r.Code
	}
	s := said[code]
	body = errorBody{Code: code, Message: s.message, Hint: s.hint, RequestID: requestID}
	switch code {
	case codeBadRequest, codeBadHandle:
		if r.cause != nil {
			body.Message += ": " + r.cause.Error()
		}
	case codeCredential, codeVerification:
		body.Message += ": " + r.cause.Error()
		if e := (*passkey.Error)(nil); errors.As(err, &e) {
			body.Hint = e.Hint
		}
	}
	return s.status, body
}

// loggable is what the log may say about an error: never what a client sent, which
// could carry a challenge, but the cause of a failure that is the server's own.
func loggable(err error) (code, cause string) {
	var r *Refusal
	if !errors.As(err, &r) {
		return codeInternal, err.Error()
	}
	if c := passkey.Cause(""); errors.As(err, &c) {
		return r.Code, c.Error()
	}
	if r.Code == codeUnavailable || r.Code == codeNotAdmitted {
		return r.Code, err.Error()
	}
	return r.Code, ""
}
