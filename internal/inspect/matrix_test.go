package inspect_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/internal/inspect"
)

// The verifier matrix of package seal: signatures for six contracts, good and
// broken, with what the real contracts say. What a contract refuses must show here
// as an error, and what contract and strict parser accept must show none.
func TestTheVerifierMatrixIsExplained(t *testing.T) {
	b, err := os.ReadFile("../../seal/testdata/made-by-go.json")
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Keys  map[string]struct{ CredentialID, X, Y hexutil.Bytes }
		Cases []struct {
			Layout, Name, Key, Contract, Local string
			Hash                               common.Hash
			Signature                          hexutil.Bytes
		}
	}
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	// What no reading without the account can tell; and 64 bytes are r ‖ s of anything.
	skipped := []string{
		"solady: no UV", "solady-compact: no UV", // the caller of the library decides
		"metamask-ecdsa: over another hash", "metamask-ecdsa: the stub", "metamask-ecdsa: v is 0 or 1", "metamask-ecdsa: high s", // whose owner is not known
		"metamask: truncated to 128 bytes",          // may be anything
		"safe-signatures: made by seal: two owners", // whose keys are two
		"safe-signatures: no owner of the Safe",     // which only the Safe knows
	}
	seen := map[string]int{}
	for _, c := range m.Cases {
		name := c.Layout + ": " + c.Name
		if n := len(c.Signature); n == 0 || n == 64 || slices.Contains(skipped, name) || c.Layout == "openzeppelin-p256" {
			continue
		}
		k := m.Keys["main"]
		if c.Key != "" {
			k = m.Keys[c.Key]
		}
		opt := inspect.Options{
			Challenge: c.Hash[:], RPID: "wallet.example", Origins: []string{"https://wallet.example"},
			Key: key(t, hexutil.Encode(append(slices.Clone(k.X), k.Y...))), CredentialID: m.Keys["main"].CredentialID,
		}
		r, err := inspect.Inspect([]byte(c.Signature.String()), opt)
		ok := err == nil && r.OK
		switch {
		case c.Local == "accepts" && !ok:
			t.Errorf("%s is good: %v", name, err)
			if err == nil {
				t.Logf("%s: %v", r.Readings[0].Kind, codes(r, inspect.Error))
			}
		case c.Local != "accepts" && c.Contract != "accepts" && ok:
			t.Errorf("%s (%s) is explained without an error, as %s", name, c.Local, r.Readings[0].Kind)
		}
		seen[c.Layout]++
	}
	if len(seen) != 9 {
		t.Errorf("layouts %v", seen)
	}
}
