package relyingparty_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/relyingparty"
)

func TestAWrongCredentialIsRefusedAtBothCeremonies(t *testing.T) {
	const bad, wrong = http.StatusBadRequest, http.StatusForbidden
	for name, c := range map[string]struct {
		quirks             softkey.Quirks
		register, login    string
		regStatus, logStat int
	}{
		"no UV":              {softkey.Quirks{NoUV: true}, "verification_failed", "verification_failed", wrong, wrong},
		"no UP":              {softkey.Quirks{NoUP: true}, "verification_failed", "verification_failed", wrong, wrong},
		"BS without BE":      {softkey.Quirks{SetFlags: passkey.FlagBS, ClearFlags: passkey.FlagBE}, "credential_invalid", "credential_invalid", bad, bad},
		"wrong type":         {softkey.Quirks{WrongType: true}, "verification_failed", "verification_failed", wrong, wrong},
		"embedded elsewhere": {softkey.Quirks{EmbeddedIn: "https://evil.example"}, "verification_failed", "verification_failed", wrong, wrong},
		"wrong origin":       {softkey.Quirks{Origin: "https://evil.example"}, "verification_failed", "verification_failed", wrong, wrong},
		"origin with a tail": {softkey.Quirks{Origin: origin + ".evil.example"}, "verification_failed", "verification_failed", wrong, wrong},
		"wrong RP ID":        {softkey.Quirks{RPID: "evil.example"}, "verification_failed", "verification_failed", wrong, wrong},
		"id is not rawId":    {softkey.Quirks{IDSuffix: []byte{1}}, "credential_invalid", "credential_invalid", bad, bad},
		"unsealed challenge": {softkey.Quirks{Challenge: bytes.Repeat([]byte{1}, 32)}, "challenge_invalid", "challenge_invalid", wrong, wrong},
		"wrong signature":    {softkey.Quirks{BogusSignature: true}, "", "verification_failed", 0, wrong},
		"long form DER":      {softkey.Quirks{LongFormDER: true}, "", "credential_invalid", 0, bad},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			b := newBrowser(t, s)
			if c.register != "" {
				b.key.SetQuirks(c.quirks)
				b.register().refused(c.regStatus, c.register)
				b.key.SetQuirks(softkey.Quirks{})
			}
			b.register().registered()
			writes := s.store.writes.Load()
			b.key.SetQuirks(c.quirks)
			b.login().refused(c.logStat, c.login)
			if got := s.store.writes.Load(); got != writes {
				t.Fatal("a refusal wrote")
			}
			b.key.SetQuirks(softkey.Quirks{})
			b.login().loggedIn()
		})
	}
}

func TestARefusalNamesItsCauseAndAWayOut(t *testing.T) {
	b := newBrowser(t, newSite(t))
	b.key.SetQuirks(softkey.Quirks{NoUV: true})
	a := b.register()
	a.refused(http.StatusForbidden, "verification_failed")
	e := a.body["error"].(map[string]any)
	if !strings.Contains(e["message"].(string), "UV") {
		t.Fatalf("message %q does not name UV", e["message"])
	}
}

