package recovery

import (
	"strings"
	"testing"
	"time"
)

// A use that a server refused is kept nowhere but in its events: whoever asks for a report hears of it, from the
// server's store and from its reply in a file.
func TestRefusedUsesAreReported(t *testing.T) {
	k := kept(t, "wallet.example", 1)
	k.Events = append(k.Events, KeptEvent{k.Created.Add(time.Hour), EventRefused, "a login was refused: BE 0→1"})
	data, err := KeptJSON([]Kept{k})
	if err != nil {
		t.Fatal(err)
	}
	read, err := ParseKept(data)
	if err != nil {
		t.Fatal(err)
	}
	a := onePhone()
	a.Signers[0].Key = k.key()
	for from, k := range map[string]Kept{"store": k, "file": read[0]} {
		r := mustAudit(t, WithPasskeys(a, k))
		words := strings.Join(r.Words(), "\n")
		if !strings.Contains(words, "passkey, 2026-03-04: a login was refused: BE 0→1.") || strings.Contains(words, "it was registered") {
			t.Errorf("%s: %s", from, words)
		}
	}
}
