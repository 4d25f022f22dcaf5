package passkey_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
)

func ptr[T any](v T) *T { return &v }

// Every check of Verify, each with a ceremony that only it refuses and, beside it, the rule or
// behaviour under which the same ceremony is accepted.
func TestVerifyRefusesEachCauseAndNothingElse(t *testing.T) {
	otherKey := newDevice(t).key
	for _, c := range []struct {
		name   string
		opts   []softkey.Option
		quirks softkey.Quirks
		change func(*passkey.Rule)
		cause  passkey.Cause // "" accepts
	}{
		{name: "good"},
		{name: "good with everything required", change: func(r *passkey.Rule) {
			r.UserVerification, r.BackupEligible, r.BackedUp = passkey.Required, passkey.Required, passkey.Required
			r.StoredBackupEligible, r.StoredSignCount = ptr(true), ptr(uint32(0))
			r.UserHandle = []byte("user handle 1234")
		}},
		{name: "no RP ID in the rule", change: func(r *passkey.Rule) { r.RPID = "" }, cause: passkey.ErrRule},
		{name: "no origins in the rule", change: func(r *passkey.Rule) { r.Origins = nil }, cause: passkey.ErrRule},
		{name: "no challenge in the rule", change: func(r *passkey.Rule) { r.Challenge = nil }, cause: passkey.ErrRule},
		{name: "short challenge in the rule", change: func(r *passkey.Rule) { r.Challenge = make([]byte, 15) }, cause: passkey.ErrRule},
		{name: "illegal requirement", change: func(r *passkey.Rule) { r.BackedUp = 3 }, cause: passkey.ErrRule},
		{name: "illegal drift policy", change: func(r *passkey.Rule) { r.BackupDrift = 2 }, cause: passkey.ErrRule},

		{name: "type of a registration", quirks: softkey.Quirks{WrongType: true}, cause: passkey.ErrPurpose},
		{name: "another challenge", quirks: softkey.Quirks{Challenge: make([]byte, 32)}, cause: passkey.ErrChallenge},
		{name: "prefix of the challenge", quirks: softkey.Quirks{Challenge: testChallenge[:31]}, cause: passkey.ErrChallenge},
		{name: "another origin", quirks: softkey.Quirks{Origin: "http://localhost:8081"}, cause: passkey.ErrOrigin},
		{name: "origin with a slash", quirks: softkey.Quirks{Origin: testOrigin + "/"}, cause: passkey.ErrOrigin},
		{name: "second origin of the list", quirks: softkey.Quirks{Origin: "https://example.org"}, change: func(r *passkey.Rule) { r.Origins = append(r.Origins, "https://example.org") }},
		{name: "embedded", quirks: softkey.Quirks{EmbeddedIn: "https://example.com"}, cause: passkey.ErrTopOrigin},
		{name: "embedded elsewhere", quirks: softkey.Quirks{EmbeddedIn: "https://example.net"}, change: func(r *passkey.Rule) { r.TopOrigins = []string{"", "https://example.com"} }, cause: passkey.ErrTopOrigin},
		{name: "embedded as allowed", quirks: softkey.Quirks{EmbeddedIn: "https://example.com"}, change: func(r *passkey.Rule) { r.TopOrigins = []string{"https://example.com"} }},
		{name: "embedded without a name", quirks: softkey.Quirks{CrossOrigin: true}, cause: passkey.ErrTopOrigin},
		{name: "embedded without a name, others allowed", quirks: softkey.Quirks{CrossOrigin: true}, change: func(r *passkey.Rule) { r.TopOrigins = []string{"https://example.com"} }, cause: passkey.ErrTopOrigin},
		{name: "embedded without a name as allowed", quirks: softkey.Quirks{CrossOrigin: true}, change: func(r *passkey.Rule) { r.TopOrigins = []string{""} }},
		{name: "top origin without crossOrigin", quirks: softkey.Quirks{TopOriginAlone: "https://example.com"}, change: func(r *passkey.Rule) { r.TopOrigins = []string{"", "https://example.com"} }, cause: passkey.ErrTopOrigin},
		{name: "another RP ID", quirks: softkey.Quirks{RPID: "example.org"}, cause: passkey.ErrRPID},
		{name: "no user presence", quirks: softkey.Quirks{NoUP: true}, cause: passkey.ErrUserPresence},
		{name: "no user presence, conditional create allowed", quirks: softkey.Quirks{NoUP: true}, change: func(r *passkey.Rule) { r.ConditionalCreate = true }, cause: passkey.ErrUserPresence},
		{name: "UV required", quirks: softkey.Quirks{NoUV: true}, change: func(r *passkey.Rule) { r.UserVerification = passkey.Required }, cause: passkey.ErrUserVerification},
		{name: "UV any", quirks: softkey.Quirks{NoUV: true}},
		{name: "UV forbidden", change: func(r *passkey.Rule) { r.UserVerification = passkey.Forbidden }, cause: passkey.ErrUserVerification},
		{name: "UV forbidden and absent", quirks: softkey.Quirks{NoUV: true}, change: func(r *passkey.Rule) { r.UserVerification = passkey.Forbidden }},
		{name: "BE required", opts: []softkey.Option{softkey.WithBackup(false, false)}, change: func(r *passkey.Rule) { r.BackupEligible = passkey.Required }, cause: passkey.ErrBackupEligible},
		{name: "BE forbidden", change: func(r *passkey.Rule) { r.BackupEligible = passkey.Forbidden }, cause: passkey.ErrBackupEligible},
		{name: "BE forbidden and absent", opts: []softkey.Option{softkey.WithBackup(false, false)}, change: func(r *passkey.Rule) { r.BackupEligible = passkey.Forbidden }},
		{name: "BS required", opts: []softkey.Option{softkey.WithBackup(true, false)}, change: func(r *passkey.Rule) { r.BackedUp = passkey.Required }, cause: passkey.ErrBackedUp},
		{name: "BS forbidden", change: func(r *passkey.Rule) { r.BackedUp = passkey.Forbidden }, cause: passkey.ErrBackedUp},
		{name: "BS forbidden and absent", opts: []softkey.Option{softkey.WithBackup(true, false)}, change: func(r *passkey.Rule) { r.BackedUp = passkey.Forbidden }},
		{name: "BS without BE", quirks: softkey.Quirks{ClearFlags: passkey.FlagBE}, cause: passkey.ErrBackupState},
		{name: "BE rose, strict", change: func(r *passkey.Rule) { r.StoredBackupEligible = ptr(false) }, cause: passkey.ErrBackupDrift},
		{name: "BE rose, upgrade allowed", change: func(r *passkey.Rule) {
			r.StoredBackupEligible, r.BackupDrift = ptr(false), passkey.DriftAllowUpgrade
		}},
		{name: "BE fell, upgrade allowed", opts: []softkey.Option{softkey.WithBackup(false, false)}, change: func(r *passkey.Rule) {
			r.StoredBackupEligible, r.BackupDrift = ptr(true), passkey.DriftAllowUpgrade
		}, cause: passkey.ErrBackupDrift},
		{name: "counter stands still", opts: []softkey.Option{softkey.WithSignCounter()}, change: func(r *passkey.Rule) { r.StoredSignCount = ptr(uint32(2)) }, cause: passkey.ErrSignCount},
		{name: "counter fell to zero", change: func(r *passkey.Rule) { r.StoredSignCount = ptr(uint32(1)) }, cause: passkey.ErrSignCount},
		{name: "counter grows", opts: []softkey.Option{softkey.WithSignCounter()}, change: func(r *passkey.Rule) { r.StoredSignCount = ptr(uint32(1)) }},
		{name: "credential not asked for", change: func(r *passkey.Rule) { r.CredentialIDs = [][]byte{[]byte("a"), []byte("b")} }, cause: passkey.ErrCredential},
		{name: "another user", change: func(r *passkey.Rule) { r.UserHandle = []byte("bob") }, cause: passkey.ErrUserHandle},
		{name: "bogus signature", quirks: softkey.Quirks{BogusSignature: true}, cause: passkey.ErrSignature},

		{name: "high s", quirks: softkey.Quirks{HighS: true}},
		{name: "low s", quirks: softkey.Quirks{LowS: true}},
		{name: "long-form DER", quirks: softkey.Quirks{LongFormDER: true}, cause: passkey.ErrSignatureForm},
		{name: "members reversed", quirks: softkey.Quirks{ReverseMembers: true}},
		{name: "Android", quirks: softkey.Quirks{AndroidPackageName: "com.example.app"}},
		{name: "no crossOrigin", quirks: softkey.Quirks{NoCrossOrigin: true}},
		{name: "further member", quirks: softkey.Quirks{ExtraMember: true}},
		{name: "white space", quirks: softkey.Quirks{Spaced: true}},
		{name: "id differs from rawId", quirks: softkey.Quirks{IDSuffix: []byte{0}}, cause: passkey.ErrIDMismatch},
		{name: "AT without a credential", quirks: softkey.Quirks{SetFlags: passkey.FlagAT}, cause: passkey.ErrFlags},
		{name: "ED without extensions", quirks: softkey.Quirks{SetFlags: passkey.FlagED}, cause: passkey.ErrFlags},
		{name: "reserved flags", quirks: softkey.Quirks{SetFlags: 0x22}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDevice(t, c.opts...)
			d.SetQuirks(c.quirks)
			rule := testRule()
			if c.change != nil {
				c.change(&rule)
			}
			raw := d.get(t)
			err := verifyJSON(raw, d.key, rule)
			if c.cause == "" {
				if err != nil {
					t.Fatal(err)
				}
				wantCause(t, verifyJSON(raw, otherKey, rule), passkey.ErrSignature)
				wantCause(t, verifyJSON(raw, passkey.PublicKey{}, rule), passkey.ErrKey)
				return
			}
			wantCause(t, err, c.cause)
		})
	}
}