func TestChallengesAreGoodForOneCeremonyOnly(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		code   string
		spoil  func(t *testing.T, s *site, b *browser, body map[string]any)
	}{
		"expired":         {403, "challenge_expired", func(_ *testing.T, s *site, _ *browser, _ map[string]any) { s.clock.advance(5 * time.Minute) }},
		"from the future": {403, "challenge_invalid", func(_ *testing.T, s *site, _ *browser, _ map[string]any) { s.clock.advance(-2 * time.Minute) }},
		"other cookie": {403, "challenge_other_browser", func(t *testing.T, s *site, b *browser, _ map[string]any) {
			other := newBrowser(t, s)
			other.assertionOptions()
			b.cookies = other.cookies
		}},
		"no cookie": {403, "challenge_other_browser", func(_ *testing.T, _ *site, b *browser, _ map[string]any) { clear(b.cookies) }},
		"mangled cookie": {403, "challenge_other_browser", func(_ *testing.T, _ *site, b *browser, _ map[string]any) {
			for name := range b.cookies {
				b.cookies[name] = "x"
			}
		}},
		"other RP":   {403, "challenge_wrong_rp", func(_ *testing.T, _ *site, _ *browser, body map[string]any) { body["rpID"] = "other.example" }},
		"unknown RP": {404, "unknown_rp", func(_ *testing.T, _ *site, _ *browser, body map[string]any) { body["rpID"] = "nobody.example" }},
	} {
		for _, ceremony := range []string{"register", "login"} {
			t.Run(name+"/"+ceremony, func(t *testing.T) {
				s := newSite(t, func(c *relyingparty.Config) {
					c.RelyingParties = append(c.RelyingParties, relyingparty.RelyingParty{ID: "other.example", Origins: []string{origin}})
				})
				b := newBrowser(t, s)
				b.rpID = rpID
				b.register().registered()
				body := b.registration()
				if ceremony == "login" {
					body = b.assertion()
				}
				writes := s.store.writes.Load()
				b.rpID, body["rpID"] = "", rpID
				c.spoil(t, s, b, body)
				b.post("/"+ceremony+"/verify", body).refused(c.status, c.code)
				if s.store.writes.Load() != writes {
					t.Fatal("a refusal wrote")
				}
			})
		}
	}
}

func (b *browser) assertionOptions() answer {
	b.t.Helper()
	return b.post("/login/options", map[string]any{})
}

func TestAChallengeLivesAlmostFiveMinutes(t *testing.T) {
	s := newSite(t)
	b := newBrowser(t, s)
	b.register().registered()
	body := b.assertion()
	s.clock.advance(5*time.Minute - 2*time.Second)
	b.post("/login/verify", body).loggedIn()
}

func TestAChallengeOfTheOtherCeremonyIsRefused(t *testing.T) {
	s := newSite(t)
	b := newBrowser(t, s)
	b.register().registered()

	login := challengeOf(t, b.post("/login/options", map[string]any{}).raw)
	body := b.registration()
	b.key.SetQuirks(softkey.Quirks{Challenge: login})
	body["cred"] = b.registration()["cred"]
	b.post("/register/verify", body).refused(http.StatusForbidden, "challenge_wrong_purpose")

	b.key.SetQuirks(softkey.Quirks{})
	options := b.post("/register/options", map[string]any{}).body["options"]
	b.key.SetQuirks(softkey.Quirks{Challenge: challengeOf(t, encode(t, options))})
	b.login().refused(http.StatusForbidden, "challenge_wrong_purpose")
}

func challengeOf(t *testing.T, options []byte) []byte {
	t.Helper()
	var o struct{ Challenge string }
	if err := json.Unmarshal(options, &o); err != nil {
		t.Fatal(err)
	}
	c, err := base64.RawURLEncoding.DecodeString(o.Challenge)
	if err != nil || len(c) == 0 {
		t.Fatalf("challenge %q: %v", o.Challenge, err)
	}
	return c
}

func TestEveryFlippedBitOfAChallengeIsRefused(t *testing.T) {
	s := newSite(t)
	b := newBrowser(t, s)
	b.register().registered()
	reads := s.store.reads.Load()
	challenge := challengeOf(t, b.assertionOptions().raw)
	for i := range challenge {
		bent := bytes.Clone(challenge)
		bent[i] ^= 1 << (i % 8)
		b.key.SetQuirks(softkey.Quirks{Challenge: bent})
		b.login().refused(http.StatusForbidden, "challenge_invalid")
	}
	for _, bent := range [][]byte{challenge[:len(challenge)-1], append(bytes.Clone(challenge), 0)} {
		b.key.SetQuirks(softkey.Quirks{Challenge: bent})
		b.login().refused(http.StatusForbidden, "challenge_invalid")
	}
	if s.store.reads.Load() != reads {
		t.Fatal("a forged challenge reached the store")
	}
}

