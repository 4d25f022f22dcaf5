package passkey

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// What is known of the sources of each refusal.

const illegalBackup = "flags that software made up: no authenticator that follows the specification reports a backup of what cannot be backed up"

func purposeSource(seen string) string {
	switch seen {
	case TypeCreate:
		return "the answer of a registration was sent to sign in"
	case TypeGet:
		return "the answer of a sign-in was sent to register"
	case "payment.get":
		return "Secure Payment Confirmation, which signs for payments only"
	case "navigator.id.getAssertion":
		return "the older U2F API"
	}
	return ""
}

// withUVSource explains a missing or unwanted UV.
func withUVSource(err error, f Flags) Finding {
	e := err.(*Error)
	out := Finding{Cause: e.Cause, Where: e.Where, Seen: e.Seen, Want: e.Want}
	if f.UV() {
		out.Source = "the authenticator verifies the user on every use"
		return out
	}
	out.Source = "1Password on iOS, which leaves UV unset; or a request that did not say userVerification \"required\", with which desktops without biometrics and security keys without a PIN skip it"
	out.Hint = "ask with userVerification \"required\"; if the provider still leaves it unset, use another passkey or an account rule that does not require UV"
	return out
}

func backupSource(set bool) string {
	if set {
		return "a passkey that its provider syncs"
	}
	return "a security key or another passkey bound to one device"
}

// challengeSource recognises a challenge that went through a wrong encoding.
func challengeSource(seen, want []byte) string {
	for _, e := range challengeEncodings {
		if slices.ContainsFunc(e.of(want), func(v []byte) bool { return bytes.Equal(v, seen) }) {
			return e.source
		}
		if slices.ContainsFunc(e.of(seen), func(v []byte) bool { return bytes.Equal(v, want) }) {
			return "the expected challenge, not the signed one, went through a conversion: " + e.source
		}
	}
	switch {
	case len(seen) == 0:
		return "an empty challenge was passed to the browser"
	case len(bytes.Trim(seen, "\x00")) == 0:
		return "a buffer that was never filled"
	case bytes.HasPrefix(want, seen):
		return "the challenge was cut to its first bytes"
	case bytes.HasPrefix(seen, []byte("[object ")):
		return "an object was turned into text before it became bytes"
	}
	return "an answer to an earlier request, or the challenge was replaced on the way"
}

var challengeEncodings = [...]struct {
	source string
	of     func([]byte) [][]byte
}{
	{"the UTF-8 bytes of its base64 text were signed: it was not decoded before it was passed on", func(b []byte) [][]byte {
		return [][]byte{[]byte(base64.RawURLEncoding.EncodeToString(b)), []byte(base64.URLEncoding.EncodeToString(b)),
			[]byte(base64.StdEncoding.EncodeToString(b)), []byte(base64.RawStdEncoding.EncodeToString(b))}
	}},
	{"the UTF-8 bytes of its hexadecimal text were signed: it was not decoded before it was passed on", hexTexts},
	{"its hexadecimal text was taken for base64url", func(b []byte) [][]byte {
		var out [][]byte
		for _, text := range hexTexts(b) {
			if v, err := base64.RawURLEncoding.DecodeString(string(text)); err == nil {
				out = append(out, v)
			}
		}
		return out
	}},
	{"a Uint8Array was turned into text before it became bytes", func(b []byte) [][]byte {
		parts := make([]string, len(b))
		for i, v := range b {
			parts[i] = fmt.Sprint(v)
		}
		list := strings.Join(parts, ",")
		return [][]byte{[]byte(list), []byte("[" + list + "]")}
	}},
	{"its SHA-256 was signed", func(b []byte) [][]byte { h := sha256.Sum256(b); return [][]byte{h[:]} }},
	{"its bytes were reversed", func(b []byte) [][]byte {
		v := bytes.Clone(b)
		slices.Reverse(v)
		return [][]byte{v}
	}},
}

func hexTexts(b []byte) [][]byte {
	h := hex.EncodeToString(b)
	return [][]byte{[]byte(h), []byte("0x" + h), []byte(strings.ToUpper(h)), []byte("0x" + strings.ToUpper(h))}
}