// A registration is refused for the same causes, where they apply.
func TestRegistrationVerifyRefusesEachCause(t *testing.T) {
	for _, c := range []struct {
		name   string
		opts   []softkey.Option
		quirks softkey.Quirks
		change func(*passkey.Rule)
		cause  passkey.Cause
	}{
		{name: "good"},
		{name: "no origins in the rule", change: func(r *passkey.Rule) { r.Origins = nil }, cause: passkey.ErrRule},
		{name: "type of an assertion", quirks: softkey.Quirks{WrongType: true}, cause: passkey.ErrPurpose},
		{name: "another challenge", quirks: softkey.Quirks{Challenge: make([]byte, 32)}, cause: passkey.ErrChallenge},
		{name: "another origin", quirks: softkey.Quirks{Origin: "https://evil.example"}, cause: passkey.ErrOrigin},
		{name: "embedded", quirks: softkey.Quirks{EmbeddedIn: "https://example.com"}, cause: passkey.ErrTopOrigin},
		{name: "another RP ID", quirks: softkey.Quirks{RPID: "example.org"}, cause: passkey.ErrRPID},
		{name: "no user presence", quirks: softkey.Quirks{NoUP: true}, cause: passkey.ErrUserPresence},
		{name: "conditional create", quirks: softkey.Quirks{NoUP: true, NoUV: true}, change: func(r *passkey.Rule) { r.ConditionalCreate = true }},
		{name: "UV required", quirks: softkey.Quirks{NoUV: true}, change: func(r *passkey.Rule) { r.UserVerification = passkey.Required }, cause: passkey.ErrUserVerification},
		{name: "BE forbidden", change: func(r *passkey.Rule) { r.BackupEligible = passkey.Forbidden }, cause: passkey.ErrBackupEligible},
		{name: "BS forbidden", change: func(r *passkey.Rule) { r.BackedUp = passkey.Forbidden }, cause: passkey.ErrBackedUp},
		{name: "BS without BE", quirks: softkey.Quirks{ClearFlags: passkey.FlagBE}, cause: passkey.ErrBackupState},
		{name: "no attested credential", quirks: softkey.Quirks{ClearFlags: passkey.FlagAT}, cause: passkey.ErrFlags},
		{name: "id differs", quirks: softkey.Quirks{IDSuffix: []byte{1}}, cause: passkey.ErrIDMismatch},
		{name: "self attestation", opts: []softkey.Option{softkey.WithSelfAttestation()}},
		{name: "bogus self attestation", opts: []softkey.Option{softkey.WithSelfAttestation()}, quirks: softkey.Quirks{BogusSignature: true}, cause: passkey.ErrAttestation},
		{name: "long-form self attestation", opts: []softkey.Option{softkey.WithSelfAttestation()}, quirks: softkey.Quirks{LongFormDER: true}, cause: passkey.ErrSignatureForm},
		{name: "Android", quirks: softkey.Quirks{AndroidPackageName: "com.example.app"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDevice(t, append(c.opts, softkey.WithQuirks(c.quirks))...)
			rule := testRule()
			if c.change != nil {
				c.change(&rule)
			}
			r, err := passkey.ParseRegistration(d.registration)
			if err == nil {
				err = r.Verify(rule)
			}
			if c.cause != "" {
				wantCause(t, err, c.cause)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := map[bool]passkey.Trust{true: passkey.TrustSelf}[c.opts != nil]; r.Trust != want {
				t.Errorf("trust %v, want %v", r.Trust, want)
			}
			if r.Key() != d.key || !bytes.Equal(r.ID, d.id) || r.AuthData.Credential.AAGUID != softkey.DefaultAAGUID {
				t.Error("registration differs from what was made")
			}
		})
	}
}

// No bit of what is signed, of the signature, or of the key can change without a refusal.
func TestEveryFlippedBitIsRefused(t *testing.T) {
	d := newDevice(t)
	good := parseResponse(t, d.get(t))
	id, authData, client, sig := d.id, good.bytes(t, "authenticatorData"), good.bytes(t, "clientDataJSON"), good.bytes(t, "signature")
	verify := func() error {
		a, err := passkey.NewAssertion(id, authData, client, sig)
		if err != nil {
			return err
		}
		return a.Verify(d.key, testRule())
	}
	if err := verify(); err != nil {
		t.Fatal(err)
	}
	for name, part := range map[string][]byte{"authenticatorData": authData, "clientDataJSON": client, "signature": sig} {
		for i := range len(part) * 8 {
			part[i/8] ^= 1 << (i % 8)
			if verify() == nil {
				t.Errorf("%s: bit %d flipped and accepted", name, i)
			}
			part[i/8] ^= 1 << (i % 8)
		}
	}
	if err := verify(); err != nil {
		t.Fatal(err)
	}
}

func TestRecoverFindsTheKeyAndOnlyKeysThatVerify(t *testing.T) {
	d := newDevice(t)
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		challenge := make([]byte, 32)
		for i := range challenge {
			challenge[i] = byte(r.Uint32())
		}
		a, err := d.Sign(d.id, challenge, testRPID, testOrigin)
		if err != nil {
			t.Fatal(err)
		}
		keys := a.Recover()
		if len(keys) < 1 || len(keys) > 4 {
			t.Fatalf("%d candidates", len(keys))
		}
		rule := testRule()
		rule.Challenge = challenge
		found := false
		for _, k := range keys {
			found = found || k == d.key
			if err := a.Verify(k, rule); err != nil {
				t.Errorf("candidate %v does not verify: %v", k, err)
			}
		}
		if !found {
			t.Fatal("the signer is not among the candidates")
		}
	}
}

