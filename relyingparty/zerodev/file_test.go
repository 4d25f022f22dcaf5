package zerodev_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/postern-dev/postern/relyingparty/zerodev"
)

func TestAFileOfProjectsIsServedAsItSays(t *testing.T) {
	f, err := zerodev.ParseFile([]byte(`{
		"headers": ["x-version"],
		"projects": {"app": {"headers": ["X-Version"], "key": {"header": "Authorization", "values": ["Bearer one", "Bearer two"]}}, "free": {}}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, "", func(c *zerodev.Config) { c.Plain, c.Projects = &f.Plain, f.Projects })
	for url, want := range map[string]string{
		"": "content-type, x-version", "/api/v4/app": "content-type, x-version, authorization", "/api/v4/free": "content-type",
	} {
		p := newPage(t, s, url)
		if got := p.send(p.request("OPTIONS", "/login/options", nil)).header.Get("Access-Control-Allow-Headers"); got != want {
			t.Errorf("%q allows %q, want %q", url, got, want)
		}
	}
	newPage(t, s, "/api/v4/free").post("/login/options", map[string]any{}).ok()
	newPage(t, s, "/api/v4/app", "Authorization", "Bearer two").post("/login/options", map[string]any{}).ok()
	newPage(t, s, "/api/v4/app").post("/login/options", map[string]any{}).says("", http.StatusUnauthorized, "not_admitted")
}

func TestFilesWithMistakesAreRefused(t *testing.T) {
	for _, text := range []string{
		``, `[]`, `7`, `{} {}`, `{"headers": "x"}`, `{"header": ["x"]}`, `{"headers": ["*"]}`, `{"headers": [""]}`,
		`{"projects": {"": {}}}`, `{"projects": {"a b": {}}}`, `{"projects": {"register": {}}}`, `{"projects": {"a": {"keys": {}}}}`,
		`{"projects": {"a": {"key": {}}}}`, `{"projects": {"a": {"key": {"header": "x"}}}}`, `{"projects": {"a": {"key": {"values": ["v"]}}}}`,
		`{"projects": {"a": {"key": {"header": "x", "values": []}}}}`, `{"projects": {"a": {"key": {"header": "x", "values": [""]}}}}`,
		`{"projects": {"a": {"key": {"header": "x", "values": ["good", "tail\n"]}}}}`,
	} {
		if f, err := zerodev.ParseFile([]byte(text)); !errors.Is(err, zerodev.ErrConfig) {
			t.Errorf("%s: %+v, %v", text, f, err)
		}
	}
}