// originSource compares an origin with those that would do.
func originSource(seen string, allowed []string) string {
	switch {
	case strings.HasPrefix(seen, "android:apk-key-hash:"):
		return "an Android app; its origin is the hash of its signing certificate"
	case strings.HasPrefix(seen, "ios:bundle-id:"):
		return "an iOS app"
	case seen == "null":
		return "a page without an origin, such as a file or a sandboxed frame"
	}
	s, err := url.Parse(seen)
	for _, want := range allowed {
		if strings.TrimSuffix(want, "/") == strings.TrimSuffix(seen, "/") {
			return "a trailing slash: an origin has none"
		}
		if strings.EqualFold(want, seen) {
			return "upper case: browsers write origins in lower case"
		}
		w, werr := url.Parse(want)
		if err != nil || werr != nil || s.Hostname() == "" {
			continue
		}
		switch {
		case s.Hostname() == w.Hostname() && s.Scheme != w.Scheme:
			return "the same site over " + s.Scheme + " instead of " + w.Scheme
		case s.Hostname() == w.Hostname():
			return "the same site on another port"
		case strings.HasSuffix(s.Hostname(), "."+w.Hostname()), strings.HasSuffix(w.Hostname(), "."+s.Hostname()):
			return "a subdomain or parent of an allowed site"
		}
	}
	return "another site: a related origin that the rule does not name, a test installation, or phishing"
}

// rpIDSource finds the RP ID behind a hash among those at hand.
func (x *exam) rpIDSource(hash [32]byte) string {
	ids := append(slices.Clone(x.known), x.rule.RPID, "localhost", "example.org", "example.com", "webauthn.io")
	for _, origin := range append(slices.Clone(x.rule.Origins), x.known...) {
		if u, err := url.Parse(origin); err == nil && u.Hostname() != "" {
			for host := u.Hostname(); host != ""; _, host, _ = strings.Cut(host, ".") {
				ids = append(ids, host)
			}
		}
	}
	for _, id := range ids {
		if id != "" && rpIDHash(id) == hash {
			return "a passkey of " + quote(id)
		}
	}
	for _, id := range ids {
		for _, v := range [...]string{strings.ToUpper(id), id + ".", id + "/", "https://" + id, "https://" + id + "/", "http://" + id, "www." + id} {
			if id != "" && rpIDHash(v) == hash {
				return "the hash was taken of " + quote(v) + ", which is no RP ID"
			}
		}
	}
	for _, origin := range x.rule.Origins {
		if rpIDHash(origin) == hash {
			return "the hash was taken of the origin " + quote(origin) + ", not of the RP ID"
		}
	}
	return "a passkey of a site that is not known here"
}

// signatureSource tries the mistakes that leave a signature which does not verify.
func signatureSource(a *Assertion, key PublicKey) string {
	inner := sha256.Sum256(a.ClientData.Raw)
	digest := a.Digest()
	for _, v := range [...]struct {
		message []byte
		source  string
	}{
		{append(bytes.Clone(a.AuthData.Raw), a.ClientData.Raw...), "the signer left out the inner SHA-256 of clientDataJSON"},
		{append(bytes.Clone(inner[:]), a.AuthData.Raw...), "the signer put the client data's hash before the authenticator data"},
		{inner[:], "the signer left out the authenticator data"},
		{a.ClientData.Raw, "the signer signed clientDataJSON alone"},
		{digest[:], "the signer hashed the message twice"},
		{a.ClientData.Challenge, "the signer signed the challenge alone: this is no WebAuthn signature"},
	} {
		if h := sha256.Sum256(v.message); key.verifies(h[:], a.Signature) {
			return v.source
		}
	}
	for _, text := range reserialised(&a.ClientData) {
		if h := signedDigest(a.AuthData.Raw, text); key.verifies(h[:], a.Signature) {
			return "clientDataJSON was parsed and written anew on the way; the signed bytes were " + quote(string(text))
		}
	}
	keys := recoverKeys(digest[:], a.Signature)
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.String()
	}
	return "another key; if the message is intact, it was one of " + strings.Join(names, ", ")
}

// reserialised are forms that clientDataJSON may have had before someone wrote it anew.
func reserialised(c *ClientData) [][]byte {
	var out [][]byte
	var compact bytes.Buffer
	if json.Compact(&compact, c.Raw) == nil {
		out = append(out, compact.Bytes())
	}
	head := fmt.Sprintf(`{"type":"%s","challenge":"%s","origin":"%s"`, c.Type, base64.RawURLEncoding.EncodeToString(c.Challenge), c.Origin)
	for _, tail := range []string{`,"crossOrigin":false}`, `,"crossOrigin":true}`, `}`} {
		out = append(out, []byte(head+tail))
	}
	return append(out, bytes.TrimSpace(c.Raw), append(bytes.Clone(c.Raw), '\n'))
}
