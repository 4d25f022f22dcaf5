package passkey_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
)

// change is one edit of a good response's JSON text.
type change struct {
	name     string
	old, new string
	cause    passkey.Cause // "" accepts
}

// commonChanges apply to both kinds of response.
var commonChanges = []change{
	{"as it is", "", "", ""},
	{"white space", `{"auth`, " \n{ \"auth", ""},
	{"unknown member", `{"authenticatorAttachment"`, `{"x":[{"y":null}],"authenticatorAttachment"`, ""},
	{"unknown member of response", `"response":{`, `"response":{"x":1,`, ""},
	{"no attachment", `"authenticatorAttachment":"platform",`, ``, ""},
	{"attachment null", `"authenticatorAttachment":"platform"`, `"authenticatorAttachment":null`, ""},
	{"attachment of the future", `"authenticatorAttachment":"platform"`, `"authenticatorAttachment":"brain"`, ""},
	{"attachment a number", `"authenticatorAttachment":"platform"`, `"authenticatorAttachment":1`, passkey.ErrMember},
	{"type", `"type":"public-key"`, `"type":"password"`, passkey.ErrMember},
	{"no type", `,"type":"public-key"`, ``, passkey.ErrMissing},
	{"no id", `"id":`, `"ids":`, passkey.ErrMissing},
	{"no rawId", `"rawId":`, `"rawid":`, passkey.ErrMissing},
	{"no response", `"response":`, `"reply":`, passkey.ErrMissing},
	{"no clientDataJSON", `"clientDataJSON":`, `"clientdatajson":`, passkey.ErrMissing},
	{"response a list", `"response":{`, `"response":[],"x":{`, passkey.ErrJSON},
	{"id twice", `"id":`, `"id":"AAAA","id":`, passkey.ErrDuplicate},
	{"response twice", `"response":{`, `"response":{},"response":{`, passkey.ErrMissing},
	{"clientDataJSON twice", `"clientDataJSON":`, `"clientDataJSON":"e30","clientDataJSON":`, passkey.ErrDuplicate},
	{"extension twice", `"clientExtensionResults":{`, `"clientExtensionResults":{"x":{"a":1,"a":2},`, passkey.ErrDuplicate},
	{"extensions a list", `"clientExtensionResults":{`, `"clientExtensionResults":[],"x":{`, passkey.ErrMember},
	{"clientDataJSON an object", `"clientDataJSON":"`, `"clientDataJSON":{},"x":"`, passkey.ErrMember},
	{"rawId escaped", `"rawId":"`, `"rawId":"\u0041`, passkey.ErrMember},
	{"clientDataJSON standard base64", `"clientDataJSON":"`, `"clientDataJSON":"+`, passkey.ErrBase64},
	{"trailing text", `"type":"public-key"}`, `"type":"public-key"}}`, passkey.ErrJSON},
	{"byte order mark", `{"authenticatorAttachment"`, "\xef\xbb\xbf" + `{"authenticatorAttachment"`, passkey.ErrJSON},
	{"too large", `{"authenticatorAttachment"`, strings.Repeat(" ", 128<<10) + `{"authenticatorAttachment"`, passkey.ErrTooLarge},
}

func applyChange(t *testing.T, good []byte, c change) []byte {
	t.Helper()
	if c.name != "as it is" && !bytes.Contains(good, []byte(c.old)) {
		t.Fatalf("no %q in %s", c.old, good)
	}
	out := strings.Replace(string(good), c.old, c.new, 1)
	switch c.name { // the empty members between may need a comma less
	case "extension twice":
		out = strings.Replace(out, `},}`, `}}`, 1)
	}
	return []byte(out)
}