func TestTwoAssertionsLeaveOneKey(t *testing.T) {
	d, other := newDevice(t), newDevice(t, softkey.WithSeed([]byte("other")))
	sign := func(d *device, n byte) *passkey.Assertion {
		a, err := d.Sign(d.id, bytes.Repeat([]byte{n}, 32), testRPID, testOrigin)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for n := range byte(20) {
		a, b := sign(d, n), sign(d, n+100)
		if got := passkey.RecoverFrom(a, b); len(got) != 1 || got[0] != d.key {
			t.Errorf("%v", got)
		}
		if got := passkey.RecoverFrom(a); !slices.Equal(got, a.Recover()) {
			t.Errorf("of one: %v", got)
		}
		if got := passkey.RecoverFrom(a, sign(other, n)); len(got) != 0 {
			t.Errorf("of two passkeys: %v", got)
		}
	}
	if got := passkey.RecoverFrom(); got != nil {
		t.Errorf("of none: %v", got)
	}
}

func TestErrorNamesEverything(t *testing.T) {
	d := newDevice(t)
	d.SetQuirks(softkey.Quirks{Origin: "https://evil.example"})
	err := verifyJSON(d.get(t), d.key, testRule())
	wantCause(t, err, passkey.ErrOrigin)
	for _, part := range []string{"origin is not allowed", "clientDataJSON.origin", "https://evil.example", testOrigin} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not mention %q", err, part)
		}
	}
}
