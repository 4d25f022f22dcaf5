package zerodev_test

import (
	"net/http"
	"testing"

	"github.com/postern-dev/postern/recovery"
)

// What is kept is shown at the address where the passkey has signed, and at no other.
func TestAListTokenIsGoodInItsOwnProjectOnly(t *testing.T) {
	s := newSite(t, "")
	at := map[string]*page{}
	key := newPage(t, s, "").key
	for _, url := range []string{"", "/api/v3/open", "/api/v4/keyed"} {
		at[url] = newPage(t, s, url, "X-Api-Key", "old key")
		at[url].key = key
	}
	at[""].post("/register/verify", at[""].created()).ok()
	list := func(p *page, token string) answer {
		r := p.request("GET", "/credentials", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		return p.send(r)
	}
	for from, p := range at {
		body := p.got()
		body["list"] = true
		token, _ := p.post("/login/verify", body).ok().body["listToken"].(string)
		kept, err := recovery.ParseKept(list(p, token).ok().raw)
		if err != nil || len(kept) != 1 || kept[0].Key != key.Credentials()[0].Key {
			t.Fatalf("%s: %+v, %v", from, kept, err)
		}
		for to, q := range at {
			if from != to {
				q.cookies = p.cookies
				list(q, token).says("/credentials", http.StatusUnauthorized, "list_token_invalid")
			}
		}
		if from == "/api/v4/keyed" {
			p.headers.Set("X-Api-Key", "wrong")
			list(p, token).says("/credentials", http.StatusUnauthorized, "not_admitted")
			p.headers.Set("X-Api-Key", "old key")
		}
	}
}
