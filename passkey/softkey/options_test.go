package softkey_test

import (
	"bytes"
	"testing"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
)

func TestOptionsAreRespected(t *testing.T) {
	t.Run("excluded credential", func(t *testing.T) {
		a := softkey.New()
		id := create(t, a, nil).ID
		_, err := a.Create(creation(func(o *passkey.CreationOptions) {
			o.ExcludeCredentials = []passkey.Descriptor{{Type: "public-key", ID: []byte("other")}, {Type: "public-key", ID: id}}
		}), origin)
		wantException(t, err, "InvalidStateError")
		if len(a.Credentials()) != 1 {
			t.Error("a credential was made all the same")
		}
	})
	t.Run("excluded credential of another site", func(t *testing.T) {
		a := softkey.New()
		id := create(t, a, nil).ID
		_, err := a.Create(creation(func(o *passkey.CreationOptions) {
			o.RP.ID, o.ExcludeCredentials = "example.org", []passkey.Descriptor{{Type: "public-key", ID: id}}
		}), "https://example.org")
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("allowed credentials", func(t *testing.T) {
		a := softkey.New()
		first := create(t, a, nil).ID
		second := create(t, a, func(o *passkey.CreationOptions) { o.User.ID = []byte("bob") }).ID
		if got := get(t, a, request(nil, first)); !bytes.Equal(got.ID, first) || string(got.UserHandle) != "alice" {
			t.Error("the named credential did not answer")
		}
		if got := get(t, a, request(nil)); !bytes.Equal(got.ID, second) {
			t.Error("the newest credential did not answer")
		}
		a.Select(first)
		if got := get(t, a, request(nil)); !bytes.Equal(got.ID, first) {
			t.Error("the selected credential did not answer")
		}
		if got := get(t, a, request(nil, second)); !bytes.Equal(got.ID, second) {
			t.Error("the selection went over the list")
		}
		_, err := a.Get(request(nil, []byte("unknown")), origin)
		wantException(t, err, "NotAllowedError")
		a.Remove(second)
		_, err = a.Get(request(nil, second), origin)
		wantException(t, err, "NotAllowedError")
	})
	t.Run("residence", func(t *testing.T) {
		for _, c := range []struct {
			key     string
			require bool
			want    bool
		}{{"required", true, true}, {"preferred", false, true}, {"discouraged", false, false}, {"discouraged", true, false}, {"", true, true}, {"", false, false}} {
			a := softkey.New()
			r := create(t, a, func(o *passkey.CreationOptions) {
				o.AuthenticatorSelection.ResidentKey, o.AuthenticatorSelection.RequireResidentKey = c.key, c.require
			})
			if r.Discoverable == nil || *r.Discoverable != c.want || a.Credentials()[0].Discoverable != c.want {
				t.Errorf("%+v: discoverable %v", c, *r.Discoverable)
			}
			_, err := a.Get(request(nil), origin)
			if (err == nil) != c.want {
				t.Errorf("%+v: found without its ID: %v", c, err)
			}
			if got := get(t, a, request(nil, r.ID)); (got.UserHandle != nil) != c.want {
				t.Errorf("%+v: user handle %q", c, got.UserHandle)
			}
		}
	})
	t.Run("one discoverable credential per user", func(t *testing.T) {
		a := softkey.New()
		create(t, a, nil)
		second := create(t, a, nil)
		if list := a.Credentials(); len(list) != 1 || !bytes.Equal(list[0].ID, second.ID) {
			t.Errorf("%d credentials", len(list))
		}
	})
	t.Run("no credProps unless asked", func(t *testing.T) {
		if r := create(t, softkey.New(), func(o *passkey.CreationOptions) { o.Extensions = nil }); r.Discoverable != nil {
			t.Error("credProps without being asked")
		}
	})
	t.Run("user verification", func(t *testing.T) {
		for _, c := range []struct {
			requirement string
			without     bool
			uv, refused bool
		}{
			{"required", false, true, false}, {"preferred", false, true, false}, {"", false, true, false}, {"discouraged", false, false, false},
			{"required", true, false, true}, {"preferred", true, false, false}, {"discouraged", true, false, false},
		} {
			opts := []softkey.Option{}
			if c.without {
				opts = append(opts, softkey.WithoutUserVerification())
			}
			a := softkey.New(opts...)
			b, err := a.Create(creation(func(o *passkey.CreationOptions) { o.AuthenticatorSelection.UserVerification = c.requirement }), origin)
			if c.refused {
				wantException(t, err, "NotAllowedError")
				create(t, a, func(o *passkey.CreationOptions) { o.AuthenticatorSelection.UserVerification = "discouraged" })
				_, err = a.Get(request(nil), origin)
				wantException(t, err, "NotAllowedError")
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			r, err := passkey.ParseRegistration(b)
			if err != nil || r.AuthData.Flags.UV() != c.uv {
				t.Errorf("%+v: %v, %v", c, r.AuthData.Flags, err)
			}
			if got := get(t, a, request(func(o *passkey.RequestOptions) { o.UserVerification = c.requirement })); got.AuthData.Flags.UV() != c.uv {
				t.Errorf("%+v: %v", c, got.AuthData.Flags)
			}
		}
	})
	t.Run("algorithms", func(t *testing.T) {
		_, err := softkey.New().Create(creation(func(o *passkey.CreationOptions) {
			o.PubKeyCredParams = []passkey.CredentialParameter{{Type: "public-key", Alg: -257}}
		}), origin)
		wantException(t, err, "NotSupportedError")
		create(t, softkey.New(), func(o *passkey.CreationOptions) {
			o.PubKeyCredParams = append([]passkey.CredentialParameter{{Type: "public-key", Alg: -8}}, o.PubKeyCredParams...)
		})
	})
	t.Run("attachment", func(t *testing.T) {
		_, err := softkey.New().Create(creation(func(o *passkey.CreationOptions) {
			o.AuthenticatorSelection.AuthenticatorAttachment = "cross-platform"
		}), origin)
		wantException(t, err, "NotAllowedError")
		r := create(t, softkey.New(softkey.WithAttachment("cross-platform"), softkey.WithTransports("usb", "nfc")), nil)
		if r.Attachment != "cross-platform" || len(r.Transports) != 2 {
			t.Errorf("%q, %q", r.Attachment, r.Transports)
		}
	})
	t.Run("attestation", func(t *testing.T) {
		for _, c := range []struct {
			conveyance string
			able       bool
			want       passkey.Trust
		}{{"none", true, passkey.TrustNone}, {"", true, passkey.TrustNone}, {"direct", true, passkey.TrustSelf}, {"direct", false, passkey.TrustNone}} {
			var opts []softkey.Option
			if c.able {
				opts = append(opts, softkey.WithSelfAttestation())
			}
			if r := create(t, softkey.New(opts...), func(o *passkey.CreationOptions) { o.Attestation = c.conveyance }); r.Trust != c.want {
				t.Errorf("%+v: trust %v", c, r.Trust)
			}
		}
	})
	t.Run("broken options", func(t *testing.T) {
		_, err := softkey.New().Create([]byte("{}"), origin)
		wantException(t, err, "TypeError")
		_, err = softkey.New().Get([]byte("["), origin)
		wantException(t, err, "TypeError")
	})
}

// A page may only use RP IDs that its domain ends in.
func TestOriginAndRPIDMustFit(t *testing.T) {
	for _, c := range []struct {
		rpID, origin string
		ok           bool
	}{
		{"example.org", "https://example.org", true},
		{"example.org", "https://login.example.org:8443", true},
		{"localhost", "http://localhost:8080", true},
		{"localhost", "http://app.localhost", true},
		{"example.org", "http://example.org", false},
		{"example.org", "https://badexample.org", false},
		{"login.example.org", "https://example.org", false},
		{"org", "https://example.org", false},
		{"example.org", "https://example.com", false},
		{"127.0.0.1", "https://127.0.0.1", false},
		{"::1", "https://[::1]", false},
		{"example.org", "https://example.org/", false},
		{"example.org", "example.org", false},
		{"example.org", "", false},
	} {
		a := softkey.New()
		_, err := a.Create(creation(func(o *passkey.CreationOptions) { o.RP.ID = c.rpID }), c.origin)
		if c.ok && err != nil {
			t.Errorf("%+v: %v", c, err)
		}
		if !c.ok {
			wantException(t, err, "SecurityError")
			_, err = a.Get(request(func(o *passkey.RequestOptions) { o.RPID = c.rpID }), c.origin)
			wantException(t, err, "SecurityError")
		}
	}
	a := softkey.New()
	if _, err := a.Create(creation(func(o *passkey.CreationOptions) { o.RP.ID = "" }), "https://example.org"); err != nil || a.Credentials()[0].RPID != "example.org" {
		t.Errorf("without an RP ID the page's domain counts: %v", err)
	}
	_, err := a.Get(request(nil), origin)
	wantException(t, err, "NotAllowedError")
}