func TestParseAssertionEnvelope(t *testing.T) {
	d := newDevice(t)
	good := d.get(t)
	r := parseResponse(t, good)
	for _, c := range append([]change{
		{"no signature", `"signature":`, `"sig":`, passkey.ErrMissing},
		{"no authenticatorData", `"authenticatorData":`, `"authData":`, passkey.ErrMissing},
		{"no userHandle", `"userHandle":`, `"x":`, ""},
		{"userHandle null", `"userHandle":"`, `"userHandle":null,"x":"`, ""},
		{"userHandle text", `"userHandle":"`, `"userHandle":"user name `, passkey.ErrBase64},
		{"userHandle too long", `"userHandle":"`, `"userHandle":"` + strings.Repeat("AAAA", 30), passkey.ErrMember},
		{"id empty", `"id":"` + r["id"].(string) + `","rawId":"` + r["id"].(string) + `"`, `"id":"","rawId":""`, passkey.ErrMember},
		{"id too long", `"id":"` + r["id"].(string) + `","rawId":"` + r["id"].(string) + `"`,
			`"id":"` + strings.Repeat("AAAA", 342) + `","rawId":"` + strings.Repeat("AAAA", 342) + `"`, passkey.ErrMember},
		{"id not base64url", `"id":"` + r["id"].(string) + `","rawId":"` + r["id"].(string) + `"`, `"id":"a=","rawId":"a="`, passkey.ErrBase64},
		{"id and rawId encode differently", `"rawId":"`, `"rawId":"AAAA`, passkey.ErrIDMismatch},
		{"a registration", "", "", ""},
	}, commonChanges...) {
		t.Run(c.name, func(t *testing.T) {
			in := applyChange(t, good, c)
			if c.name == "a registration" {
				in, c.cause = d.registration, passkey.ErrMissing
			}
			a, err := passkey.ParseAssertion(in)
			if c.cause != "" {
				wantCause(t, err, c.cause)
				if a != nil {
					t.Error("an assertion came with the error")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := a.Verify(d.key, testRule()); err != nil {
				t.Error(err)
			}
			if !bytes.Equal(a.ID, d.id) || !bytes.Equal(a.AuthData.Raw, r.bytes(t, "authenticatorData")) || !bytes.Equal(a.ClientData.Raw, r.bytes(t, "clientDataJSON")) {
				t.Error("parts differ from the JSON's")
			}
			if want := strings.Contains(c.name, "serHandle"); (a.UserHandle == nil) != want || !want && string(a.UserHandle) != "user handle 1234" {
				t.Errorf("user handle %q", a.UserHandle)
			}
			if want := map[bool]string{true: "", false: "platform"}[strings.Contains(c.name, "attachment")]; a.Attachment != want {
				t.Errorf("attachment %q", a.Attachment)
			}
		})
	}
}

// The parts of one assertion share a buffer: growing one must not change another.
func TestPartsOfAnAssertionCannotOverwriteEachOther(t *testing.T) {
	d := newDevice(t)
	a, err := passkey.ParseAssertion(d.get(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range [][]byte{a.ID, a.UserHandle, a.AuthData.Raw, a.ClientData.Raw} {
		_ = append(part, 0xff, 0xff, 0xff)
	}
	if err := a.Verify(d.key, testRule()); err != nil {
		t.Error(err)
	}
}

func TestParseRegistrationEnvelope(t *testing.T) {
	d := newDevice(t)
	other := newDevice(t, softkey.WithSeed([]byte("other")))
	for _, c := range append([]change{
		{"no attestationObject", `"attestationObject":`, `"attObj":`, passkey.ErrMissing},
		{"no authenticatorData", `"authenticatorData":`, `"x":`, ""},
		{"no publicKey", `"publicKey":`, `"x":`, ""},
		{"publicKey null", `"publicKey":"`, `"publicKey":null,"x":"`, ""},
		{"publicKey of another", b64(d.key.SPKI()), b64(other.key.SPKI()), passkey.ErrInconsistent},
		{"publicKey not base64url", `"publicKey":"`, `"publicKey":"=`, passkey.ErrBase64},
		{"algorithm RS256", `"publicKeyAlgorithm":-7`, `"publicKeyAlgorithm":-257`, passkey.ErrInconsistent},
		{"algorithm text", `"publicKeyAlgorithm":-7`, `"publicKeyAlgorithm":"-7"`, passkey.ErrMember},
		{"algorithm fraction", `"publicKeyAlgorithm":-7`, `"publicKeyAlgorithm":-7.0`, passkey.ErrMember},
		{"algorithm huge", `"publicKeyAlgorithm":-7`, `"publicKeyAlgorithm":-70000000000000000000`, passkey.ErrMember},
		{"transports text", `"transports":[`, `"transports":"usb","x":[`, passkey.ErrMember},
		{"transports with a number", `"transports":[`, `"transports":[1,`, passkey.ErrMember},
		{"transports many", `"transports":[`, `"transports":[` + strings.Repeat(`"usb",`, 20), passkey.ErrMember},
		{"transport long", `"transports":[`, `"transports":["` + strings.Repeat("u", 33) + `",`, passkey.ErrMember},
		{"no transports", `"transports":`, `"x":`, ""},
		{"credProps a number", `"credProps":{"rk":true}`, `"credProps":1`, passkey.ErrMember},
		{"rk text", `"rk":true`, `"rk":"true"`, passkey.ErrMember},
		{"authenticatorData of another", `"authenticatorData":"`, `"authenticatorData":"AAAA`, passkey.ErrInconsistent},
	}, commonChanges...) {
		t.Run(c.name, func(t *testing.T) {
			r, err := passkey.ParseRegistration(applyChange(t, d.registration, c))
			if c.cause != "" {
				wantCause(t, err, c.cause)
				if r != nil {
					t.Error("a registration came with the error")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Verify(testRule()); err != nil {
				t.Error(err)
			}
			if r.Key() != d.key || r.Discoverable == nil || !*r.Discoverable {
				t.Errorf("key %v, discoverable %v", r.Key(), r.Discoverable)
			}
			if want := map[bool]int{true: 0, false: 2}[c.name == "no transports"]; len(r.Transports) != want {
				t.Errorf("transports %q", r.Transports)
			}
		})
	}
}

func TestAttestationObjectRefusals(t *testing.T) {
	d := newDevice(t)
	good := parseResponse(t, d.registration)
	client, object := good.bytes(t, "clientDataJSON"), good.bytes(t, "attestationObject")
	auth := good.bytes(t, "authenticatorData")
	wrapped := append([]byte{0x58, byte(len(auth))}, auth...)
	assemble := func(parts ...string) []byte { return []byte(strings.Join(parts, "")) }
	const fmtNone, empty, ad = "\x63fmt\x64none", "\x67attStmt\xa0", "\x68authData"
	w := string(wrapped)
	der := "\x30\x06\x02\x01\x01\x02\x01\x01"
	for _, c := range []struct {
		name  string
		in    []byte
		cause passkey.Cause // "" accepts
		trust passkey.Trust
	}{
		{"as it is", object, "", passkey.TrustNone},
		{"assembled", assemble("\xa3", fmtNone, empty, ad, w), "", passkey.TrustNone},
		{"another format", assemble("\xa3\x63fmt\x63tpm\x67attStmt\xa1\x63ver\x632.0", ad, w), "", passkey.TrustUnverified},
		{"compound", assemble("\xa3\x63fmt\x68compound\x67attStmt\x82\xa0\xa0", ad, w), "", passkey.TrustUnverified},
		{"packed with x5c", assemble("\xa3\x63fmt\x66packed\x67attStmt\xa3\x63alg\x26\x63sig\x41\x00\x63x5c\x81\x41\x00", ad, w), "", passkey.TrustUnverified},
		{"packed, another's signature", assemble("\xa3\x63fmt\x66packed\x67attStmt\xa2\x63alg\x26\x63sig\x48", der, ad, w), passkey.ErrAttestation, 0},
		{"packed without signature", assemble("\xa3\x63fmt\x66packed\x67attStmt\xa1\x63alg\x26", ad, w), passkey.ErrSignatureForm, 0},
		{"packed without algorithm", assemble("\xa3\x63fmt\x66packed\x67attStmt\xa1\x63sig\x48", der, ad, w), passkey.ErrAttestation, 0},
		{"packed with another algorithm", assemble("\xa3\x63fmt\x66packed\x67attStmt\xa2\x63alg\x27\x63sig\x48", der, ad, w), passkey.ErrAttestation, 0},
		{"packed with a further member", assemble("\xa3\x63fmt\x66packed\x67attStmt\xa3\x63alg\x26\x63sig\x48", der, "\x63zzz\x00", ad, w), passkey.ErrAttestation, 0},
		{"packed, statement a list", assemble("\xa3\x63fmt\x66packed\x67attStmt\x80", ad, w), passkey.ErrCBOR, 0},
		{"none with a statement", assemble("\xa3", fmtNone, "\x67attStmt\xa1\x61a\x00", ad, w), passkey.ErrAttestation, 0},
		{"none with a list", assemble("\xa3", fmtNone, "\x67attStmt\x80", ad, w), passkey.ErrAttestation, 0},
		{"trailing byte", append(bytes.Clone(object), 0), passkey.ErrCBOR, 0},
		{"empty", nil, passkey.ErrCBOR, 0},
		{"two members", assemble("\xa2", fmtNone, ad, w), passkey.ErrCBOR, 0},
		{"four members", assemble("\xa4", fmtNone, empty, ad, w, "\x69zzzzzzzzz\x00"), passkey.ErrCBOR, 0},
		{"out of order", assemble("\xa3", ad, w, fmtNone, empty), passkey.ErrCBOR, 0},
		{"fmt twice", assemble("\xa3", fmtNone, fmtNone, ad, w), passkey.ErrCBOR, 0},
		{"fmt bytes", assemble("\xa3\x63fmt\x44none", empty, ad, w), passkey.ErrCBOR, 0},
		{"authData text", assemble("\xa3", fmtNone, empty, ad, "\x78", w[1:]), passkey.ErrCBOR, 0},
		{"long head of authData", assemble("\xa3", fmtNone, empty, ad, "\x59\x00", w[1:]), passkey.ErrCBOR, 0},
		{"statement too deep", assemble("\xa3\x63fmt\x61x\x67attStmt", strings.Repeat("\x81", 12), "\x00", ad, w), passkey.ErrCBOR, 0},
		{"statement keys out of order", assemble("\xa3\x63fmt\x61x\x67attStmt\xa2\x61b\x00\x61a\x00", ad, w), passkey.ErrCBOR, 0},
		{"format name too long", assemble("\xa3\x63fmt\x78\x21", strings.Repeat("x", 33), empty, ad, w), passkey.ErrAttestation, 0},
		{"too large", append(bytes.Clone(object), make([]byte, 65<<10)...), passkey.ErrTooLarge, 0},
		{"authData of an assertion", assemble("\xa3", fmtNone, empty, ad, "\x58\x25", string(auth[:32]), "\x05", string(auth[33:37])), passkey.ErrFlags, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := passkey.NewRegistration(d.id, c.in, client)
			if c.cause != "" {
				wantCause(t, err, c.cause)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if r.Trust != c.trust || r.Key() != d.key {
				t.Errorf("trust %v, want %v", r.Trust, c.trust)
			}
		})
	}
	// The statement's algorithm is not signed, but must be the credential's.
	self := newDevice(t, softkey.WithSelfAttestation())
	r := parseResponse(t, self.registration)
	other := bytes.Replace(r.bytes(t, "attestationObject"), []byte("\x63alg\x26"), []byte("\x63alg\x27"), 1)
	_, err := passkey.NewRegistration(self.id, other, r.bytes(t, "clientDataJSON"))
	wantCause(t, err, passkey.ErrAttestation)

	for n := range object {
		if _, err := passkey.NewRegistration(d.id, object[:n], client); err == nil {
			t.Errorf("%d of %d bytes accepted", n, len(object))
		}
	}
	_, err = passkey.NewRegistration([]byte("another"), object, client)
	wantCause(t, err, passkey.ErrIDMismatch)
	_, err = passkey.NewRegistration(nil, object, client)
	wantCause(t, err, passkey.ErrMember)
	if (&passkey.Registration{}).Key() != (passkey.PublicKey{}) {
		t.Error("an empty registration has a key")
	}
	wantCause(t, (&passkey.Registration{}).Verify(testRule()), passkey.ErrKey)
}

// A length field cannot make a parser allocate more than the input warrants.
func TestHostileLengthsAllocateNothing(t *testing.T) {
	huge := binary.BigEndian.AppendUint64([]byte("\xa3\x63fmt\x7b"), 1<<62)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := passkey.ParseCOSE(huge); err == nil {
			t.Error("accepted")
		}
	}); n > 20 {
		t.Errorf("%v allocations", n)
	}
}
