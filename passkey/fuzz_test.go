package passkey_test

import (
	"bytes"
	"encoding/asn1"
	"encoding/json"
	"math/big"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
)

// Every fuzz target asserts two things besides "no panic": what is accepted encodes back to the
// input (there is one accepted form of a value), and what is refused returns nothing.

func FuzzParseDER(f *testing.F) {
	d := newDevice(f)
	r := parseResponse(f, d.get(f))
	f.Add(r.bytes(f, "signature"))
	f.Add(unhex(f, "3006020101020102"))
	f.Add(unhex(f, "308106020101020102"))
	f.Add(unhex(f, "30070202000102010200"))
	n := new(big.Int).SetBytes(unhex(f, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"))
	f.Fuzz(func(t *testing.T, b []byte) {
		sig, err := passkey.ParseDER(b)
		var v struct{ R, S *big.Int }
		rest, asnErr := asn1.Unmarshal(b, &v)
		good := asnErr == nil && len(rest) == 0 && v.R.Sign() > 0 && v.S.Sign() > 0 && v.R.Cmp(n) < 0 && v.S.Cmp(n) < 0
		if good { // encoding/asn1 leaves a few liberties; canonical means equal to its own encoding
			again, err := asn1.Marshal(v)
			good = err == nil && bytes.Equal(again, b)
		}
		if (err == nil) != good {
			t.Fatalf("%x: %v, encoding/asn1 says %t", b, err, good)
		}
		if err != nil {
			if sig != (passkey.Signature{}) {
				t.Fatal("a signature came with the error")
			}
			return
		}
		if high := new(big.Int).Sub(n, v.S); new(big.Int).SetBytes(sig.S[:]).Cmp(v.S) != 0 && !bytes.Equal(sig.S[:], high.FillBytes(make([]byte, 32))) {
			t.Fatal("s is neither s nor n-s")
		}
		if again, err := passkey.ParseDER(sig.DER()); err != nil || again != sig {
			t.Fatalf("%x does not round-trip: %v", b, err)
		}
		if again, err := passkey.ParseP1363(sig.P1363()); err != nil || again != sig {
			t.Fatalf("%x does not round-trip: %v", b, err)
		}
	})
}

func FuzzParseKeys(f *testing.F) {
	key := newDevice(f).key
	for _, b := range [][]byte{key.COSE(), key.SEC1(), key.SEC1Compressed(), key.Raw(), key.SPKI(), unhex(f, "a401030339010020430102032143010001")} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for name, p := range map[string]struct {
			parse  func([]byte) (passkey.PublicKey, error)
			encode func(passkey.PublicKey) []byte
		}{
			"COSE": {passkey.ParseCOSE, passkey.PublicKey.COSE},
			"SPKI": {passkey.ParseSPKI, passkey.PublicKey.SPKI},
			"raw":  {passkey.ParseRaw, passkey.PublicKey.Raw},
			"SEC1": {passkey.ParseSEC1, func(k passkey.PublicKey) []byte {
				if len(b) == 33 {
					return k.SEC1Compressed()
				}
				return k.SEC1()
			}},
		} {
			k, err := p.parse(b)
			if err != nil {
				if !k.IsZero() {
					t.Fatalf("%s: a key came with the error", name)
				}
				continue
			}
			if !bytes.Equal(p.encode(k), b) {
				t.Fatalf("%s: %x does not round-trip", name, b)
			}
			if again, err := passkey.NewPublicKey(k.ECDSA()); err != nil || again != k {
				t.Fatalf("%s: %x is no valid key: %v", name, b, err)
			}
		}
	})
}

func FuzzParseAuthenticatorData(f *testing.F) {
	d := newDevice(f)
	f.Add(parseResponse(f, d.get(f)).bytes(f, "authenticatorData"))
	f.Add(parseResponse(f, d.registration).bytes(f, "authenticatorData"))
	f.Add(authDataOf(0x81, []byte("\xa2\x61a\x82\x01\xf4\x62bb\xa1\x20\x41\x00")))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := passkey.ParseAuthenticatorData(b)
		if err != nil {
			if a.Raw != nil {
				t.Fatal("data came with the error")
			}
			return
		}
		again := append(append(bytes.Clone(a.RPIDHash[:]), byte(a.Flags)), byte(a.SignCount>>24), byte(a.SignCount>>16), byte(a.SignCount>>8), byte(a.SignCount))
		if c := a.Credential; c != nil {
			again = append(append(again, c.AAGUID[:]...), byte(len(c.ID)>>8), byte(len(c.ID)))
			again = append(append(again, c.ID...), c.Key.COSE()...)
		}
		if again = append(again, a.Extensions...); !bytes.Equal(again, b) {
			t.Fatalf("%x does not round-trip: %x", b, again)
		}
		if a.Flags.AT() != (a.Credential != nil) || a.Flags.ED() != (a.Extensions != nil) || a.Flags.BS() && !a.Flags.BE() {
			t.Fatalf("flags %s of %x", a.Flags, b)
		}
	})
}

