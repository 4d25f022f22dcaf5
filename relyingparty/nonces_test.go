package relyingparty_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/sqlite"
)

func refusalCode(err error) string {
	var r *relyingparty.Refusal
	if !errors.As(err, &r) {
		return ""
	}
	return r.Code
}

func TestNoncesAreGoodOnce(t *testing.T) {
	ctx := t.Context()
	store := openStore(t, sqlite.Ephemeral)
	secret := bytes.Repeat([]byte{7}, 32)
	var c clock
	replica := func(name string, secret []byte) *relyingparty.Nonces {
		n, err := relyingparty.NewNonces(relyingparty.NoncesConfig{Store: store, Secrets: [][]byte{secret}, Name: name, TTL: time.Minute, Now: c.now})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	one, two := replica("proofs", secret), replica("proofs", secret)
	alice, bob := []byte("alice"), []byte("bob")
	nonce, err := one.Issue(ctx, alice)
	if err != nil || len(nonce) < 32 {
		t.Fatalf("%x, %v", nonce, err)
	}
	if again, _ := one.Issue(ctx, alice); bytes.Equal(again, nonce) {
		t.Fatal("the same nonce twice")
	}
	damaged := bytes.Clone(nonce)
	damaged[len(damaged)-1] ^= 1
	for name, refuse := range map[string]struct {
		err  error
		code string
	}{
		"damaged":             {one.Redeem(ctx, damaged, alice), "challenge_invalid"},
		"short":               {one.Redeem(ctx, nonce[:32], alice), "challenge_invalid"},
		"nothing":             {one.Redeem(ctx, nil, alice), "challenge_invalid"},
		"for another subject": {one.Redeem(ctx, nonce, bob), "challenge_wrong_user"},
		"for no subject":      {one.Redeem(ctx, nonce), "challenge_wrong_user"},
		"for two subjects":    {one.Redeem(ctx, nonce, alice, nil), "challenge_wrong_user"},
		"under another name":  {replica("other", secret).Redeem(ctx, nonce, alice), "challenge_wrong_rp"},
		"with another secret": {replica("proofs", bytes.Repeat([]byte{8}, 32)).Redeem(ctx, nonce, alice), "challenge_invalid"},
	} {
		if got := refusalCode(refuse.err); got != refuse.code {
			t.Errorf("%s: %v, want %s", name, refuse.err, refuse.code)
		}
	}
	// Of many at once, on two replicas, one wins.
	var won, used atomic.Int32
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() {
			err := []*relyingparty.Nonces{one, two}[i%2].Redeem(ctx, nonce, alice)
			switch {
			case err == nil:
				won.Add(1)
			case refusalCode(err) == "challenge_used":
				used.Add(1)
			}
		})
	}
	if wait.Wait(); won.Load() != 1 || used.Load() != 19 {
		t.Errorf("%d won, %d were told that it is used", won.Load(), used.Load())
	}
	late, err := two.Issue(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c.advance(time.Minute)
	if got := refusalCode(one.Redeem(ctx, late)); got != "challenge_expired" {
		t.Errorf("late: %s", got)
	}
	c.advance(-10 * time.Minute)
	if got := refusalCode(one.Redeem(ctx, late)); got != "challenge_invalid" {
		t.Errorf("from the future: %s", got)
	}
	c.advance(9 * time.Minute)
	if err := one.Redeem(ctx, late); err != nil {
		t.Errorf("in time: %v", err)
	}
}

// A nonce is no challenge, and a challenge no nonce, although the same secret seals both.
func TestNoncesAreNoChallenges(t *testing.T) {
	secret := [][]byte{bytes.Repeat([]byte{7}, 32)}
	s := newSite(t, func(c *relyingparty.Config) { c.Secrets = secret })
	n, err := relyingparty.NewNonces(relyingparty.NoncesConfig{Store: s.store, Secrets: secret, Name: rpID})
	if err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t, s)
	o := b.post("/login/options", map[string]any{})
	challenge, err := base64.RawURLEncoding.DecodeString(o.body["challenge"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if got := refusalCode(n.Redeem(t.Context(), challenge)); got != "challenge_wrong_purpose" {
		t.Errorf("a challenge as a nonce: %s", got)
	}
}

// Secrets that change while servers run: the first seals, each opens, and where there are none nothing is sealed.
func TestSecretsAreAskedForEachTime(t *testing.T) {
	one, two := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	secrets, failure := [][]byte{one}, error(nil)
	now := func(context.Context) ([][]byte, error) { return secrets, failure }
	n, err := relyingparty.NewNonces(relyingparty.NoncesConfig{Store: openStore(t, sqlite.Ephemeral), SecretsNow: now, Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t, newSite(t, func(c *relyingparty.Config) { c.SecretsNow = now }))
	nonce, err := n.Issue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	body := b.registration()
	secrets = [][]byte{two, one}
	b.post("/register/verify", body).registered()
	if err := n.Redeem(t.Context(), nonce); err != nil {
		t.Error(err)
	}
	if nonce, err = n.Issue(t.Context()); err != nil {
		t.Fatal(err)
	}
	body = b.registration()
	secrets = [][]byte{one}
	b.post("/register/verify", body).refused(http.StatusForbidden, "challenge_invalid")
	if got := refusalCode(n.Redeem(t.Context(), nonce)); got != "challenge_invalid" {
		t.Errorf("what another secret has sealed: %s", got)
	}
	for name, bad := range map[string]struct {
		secrets [][]byte
		err     error
	}{"an error": {[][]byte{one}, errors.New("away")}, "none": {}, "a short one": {secrets: [][]byte{one, one[1:]}}} {
		secrets, failure = bad.secrets, bad.err
		if _, err := n.Issue(t.Context()); refusalCode(err) != "unavailable" {
			t.Errorf("%s: %v", name, err)
		}
		b.post("/login/options", map[string]any{}).refused(http.StatusServiceUnavailable, "unavailable")
	}
}

func TestNoncesWantAStoreAndAName(t *testing.T) {
	store := openStore(t, sqlite.Ephemeral)
	for name, cfg := range map[string]relyingparty.NoncesConfig{
		"no store":       {Name: "x"},
		"no name":        {Store: store},
		"a short secret": {Store: store, Name: "x", Secrets: [][]byte{{1}}},
		"an age":         {Store: store, Name: "x", TTL: 2 * time.Hour},
	} {
		if _, err := relyingparty.NewNonces(cfg); !errors.Is(err, relyingparty.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
