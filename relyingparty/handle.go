package relyingparty

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/postern-dev/postern/passkey"
)

// bom is stripped by a browser's TextDecoder.
const bom = "\ufeff"

// parseAssertion is passkey.ParseAssertion for libraries that return the user handle as
// text, as @simplewebauthn/browser before v9 does. Where the authenticator holds our text,
// that text reads as base64url like any other; where it holds bytes of a client that
// decodes, it is what a browser's TextDecoder makes of them, and is returned as text.
func parseAssertion(cred []byte) (a *passkey.Assertion, text string, err error) {
	a, err = passkey.ParseAssertion(cred)
	if e := (*passkey.Error)(nil); err == nil || !errors.As(err, &e) || e.Where != "response.userHandle" {
		return a, "", err
	}
	rest, text, ok := cutHandle(cred)
	if !ok {
		return nil, "", err
	}
	a, err = passkey.ParseAssertion(rest)
	return a, text, err
}

// cutHandle takes response.userHandle out of a credential. What is left is written anew,
// and that alone is verified.
func cutHandle(cred []byte) (rest []byte, text string, ok bool) {
	var outer, response map[string]json.RawMessage
	if json.Unmarshal(cred, &outer) != nil || json.Unmarshal(outer["response"], &response) != nil {
		return nil, "", false
	}
	if json.Unmarshal(response["userHandle"], &text) != nil || text == "" || utf8.RuneCountInString(text) > maxHandle {
		return nil, "", false
	}
	delete(response, "userHandle")
	var err error
	if outer["response"], err = json.Marshal(response); err != nil {
		return nil, "", false
	}
	rest, err = json.Marshal(outer)
	return rest, text, err == nil
}

// answersToText compares the text that a client made of a handle's bytes. What is no UTF-8
// was lost on the way: decoders write U+FFFD, not all of them the same number of times. A
// handle is no secret and not signed, so that comparing the rest is enough.
func (c *Credential) answersToText(text string) bool {
	if text == "" {
		return true
	}
	const lost = string(utf8.RuneError)
	held := strings.TrimPrefix(string(c.Handle), bom)
	return strings.ReplaceAll(text, lost, "") == strings.ReplaceAll(strings.ToValidUTF8(held, ""), lost, "")
}
