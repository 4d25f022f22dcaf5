package relyingparty_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/provider"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/sqlite"
)

func TestAPersonRegistersAndLogsIn(t *testing.T) {
	s := newSite(t)
	b := newBrowser(t, s, softkey.WithBackup(true, false))

	// 1. Registering stores the passkey.
	b.register().registered()
	c := b.credential(s)
	held := b.key.Credentials()[0]
	if c.Key != held.Key || c.Name != "alice" || c.Format != "none" || c.AAGUID != softkey.DefaultAAGUID || c.Attachment != "platform" {
		t.Fatalf("stored %+v", c)
	}
	if !c.Flags.UV() || !c.Flags.BE() || c.Flags.BS() || !c.LastUsedAt.IsZero() {
		t.Fatalf("stored flags %s, last use %s", c.Flags, c.LastUsedAt)
	}

	// 2. Logging in gives the registered key.
	in := b.login()
	in.loggedIn()
	spki, err := base64.RawURLEncoding.DecodeString(in.body["pubkey"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if key, err := passkey.ParseSPKI(spki); err != nil || key != held.Key {
		t.Fatalf("pubkey %x, %v", spki, err)
	}
	if in.body["userId"] != base64.RawURLEncoding.EncodeToString(c.Handle) {
		t.Fatalf("userId %v", in.body["userId"])
	}

	// 3. The login left its time and flags, and one event for the registration.
	c = b.credential(s)
	if c.LastUsedAt.IsZero() || c.Flags != passkey.FlagUP|passkey.FlagUV|passkey.FlagBE {
		t.Fatalf("flags %s, last use %s", c.Flags, c.LastUsedAt)
	}
	events, err := s.store.Events(t.Context(), rpID, c.ID, 10)
	if err != nil || len(events) != 1 || events[0].Kind != relyingparty.EventRegistered || events[0].RequestID == "" {
		t.Fatalf("events %+v, %v", events, err)
	}
}

func TestTheServerMakesAHandleThatServesBothFormsOfIt(t *testing.T) {
	s := newSite(t)
	b := newBrowser(t, s)
	o := b.post("/register/options", map[string]any{"username": "alice"})
	text := o.body["userId"].(string)
	handle, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(handle) != 16 {
		t.Fatalf("userId %q is not canonical base64url of 16 bytes", text)
	}
	if id := o.body["options"].(map[string]any)["user"].(map[string]any)["id"]; id != text {
		t.Fatalf("user.id %q, userId %q", id, text)
	}
	b.register().registered()
	c := b.credential(s)
	if c.HandleForm != relyingparty.HandleText || c.SignalUserID() != base64.RawURLEncoding.EncodeToString([]byte(base64.RawURLEncoding.EncodeToString(c.Handle))) {
		t.Fatalf("form %d, signal %s", c.HandleForm, c.SignalUserID())
	}

	// The three ways in which clients hand back a userHandle, and a wrong one.
	text = base64.RawURLEncoding.EncodeToString(c.Handle)
	for handle, ok := range map[string]bool{
		"":   true,
		text: true,
		base64.RawURLEncoding.EncodeToString([]byte(text)):     true,
		base64.RawURLEncoding.EncodeToString(make([]byte, 16)): false,
	} {
		body := withHandle(t, b.assertion(), handle)
		if a := b.post("/login/verify", body); ok {
			a.loggedIn()
		} else {
			a.refused(http.StatusForbidden, "user_handle_mismatch")
		}
	}
}

func withHandle(t *testing.T, body map[string]any, handle string) map[string]any {
	t.Helper()
	var cred map[string]any
	if err := json.Unmarshal(body["cred"].(json.RawMessage), &cred); err != nil {
		t.Fatal(err)
	}
	response := cred["response"].(map[string]any)
	delete(response, "userHandle")
	if handle != "" {
		response["userHandle"] = handle
	}
	return map[string]any{"cred": cred}
}

func TestAWalletBringsItsOwnHandle(t *testing.T) {
	s := newSite(t)
	b := newBrowser(t, s)
	for _, handle := range [][]byte{append([]byte{1}, bytes.Repeat([]byte{0xab}, 32)...), append([]byte{2}, make([]byte, 20)...), bytes.Repeat([]byte{9}, 64)} {
		text := base64.RawURLEncoding.EncodeToString(handle)
		b.register("userHandle", text).registered()
		c := b.credential(s)
		if !bytes.Equal(c.Handle, handle) || c.HandleForm != relyingparty.HandleBytes || c.SignalUserID() != text {
			t.Fatalf("stored %x, form %d, signal %s", c.Handle, c.HandleForm, c.SignalUserID())
		}
		in := b.login()
		in.loggedIn()
		if in.body["userId"] != text {
			t.Fatalf("userId %v, want %s", in.body["userId"], text)
		}
	}
}

func TestEveryWayInWhichBrowsersWriteClientDataIsAccepted(t *testing.T) {
	s := newSite(t)
	for name, q := range map[string]softkey.Quirks{
		"members reversed": {ReverseMembers: true}, "Android": {AndroidPackageName: "com.android.chrome"},
		"no crossOrigin": {NoCrossOrigin: true}, "extra member": {ExtraMember: true}, "high s": {HighS: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBrowser(t, s, softkey.WithQuirks(q))
			b.register().registered()
			b.login().loggedIn()
		})
	}
}

func TestOneServerServesSeveralRelyingParties(t *testing.T) {
	s := newSite(t, func(c *relyingparty.Config) {
		c.RelyingParties = append(c.RelyingParties, relyingparty.RelyingParty{ID: "other.example", Origins: []string{"https://other.example", origin}})
	})
	// The origin alone tells.
	a := newBrowser(t, s)
	a.origin = "https://example.org"
	a.register().registered()
	a.login().loggedIn()
	// Where two use the same origin, rpID tells, and without it the client must say.
	b := newBrowser(t, s)
	b.post("/login/options", map[string]any{}).refused(http.StatusNotFound, "unknown_rp")
	b.rpID = "example.org"
	b.register().registered()
	b.login().loggedIn()
	// A client that sends no Origin says it too.
	c := newBrowser(t, s)
	c.origin, c.page, c.rpID = "", "https://other.example", "other.example"
	c.register().registered()
	c.login().loggedIn()
}

func TestAPasskeyWithoutUserVerificationPassesOnlyWhereAllowed(t *testing.T) {
	s := newSite(t, func(c *relyingparty.Config) { c.RelyingParties[0].DangerSkipUserVerification = true })
	b := newBrowser(t, s, softkey.WithoutUserVerification())
	b.register().registered()
	b.login().loggedIn()
	if o := b.post("/login/options", map[string]any{}); o.body["userVerification"] != "preferred" {
		t.Fatalf("options %s", o.raw)
	}
}

func TestAClientWithoutCookiesPassesOnlyWhereAllowed(t *testing.T) {
	s := newSite(t, func(c *relyingparty.Config) { c.DangerNoBinding = true })
	b := newBrowser(t, s)
	b.register().registered()
	b.login().loggedIn()
	if len(b.cookies) != 0 {
		t.Fatalf("cookies %v", b.cookies)
	}
}

func TestARestartKeepsPasskeysAndCeremoniesUnderWay(t *testing.T) {
	path, secret := t.TempDir()+"/passkeys.db", bytes.Repeat([]byte{7}, 32)
	start := func(store *sqlite.Store) *site {
		return newSite(t, func(c *relyingparty.Config) { c.Store, c.Secrets = store, [][]byte{secret} })
	}
	first := openStore(t, path)
	b := newBrowser(t, start(first))
	b.register().registered()
	used, unused := b.assertion(), b.assertion()
	b.post("/login/verify", used).loggedIn()

	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	b.site = start(openStore(t, path))
	b.post("/login/verify", used).refused(http.StatusConflict, "challenge_used")
	b.post("/login/verify", unused).loggedIn()
}

func TestThePasskeysProviderIsNamed(t *testing.T) {
	own := passkey.AAGUID{1, 2, 3}
	google, err := passkey.ParseAAGUID("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4")
	if err != nil {
		t.Fatal(err)
	}
	table, err := provider.Load(strings.NewReader(`{"` + own.String() + `":{"name":"House keys","group":"House","syncs":false}}`))
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, func(c *relyingparty.Config) { c.Providers = table })
	for aaguid, want := range map[passkey.AAGUID]string{own: "House keys", google: "Google Password Manager", passkey.AAGUID{9}: "", passkey.AAGUID{}: ""} {
		b := newBrowser(t, s, softkey.WithAAGUID(aaguid))
		b.register().registered()
		if c := b.credential(s); c.Provider != want || c.AAGUID != aaguid {
			t.Errorf("%s: %q, want %q", c.AAGUID, c.Provider, want)
		}
	}
}
