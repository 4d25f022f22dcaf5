package tableserver

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/postern-dev/postern/p256table"
)

// key is the key of SHA-256(n)·G.
func key(t testing.TB, n int) p256table.Key {
	t.Helper()
	h := sha256.Sum256([]byte{byte(n >> 16), byte(n >> 8), byte(n)})
	h[0] = 0 // below the order
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), h[:])
	if err != nil {
		t.Fatal(err)
	}
	b, err := private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	k, err := p256table.NewKey([32]byte(b[1:]), [32]byte(b[33:]))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func path(k p256table.Key) string {
	x, y := k.X(), k.Y()
	return hex.EncodeToString(x[:]) + "/" + hex.EncodeToString(y[:])
}

// serve runs a server; what it logs is in the buffer.
func serve(t testing.TB, cfg Config) (*httptest.Server, *logBuffer) {
	t.Helper()
	log := &logBuffer{}
	cfg.Log = slog.New(slog.NewTextHandler(log, nil))
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server, log
}

type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func ask(t testing.TB, method, url string, header ...string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return do(t, r)
}

func do(t testing.TB, r *http.Request) (*http.Response, []byte) {
	t.Helper()
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply, body
}

// code is the word that a refusal has for programs.
func code(t testing.TB, body []byte) string {
	t.Helper()
	var v struct {
		Error struct{ Code, Message, Hint string }
	}
	if err := json.Unmarshal(body, &v); err != nil || v.Error.Message == "" {
		t.Fatalf("no refusal: %s", body)
	}
	return v.Error.Code
}

func TestATableIsServedAsBytesAndAsJSON(t *testing.T) {
	server, _ := serve(t, Config{})
	k := key(t, 1)
	for _, f := range p256table.Formats() {
		want, _ := p256table.Build(f, k)
		url := server.URL + "/v1/tables/" + path(k) + "?format=" + f.String()
		reply, body := ask(t, "GET", url)
		if reply.StatusCode != 200 || reply.Header.Get("Content-Type") != "application/octet-stream" || !bytes.Equal(body, want) {
			t.Errorf("%v: %s, %d bytes of %s", f, reply.Status, len(body), reply.Header.Get("Content-Type"))
		}
		reply, body = ask(t, "GET", url, "Accept", "application/json")
		var v Reply
		if err := json.Unmarshal(body, &v); err != nil || reply.Header.Get("Content-Type") != "application/json" {
			t.Fatalf("%v: %s", f, body)
		}
		if back, err := p256table.ParseKey(v.X, v.Y); err != nil || back != k || v.Format != f.String() || v.Code != "0x"+hex.EncodeToString(want) {
			t.Errorf("%v as JSON: %.100s", f, body)
		}
		if !strings.Contains(reply.Header.Get("Vary"), "Accept") {
			t.Errorf("caches would mix up the forms: Vary is %q", reply.Header.Get("Vary"))
		}
	}
	want, _ := p256table.Build(p256table.Format4k, k)
	if _, body := ask(t, "GET", server.URL+"/v1/tables/0x"+strings.Replace(path(k), "/", "/0x", 1)); !bytes.Equal(body, want) {
		t.Error("with 0x and without a format it is not the 4k table")
	}
}

func TestWhatIsKnownIsNotSentAgain(t *testing.T) {
	server, _ := serve(t, Config{})
	tags := map[string]string{}
	for _, c := range [][2]string{
		{"/v1/tables/" + path(key(t, 1)), ""}, {"/v1/tables/" + path(key(t, 1)), "application/json"}, {"/v1/tables/" + path(key(t, 2)), ""},
		{"/v1/tables/" + path(key(t, 1)) + "?format=16k", ""}, {"/precompute/" + path(key(t, 1)), ""},
	} {
		url, accept := server.URL+c[0], c[1]
		reply, body := ask(t, "GET", url, "Accept", accept)
		tag := reply.Header.Get("ETag")
		if other, taken := tags[tag]; taken || len(tag) < 10 {
			t.Errorf("%s and %s have tag %q", url, other, tag)
		}
		tags[tag] = url
		if cache := reply.Header.Get("Cache-Control"); !strings.Contains(cache, "immutable") || !strings.Contains(cache, "public") {
			t.Errorf("%s: Cache-Control %q", url, cache)
		}
		head, empty := ask(t, "HEAD", url, "Accept", accept)
		if head.StatusCode != 200 || len(empty) != 0 || head.ContentLength != int64(len(body)) || head.Header.Get("ETag") != tag {
			t.Errorf("HEAD %s: %s, length %d", url, head.Status, head.ContentLength)
		}
		for _, known := range []string{tag, `"x", W/` + tag, "*"} {
			if again, body := ask(t, "GET", url, "Accept", accept, "If-None-Match", known); again.StatusCode != 304 || len(body) != 0 || again.Header.Get("ETag") != tag {
				t.Errorf("%s with %s: %s", url, known, again.Status)
			}
		}
		if again, _ := ask(t, "GET", url, "Accept", accept, "If-None-Match", `"other"`); again.StatusCode != 200 {
			t.Errorf("%s with another tag: %s", url, again.Status)
		}
	}
}