func TestSecretsRotate(t *testing.T) {
	old, young, stranger := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32), bytes.Repeat([]byte{3}, 32)
	store := openStore(t, "")
	with := func(secrets ...[]byte) *site {
		return newSite(t, func(c *relyingparty.Config) { c.Store, c.Secrets = store, secrets })
	}
	b := newBrowser(t, with(old))
	b.register().registered()
	kept, late := b.assertion(), b.assertion()

	b.site = with(young, old)
	b.post("/login/verify", kept).loggedIn()
	fresh := b.assertion()
	b.site = with(young)
	b.post("/login/verify", fresh).loggedIn()
	b.post("/login/verify", late).refused(http.StatusForbidden, "challenge_invalid")
	b.site = with(stranger)
	b.post("/login/verify", late).refused(http.StatusForbidden, "challenge_invalid")
}

func TestALostUsedSetFailsClosed(t *testing.T) {
	secret := bytes.Repeat([]byte{1}, 32)
	fresh := func() *site { return newSite(t, func(c *relyingparty.Config) { c.Secrets = [][]byte{secret} }) }
	b := newBrowser(t, fresh())
	body := b.registration()
	b.post("/register/verify", body).registered()
	b.site = fresh() // same secret, other store: it does not know what was used
	b.post("/register/verify", body).refused(http.StatusForbidden, "challenge_before_restart")
}

func TestOnlyTheUserThatAskedCanRegister(t *testing.T) {
	s := newSite(t)
	b := newBrowser(t, s)
	handle := base64.RawURLEncoding.EncodeToString(make([]byte, 20))
	for name, spoil := range map[string]func(map[string]any){
		"other name":   func(m map[string]any) { m["username"] = "mallory" },
		"no name":      func(m map[string]any) { delete(m, "username") },
		"other handle": func(m map[string]any) { m["userId"] = handle },
	} {
		t.Run(name, func(t *testing.T) {
			body := b.registration()
			spoil(body)
			b.post("/register/verify", body).refused(http.StatusForbidden, "challenge_wrong_user")
		})
	}
	body := b.registration()
	delete(body, "userId")
	b.post("/register/verify", body).refused(http.StatusBadRequest, "bad_user_handle")
}

func TestBadUserHandlesAreRefused(t *testing.T) {
	b := newBrowser(t, newSite(t))
	ok := base64.RawURLEncoding.EncodeToString(make([]byte, 16))
	for name, handle := range map[string]string{
		"15 bytes": base64.RawURLEncoding.EncodeToString(make([]byte, 15)), "65 bytes": base64.RawURLEncoding.EncodeToString(make([]byte, 65)),
		"padded": ok + "==", "spare bits": ok[:21] + "B", "not the url alphabet": strings.Repeat("+/", 16), "line break": ok[:10] + "\r\n" + ok[10:],
		"text": "alice's account, long enough", "huge": strings.Repeat("A", 40_000),
	} {
		t.Run(name, func(t *testing.T) {
			b.post("/register/options", map[string]any{"userHandle": handle}).refused(http.StatusBadRequest, "bad_user_handle")
			b.post("/register/verify", map[string]any{"userId": handle}).refused(http.StatusBadRequest, "bad_user_handle")
		})
	}
}

func TestAPasskeyIsRegisteredOnce(t *testing.T) {
	s := newSite(t)
	seed := softkey.WithSeed([]byte("the same key twice"))
	newBrowser(t, s, seed).register().registered()
	newBrowser(t, s, seed).register().refused(http.StatusConflict, "credential_exists")
}

func TestAnUnknownPasskeyIsRefused(t *testing.T) {
	b := newBrowser(t, newSite(t))
	b.register().registered()
	b.site = newSite(t)
	b.login().refused(http.StatusForbidden, "credential_unknown")
}

func TestAStoreThatFailsIsNotOurVerdict(t *testing.T) {
	s := newSite(t)
	b := newBrowser(t, s)
	b.register().registered()
	broken := errors.New("disk full")
	s.store.fail.Store(&broken)
	body := b.assertion()
	b.post("/login/verify", body).refused(http.StatusServiceUnavailable, "unavailable")
	s.store.fail.Store(nil)
	b.post("/login/verify", body).loggedIn() // the challenge was not consumed
	if !strings.Contains(s.log.String(), "disk full") {
		t.Fatal("the log does not say why")
	}
}

