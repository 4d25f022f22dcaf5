package contracts_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/postern-dev/postern/contracts"
)

// TestArtifactsComeFromTheSourcesBesideThem needs no compiler: the committed compiler input holds
// the text of every source. That the code is what the input compiles to, `node build.mjs --check`
// tells.
func TestArtifactsComeFromTheSourcesBesideThem(t *testing.T) {
	var input struct {
		Sources  map[string]struct{ Content string }
		Settings struct {
			EVMVersion string
			Metadata   struct {
				AppendCBOR   bool
				BytecodeHash string
			}
		}
	}
	for _, name := range []string{"input", "P256Slow.input", "P256Verifier.input", "WebAuthnAccountRecovery.input"} {
		file, err := os.ReadFile("out/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(file, &input); err != nil { // adds the sources to those of the one before
			t.Fatal(err)
		}
		if s := input.Settings; s.EVMVersion != "cancun" || s.Metadata.AppendCBOR || s.Metadata.BytecodeHash != "none" {
			t.Errorf("%s: settings %+v", name, s)
		}
	}
	files, err := fs.Glob(os.DirFS("src"), "*.sol")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile("src/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if input.Sources["src/"+name].Content != string(text) {
			t.Errorf("src/%s is not what was compiled: run `node build.mjs`", name)
		}
	}
	for name := range input.Sources {
		if !strings.HasPrefix(name, "src/") && !strings.HasPrefix(name, "@openzeppelin/") && !strings.HasPrefix(name, "solady/src/") {
			t.Errorf("source %s: a name that depends on the machine?", name)
		}
	}
}

func TestABIsHoldWhatCallersUse(t *testing.T) {
	for _, name := range []string{"validateUserOp", "execute", "isValidSignature", "addSigners", "removeSigners", "setThreshold",
		"setSignerWeights", "getSigners", "threshold", "signerWeight", "probePrecompile", "hasPrecompile", "upgradeToAndCall",
		"initialize", "installModule", "uninstallModule", "entryPoint", "getNonce0"} {
		if _, ok := contracts.AccountABI.Methods[name]; !ok {
			t.Errorf("account: no %s", name)
		}
	}
	for _, name := range []string{"createAccount", "getAddress", "implementation"} {
		if _, ok := contracts.FactoryABI.Methods[name]; !ok {
			t.Errorf("factory: no %s", name)
		}
	}
}
