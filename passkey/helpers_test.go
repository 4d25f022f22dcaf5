package passkey_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
)

const (
	testRPID   = "localhost"
	testOrigin = "http://localhost:8080"
)

var (
	testChallenge = []byte("0123456789abcdef0123456789ABCDEF")
	b64           = base64.RawURLEncoding.EncodeToString
)

func testRule() passkey.Rule {
	return passkey.Rule{RPID: testRPID, Origins: []string{testOrigin}, Challenge: testChallenge}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func unbase64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readJSON(t testing.TB, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatal(err)
	}
}

// wantCause fails unless err is an *Error with the cause.
func wantCause(t testing.TB, err error, cause passkey.Cause) {
	t.Helper()
	var e *passkey.Error
	switch {
	case err == nil:
		t.Fatalf("accepted; want %v", cause)
	case !errors.Is(err, cause):
		t.Fatalf("refused with %v; want %v", err, cause)
	case !errors.As(err, &e) || e.Cause != cause:
		t.Fatalf("refused with %T; want *passkey.Error", err)
	}
}

// response is the JSON of a credential, open for changes.
type response map[string]any

func (r response) inner() map[string]any { return r["response"].(map[string]any) }

func (r response) bytes(t testing.TB, name string) []byte {
	t.Helper()
	return unbase64(t, r.inner()[name].(string))
}

func parseResponse(t testing.TB, b []byte) response {
	t.Helper()
	var r response
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// device is a software authenticator with one credential.
type device struct {
	*softkey.Authenticator
	id           []byte
	key          passkey.PublicKey
	registration []byte
}

func newDevice(t testing.TB, opts ...softkey.Option) *device {
	t.Helper()
	d := &device{Authenticator: softkey.New(append([]softkey.Option{softkey.WithSeed([]byte(t.Name()))}, opts...)...)}
	options := passkey.NewCreationOptions(passkey.RelyingParty{ID: testRPID, Name: "test"}, passkey.User{ID: []byte("user handle 1234"), Name: "alice", DisplayName: "Alice"}, testChallenge)
	options.Attestation = "direct"
	var err error
	if d.registration, err = d.Create(marshal(t, options), testOrigin); err != nil {
		t.Fatal(err)
	}
	c := d.Credentials()[0]
	d.id, d.key = c.ID, c.Key
	return d
}

// get is an assertion JSON for the test rule.
func (d *device) get(t testing.TB) []byte {
	t.Helper()
	b, err := d.Get(marshal(t, passkey.NewRequestOptions(testRPID, testChallenge, d.id)), testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// verifyJSON parses and verifies.
func verifyJSON(b []byte, key passkey.PublicKey, rule passkey.Rule) error {
	a, err := passkey.ParseAssertion(b)
	if err != nil {
		return err
	}
	return a.Verify(key, rule)
}

// signBytes signs the SHA-256 of any message with the device's key: WebAuthn without its rules.
func (d *device) signBytes(t testing.TB, message []byte) []byte {
	t.Helper()
	digest := sha256.Sum256(message)
	der, err := d.Authenticator.SignDigest(d.id, digest)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