func FuzzParseClientData(f *testing.F) {
	d := newDevice(f)
	f.Add(parseResponse(f, d.get(f)).bytes(f, "clientDataJSON"))
	for _, q := range []softkey.Quirks{{AndroidPackageName: "a.b"}, {EmbeddedIn: "https://e"}, {ReverseMembers: true, Spaced: true}, {ExtraMember: true}} {
		d.SetQuirks(q)
		f.Add(parseResponse(f, d.get(f)).bytes(f, "clientDataJSON"))
	}
	f.Add([]byte(`{"type":"a","challenge":"AAAA","origin":"\u00e9\ud83d\ude00\/","topOrigin":"b","crossOrigin":true,"x":[1e5,{"y":-0.1}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := passkey.ParseClientData(b)
		if err != nil {
			if c.Raw != nil {
				t.Fatal("data came with the error")
			}
			return
		}
		slow, err := passkey.SlowClientData(b)
		if err != nil || !reflect.DeepEqual(slow, c) {
			t.Fatalf("%q: short cut %+v; slow %+v, %v", b, c, slow, err)
		}
		// encoding/json must see the same values.
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil || !utf8.Valid(b) {
			t.Fatalf("%q: accepted, but encoding/json says %v", b, err)
		}
		cross, _ := m["crossOrigin"].(bool)
		top, _ := m["topOrigin"].(string)
		if m["type"] != c.Type || m["challenge"] != b64(c.Challenge) || m["origin"] != c.Origin || cross != c.CrossOrigin || top != c.TopOrigin {
			t.Fatalf("%q: %+v; encoding/json %v", b, c, m)
		}
		if at := c.TypeOffset; at >= 0 && !bytes.HasPrefix(b[at:], []byte(`"type":"`+c.Type+`"`)) {
			t.Fatalf("%q: TypeOffset %d", b, at)
		}
		if at := c.ChallengeOffset; at >= 0 && (!bytes.HasPrefix(b[at:], []byte(b64(c.Challenge)+`"`)) || !bytes.HasSuffix(b[:at], []byte(`"challenge":"`))) {
			t.Fatalf("%q: ChallengeOffset %d", b, at)
		}
	})
}

func FuzzParseAssertion(f *testing.F) {
	d := newDevice(f)
	f.Add(d.get(f))
	d.SetQuirks(softkey.Quirks{AndroidPackageName: "a.b", NoUV: true, HighS: true})
	f.Add(d.get(f))
	f.Add(d.registration)
	f.Add([]byte(`{"id":"AA","rawId":"AA","type":"public-key","response":{"authenticatorData":"","clientDataJSON":"e30","signature":"MAYCAQECAQI"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := passkey.ParseAssertion(b)
		if (a == nil) != (err != nil) {
			t.Fatal("value and error")
		}
		if err == nil {
			if !json.Valid(b) {
				t.Fatalf("%q is no JSON", b)
			}
			again, err := passkey.NewAssertion(a.ID, a.AuthData.Raw, a.ClientData.Raw, a.Signature.DER())
			if err != nil || again.Signature != a.Signature {
				t.Fatalf("%q: parts do not parse: %v", b, err)
			}
		}
		checkDiagnosis(t, b, d.key, testRule(), passkey.DiagnoseJSON(b, &d.key, testRule()))
	})
}

func FuzzParseRegistration(f *testing.F) {
	f.Add(newDevice(f).registration)
	f.Add(newDevice(f, softkey.WithSelfAttestation()).registration)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := passkey.ParseRegistration(b)
		if (r == nil) != (err != nil) {
			t.Fatal("value and error")
		}
		if err == nil && (r.Key().IsZero() || !bytes.Equal(r.ID, r.AuthData.Credential.ID) || !json.Valid(b)) {
			t.Fatalf("%q accepted", b)
		}
		checkRegistrationDiagnosis(t, b, testRule(), passkey.DiagnoseRegistrationJSON(b, testRule()))
	})
}

// The attestation object is fuzzed on its own, without base64 in the way.
func FuzzAttestationObject(f *testing.F) {
	for _, d := range []*device{newDevice(f), newDevice(f, softkey.WithSelfAttestation())} {
		r := parseResponse(f, d.registration)
		f.Add(r.bytes(f, "attestationObject"), r.bytes(f, "clientDataJSON"))
	}
	id := newDevice(f).id
	f.Fuzz(func(t *testing.T, object, client []byte) {
		r, err := passkey.NewRegistration(id, object, client)
		if (r == nil) != (err != nil) {
			t.Fatal("value and error")
		}
	})
}

func FuzzParseOptions(f *testing.F) {
	f.Add(marshal(f, passkey.NewRequestOptions("localhost", testChallenge, []byte{1})))
	f.Add(marshal(f, passkey.NewCreationOptions(passkey.RelyingParty{Name: "x"}, passkey.User{ID: []byte{1}}, testChallenge)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if o, err := passkey.ParseCreationOptions(b); err == nil {
			again, err := passkey.ParseCreationOptions(marshal(t, o))
			if err != nil || !bytes.Equal(again.Challenge, o.Challenge) || !bytes.Equal(again.User.ID, o.User.ID) {
				t.Fatalf("%q does not round-trip: %v", b, err)
			}
		}
		if o, err := passkey.ParseRequestOptions(b); err == nil {
			again, err := passkey.ParseRequestOptions(marshal(t, o))
			if err != nil || !bytes.Equal(again.Challenge, o.Challenge) || again.RPID != o.RPID {
				t.Fatalf("%q does not round-trip: %v", b, err)
			}
		}
	})
}

func FuzzParseAAGUID(f *testing.F) {
	f.Add("bada5566-a7aa-401f-bd96-45619a55120d")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := passkey.ParseAAGUID(s)
		if err != nil {
			if !a.IsZero() {
				t.Fatal("an AAGUID came with the error")
			}
			return
		}
		if again, err := passkey.ParseAAGUID(a.String()); err != nil || again != a {
			t.Fatalf("%q does not round-trip", s)
		}
	})
}
