package main

import (
	"bytes"
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/passkey"
)

func TestAMomentIsSecondsOrATime(t *testing.T) {
	for text, want := range map[string]uint64{"0": 0, "1796000000": 1796000000, "1970-01-01T00:00:01Z": 1, "1970-01-01T02:00:00+02:00": 0} {
		if got, err := momentOf(text); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"-1", "now", "1969-12-31T23:59:59Z", "99999999999999", "2026-12-01", "1e9"} {
		if got, err := momentOf(text); err == nil {
			t.Errorf("%q is taken as %d", text, got)
		}
	}
}

// The SDK makes lanes of texts; numbers are lanes themselves.
func TestALaneIsANumberOrAName(t *testing.T) {
	for text, want := range map[string]uint16{"0": 0, "7": 7, "65535": 65535, "65536": uint16(kernel.LaneOf("65536")), "07": uint16(kernel.LaneOf("07")), "worker": uint16(kernel.LaneOf("worker")), "-1": uint16(kernel.LaneOf("-1"))} {
		if got := laneOf(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestAPermissionIDIsFourBytes(t *testing.T) {
	if id, ok := permissionID("0x35204ada"); !ok || id != (kernel.PermissionID{0x35, 0x20, 0x4a, 0xda}) {
		t.Errorf("%s, %v", id, ok)
	}
	for _, text := range []string{"", "35204ada", "0x35204ad", "0x35204adaa", "0x35204adz", "approval.grant", "0X35204ada"} {
		if id, ok := permissionID(text); ok {
			t.Errorf("%q is taken as %s", text, id)
		}
	}
}

// --timezone comes first, then the grant's zone, then the system's, then UTC.
func TestWordsAreInTheZoneOfWhoReadsThem(t *testing.T) {
	for _, tt := range []struct{ flag, file, system, want string }{
		{"Asia/Tokyo", "Europe/Berlin", "America/New_York", "Asia/Tokyo"},
		{"", "Europe/Berlin", "America/New_York", "Europe/Berlin"},
		{"", "", "America/New_York", "America/New_York"},
		{"", "", ":Europe/Paris", "Europe/Paris"},
		{"", "", "CET-1CEST", "<nil>"},
		{"", "", "", "<nil>"},
	} {
		t.Setenv("TZ", tt.system)
		style, err := styleOf(grant.Grant{Zone: tt.file}, tt.flag)
		got := "<nil>"
		if style.Zone != nil {
			got = style.Zone.String()
		}
		if err != nil || got != tt.want {
			t.Errorf("%+v: %s, %v", tt, got, err)
		}
	}
	for _, name := range []string{"Local", "../../etc/passwd", "Middle/Earth", strings.Repeat("a", 65)} {
		if _, err := zoneOf(name); err == nil {
			t.Errorf("%.20q is a zone", name)
		}
	}
}

// The example must be good on the day on which it is printed, and as the SDK's document.
func TestTheExampleMayBeSigned(t *testing.T) {
	for _, args := range [][]string{{"grant", "example"}, {"grant", "example", "--json"}, {"grant", "example", "--timezone", "Pacific/Auckland"}} {
		text, err := postern(t, args...)
		if err != nil {
			t.Fatal(err)
		}
		g, err := grant.ParseFile([]byte(text))
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		now := uint64(time.Now().Unix())
		if refused := grant.Refusals(grant.Check(g, grant.Facts{Now: now, Portable: true})); len(refused) > 0 {
			t.Errorf("%v: %v", args, refused)
		}
		if len(g.Policies) != 5 {
			t.Errorf("%v: %d policies", args, len(g.Policies))
		}
	}
}

// What an approval holds may be a secret: it replaces nothing, and nobody else reads it.
func TestAnApprovalIsWrittenForItsOwnerAlone(t *testing.T) {
	dir := t.TempDir()
	names, err := writeTexts(filepath.Join(dir, "a.txt"), [][]byte{[]byte("x"), []byte("y")}, []string{"1", "84532"})
	if err != nil || len(names) != 2 || filepath.Base(names[1]) != "a-84532.txt" {
		t.Fatalf("%v, %v", names, err)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if err := os.Remove(names[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := writeTexts(filepath.Join(dir, "a.txt"), [][]byte{[]byte("x"), []byte("z")}, []string{"1", "84532"}); explain(err).Code != "exists" {
		t.Errorf("one of two is there already: %v", err)
	}
	if _, err := os.Stat(names[0]); err == nil {
		t.Error("the other one was written all the same")
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "nowhere"), link); err != nil {
		t.Fatal(err)
	}
	if err := writePrivate(link, []byte("x")); explain(err).Code != "exists" {
		t.Errorf("a link is followed: %v", err)
	}
	if err := absent(link); explain(err).Code != "exists" {
		t.Errorf("a link is not seen: %v", err)
	}
	if err := writeJSON(names[1], signRequest{}); explain(err).Code != "exists" {
		t.Errorf("a request replaces an approval: %v", err)
	}
	for range 2 {
		if err := writeJSON(filepath.Join(dir, "ask.json"), signRequest{Format: requestFormat}); err != nil {
			t.Error(err)
		}
	}
}

func TestAPassphraseIsAskedFor(t *testing.T) {
	t.Setenv(passphraseEnv, "")
	for _, tt := range []struct {
		typed []string
		fresh bool
		want  string
		code  string
	}{
		{[]string{"one"}, false, "one", ""},
		{[]string{"one", "one"}, true, "one", ""},
		{[]string{"one", "two"}, true, "", "usage"},
		{[]string{""}, true, "", "usage"},
		{nil, true, "", "usage"},
	} {
		var shown strings.Builder
		typed := tt.typed
		got, err := readPassphrase("", nil, func() ([]byte, error) {
			return askPassphrase(&shown, func() ([]byte, error) {
				if len(typed) == 0 {
					return nil, io.EOF
				}
				line := typed[0]
				typed = typed[1:]
				return []byte(line), nil
			}, tt.fresh)
		})
		if string(got) != tt.want || (err == nil) != (tt.code == "") || err != nil && explain(err).Code != tt.code {
			t.Errorf("%q: %q, %v", tt.typed, got, err)
		}
		if strings.Contains(shown.String(), "one") || !strings.Contains(shown.String(), "Passphrase") {
			t.Errorf("%q: shown: %s", tt.typed, shown.String())
		}
	}
	t.Setenv(passphraseEnv, "given")
	if got, err := readPassphrase("", nil, func() ([]byte, error) { t.Error("asked for what is given"); return nil, nil }); string(got) != "given" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAPassphraseIsWhatStandsOnTheLine(t *testing.T) {
	t.Setenv(passphraseEnv, "from the environment\n")
	path := filepath.Join(t.TempDir(), "p")
	if err := os.WriteFile(path, []byte(" in a file \r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]string{"": "from the environment", "-": "piped", path: " in a file "} {
		if got, err := readPassphrase(from, strings.NewReader("piped\n"), nil); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", from, got, err)
		}
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readPassphrase(path, nil, nil); explain(err).Code != "key-exposed" {
		t.Errorf("a passphrase that others read: %v", err)
	}
	t.Setenv(passphraseEnv, "")
	for _, from := range []string{"", "-"} {
		if _, err := readPassphrase(from, strings.NewReader("\n"), nil); explain(err).Code != "usage" {
			t.Errorf("%q, empty: %v", from, err)
		}
	}
}

func TestARequestOfThePageIsASessionKey(t *testing.T) {
	// Its base64url begins with 0x, as an address does.
	public, err := passkey.ParseRaw(hexutil.MustDecode("0xd31ec7294fa6639c1ad063e1b7577a427da084d785a02c012fecbe569981dd983c93a55215f45575e99b6ce5293f5577888d6786b7d0e8c53a0d06c067d2c7b1"))
	if err != nil {
		t.Fatal(err)
	}
	credential := []byte("a credential")
	request := slices.Concat(public.Raw(), kernel.CredentialHash(credential).Bytes())
	text := base64.RawURLEncoding.EncodeToString(request)
	want := (&sessionKey{public: public, credential: credential}).signer()
	for _, arg := range []string{text, "http://localhost:8080/grant#for=" + text} {
		key, err := parseSessionKey(arg)
		if err != nil {
			t.Fatal(err)
		}
		if got := key.signer(); got.Contract != want.Contract || !bytes.Equal(got.Data, want.Data) {
			t.Errorf("%s is another key", arg)
		}
	}
	request[40] ^= 1
	for _, arg := range []string{text[:90], base64.RawURLEncoding.EncodeToString(request)} {
		if _, err := parseSessionKey(arg); err == nil {
			t.Errorf("%s is taken", arg)
		}
	}
}
