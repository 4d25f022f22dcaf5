package passkey_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
)

// find returns the finding with the cause, or with "" the first remark that has the word.
func find(list []passkey.Finding, cause passkey.Cause, word string) (passkey.Finding, bool) {
	for _, f := range list {
		if f.Cause == cause && strings.Contains(f.String(), word) {
			return f, true
		}
	}
	return passkey.Finding{}, false
}

// Each known mistake is named with its source.
func TestDiagnoseNamesTheSource(t *testing.T) {
	hexText := hex.EncodeToString(testChallenge)
	digest := sha256.Sum256(testChallenge)
	reversed := bytes.Clone(testChallenge)
	slices.Reverse(reversed)
	asBase64, err := base64.RawURLEncoding.DecodeString(hexText)
	if err != nil {
		t.Fatal(err)
	}
	challenge := func(b []byte) softkey.Quirks { return softkey.Quirks{Challenge: b} }
	for _, c := range []struct {
		name   string
		quirks softkey.Quirks
		change func(*passkey.Rule)
		cause  passkey.Cause
		word   string
	}{
		{"UV", softkey.Quirks{NoUV: true}, func(r *passkey.Rule) { r.UserVerification = passkey.Required }, passkey.ErrUserVerification, "1Password on iOS"},
		{"UV forbidden", softkey.Quirks{}, func(r *passkey.Rule) { r.UserVerification = passkey.Forbidden }, passkey.ErrUserVerification, "every use"},
		{"UP", softkey.Quirks{NoUP: true}, nil, passkey.ErrUserPresence, "silent"},
		{"BE forbidden", softkey.Quirks{}, func(r *passkey.Rule) { r.BackupEligible = passkey.Forbidden }, passkey.ErrBackupEligible, "syncs"},
		{"BS required", softkey.Quirks{ClearFlags: passkey.FlagBS}, func(r *passkey.Rule) { r.BackedUp = passkey.Required }, passkey.ErrBackedUp, "one device"},
		{"BS without BE", softkey.Quirks{ClearFlags: passkey.FlagBE}, nil, passkey.ErrBackupState, "software made up"},
		{"BE rose", softkey.Quirks{}, func(r *passkey.Rule) { r.StoredBackupEligible = ptr(false) }, passkey.ErrBackupDrift, "iCloud"},
		{"BE fell", softkey.Quirks{ClearFlags: passkey.FlagBE | passkey.FlagBS}, func(r *passkey.Rule) { r.StoredBackupEligible = ptr(true) }, passkey.ErrBackupDrift, "same key"},
		{"counter", softkey.Quirks{}, func(r *passkey.Rule) { r.StoredSignCount = ptr(uint32(9)) }, passkey.ErrSignCount, "copy"},
		{"credential", softkey.Quirks{}, func(r *passkey.Rule) { r.CredentialIDs = [][]byte{{1}} }, passkey.ErrCredential, "another passkey"},
		{"user", softkey.Quirks{}, func(r *passkey.Rule) { r.UserHandle = []byte{1} }, passkey.ErrUserHandle, "another account"},
		{"type", softkey.Quirks{WrongType: true}, nil, passkey.ErrPurpose, "registration"},
		{"RP ID of another", softkey.Quirks{RPID: "example.org"}, nil, passkey.ErrRPID, `passkey of "example.org"`},
		{"RP ID known to the caller", softkey.Quirks{RPID: "vault.example.net"}, nil, passkey.ErrRPID, `passkey of "vault.example.net"`},
		{"RP ID is the origin", softkey.Quirks{RPID: testOrigin}, nil, passkey.ErrRPID, "of the origin"},
		{"RP ID as URL", softkey.Quirks{RPID: "https://localhost"}, nil, passkey.ErrRPID, "no RP ID"},
		{"RP ID unknown", softkey.Quirks{RPID: "unheard.of"}, nil, passkey.ErrRPID, "not known"},
		{"origin with slash", softkey.Quirks{Origin: testOrigin + "/"}, nil, passkey.ErrOrigin, "trailing slash"},
		{"origin port", softkey.Quirks{Origin: "http://localhost:1"}, nil, passkey.ErrOrigin, "another port"},
		{"origin scheme", softkey.Quirks{Origin: "https://localhost:8080"}, nil, passkey.ErrOrigin, "over https"},
		{"origin case", softkey.Quirks{Origin: "HTTP://localhost:8080"}, nil, passkey.ErrOrigin, "upper case"},
		{"origin subdomain", softkey.Quirks{Origin: "http://a.localhost:8080"}, nil, passkey.ErrOrigin, "subdomain"},
		{"origin of an Android app", softkey.Quirks{Origin: "android:apk-key-hash:abc"}, nil, passkey.ErrOrigin, "Android"},
		{"origin of an iOS app", softkey.Quirks{Origin: "ios:bundle-id:abc"}, nil, passkey.ErrOrigin, "iOS"},
		{"origin null", softkey.Quirks{Origin: "null"}, nil, passkey.ErrOrigin, "without an origin"},
		{"origin elsewhere", softkey.Quirks{Origin: "https://evil.example"}, nil, passkey.ErrOrigin, "phishing"},
		{"embedded", softkey.Quirks{EmbeddedIn: "https://example.com"}, nil, passkey.ErrTopOrigin, "frame"},
		{"challenge as base64url text", challenge([]byte(challengeText)), nil, passkey.ErrChallenge, "base64 text"},
		{"challenge as padded text", challenge([]byte(base64.StdEncoding.EncodeToString(testChallenge))), nil, passkey.ErrChallenge, "base64 text"},
		{"challenge as hex text", challenge([]byte(hexText)), nil, passkey.ErrChallenge, "hexadecimal text were signed"},
		{"challenge as 0x text", challenge([]byte("0x" + hexText)), nil, passkey.ErrChallenge, "hexadecimal text were signed"},
		{"challenge hex as base64url", challenge(asBase64), nil, passkey.ErrChallenge, "taken for base64url"},
		{"challenge of numbers", challenge([]byte(strings.Trim(strings.ReplaceAll(fmt.Sprint(testChallenge), " ", ","), "[]"))), nil, passkey.ErrChallenge, "Uint8Array"},
		{"challenge hashed", challenge(digest[:]), nil, passkey.ErrChallenge, "SHA-256"},
		{"challenge reversed", challenge(reversed), nil, passkey.ErrChallenge, "reversed"},
		{"challenge empty", challenge([]byte{}), nil, passkey.ErrChallenge, "empty challenge"},
		{"challenge zero", challenge(make([]byte, 32)), nil, passkey.ErrChallenge, "never filled"},
		{"challenge cut", challenge(testChallenge[:16]), nil, passkey.ErrChallenge, "first bytes"},
		{"challenge an object", challenge([]byte("[object ArrayBuffer]")), nil, passkey.ErrChallenge, "object was turned"},
		{"challenge of earlier", challenge([]byte("something else altogether")), nil, passkey.ErrChallenge, "earlier request"},
		{"challenge expected as text", softkey.Quirks{}, func(r *passkey.Rule) { r.Challenge = []byte(challengeText) }, passkey.ErrChallenge, "expected challenge"},
		{"long-form DER", softkey.Quirks{LongFormDER: true}, nil, passkey.ErrSignatureForm, "long form"},
		{"bogus", softkey.Quirks{BogusSignature: true}, nil, passkey.ErrSignature, "another key"},
		{"high s", softkey.Quirks{HighS: true}, nil, "", "group order"},
		{"Android first member", softkey.Quirks{AndroidPackageName: "com.example"}, nil, "", "androidPackageName"},
		{"order", softkey.Quirks{ReverseMembers: true}, nil, "", "another order"},
		{"white space", softkey.Quirks{Spaced: true}, nil, "", "white space"},
		{"no crossOrigin", softkey.Quirks{NoCrossOrigin: true}, nil, "", "no crossOrigin"},
		{"id", softkey.Quirks{IDSuffix: []byte{1}}, nil, passkey.ErrIDMismatch, ""},
		{"AT", softkey.Quirks{SetFlags: passkey.FlagAT}, nil, passkey.ErrFlags, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDevice(t)
			d.SetQuirks(c.quirks)
			rule := testRule()
			if c.change != nil {
				c.change(&rule)
			}
			raw := d.get(t)
			list := passkey.DiagnoseJSON(raw, &d.key, rule, "vault.example.net")
			f, ok := find(list, c.cause, c.word)
			if !ok {
				t.Fatalf("no %q with %q in %v", c.cause, c.word, list)
			}
			if f.Blocking() != (verifyJSON(raw, d.key, rule) != nil) {
				t.Errorf("blocking %t, verify %v", f.Blocking(), verifyJSON(raw, d.key, rule))
			}
			if c.cause == "" && slices.ContainsFunc(list, passkey.Finding.Blocking) {
				t.Errorf("a remark stands beside a refusal: %v", list)
			}
		})
	}
}

