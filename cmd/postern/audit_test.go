package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/recovery"
	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/sqlite"
	"github.com/postern-dev/postern/relyingparty/storetest"
)

// audited runs postern audit.
func audited(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs strings.Builder
	err := run(t.Context(), append([]string{"audit"}, args...), strings.NewReader(""), &out, &errs)
	if err != nil {
		code = 1
		fmt.Fprintln(&errs, explain(err).Message)
	}
	return out.String(), errs.String(), code
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// dataDir is a directory of postern up whose server knows a passkey that is no longer
// backed up.
func dataDir(t *testing.T) (dir string, c *relyingparty.Credential) {
	t.Helper()
	dir = t.TempDir()
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "passkeys.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return dir, knownPasskey(t, store)
}

// knownPasskey has been registered, and used once.
func knownPasskey(t *testing.T, store relyingparty.Store) *relyingparty.Credential {
	t.Helper()
	c := storetest.NewCredential(t)
	c.RPID, c.Flags, c.SignCount, c.Provider = "wallet.example", passkey.FlagUP|passkey.FlagUV|passkey.FlagBE|passkey.FlagBS, 0, "Some Manager"
	yes := true
	c.Discoverable = &yes
	use := &relyingparty.Use{RPID: c.RPID, ID: c.ID, At: c.CreatedAt.AddDate(0, 0, 1), Flags: passkey.FlagUP | passkey.FlagUV | passkey.FlagBE, Changed: true}
	for _, what := range []relyingparty.Commit{{Create: c}, {Use: use}} {
		what.Token, what.Expires = storetest.NewToken(), time.Now().Add(time.Hour)
		if err := store.Commit(t.Context(), what); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func whole(key string) string {
	return "version = 1\n[account]\nname = \"Mine\"\n[[signer]]\nid = \"phone\"\nkind = \"passkey\"\nkey = \"" + key + "\"\n" +
		"[[route]]\nid = \"own\"\nuse = \"operate\"\nthreshold = 1\nmembers = [\"phone\"]\n"
}

func TestTheAuditAsksTheLocalPasskeyServer(t *testing.T) {
	dir, c := dataDir(t) // in use by its server
	facts := write(t, whole(fmt.Sprintf("0x%x", c.Key.X())))
	out, errs, code := audited(t, "--facts", facts, "--data", dir)
	for _, w := range []string{
		"phone: passkey, syncable, discoverable (claimed)", "provider Some Manager (claimed)", "bound to wallet.example (signed)",
		"it is no longer backed up: it is on one device only now (BS 1→0)", "Syncable, discoverable: phone (claimed).",
		"A second RP ID", "another registrar", "wallet.example is gone: LOCKED",
	} {
		if !strings.Contains(out, w) {
			t.Errorf("no %q in\n%s%s", w, out, errs)
		}
	}
	if code != 0 {
		t.Error(errs)
	}
	// The same from the server's reply.
	text, err := recovery.KeptJSON([]recovery.Kept{c.Kept(nil, nil)})
	if err != nil {
		t.Fatal(err)
	}
	if out, errs, _ := audited(t, "--facts", facts, "--passkeys", write(t, string(text))); !strings.Contains(out, "bound to wallet.example (signed)") {
		t.Errorf("%s%s", out, errs)
	}

	for name, args := range map[string][]string{
		"no passkey of the account is known there": {"--facts", write(t, whole("0x01")), "--data", dir},
		"there are no passkeys in":                 {"--facts", facts, "--data", t.TempDir()},
		`it is "postern-`:                          {"--facts", facts, "--passkeys", write(t, `{"format":"postern-passkeys-9","passkeys":[]}`)},
		"--related is about an RP ID":              {"--facts", facts, "--related", "wallet.example"},
		"--origin of which RP ID":                  {"--facts", facts, "--origin", "https://a.example"},
		"this is no RP ID":                         {"--related", "https://wallet.example"},
	} {
		if _, errs, code := audited(t, args...); code == 0 || !strings.Contains(errs, name) {
			t.Errorf("%v: %s, want %q", args, errs, name)
		}
	}
}

func TestTheAuditOfAnAccountOnFlow(t *testing.T) {
	_, c := dataDir(t)
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"address":"01cf0e2f2f715450","balance":"1","keys":[{"index":"0","public_key":"0x%x","signing_algorithm":"%s","hashing_algorithm":"%s","sequence_number":"0","weight":"1000","revoked":false}]}`,
			c.Key.Raw(), flow.P256, flow.SHA2)
	}))
	defer node.Close()
	out, errs, code := audited(t, "0x01cf0e2f2f715450", "--flow", node.URL)
	for _, w := range []string{"Account (Flow account, 0x01cf0e2f2f715450, signers read from its chain)", "counted as a passkey", "Capabilities that the account has given away", "The chain stops: LOCKED"} {
		if !strings.Contains(out, w) {
			t.Errorf("no %q in\n%s%s", w, out, errs)
		}
	}
	if code != 0 || strings.Contains(out, "The bundler is gone") {
		t.Errorf("%s%s", out, errs)
	}
	if _, errs, code := audited(t, "0x1234", "--flow", node.URL); code == 0 || !strings.Contains(errs, "not an address of 8 bytes") {
		t.Error(errs)
	}
}
