package contracts_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
)

const recoveryDocument = "../docs/recovery-contract.md"

// The types that the document shows are those whose hashes are in the module's code; drills are in none.
func TestTheDocumentShowsWhatIsSigned(t *testing.T) {
	text, err := os.ReadFile(recoveryDocument)
	if err != nil {
		t.Fatal(err)
	}
	code := contracts.RecoveryContract().Create
	seen := 0
	for _, typ := range regexp.MustCompile(`(?m)^[A-Z][A-Za-z]+\([a-z0-9A-Z,\[\] ]+\)$`).FindAllString(string(text), -1) {
		seen++
		if in, drill := bytes.Contains(code, crypto.Keccak256([]byte(typ))), strings.HasPrefix(typ, "Drill("); in == drill {
			t.Errorf("%s: in the module's code: %t", typ, in)
		}
	}
	if seen != 7 {
		t.Errorf("%d types", seen)
	}
}

// The document's figures are the snapshot's: it stands behind the test that writes it.
func TestTheRecoverysGasInTheDocument(t *testing.T) {
	var snapshot map[string]figures
	file, err := os.ReadFile("gas.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(file, &snapshot); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(recoveryDocument)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	row := regexp.MustCompile("(?m)^\\| `(recovery\\.[a-z0-9.]+)` \\| [0-9,]+ \\| [0-9,]+ \\|$")
	want := row.ReplaceAllStringFunc(string(text), func(s string) string {
		name := row.FindStringSubmatch(s)[1]
		seen[name] = true
		return fmt.Sprintf("| `%s` | %s | %s |", name, thousands(snapshot["osaka"][name]), thousands(snapshot["cancun"][name]))
	})
	for name := range snapshot["osaka"] {
		if strings.HasPrefix(name, "recovery.") && !seen[name] {
			t.Errorf("the document says nothing of %s", name)
		}
	}
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatal("docs/recovery-contract.md does not say what gas.json says: run with -update")
	}
	if err := os.WriteFile(recoveryDocument, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
