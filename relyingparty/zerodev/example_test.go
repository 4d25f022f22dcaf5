package zerodev_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/sqlite"
	"github.com/postern-dev/postern/relyingparty/zerodev"
)

// The page of the application sets
//
//	passkeyServerUrl: "https://passkeys.example.org/api/v4/my-app",
//	passkeyServerHeaders: { "X-Api-Key": "…" },
func ExampleNew() {
	store, err := sqlite.Open(context.Background(), sqlite.Ephemeral) // or a file's path
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	handler, err := zerodev.New(zerodev.Config{
		Server: relyingparty.Config{
			RelyingParties: []relyingparty.RelyingParty{{ID: "example.org", Origins: []string{"https://app.example.org"}}},
			Store:          store,
			Log:            slog.New(slog.NewTextHandler(io.Discard, nil)),
		},
		Projects: map[string]zerodev.Project{
			"my-app": {Headers: []string{"X-Api-Key"}, Check: zerodev.APIKey("X-Api-Key", "the key of my app")},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, key := range []string{"the key of my app", "another"} {
		r := httptest.NewRequest("POST", "/api/v4/my-app/login/options", strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", "https://app.example.org")
		r.Header.Set("X-Api-Key", key)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(w.Code, http.StatusText(w.Code))
	}
	// Output:
	// 200 OK
	// 401 Unauthorized
}
