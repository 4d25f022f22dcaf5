package access_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
)

func TestABlockIsTheOneThatWasAskedFor(t *testing.T) {
	known, other := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/blocks/" + known, "/v1/blocks/" + other:
			fmt.Fprintf(w, `[{"header":{"id":%q,"height":"7","timestamp":"2025-01-01T00:00:00Z"}}]`, known)
		default:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"code":404,"message":"no such block"}`)
		}
	}))
	defer node.Close()
	c, err := access.New(node.URL)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]error{known: nil, other: access.ErrReply, strings.Repeat("00", 32): access.ErrNotFound} {
		id, err := flow.ParseIdentifier(text)
		if err != nil {
			t.Fatal(err)
		}
		b, err := c.Block(t.Context(), id)
		if !errors.Is(err, want) || (err == nil) != (want == nil) || want == nil && b.Height != 7 {
			t.Errorf("%s: %+v, %v", text, b, err)
		}
	}
}
