package relyingparty_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/recovery"
	"github.com/postern-dev/postern/relyingparty"
)

// signIn logs in and keeps the token for the list.
func (b *browser) signIn() string {
	b.t.Helper()
	body := b.assertion()
	body["list"] = true
	a := b.post("/login/verify", body)
	a.loggedIn()
	token, _ := a.body["listToken"].(string)
	if token == "" {
		b.t.Fatalf("no token: %s", a.raw)
	}
	return token
}

func (b *browser) list(tokens ...string) answer {
	b.t.Helper()
	r := b.request("GET", "/credentials", nil)
	r.Header.Set("Authorization", "Bearer "+strings.Join(tokens, ","))
	return b.send(r)
}

func (a answer) kept() []recovery.Kept {
	a.t.Helper()
	if a.status != http.StatusOK {
		a.t.Fatalf("%d %s", a.status, a.raw)
	}
	kept, err := recovery.ParseKept(a.raw)
	if err != nil {
		a.t.Fatalf("%v: %s", err, a.raw)
	}
	return kept
}

func TestPeopleSeeWhatIsKeptOfTheirPasskeys(t *testing.T) {
	var mu sync.Mutex
	var heard []relyingparty.Event
	s := newSite(t, func(c *relyingparty.Config) {
		c.OnEvent = func(_ context.Context, e relyingparty.Event) {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, e)
		}
	})

	// 1. A synced passkey is registered and used; the server knows where it stands.
	b := newBrowser(t, s, softkey.WithBackup(true, true))
	b.register().registered()
	s.clock.advance(time.Hour)
	kept := b.list(b.signIn()).kept()
	if len(kept) != 1 || kept[0].RPID != rpID || kept[0].Key != b.key.Credentials()[0].Key || kept[0].Name != "alice" {
		t.Fatalf("kept %+v", kept)
	}
	facts := kept[0].Facts
	if facts.Eligible() != recovery.Known(true, recovery.Signed) || facts.BackedUp() != recovery.Known(true, recovery.Signed) ||
		facts.AAGUID != recovery.Known(softkey.DefaultAAGUID, recovery.Claimed) || facts.Provider != "Postern software authenticator" ||
		facts.Discoverable != recovery.Known(true, recovery.Claimed) || facts.Attachment != "platform" || len(facts.Uses) != 2 || facts.Changes() != nil {
		t.Fatalf("facts %+v", facts)
	}

	// 2. Its copy goes: the history has it, the app's hook hears of it, and its owner reads it.
	s.clock.advance(time.Hour)
	b.key.SetQuirks(softkey.Quirks{ClearFlags: passkey.FlagBS})
	a := b.list(b.signIn())
	kept = a.kept()
	if c := kept[0].Facts.Changes(); len(c) != 1 || !strings.Contains(c[0].What, "BS 1→0") || len(kept[0].Facts.Uses) != 3 {
		t.Fatalf("changes %+v of %+v", c, kept[0].Facts.Uses)
	}
	if !strings.Contains(string(a.raw), "it is no longer backed up: it is on one device only now (BS 1→0)") {
		t.Fatalf("%s", a.raw)
	}
	last := heard[len(heard)-1]
	if len(heard) != 2 || last.Kind != relyingparty.EventBackupState || !last.Was.Flags.BS() || last.Now.Flags.BS() || last.RequestID == "" {
		t.Fatalf("heard %+v", heard)
	}

	// 3. Another use changes nothing, and is the last use all the same.
	s.clock.advance(time.Hour)
	if kept := b.list(b.signIn()).kept(); len(kept[0].Facts.Uses) != 4 || len(kept[0].Facts.Changes()) != 1 {
		t.Fatalf("uses %+v", kept[0].Facts.Uses)
	}
}

