package artifacts

import (
	"bufio"
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

const defaultRegistry = "https://registry.npmjs.org/"

// config is what of npm's configuration matters here: registries by scope ("" is the general
// one) and bearer tokens by "//host/path/".
type config struct {
	registries map[string]string
	tokens     map[string]string
}

// npmConfig reads npm's configuration in npm's order: environment, ./.npmrc, user's .npmrc. A
// given registry stands above all of it.
func npmConfig(registry string) (*config, error) {
	c := &config{registries: map[string]string{}, tokens: map[string]string{}}
	if registry != "" {
		c.set("registry", registry)
	}
	for _, entry := range os.Environ() { // npm takes npm_config_* in any case
		name, value, _ := strings.Cut(entry, "=")
		if len(name) > 11 && strings.EqualFold(name[:11], "npm_config_") && value != "" {
			c.set(name[11:], value)
		}
	}
	for _, file := range npmrcFiles() {
		if data, err := readLimited(file, maxMetadata); err == nil {
			c.parse(data)
		}
	}
	c.set("registry", defaultRegistry)
	for scope, address := range c.registries {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, &Error{Kind: ErrMalformed, Package: "npm configuration",
				Err:  fmt.Errorf("the registry of scope %q is no http(s) address", scope), // it may hold a password
				Hint: "correct it with `npm config set registry URL`"}
		}
	}
	return c, nil
}

func npmrcFiles() []string {
	files := []string{".npmrc"}
	user := os.Getenv("npm_config_userconfig")
	if user == "" {
		user = os.Getenv("NPM_CONFIG_USERCONFIG")
	}
	if user == "" {
		if home, err := os.UserHomeDir(); err == nil {
			user = filepath.Join(home, ".npmrc")
		}
	}
	return append(files, user)
}

var variable = regexp.MustCompile(`\$\{([^}]+)\}`)

// parse reads the ini lines of an .npmrc. Lines it has no use for are left alone.
func (c *config) parse(data []byte) {
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		key, value, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		value = strings.Trim(strings.TrimSpace(value), `"'`)
		value = variable.ReplaceAllStringFunc(value, func(v string) string { return os.Getenv(v[2 : len(v)-1]) })
		c.set(strings.TrimSpace(key), value)
	}
}

// set keeps the first value of a key: callers go from the strongest source to the weakest.
func (c *config) set(key, value string) {
	keep := func(m map[string]string, k, v string) {
		if _, known := m[k]; !known && v != "" {
			m[k] = v
		}
	}
	switch {
	case strings.EqualFold(key, "registry"):
		keep(c.registries, "", slashed(value))
	case strings.HasPrefix(key, "@") && strings.HasSuffix(key, ":registry"):
		keep(c.registries, strings.TrimSuffix(key, ":registry"), slashed(value))
	case strings.HasPrefix(key, "//") && strings.HasSuffix(key, ":_authToken"):
		keep(c.tokens, slashed(strings.TrimSuffix(key, ":_authToken")), value)
	}
}

func slashed(s string) string { return strings.TrimSuffix(s, "/") + "/" }

func (c *config) registry(scope string) string {
	if r, ok := c.registries[scope]; ok {
		return r
	}
	return c.registries[""]
}

// token is the token of the longest configured prefix of an address.
func (c *config) token(u *url.URL) string {
	best, token := "", ""
	for prefix, t := range c.tokens {
		if len(prefix) > len(best) && strings.HasPrefix("//"+u.Host+u.EscapedPath(), prefix) {
			best, token = prefix, t
		}
	}
	return token
}
