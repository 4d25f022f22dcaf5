package flow_test

import (
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/postern-dev/postern/flow/flowtest"
)

// TestTheDocumentedExtension: the bytes in docs/flow.md are those of this transaction.
func TestTheDocumentedExtension(t *testing.T) {
	b, err := os.ReadFile("../docs/flow.md")
	if err != nil {
		t.Fatal(err)
	}
	tx := sponsored()
	message, err := tx.Message(tx.ProposalKey.Address)
	if err != nil {
		t.Fatal(err)
	}
	challenge, err := tx.Challenge(tx.ProposalKey.Address)
	if err != nil {
		t.Fatal(err)
	}
	signature, extension := flowtest.WebAuthn()[0].Make(flowtest.NewSigner("docs"), message)
	blocks := strings.Split(string(b), "```\n")
	for i, want := range [][]byte{challenge[:], extension, signature} {
		var got strings.Builder
		for line := range strings.Lines(blocks[1+2*i]) {
			got.WriteString(strings.Fields(line)[0])
		}
		if got.String() != hex.EncodeToString(want) {
			t.Errorf("block %d: %s\nis        %x", i, got.String(), want)
		}
	}
}
