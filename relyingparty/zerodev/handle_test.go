package zerodev_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// textDecoded is new TextDecoder('utf-8').decode(handle), which @simplewebauthn/browser 8
// sends as userHandle.
var textDecoded = map[string]string{
	"0123456789abcdef":                                                 "0123456789abcdef",
	"AQEBAQEBAQEBAQEBAQEBAQ":                                           "AQEBAQEBAQEBAQEBAQEBAQ", // reads as base64url by itself
	"\x01\xff\xfe0123456789abcdef":                                     "\x01\ufffd\ufffd0123456789abcdef",
	"\xf0\x9f\x92" + "0123456789abcdef":                                "\ufffd0123456789abcdef", // three bytes, one sign
	"\xef\xbb\xbf" + "0123456789abcdef":                                "0123456789abcdef",       // a byte order mark
	"\xe2\x82\xac-euro-\x00\"\\-sixteen":                               "€-euro-\x00\"\\-sixteen",
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff": strings.Repeat("\ufffd", 16),
	"\xed\xa0\x80" + "0123456789abcdef":                                "\ufffd\ufffd\ufffd0123456789abcdef", // a surrogate
}

// TestPasskeysOfEitherKindOfClientSignInWithTheOther: a handle of bytes, from a client that
// decodes user.id, comes back as text from one that does not; and the other way round.
func TestPasskeysOfEitherKindOfClientSignInWithTheOther(t *testing.T) {
	s := newSite(t, "")
	for held, text := range textDecoded {
		p := newPage(t, s, "/api/v4/open")
		bytesText := base64.RawURLEncoding.EncodeToString([]byte(held))
		o := p.post("/register/options", map[string]any{"username": "bytes", "userHandle": bytesText}).ok()
		cred, err := p.key.Create(encode(t, o.body["options"]), origin)
		if err != nil {
			t.Fatal(err)
		}
		p.post("/register/verify", map[string]any{"userId": o.body["userId"], "username": "bytes", "cred": json.RawMessage(cred)}).ok()

		for _, returned := range []any{nil, bytesText, text} {
			if a := p.post("/login/verify", p.gotWith(returned)).ok(); a.body["userId"] != bytesText {
				t.Errorf("%q: %s", held, a.raw)
			}
		}
		for _, wrong := range []string{"another handle ÿ", text + "ÿ", "\ufffdÿ", strings.Repeat("A", 22)} {
			p.post("/login/verify", p.gotWith(wrong)).says("/login/verify", http.StatusForbidden, "user_handle_mismatch")
		}
	}

	// The unmodified client makes the authenticator hold our text.
	p := newPage(t, s, "/api/v4/open")
	body := p.created()
	p.post("/register/verify", body).ok()
	text := body["userId"].(string)
	for _, returned := range []any{nil, text, base64.RawURLEncoding.EncodeToString([]byte(text))} {
		p.post("/login/verify", p.gotWith(returned)).ok()
	}
}

// gotWith is got with another userHandle; nil is none.
func (p *page) gotWith(handle any) map[string]any {
	p.t.Helper()
	var outer, response map[string]any
	decode(p.t, p.got()["cred"].(json.RawMessage), &outer)
	response = outer["response"].(map[string]any)
	delete(response, "userHandle")
	if handle != nil {
		response["userHandle"] = handle
	}
	return map[string]any{"cred": outer}
}

func decode(t testing.TB, raw []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatal(err)
	}
}

func TestHandlesThatAreNoneAreRefused(t *testing.T) {
	p := newPage(t, newSite(t, ""), "/api/v4/open")
	p.post("/register/verify", p.created()).ok()
	for _, handle := range []any{7, true, []any{"ÿ"}, map[string]any{}, strings.Repeat("ÿ", 65), strings.Repeat("A", 2000)} {
		p.post("/login/verify", p.gotWith(handle)).says("/login/verify", http.StatusBadRequest, "credential_invalid")
	}
	// What is taken out of the way for its handle is read as strictly as any other.
	for _, spoil := range []func(outer, response map[string]any){
		func(outer, _ map[string]any) { outer["rawId"] = "AAAA" },
		func(outer, _ map[string]any) { outer["type"] = "password" },
		func(_, response map[string]any) { delete(response, "signature") },
		func(_, response map[string]any) { response["authenticatorData"] = "ÿ" },
	} {
		outer := p.gotWith("ÿ")["cred"].(map[string]any)
		spoil(outer, outer["response"].(map[string]any))
		p.post("/login/verify", map[string]any{"cred": outer}).says("/login/verify", http.StatusBadRequest, "credential_invalid")
	}
}