func TestAListIsOfOnesOwnPasskeysOnly(t *testing.T) {
	s := newSite(t, func(c *relyingparty.Config) {
		c.RelyingParties = append(c.RelyingParties, relyingparty.RelyingParty{ID: "other.example", Origins: []string{"https://other.example"}})
	})
	handle := base64.RawURLEncoding.EncodeToString(make([]byte, 20))
	alice, mallory := newBrowser(t, s), newBrowser(t, s)
	alice.register("userHandle", handle).registered()
	mallory.register("userHandle", handle).registered() // a handle may be chosen by anybody
	mine, his := alice.signIn(), mallory.signIn()

	if kept := mallory.list(his).kept(); len(kept) != 1 || kept[0].Key != mallory.key.Credentials()[0].Key {
		t.Fatalf("mallory sees %+v", kept)
	}
	if kept := alice.list(mine, mine).kept(); len(kept) != 1 {
		t.Fatalf("twice the same passkey: %+v", kept)
	}
	mallory.list(mine).refused(http.StatusUnauthorized, "list_token_invalid")
	mallory.list(his, mine).refused(http.StatusUnauthorized, "list_token_invalid")

	// Two passkeys of one browser are listed together.
	first := alice.signIn()
	alice.register().registered()
	kept := alice.list(first, alice.signIn()).kept()
	if len(kept) != 2 {
		t.Fatalf("alice sees %+v", kept)
	}

	// Wrong tokens of every kind.
	raw, err := base64.RawURLEncoding.DecodeString(mine)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		bent := slices.Clone(raw)
		bent[i] ^= 1
		alice.list(base64.RawURLEncoding.EncodeToString(bent)).refused(http.StatusUnauthorized, "list_token_invalid")
	}
	challenge := base64.RawURLEncoding.EncodeToString(challengeOf(t, alice.assertionOptions().raw))
	for _, bad := range []string{"", "x", challenge, mine + ".", mine + "==", strings.Repeat("A", 4000), strings.Repeat(mine+",", 17) + mine} {
		alice.list(bad).refused(http.StatusUnauthorized, "list_token_invalid")
	}
	r := alice.request("GET", "/credentials", nil)
	alice.send(r).refused(http.StatusUnauthorized, "list_token_invalid")

	// Another site's page, and another relying party's.
	for origin, code := range map[string]string{"https://evil.example": "origin_not_allowed", "https://other.example": "origin_not_allowed"} {
		r := alice.request("GET", "/credentials", nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Authorization", "Bearer "+mine)
		alice.send(r).refused(http.StatusForbidden, code)
	}
	// The page's own request names no origin.
	r = alice.request("GET", "/credentials", nil)
	r.Header.Del("Origin")
	r.Header.Set("Authorization", "Bearer "+mine)
	alice.send(r).kept()

	// A challenge is no token, a token no challenge, and both die.
	token, err := base64.RawURLEncoding.DecodeString(mine)
	if err != nil {
		t.Fatal(err)
	}
	alice.key.SetQuirks(softkey.Quirks{Challenge: token})
	alice.login().refused(http.StatusForbidden, "challenge_invalid")
	alice.key.SetQuirks(softkey.Quirks{})
	s.clock.advance(5 * time.Minute)
	alice.list(mine).refused(http.StatusUnauthorized, "list_token_expired")
}

func TestATokenLivesFromTheSignatureOnAndForItsRelyingParty(t *testing.T) {
	s := newSite(t, func(c *relyingparty.Config) {
		c.RelyingParties = append(c.RelyingParties, relyingparty.RelyingParty{ID: "other.example", Origins: []string{"https://other.example"}})
	})
	b := newBrowser(t, s)
	b.origin, b.rpID = "https://other.example", "other.example"
	b.register().registered()
	body := b.assertion()
	body["list"] = true
	s.clock.advance(4 * time.Minute)
	token := b.post("/login/verify", body).body["listToken"].(string)
	s.clock.advance(4 * time.Minute)
	if kept := b.list(token).kept(); len(kept) != 1 || kept[0].RPID != "other.example" {
		t.Fatalf("%+v", kept)
	}
	s.clock.advance(time.Minute)
	b.list(token).refused(http.StatusUnauthorized, "list_token_expired")
}