// What a browser, page or transport can do to the JSON is named, though nothing parses any more.
func TestDiagnoseReadsOnWhereParsersStop(t *testing.T) {
	d := newDevice(t)
	good := d.get(t)
	edit := func(f func(response)) []byte {
		r := parseResponse(t, good)
		f(r)
		return marshal(t, r)
	}
	sig, err := passkey.ParseDER(parseResponse(t, good).bytes(t, "signature"))
	if err != nil {
		t.Fatal(err)
	}
	authData := parseResponse(t, good).bytes(t, "authenticatorData")
	client := parseResponse(t, good).bytes(t, "clientDataJSON")
	resign := func(message []byte) string { // what a signer that hashes something else sends
		return b64(d.signBytes(t, message))
	}
	inner := sha256.Sum256(client)
	for _, c := range []struct {
		name  string
		in    []byte
		cause passkey.Cause
		word  string
	}{
		{"HTML", []byte("<!doctype html><html>"), "", "markup"},
		{"object text", []byte("[object Object]"), "", "JSON.stringify"},
		{"Python", []byte(`{'id': 'x'}`), "", "single quotes"},
		{"empty", nil, "", "body"},
		{"null", []byte("null"), "", "no toJSON"},
		{"stringified without toJSON", []byte(`{"isTrusted":true}`), "", "toJSON()"},
		{"wrapped", append(append([]byte(`{"publicKey":`), good...), '}'), "", "publicKey"},
		{"registration", d.registration, passkey.ErrPurpose, "registration"},
		{"buffers as objects", edit(func(r response) { r.inner()["signature"] = map[string]any{} }), passkey.ErrMember, "ArrayBuffer"},
		{"buffers as lists", edit(func(r response) { r.inner()["authenticatorData"] = []int{1, 2} }), passkey.ErrMember, "Uint8Array"},
		{"number", edit(func(r response) { r.inner()["authenticatorData"] = 5 }), passkey.ErrMember, "want a string"},
		{"missing", edit(func(r response) { delete(r.inner(), "signature") }), passkey.ErrMissing, "signature"},
		{"type", edit(func(r response) { r["type"] = "x" }), passkey.ErrMember, "public-key"},
		{"hex", edit(func(r response) { r.inner()["authenticatorData"] = hex.EncodeToString(authData) }), passkey.ErrBase64, "hexadecimal was used"},
		{"hex with 0x", edit(func(r response) { r.inner()["authenticatorData"] = "0x" + hex.EncodeToString(authData) }), passkey.ErrBase64, "hexadecimal was used"},
		{"padded", edit(func(r response) { r.inner()["authenticatorData"] = base64.URLEncoding.EncodeToString(authData) }), passkey.ErrBase64, "padded base64url"},
		{"not any base", edit(func(r response) { r.inner()["authenticatorData"] = "?" }), passkey.ErrBase64, "authenticatorData"},
		{"user handle as text", edit(func(r response) { r.inner()["userHandle"] = "alice smith" }), passkey.ErrBase64, "@simplewebauthn/browser"},
		{"raw signature", edit(func(r response) { r.inner()["signature"] = b64(sig.P1363()) }), passkey.ErrSignatureForm, "WebCrypto"},
		{"Ethereum signature", edit(func(r response) { r.inner()["signature"] = b64(append(sig.P1363(), 27)) }), passkey.ErrSignatureForm, "Ethereum"},
		{"signature with more", edit(func(r response) { r.inner()["signature"] = b64(append(sig.DER(), 0)) }), passkey.ErrSignatureForm, "appended"},
		{"signature cut", edit(func(r response) { r.inner()["signature"] = b64(sig.DER()[:60]) }), passkey.ErrSignatureForm, "cut"},
		{"attestation object", edit(func(r response) {
			r.inner()["authenticatorData"] = parseResponse(t, d.registration).inner()["attestationObject"]
		}), passkey.ErrBackupState, ""},
		{"CBOR-wrapped", edit(func(r response) { r.inner()["authenticatorData"] = b64(append([]byte{0x58, 37}, authData...)) }), "", ""},
		{"a hash", edit(func(r response) { r.inner()["authenticatorData"] = b64(authData[:32]) }), passkey.ErrAuthData, "a hash was sent"},
		{"registration's data", edit(func(r response) {
			r.inner()["authenticatorData"] = parseResponse(t, d.registration).inner()["authenticatorData"]
		}), passkey.ErrFlags, "of the registration"},
		{"client data with BOM", edit(func(r response) { r.inner()["clientDataJSON"] = b64(append([]byte("\xef\xbb\xbf"), client...)) }), passkey.ErrJSON, "byte order mark"},
		{"client data rewritten", edit(func(r response) {
			r.inner()["clientDataJSON"] = b64(bytes.ReplaceAll(client, []byte(`":`), []byte(`": `)))
		}), passkey.ErrSignature, "written anew"},
		{"client data reordered", edit(func(r response) {
			var m map[string]any
			if err := json.Unmarshal(client, &m); err != nil {
				t.Fatal(err)
			}
			r.inner()["clientDataJSON"] = b64(marshal(t, m))
		}), passkey.ErrSignature, "written anew"},
		{"no inner hash", edit(func(r response) { r.inner()["signature"] = resign(append(bytes.Clone(authData), client...)) }), passkey.ErrSignature, "inner SHA-256"},
		{"swapped halves", edit(func(r response) { r.inner()["signature"] = resign(append(bytes.Clone(inner[:]), authData...)) }), passkey.ErrSignature, "before the authenticator data"},
		{"client data alone", edit(func(r response) { r.inner()["signature"] = resign(client) }), passkey.ErrSignature, "clientDataJSON alone"},
		{"challenge alone", edit(func(r response) { r.inner()["signature"] = resign(testChallenge) }), passkey.ErrSignature, "no WebAuthn signature"},
	} {
		t.Run(c.name, func(t *testing.T) {
			list := passkey.DiagnoseJSON(c.in, &d.key, testRule())
			if _, ok := find(list, c.cause, c.word); !ok && c.word != "" {
				t.Errorf("no %q with %q in %v", c.cause, c.word, list)
			}
			checkDiagnosis(t, c.in, d.key, testRule(), list)
			if len(list) == 0 || !list[0].Blocking() {
				t.Errorf("no refusal: %v", list)
			}
		})
	}
}