func TestBadRequestsAreRefusedWithTheReason(t *testing.T) {
	server, _ := serve(t, Config{})
	good := path(key(t, 1))
	x, y, _ := strings.Cut(good, "/")
	p := "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
	zero := strings.Repeat("0", 64)
	gx, gy := "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296", "b01cbd1c01e58065711814b583f061e9d431cca994cea1313449bf97c840ae0a" // −G
	for _, prefix := range []string{"/v1/tables/", "/precompute/"} {
		for path, want := range map[string]string{
			x + "/" + x: "off_curve", zero + "/" + zero: "infinity", p + "/" + y: "too_large", x + "/" + p: "too_large", strings.Repeat("f", 64) + "/" + y: "too_large",
			x[1:] + "/" + y: "bad_hex", x + "/" + y + "00": "bad_hex", x[:63] + "g/" + y: "bad_hex", "0x/" + y: "bad_hex", x + "/%20" + y[1:]: "bad_hex", x + "/" + y[:62] + "%00%00": "bad_hex",
			"$(id)/;id": "bad_hex", good + "?format=2k": "bad_format", good + "?format=": "bad_format", good + "?format=4k&format=1k": "bad_format",
			gx + "/" + gy + "?format=fcl": "no_fcl",
		} {
			for _, tag := range []string{"", "*"} {
				if want == "no_fcl" && tag != "" {
					continue
				}
				reply, body := ask(t, "GET", server.URL+prefix+path, "If-None-Match", tag)
				if reply.StatusCode != 400 || code(t, body) != want || reply.Header.Get("Cache-Control") != "no-store" || reply.Header.Get("ETag") != "" {
					t.Errorf("%s%s: %s, %s", prefix, path, reply.Status, body)
				}
			}
		}
		if reply, _ := ask(t, "HEAD", server.URL+prefix+x+"/"+x); reply.StatusCode != 400 {
			t.Errorf("HEAD: %s", reply.Status)
		}
		if reply, body := ask(t, "DELETE", server.URL+prefix+good); reply.StatusCode != 405 || code(t, body) != "method_not_allowed" || reply.Header.Get("Allow") == "" {
			t.Errorf("DELETE: %s", reply.Status)
		}
	}
	for path, status := range map[string]int{"/": 404, "/v1": 404, "/v1/tables/": 404, "/v1/tables/" + x: 404, "/v1/tables/" + good + "/z": 404, "/v1/tables": 405, "/healthz": 200} {
		if reply, body := ask(t, "GET", server.URL+path); reply.StatusCode != status || status != 200 && code(t, body) == "" {
			t.Errorf("%s: %s", path, reply.Status)
		}
	}
	if reply, body := ask(t, "GET", server.URL+"/v1/tables/"+good, "Accept", "text/html"); reply.StatusCode != 406 || code(t, body) != "not_acceptable" {
		t.Errorf("as HTML: %s", reply.Status)
	}
	if reply, _ := ask(t, "OPTIONS", server.URL+"/v1/tables"); reply.StatusCode != 204 || reply.Header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(reply.Header.Get("Access-Control-Allow-Methods"), "POST") {
		t.Errorf("a browser's question: %s, %v", reply.Status, reply.Header)
	}
}

func TestTheBestAcceptedFormIsTaken(t *testing.T) {
	for header, want := range map[string]string{
		"": binaryType, "*/*": binaryType, "application/*": binaryType, "application/json": jsonType, "APPLICATION/JSON; charset=utf-8": jsonType,
		"text/html, application/json;q=0.1": jsonType, "application/json;q=0.4, */*;q=0.5": binaryType, "application/octet-stream;q=0.1, application/json": jsonType,
		"application/octet-stream;q=0, */*": jsonType, "text/*": "", "*/*;q=0": "", "nonsense": "", ",,;": "", "application/json;q=nan": jsonType,
	} {
		got, err := accepted(&http.Request{Header: http.Header{"Accept": {header}}}, binaryType, jsonType)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", header, got, err)
		}
	}
}

func TestPrecomputeDeploysTheTable(t *testing.T) {
	server, _ := serve(t, Config{Default: p256table.Format1k})
	k := key(t, 1)
	for query, f := range map[string]p256table.Format{"": p256table.Format1k, "?format=fcl": p256table.FCL} {
		_, body := ask(t, "GET", server.URL+"/precompute/"+path(k)+query)
		var v map[string]string
		if err := json.Unmarshal(body, &v); err != nil || len(v) != 1 {
			t.Fatalf("%s", body)
		}
		table, _ := p256table.Build(f, k)
		want, _ := p256table.InitCode(table)
		if v["bytecode"] != hex.EncodeToString(want) {
			t.Errorf("%v: %.60s…", f, v["bytecode"])
		}
	}
}

func TestALyingServerIsCaught(t *testing.T) {
	honest, _ := serve(t, Config{})
	k := key(t, 1)
	want, _ := p256table.Build(p256table.Format1k, k)
	got, err := Get(context.Background(), http.DefaultClient, honest.URL, p256table.Format1k, k)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("the honest server's: %v", err)
	}
	other, _ := p256table.Build(p256table.Format1k, key(t, 2))
	changed := bytes.Clone(want)
	changed[len(changed)-1] ^= 1
	for name, body := range map[string][]byte{
		"another key's": other, "a changed one": changed, "half of it": want[:500], "more than it": append(bytes.Clone(want), 0), "nothing": nil, "a flood": make([]byte, 1<<20),
	} {
		liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
		if got, err := Get(context.Background(), http.DefaultClient, liar.URL, p256table.Format1k, k); !errors.Is(err, p256table.ErrDifferent) || got != nil {
			t.Errorf("%s is taken: %v", name, err)
		}
		liar.Close()
	}
	if _, err := Get(context.Background(), http.DefaultClient, honest.URL+"/nowhere", p256table.Format1k, k); err == nil {
		t.Error("404 is a table")
	}
}

func TestConfigurationsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, cfg := range []Config{{Workers: -1}, {MaxKeys: -1}, {MaxStreams: -1}, {MaxRequests: -1}, {Stall: -1}, {Default: 0x15}} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
}