func TestDriftOfBackupEligibilityFollowsPolicy(t *testing.T) {
	for _, c := range []struct {
		policy   passkey.DriftPolicy
		from, to bool
		refused  bool
		event    relyingparty.EventKind
	}{
		{passkey.DriftRefuse, false, true, true, relyingparty.EventBackupDriftRefused},
		{passkey.DriftRefuse, true, false, true, relyingparty.EventBackupDriftRefused},
		{passkey.DriftAllowUpgrade, false, true, false, relyingparty.EventBackupEligible},
		{passkey.DriftAllowUpgrade, true, false, true, relyingparty.EventBackupDriftRefused},
	} {
		t.Run(fmt.Sprintf("policy %d from %t to %t", c.policy, c.from, c.to), func(t *testing.T) {
			s := newSite(t, func(cfg *relyingparty.Config) { cfg.RelyingParties[0].BackupDrift = c.policy })
			b := newBrowser(t, s, softkey.WithBackup(c.from, false))
			b.register().registered()
			b.key.SetBackup(c.to, false)
			if a := b.login(); c.refused {
				a.refused(http.StatusForbidden, "backup_eligibility_changed")
			} else {
				a.loggedIn()
			}
			cred := b.credential(s)
			if cred.Flags.BE() != (c.from || !c.refused) {
				t.Fatalf("stored flags %s", cred.Flags)
			}
			events, err := s.store.Events(t.Context(), rpID, cred.ID, 10)
			if err != nil || len(events) != 2 || events[1].Kind != c.event {
				t.Fatalf("events %+v, %v", events, err)
			}
		})
	}
}

func TestCountersAndBackupStateGoOnTheAuditTrail(t *testing.T) {
	s := newSite(t)
	b := newBrowser(t, s, softkey.WithSeed([]byte("cloned")), softkey.WithSignCounter(), softkey.WithBackup(true, false))
	b.register().registered()
	b.login().loggedIn()
	b.login().loggedIn()
	count := b.credential(s).SignCount
	if count == 0 {
		t.Fatal("no counter stored")
	}

	// A copy of the key that starts counting again.
	copied := newBrowser(t, newSite(t), softkey.WithSeed([]byte("cloned")), softkey.WithSignCounter(), softkey.WithBackup(true, true))
	copied.register().registered()
	copied.site = s
	copied.key.SetQuirks(softkey.Quirks{})
	body := withHandle(t, copied.assertion(), "")
	copied.post("/login/verify", body).loggedIn()

	c := b.credential(s)
	if c.SignCount != count || !c.Flags.BS() {
		t.Fatalf("counter %d (want %d), flags %s", c.SignCount, count, c.Flags)
	}
	events, err := s.store.Events(t.Context(), rpID, c.ID, 10)
	if err != nil || len(events) != 3 || events[1].Kind != relyingparty.EventBackupState || events[2].Kind != relyingparty.EventCounterRegressed {
		t.Fatalf("events %+v, %v", events, err)
	}
}

func TestTheLogHoldsNoChallengeCookieOrKey(t *testing.T) {
	s := newSite(t)
	b := newBrowser(t, s)
	b.register().registered()
	challenge := b.assertionOptions()
	b.login().loggedIn()
	b.key.SetQuirks(softkey.Quirks{Challenge: bytes.Repeat([]byte{0xaa}, 109)})
	b.login().refused(http.StatusForbidden, "challenge_invalid")
	b.send(b.request("POST", "/%0a<script>", nil)).refused(http.StatusNotFound, "not_found")

	log := s.log.String()
	if strings.Count(log, "\n") < 6 || !strings.Contains(log, "challenge_invalid") || !strings.Contains(log, "requestId=") {
		t.Fatalf("the log says too little:\n%s", log)
	}
	secrets := []string{challenge.body["challenge"].(string), "script", base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{0xaa}, 109)), "alice"}
	for _, v := range b.cookies {
		secrets = append(secrets, v)
	}
	for _, secret := range secrets {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}