func TestDiagnoseListsEverythingAtOnce(t *testing.T) {
	d := newDevice(t)
	d.SetQuirks(softkey.Quirks{NoUV: true, Origin: "https://evil.example", RPID: "evil.example", WrongType: true, LongFormDER: true,
		ClearFlags: passkey.FlagBE, Challenge: []byte("x"), IDSuffix: []byte{1}})
	rule := testRule()
	rule.UserVerification = passkey.Required
	list := passkey.DiagnoseJSON(d.get(t), &d.key, rule)
	for _, cause := range []passkey.Cause{passkey.ErrIDMismatch, passkey.ErrPurpose, passkey.ErrChallenge, passkey.ErrOrigin, passkey.ErrRPID,
		passkey.ErrUserVerification, passkey.ErrBackupState, passkey.ErrSignatureForm} {
		if _, ok := find(list, cause, ""); !ok {
			t.Errorf("%q is not listed", cause)
		}
	}
}

func TestDiagnoseOfGoodAssertionsIsSilent(t *testing.T) {
	d := newDevice(t, softkey.WithQuirks(softkey.Quirks{LowS: true}))
	raw := d.get(t)
	if list := passkey.DiagnoseJSON(raw, &d.key, testRule()); len(list) != 0 {
		t.Error(list)
	}
	a, err := passkey.ParseAssertion(raw)
	if err != nil {
		t.Fatal(err)
	}
	if list := passkey.Diagnose(a, &d.key, testRule()); len(list) != 0 {
		t.Error(list)
	}
	if list := passkey.Diagnose(a, nil, passkey.Rule{}); len(list) != 0 {
		t.Error("with nothing to check against:", list)
	}
	if list := passkey.Diagnose(a, new(passkey.PublicKey), testRule()); len(list) != 1 || list[0].Cause != passkey.ErrKey {
		t.Error("zero key:", list)
	}
}

