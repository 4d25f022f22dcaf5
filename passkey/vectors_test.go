package passkey_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/postern-dev/postern/passkey"
)

type level3 struct {
	RPID, Origin, TopOrigin string
	Vectors                 []struct {
		Name         string
		Registration struct {
			CredentialID, Challenge, ClientDataJSON, AttestationObject string
		}
		Authentication struct {
			CredentialID, Challenge, ClientDataJSON, AuthenticatorData, Signature string
		}
	}
}

// The specification's own vectors: the ES256 pairs verify, through the raw parts and through the
// JSON envelope; the others are refused for their algorithm and nothing else.
func TestSpecificationVectors(t *testing.T) {
	var file level3
	readJSON(t, "testdata/webauthn-level3.json", &file)
	trust := map[string]passkey.Trust{"NoneES256": passkey.TrustNone, "PackedSelfES256": passkey.TrustSelf, "PackedES256": passkey.TrustUnverified}
	verified := 0
	for _, v := range file.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			r, a := v.Registration, v.Authentication
			id := unhex(t, r.CredentialID)
			reg, err := passkey.NewRegistration(id, unhex(t, r.AttestationObject), unhex(t, r.ClientDataJSON))
			if !strings.Contains(v.Name, "ES256") {
				wantCause(t, err, passkey.ErrAlgorithm)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if want, ok := trust[v.Name]; ok && reg.Trust != want {
				t.Errorf("trust %v, want %v", reg.Trust, want)
			}
			rule := passkey.Rule{RPID: file.RPID, Origins: []string{file.Origin}, Challenge: unhex(t, r.Challenge)}
			embedded := reg.ClientData.CrossOrigin
			if embedded {
				wantCause(t, reg.Verify(rule), passkey.ErrTopOrigin)
				rule.TopOrigins = []string{"", file.TopOrigin}
			}
			if err := reg.Verify(rule); err != nil {
				t.Fatal(err)
			}
			envelope := marshal(t, map[string]any{"id": b64(id), "rawId": b64(id), "type": "public-key", "response": map[string]any{
				"attestationObject": b64(unhex(t, r.AttestationObject)), "clientDataJSON": b64(unhex(t, r.ClientDataJSON))}})
			if again, err := passkey.ParseRegistration(envelope); err != nil || again.Key() != reg.Key() {
				t.Fatalf("ParseRegistration: %v", err)
			}

			get, err := passkey.NewAssertion(unhex(t, a.CredentialID), unhex(t, a.AuthenticatorData), unhex(t, a.ClientDataJSON), unhex(t, a.Signature))
			if err != nil {
				t.Fatal(err)
			}
			wantCause(t, get.Verify(reg.Key(), rule), passkey.ErrChallenge)
			rule.Challenge = unhex(t, a.Challenge)
			if err := get.Verify(reg.Key(), rule); err != nil {
				t.Fatal(err)
			}
			verified++
		})
	}
	if len(file.Vectors) != 14 || verified != 10 {
		t.Fatalf("%d vectors, %d verified; want 14 and 10", len(file.Vectors), verified)
	}
}

// Recorded answers of Chromium's virtual authenticator: what it did right verifies, what it was
// told to do wrong is refused for that very cause.
func TestChromiumCaptures(t *testing.T) {
	var file struct {
		Origin, RPID string
		Captures     []struct {
			Label, Kind, Note string
			Options           json.RawMessage
			Response          json.RawMessage
		}
	}
	readJSON(t, "testdata/chromium156-virtual-authenticator.json", &file)
	eligible := map[string]bool{}
	keys := map[string]passkey.PublicKey{}
	wrong := map[string]passkey.Cause{
		"illegal BE=0 BS=1 create":                  passkey.ErrBackupState,
		"synced get after BE:=0,BS:=1 (illegal)":    passkey.ErrBackupState,
		"synced get after BE:=0,BS:=0 (BE changed)": passkey.ErrBackupDrift,
		"synced get bogus sig":                      passkey.ErrSignatureForm, // one zero byte
		"synced get bad UV":                         passkey.ErrUserVerification,
		"synced get bad UP":                         passkey.ErrUserPresence,
	}
	for _, c := range file.Captures {
		name := strings.TrimSpace(strings.Join(strings.Fields(c.Label+" "+c.Note), " "))
		if c.Kind == "create" {
			name = c.Label + " create"
		}
		t.Run(name, func(t *testing.T) {
			rule := passkey.Rule{RPID: file.RPID, Origins: []string{file.Origin}, UserVerification: passkey.Required}
			var err error
			if c.Kind == "create" {
				o, oerr := passkey.ParseCreationOptions(c.Options)
				if oerr != nil {
					t.Fatal(oerr)
				}
				rule.Challenge = o.Challenge
				var r *passkey.Registration
				if r, err = passkey.ParseRegistration(c.Response); err == nil {
					err = r.Verify(rule)
					keys[c.Label], eligible[c.Label] = r.Key(), r.AuthData.Flags.BE()
					if r.Discoverable == nil || !*r.Discoverable || len(r.Transports) != 1 || r.Attachment != "platform" {
						t.Errorf("discoverable %v, transports %v, attachment %q", r.Discoverable, r.Transports, r.Attachment)
					}
				}
			} else {
				o, oerr := passkey.ParseRequestOptions(c.Options)
				if oerr != nil {
					t.Fatal(oerr)
				}
				be := eligible[c.Label]
				rule.Challenge, rule.StoredBackupEligible = o.Challenge, &be
				err = verifyJSON(c.Response, keys[c.Label], rule)
			}
			if cause, bad := wrong[name]; bad {
				wantCause(t, err, cause)
				delete(wrong, name)
			} else if err != nil {
				t.Fatal(err)
			}
		})
	}
	if len(file.Captures) != 14 || len(wrong) != 0 {
		t.Errorf("%d captures; not seen: %v", len(file.Captures), wrong)
	}
}

// What encoders write is what Chromium sent: the parsed key in SPKI and COSE form stands in the
// capture byte for byte.
func TestKeysOfChromiumRoundTrip(t *testing.T) {
	var file struct {
		Captures []struct {
			Kind     string
			Response response
		}
	}
	readJSON(t, "testdata/chromium156-virtual-authenticator.json", &file)
	seen := 0
	for _, c := range file.Captures {
		if c.Kind != "create" {
			continue
		}
		key, err := passkey.ParseSPKI(c.Response.bytes(t, "publicKey"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasSuffix(c.Response.bytes(t, "authenticatorData"), key.COSE()) {
			t.Error("COSE key is not the attested one")
		}
		if !errors.Is(mustFail(passkey.ParseCOSE(key.SPKI())), passkey.ErrCBOR) {
			t.Error("SPKI accepted as COSE")
		}
		seen++
	}
	if seen != 4 {
		t.Fatalf("%d registrations, want 4", seen)
	}
}

func mustFail[T any](_ T, err error) error { return err }
