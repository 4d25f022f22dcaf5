package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/postern-dev/postern/journeys"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/tableserver"
)

func TestALyingTableServiceIsCaught(t *testing.T) {
	device := softkey.New()
	for _, id := range []byte{1, 2} {
		options, err := json.Marshal(passkey.NewCreationOptions(passkey.RelyingParty{ID: elsewhere, Name: "Example"},
			passkey.User{ID: []byte{id}, Name: "a", DisplayName: "A"}, make([]byte, 32)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := device.Create(options, elsewhereOrigin); err != nil {
			t.Fatal(err)
		}
	}
	victim, thief := device.Credentials()[0].Key, device.Credentials()[1].Key
	x, y := fmt.Sprintf("0x%x", victim.X()), fmt.Sprintf("0x%x", victim.Y())
	liar := httptest.NewServer(journeys.NewLiar(thief))
	defer liar.Close()
	for _, format := range []string{"512", "1k", "4k", "16k"} {
		for _, lie := range journeys.Lies() {
			_, err := postern(t, "table", "verify", x, y, "--from", liar.URL+"/"+lie, "--format", format)
			f, ok := errors.AsType[*failure](err)
			if !ok || f.exit != exitFailure || f.Code != "wrong-table" && f.Code != "no-table" && f.Code != "bad-key" {
				t.Errorf("%s, %s: %v", lie, format, err)
			}
		}
	}
	honest, err := tableserver.New(tableserver.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(honest)
	defer server.Close()
	if _, err := postern(t, "table", "verify", x, y, "--from", server.URL); err != nil {
		t.Errorf("an honest one: %v", err)
	}
}