// checkDiagnosis: a refusal is listed exactly if there is one, and the one there is is listed.
func checkDiagnosis(t testing.TB, in []byte, key passkey.PublicKey, rule passkey.Rule, list []passkey.Finding) {
	t.Helper()
	err := verifyJSON(in, key, rule)
	blocked := slices.ContainsFunc(list, passkey.Finding.Blocking)
	if blocked != (err != nil) {
		t.Errorf("verify: %v; diagnosis: %v; input %q", err, list, in)
	}
	if err != nil && !slices.ContainsFunc(list, func(f passkey.Finding) bool { return errors.Is(err, f.Cause) && f.Blocking() }) {
		t.Errorf("%v is not in %v; input %q", err, list, in)
	}
	for i := 1; i < len(list); i++ {
		if list[i].Blocking() && !list[i-1].Blocking() {
			t.Errorf("a remark stands before a refusal: %v", list)
		}
	}
}

// Verify and DiagnoseJSON agree on mutated assertions of every kind.
func TestDiagnoseAgreesWithVerify(t *testing.T) {
	d := newDevice(t)
	r := rand.New(rand.NewPCG(5, 6))
	refused := 0
	for range 1500 {
		d.SetQuirks(randomQuirks(r))
		raw := mutate(r, d.get(t))
		rule := randomRule(r)
		checkDiagnosis(t, raw, d.key, rule, passkey.DiagnoseJSON(raw, &d.key, rule))
		if verifyJSON(raw, d.key, rule) != nil {
			refused++
		}
	}
	if refused < 200 || refused > 1450 {
		t.Errorf("%d of 1500 refused: the mix is no test", refused)
	}
}

