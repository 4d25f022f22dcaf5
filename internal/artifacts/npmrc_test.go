package artifacts

import (
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestRegistryComesFromNpmsConfiguration(t *testing.T) {
	cases := map[string]struct {
		given, env, project, user string
		scope, want               string
	}{
		"nothing":             {want: "https://registry.npmjs.org/"},
		"given":               {given: "https://a.example/npm", env: "https://b.example", want: "https://a.example/npm/"},
		"environment":         {env: "https://b.example", project: "registry=https://c.example", want: "https://b.example/"},
		"project":             {project: "# c\nregistry = https://c.example/x\n", user: "registry=https://d.example", want: "https://c.example/x/"},
		"user":                {user: "; c\nfund=false\nregistry=\"https://d.example/\"", want: "https://d.example/"},
		"scope":               {user: "registry=https://d.example\n@noble:registry=https://n.example", scope: "@noble", want: "https://n.example/"},
		"other scope":         {user: "@other:registry=https://n.example", scope: "@noble", want: "https://registry.npmjs.org/"},
		"variable":            {user: "registry=https://${SOME_HOST}/", want: "https://host.example/"},
		"lines without sense": {user: "registry\n=\n\n[section]\n@x\nregistry=https://d.example", want: "https://d.example/"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			conf, err := configure(t, c.given, c.env, c.project, c.user)
			if err != nil {
				t.Fatal(err)
			}
			if got := conf.registry(c.scope); got != c.want {
				t.Errorf("registry %q, want %q", got, c.want)
			}
		})
	}
	for _, bad := range []string{"ftp://a.example/", "a.example", "file:///etc", "http://", "https://%zz/", "https://me:s3cret@a.example:port/"} {
		if _, err := configure(t, bad, "", "", ""); !errors.Is(err, ErrMalformed) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("registry %q: %v", bad, err)
		}
	}
}

// configure reads a configuration made of the given parts and nothing else.
func configure(t *testing.T, given, env, project, user string) (*config, error) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("SOME_HOST", "host.example")
	t.Setenv("npm_config_registry", env)
	t.Setenv("NPM_CONFIG_REGISTRY", "")
	userFile := filepath.Join(dir, "user")
	t.Setenv("npm_config_userconfig", userFile)
	os.WriteFile(userFile, []byte(user), 0o600)
	os.WriteFile(".npmrc", []byte(project), 0o600)
	return npmConfig(given)
}

func TestTokenGoesOnlyWhereItBelongs(t *testing.T) {
	conf, err := configure(t, "", "", "", "//r.example/npm/:_authToken=long\n//r.example/:_authToken=short\n")
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"https://r.example/npm/@a/b/-/b.tgz":   "long",
		"https://r.example/other":              "short",
		"https://r.example.evil.com/npm/a":     "",
		"https://evil.com/r.example/npm/a":     "",
		"https://evil.com/?//r.example/npm/":   "",
		"https://registry.npmjs.org/a/-/a.tgz": "",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := conf.token(u); got != want {
			t.Errorf("token for %s: %q, want %q", address, got, want)
		}
	}
}
