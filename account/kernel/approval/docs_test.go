package approval_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/postern-dev/postern/account/kernel/approval"
)

// The header that docs/formats.md shows is the one of a sealed approval.
func TestTheExampleInTheDocumentsIsAHeader(t *testing.T) {
	text, err := os.ReadFile("../../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := bytes.Cut(text, []byte("```approval\n"))
	if !ok {
		t.Fatal("docs/formats.md has no example of a sealed approval")
	}
	example, _, _ := bytes.Cut(rest, []byte("\n```"))
	_, docs := sealable(t)
	header, _, _ := bytes.Cut(cheaply(t, docs), []byte("\n\n"))
	if !bytes.Equal(example, header) {
		t.Errorf("the example is\n%s\nand the header\n%s", example, header)
	}
	_, fields, ok := bytes.Cut(text, []byte("```approval-json\n"))
	fields, _, _ = bytes.Cut(fields, []byte("\n```"))
	compact := bytes.ReplaceAll(bytes.ReplaceAll(fields, []byte("\n  "), nil), []byte("\n"), nil)
	if _, err := approval.Parse(encoded(string(compact))); !ok || err != nil {
		t.Errorf("the SDK's document in docs/formats.md: %v", err)
	}
}
