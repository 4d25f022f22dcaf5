//go:build !race

package server

import (
	"net/http"
	"strings"
	"testing"

	"github.com/postern-dev/postern/relyingparty/zerodev"
)

// A page of another origin reaches plain routes and projects with its headers, as
// ZeroDev's client asks for them.
func TestProjectsOfThePasskeyServerAreServedToNamedOrigins(t *testing.T) {
	const page = "http://localhost:5173"
	u, end := up(t, UpConfig{Origins: []string{page}, Passkeys: zerodev.File{
		Plain: zerodev.Project{Headers: []string{"x-version"}},
		Projects: map[string]zerodev.Project{
			"app": {Headers: []string{"x-api-key"}, Check: zerodev.APIKey("x-api-key", "right")},
		},
	}})
	defer end()
	ask := func(method, path, origin, key string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, u.origin+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", origin)
		if key != "" {
			r.Header.Set("X-Api-Key", key)
		}
		res, err := u.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	for _, c := range []struct {
		path, origin, key string
		want              int
	}{
		{"/passkeys/login/options", page, "", 200}, {"/passkeys/login/options", u.origin, "", 200},
		{"/passkeys/api/v4/login/options", page, "", 200},
		{"/passkeys/api/v4/app/login/options", page, "right", 200}, {"/passkeys/api/v3/app/login/options", page, "right", 200},
		{"/passkeys/api/v4/app/login/options", page, "wrong", 401}, {"/passkeys/api/v4/app/login/options", page, "", 401},
		{"/passkeys/api/v4/other/login/options", page, "right", 404},
		{"/passkeys/api/v4/app/login/options", "http://localhost:5174", "right", 403},
	} {
		res := ask("POST", c.path, c.origin, c.key)
		if res.StatusCode != c.want {
			t.Errorf("%s from %s with %q: %d, want %d", c.path, c.origin, c.key, res.StatusCode, c.want)
		}
		if got := res.Header.Get("Access-Control-Allow-Origin"); c.want != 403 && got != c.origin {
			t.Errorf("%s: the page cannot read the reply: %q", c.path, got)
		}
	}
	for path, want := range map[string]string{"/passkeys/login/options": "content-type, x-version", "/passkeys/api/v4/app/login/options": "content-type, x-api-key"} {
		if got := ask("OPTIONS", path, page, "").Header.Get("Access-Control-Allow-Headers"); got != want {
			t.Errorf("%s allows %q, want %q", path, got, want)
		}
	}
}
