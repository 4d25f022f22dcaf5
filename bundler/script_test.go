package bundler_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern-dev/postern/bundler"
)

// exchange is one `>` line and the `<` line after it.
type exchange struct {
	method        string
	params        any
	result, error json.RawMessage
	used          bool
}

// play serves testdata/name.rpc: each request must be one of the script's, and
// each exchange happens once. At the end all must have happened.
func play(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".rpc"))
	if err != nil {
		t.Fatal(err)
	}
	var script []*exchange
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		var m struct {
			Method        string
			Params        any
			Result, Error json.RawMessage
		}
		if line == "" || line[0] == '#' {
			continue
		}
		if err := json.Unmarshal([]byte(line[1:]), &m); err != nil {
			t.Fatalf("%s: %v in %s", name, err, line)
		}
		if line[0] == '>' {
			script = append(script, &exchange{method: m.Method, params: m.Params})
		} else {
			last := script[len(script)-1]
			last.result, last.error = m.Result, m.Error
		}
	}
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct {
			Version string          `json:"jsonrpc"`
			ID      json.RawMessage `json:"id"`
			Method  string          `json:"method"`
			Params  any             `json:"params"`
		}
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &m); err != nil || m.Version != "2.0" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: request %s: %v", name, body, err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, x := range script {
			if x.used || x.method != m.Method || !reflect.DeepEqual(x.params, m.Params) {
				continue
			}
			x.used = true
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{"jsonrpc": "2.0", "id": m.ID, key(x): value(x)})
			return
		}
		t.Errorf("%s: not in the script: %s", name, body)
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(func() {
		server.Close()
		for _, x := range script {
			if !x.used {
				t.Errorf("%s: was not asked: %s %v", name, x.method, x.params)
			}
		}
	})
	return server.URL
}

func key(x *exchange) string {
	if x.error != nil {
		return "error"
	}
	return "result"
}

func value(x *exchange) json.RawMessage {
	if x.error != nil {
		return x.error
	}
	return bytes.Clone(x.result)
}

var fast = bundler.Options{Timeout: 20 * time.Second}

func dial(t *testing.T, script string) *bundler.Client {
	t.Helper()
	c, err := bundler.Dial(play(t, script), fast)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func node(t *testing.T, script string) *bundler.Chain {
	t.Helper()
	c, err := bundler.NewChain(play(t, script), fast)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
