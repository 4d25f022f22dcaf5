package contracts_test

import (
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/postern-dev/postern/p256hint"
	"github.com/postern-dev/postern/seal"
)

// What docs/formats.md says of hints and of P256Verifier, for the signature of its example.
func TestTheDocumentedHintsAreRight(t *testing.T) {
	text, err := os.ReadFile("../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	document := string(text)
	p, hash := newPasskey(t, "docs", seal.RequireUV), opHash("docs")
	parsed, err := seal.ParsePostern(p.approve(hash))
	if err != nil {
		t.Fatal(err)
	}
	a := parsed[0]
	four, err := p256hint.Parse(a.WithHints(seal.PathNone, hash).Hints)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := seal.NewVerifierKey(p.public(), seal.PathNone)
	if err != nil {
		t.Fatal(err)
	}
	raw4k, err := seal.NewVerifierKey(p.public(), 0x13)
	if err != nil {
		t.Fatal(err)
	}
	passkey4k, err := seal.NewVerifierPasskey(p.public(), seal.RequireUV, 0x13)
	if err != nil {
		t.Fatal(err)
	}
	for name, fields := range map[string]map[string][]byte{
		"hints": {
			"inverse": a.WithHints(0x13, hash).Hints, "w": four.W[:], "yR": four.RY[:], "i1": four.I1[:], "i2": four.I2[:],
		},
		"verifier": {"raw": raw.Bytes(), "raw4k": raw4k.Bytes(), "passkey4k": passkey4k.Bytes()},
	} {
		said, order := block(t, document, name)
		if len(order) != len(fields) {
			t.Errorf("%s: %d fields, not %d", name, len(order), len(fields))
		}
		for key, want := range fields {
			if said[key] != hex.EncodeToString(want) {
				t.Errorf("%s: the document should say %s: %x", name, key, want)
			}
		}
	}
	b, err := seal.VerifierSignature(a)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) != 161 || !strings.Contains(document, "161 bytes") {
		t.Errorf("the signature for the verifier has %d bytes", len(b))
	}
}
