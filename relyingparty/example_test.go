package relyingparty_test

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
)

func ExampleNew() {
	store, err := sqlite.Open(context.Background(), sqlite.Ephemeral) // or a file's path
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	server, err := relyingparty.New(relyingparty.Config{
		RelyingParties: []relyingparty.RelyingParty{{
			ID:      "example.org",
			Name:    "Example",
			Origins: []string{"https://wallet.example.org"},
		}},
		Store: store,
		Log:   slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/passkeys/", http.StripPrefix("/passkeys", server))

	r := httptest.NewRequest("POST", "/passkeys/login/options", strings.NewReader(`{"rpID":"example.org"}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println(w.Code, strings.Contains(w.Body.String(), `"rpId":"example.org"`))
	// Output: 200 true
}