func randomRule(r *rand.Rand) passkey.Rule {
	rule := testRule()
	if r.IntN(3) == 0 {
		rule.UserVerification = passkey.Requirement(r.IntN(3))
		rule.BackupEligible = passkey.Requirement(r.IntN(3))
		rule.BackedUp = passkey.Requirement(r.IntN(3))
	}
	return rule
}

func randomQuirks(r *rand.Rand) softkey.Quirks {
	rare := func() bool { return r.IntN(12) == 0 }
	q := softkey.Quirks{NoUV: rare(), NoUP: rare(), HighS: rare(), LongFormDER: rare(), BogusSignature: rare(), WrongType: rare(),
		ReverseMembers: rare(), NoCrossOrigin: rare(), ExtraMember: rare(), Spaced: rare()}
	if rare() {
		q.AndroidPackageName = "com.example.app"
	}
	if rare() {
		q.SetFlags = passkey.Flags(r.IntN(256))
	}
	if rare() {
		q.ClearFlags = passkey.Flags(r.IntN(256))
	}
	if rare() {
		q.Origin = "https://evil.example"
	}
	if rare() {
		q.RPID = "example.org"
	}
	if rare() {
		q.Challenge = []byte("another challenge")
	}
	return q
}

// mutate damages the JSON, or the decoded content of one of its members, in a third of all cases.
func mutate(r *rand.Rand, raw []byte) []byte {
	return mutateMember(r, raw, "authenticatorData", "clientDataJSON", "signature", "userHandle")
}

func mutateMember(r *rand.Rand, raw []byte, names ...string) []byte {
	switch r.IntN(6) {
	case 0:
		return damage(r, raw)
	case 1:
		var m response
		if json.Unmarshal(raw, &m) != nil {
			return raw
		}
		name := names[r.IntN(len(names))]
		b, err := base64.RawURLEncoding.DecodeString(m.inner()[name].(string))
		if err != nil {
			return raw
		}
		m.inner()[name] = b64(damage(r, b))
		out, err := json.Marshal(m)
		if err != nil {
			return raw
		}
		return out
	}
	return raw
}

func damage(r *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	at := r.IntN(len(b))
	switch r.IntN(5) {
	case 0:
		b[at] ^= 1 << r.IntN(8)
	case 1:
		b = append(b[:at], b[at+1:]...)
	case 2:
		b = append(b[:at], append([]byte{byte(r.IntN(256))}, b[at:]...)...)
	case 3:
		b = b[:at]
	case 4:
		b = append(b, b[at:]...)
	}
	return b
}