// What does not change leaves nothing in the history; a counter that goes back does,
// as a clone of a key has it.
func TestTheHistoryHasChangesOnly(t *testing.T) {
	s := newSite(t)
	b := newBrowser(t, s, softkey.WithSeed([]byte("cloned")), softkey.WithSignCounter())
	clone := newBrowser(t, newSite(t), softkey.WithSeed([]byte("cloned")), softkey.WithSignCounter())
	handle := base64.RawURLEncoding.EncodeToString(make([]byte, 16))
	b.register("userHandle", handle).registered()
	clone.register("userHandle", handle).registered()
	clone.site = s
	history := func() []relyingparty.Sighting {
		t.Helper()
		c := b.credential(s)
		r, err := s.store.Record(t.Context(), c.RPID, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		return r.History
	}
	for range 3 {
		s.clock.advance(time.Minute)
		b.login().loggedIn()
	}
	if h := history(); len(h) != 1 {
		t.Fatalf("uses that changed nothing are in the history: %+v", h)
	}
	s.clock.advance(time.Minute)
	clone.login().loggedIn()
	h := history()
	if len(h) != 3 || h[2].SignCount >= h[1].SignCount {
		t.Fatalf("%+v", h)
	}
	s.clock.advance(time.Minute)
	kept := b.list(b.signIn()).kept()
	if c := kept[0].Facts.Changes(); len(c) != 1 || !strings.Contains(c[0].What, "two copies may be in use") {
		t.Fatalf("%+v of %+v", c, kept[0].Facts.Uses)
	}
}

func TestAListNeedsToBeAskedFor(t *testing.T) {
	b := newBrowser(t, newSite(t))
	b.register().registered()
	if a := b.login(); a.body["listToken"] != nil {
		t.Fatalf("a token that nobody asked for: %s", a.raw)
	}
	r := b.request("OPTIONS", "/credentials", nil)
	r.Header.Set("Access-Control-Request-Method", "GET")
	if p := b.send(r); p.header.Get("Access-Control-Allow-Methods") != "GET" {
		t.Fatalf("preflight %v", p.header)
	}
	b.site = newSite(t, func(c *relyingparty.Config) { c.Headers = []string{"X-Key"} })
	if p := b.send(b.request("OPTIONS", "/credentials", nil)); p.header.Get("Access-Control-Allow-Headers") != "content-type, x-key, authorization" {
		t.Fatalf("preflight %v", p.header)
	}
	if p := b.send(b.request("OPTIONS", "/login/verify", nil)); p.header.Get("Access-Control-Allow-Headers") != "content-type, x-key" {
		t.Fatalf("preflight %v", p.header)
	}
}

// A store that cannot list serves no list.
type plainStore struct{ relyingparty.Store }

func TestAStoreThatCannotTellServesNoList(t *testing.T) {
	server, err := relyingparty.New(relyingparty.Config{
		Store:          plainStore{openStore(t, "")},
		RelyingParties: []relyingparty.RelyingParty{{ID: rpID, Origins: []string{origin}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t, server)
	b.register().registered()
	body := b.assertion()
	body["list"] = true
	if a := b.post("/login/verify", body); a.body["listToken"] != nil {
		t.Fatalf("a token for no list: %s", a.raw)
	}
	b.list("x").refused(http.StatusNotFound, "not_found")
}

func TestARefusedDriftIsToldInWords(t *testing.T) {
	s := newSite(t)
	b := newBrowser(t, s, softkey.WithBackup(false, false))
	b.register().registered()
	b.key.SetQuirks(softkey.Quirks{SetFlags: passkey.FlagBE})
	b.login().refused(http.StatusForbidden, "backup_eligibility_changed")
	b.key.SetQuirks(softkey.Quirks{})
	a := b.list(b.signIn())
	if k := a.kept(); len(k[0].Facts.Changes()) != 0 || !strings.Contains(string(a.raw), "a login was refused: whether it may be copied changed (BE 0→1)") {
		t.Fatalf("%s", a.raw)
	}
	old := relyingparty.Event{Kind: relyingparty.EventBackupState, Detail: "flags UP after UP|BS"}
	if old.Words() != "backup_state: flags UP after UP|BS" {
		t.Fatal(old.Words())
	}
}
