package passkey_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
)

func registerWith(b []byte, rule passkey.Rule) error {
	r, err := passkey.ParseRegistration(b)
	if err != nil {
		return err
	}
	return r.Verify(rule)
}

func checkRegistrationDiagnosis(t testing.TB, in []byte, rule passkey.Rule, list []passkey.Finding) {
	t.Helper()
	err := registerWith(in, rule)
	if blocked := slices.ContainsFunc(list, passkey.Finding.Blocking); blocked != (err != nil) {
		t.Errorf("verify: %v; diagnosis: %v; input %q", err, list, in)
	}
	if err != nil && !slices.ContainsFunc(list, func(f passkey.Finding) bool { return f.Blocking() && errors.Is(err, f.Cause) }) {
		t.Errorf("%v is not in %v; input %q", err, list, in)
	}
}

func TestDiagnoseRegistrationNamesTheSource(t *testing.T) {
	d := newDevice(t)
	good := d.registration
	self := newDevice(t, softkey.WithSelfAttestation()).registration
	rs256 := unhex(t, "a401030339010020430102032143010001")
	edit := func(from []byte, f func(response)) []byte {
		r := parseResponse(t, from)
		f(r)
		return marshal(t, r)
	}
	replace := func(name string, b []byte) []byte {
		return edit(good, func(r response) { r.inner()[name] = b64(b) })
	}
	object := parseResponse(t, good).bytes(t, "attestationObject")
	auth := parseResponse(t, good).bytes(t, "authenticatorData")
	withAuth := func(a []byte) []byte {
		return append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"), append([]byte{byte(len(a))}, a...)...)
	}
	for _, c := range []struct {
		name  string
		in    []byte
		cause passkey.Cause
		word  string
	}{
		{"good", good, "", ""},
		{"sign-in", d.get(t), passkey.ErrPurpose, "sent to register"},
		{"HTML", []byte("<html>"), "", "markup"},
		{"authenticator data for object", replace("attestationObject", auth), passkey.ErrCBOR, "in place of the attestation object"},
		{"not canonical", replace("attestationObject", append(object, 0)), passkey.ErrCBOR, "not canonical"},
		{"another algorithm", replace("attestationObject", withAuth(append(slices.Clone(auth[:37+18+32]), rs256...))), passkey.ErrAlgorithm, "Windows Hello"},
		{"data of a sign-in", replace("attestationObject", withAuth(append(append(slices.Clone(auth[:32]), 0x05), auth[33:37]...))), passkey.ErrFlags, "of a sign-in"},
		{"BS without BE", newDevice(t, softkey.WithQuirks(softkey.Quirks{ClearFlags: passkey.FlagBE})).registration, passkey.ErrBackupState, "software made up"},
		{"id of another", edit(good, func(r response) { r["id"], r["rawId"] = "AAAA", "AAAA" }), passkey.ErrIDMismatch, "mixed"},
		{"id and rawId", edit(good, func(r response) { r["id"] = "AAAA" }), passkey.ErrIDMismatch, "rawId"},
		{"client data changed", edit(self, func(r response) { r.inner()["clientDataJSON"] = b64(append(r.bytes(t, "clientDataJSON"), ' ')) }), passkey.ErrAttestation, "changed on the way"},
		{"client data broken", replace("clientDataJSON", []byte(`{"type":"webauthn.get","type":"webauthn.get"}`)), passkey.ErrPurpose, "sent to register"},
		{"no object", edit(good, func(r response) { delete(r.inner(), "attestationObject") }), passkey.ErrMissing, "attestationObject"},
		{"buffers as objects", edit(good, func(r response) { r.inner()["clientDataJSON"] = map[string]any{} }), passkey.ErrMember, "ArrayBuffer"},
		{"unverified format", replace("attestationObject", append([]byte("\xa3\x63fmt\x63tpm\x67attStmt\xa0"), object[len("\xa3\x63fmt\x64none\x67attStmt\xa0"):]...)), "", "AAGUID remains a claim"},
		{"not discoverable", edit(good, func(r response) {
			r["clientExtensionResults"] = map[string]any{"credProps": map[string]any{"rk": false}}
		}), "", "not discoverable"},
		{"too large", make([]byte, 200<<10), passkey.ErrTooLarge, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			list := passkey.DiagnoseRegistrationJSON(c.in, testRule())
			if c.name == "good" {
				if len(list) != 0 {
					t.Error(list)
				}
			} else if _, ok := find(list, c.cause, c.word); !ok {
				t.Errorf("no %q with %q in %v", c.cause, c.word, list)
			}
			checkRegistrationDiagnosis(t, c.in, testRule(), list)
		})
	}
}

func TestDiagnoseRegistrationAgreesWithVerify(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	refused := 0
	const n = 1000
	for range n {
		opts := []softkey.Option{softkey.WithQuirks(randomQuirks(r))}
		if r.IntN(3) == 0 {
			opts = append(opts, softkey.WithSelfAttestation())
		}
		raw := mutateRegistration(r, newDevice(t, opts...).registration)
		rule := randomRule(r)
		rule.ConditionalCreate = r.IntN(2) == 0
		checkRegistrationDiagnosis(t, raw, rule, passkey.DiagnoseRegistrationJSON(raw, rule))
		if registerWith(raw, rule) != nil {
			refused++
		}
	}
	if refused < n/5 || refused > n*19/20 {
		t.Errorf("%d of %d refused: the mix is no test", refused, n)
	}
}

func mutateRegistration(r *rand.Rand, raw []byte) []byte {
	return mutateMember(r, raw, "attestationObject", "clientDataJSON", "publicKey", "authenticatorData")
}

// Raw parts can be diagnosed without an envelope, and without one another.
func TestDiagnoseParts(t *testing.T) {
	d := newDevice(t, softkey.WithQuirks(softkey.Quirks{LowS: true}))
	r := parseResponse(t, d.get(t))
	auth, client, sig := r.bytes(t, "authenticatorData"), r.bytes(t, "clientDataJSON"), r.bytes(t, "signature")
	if list := passkey.DiagnoseParts(auth, client, sig, &d.key, testRule()); len(list) != 0 {
		t.Error(list)
	}
	if list := passkey.DiagnoseParts(nil, nil, nil, &d.key, testRule()); len(list) != 0 {
		t.Error("nothing was given:", list)
	}
	for name, c := range map[string]struct {
		list  []passkey.Finding
		cause passkey.Cause
	}{
		"signature of other data": {passkey.DiagnoseParts(auth, append(client[:len(client):len(client)], ' '), sig, &d.key, testRule()), passkey.ErrSignature},
		"signature alone":         {passkey.DiagnoseParts(nil, nil, sig[1:], nil, testRule()), passkey.ErrSignatureForm},
		"client data alone":       {passkey.DiagnoseParts(nil, []byte(`{"type":"x"}`), nil, nil, testRule()), passkey.ErrPurpose},
		"short data":              {passkey.DiagnoseParts(auth[:36], nil, nil, nil, testRule()), passkey.ErrAuthData},
	} {
		if _, ok := find(c.list, c.cause, ""); !ok {
			t.Errorf("%s: no %q in %v", name, c.cause, c.list)
		}
	}
}
