// Package guard keeps the architecture true: imports go down only, and the library packages stay light.
package guard

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/postern-dev/postern/"

// layers lists every package. A package may import packages of lower layers only, and its own sub-packages' parents.
// Test helpers (softkey, accounttest) stand beside the package they help.
var layers = map[string]int{
	"passkey": 0, "passkey/softkey": 0, "passkey/provider": 0, "passkey/exported": 0, "internal/abituple": 0, "internal/textfile": 0, "p256table": 0, "p256hint": 0,
	"userop": 1, "seal": 1, "grant": 1, "recovery": 1, "flow": 1, "flow/flowtest": 1, "internal/abiargs": 1, "internal/p256gen": 1, "internal/p256gen/search": 1,
	"contracts": 2, "account": 2, "internal/p256gen/builder": 2, "flow/secp256k1": 2,
	"account/hybrid": 3, "account/webauthn": 3, "account/kernel": 3, "account/guardian": 3,
	"account/kernel/approval": 3, "account/kernel/guardians": 3, "account/kernel/session": 3,
	"bundler": 4, "flow/access": 4, "flow/access/accesstest": 4, "flow/access/tape": 3, "tableserver": 4, "relyingparty": 4, "relyingparty/sqlite": 4, "relyingparty/postgres": 4, "relyingparty/postgres/postgrestest": 4, "relyingparty/zerodev": 4, "devnet": 4, "internal/artifacts": 4,
	"audit": 4, "account/accounttest": 4, "relyingparty/storetest": 4, "internal/kernelstand": 4,
	"internal/server": 5, "internal/inspect": 5, "wallet": 5, "journeys": 5, "journeys/stand": 5, "rescue": 5,
	"internal/gasreport": 5, "internal/rescuepage": 5,
	"cmd/postern": 6, "internal/kerneloracle": 6, "internal/p256gen/cmd": 6, "internal/gasreport/cmd": 6, "internal/rescuepage/cmd": 6, "internal/p256addresses": 6,
}

// sideways are the imports inside one layer that are meant.
var sideways = map[string][]string{
	"account/guardian":         {"account/kernel", "account/webauthn"},
	"account/kernel/approval":  {"account/kernel"},
	"audit":                    {"flow/access"},
	"account/kernel/guardians": {"account/kernel"},
	"account/kernel/session":   {"account/kernel", "account/kernel/approval"},
	"passkey/softkey":          {"passkey"},
	"passkey/exported":         {"passkey"},
	"passkey/provider":         {"passkey"},
	"seal":                     {"userop"},
	"flow/access/accesstest":   {"flow/access"},
	"flow/flowtest":            {"flow"},
	"grant":                    {"userop"},
	"relyingparty/sqlite":      {"relyingparty"},
	"relyingparty/postgres":    {"relyingparty"},
	"relyingparty/storetest":   {"relyingparty"},
	"relyingparty/zerodev":     {"relyingparty"},
	"devnet":                   {"internal/artifacts"},
	"account/accounttest":      {"bundler", "devnet", "internal/artifacts"},
	"internal/kernelstand":     {"devnet", "internal/artifacts"},
	"internal/server":          {"rescue", "wallet"},
	"journeys":                 {"rescue"},
	"internal/rescuepage":      {"rescue"},
}

// heavy must not be reachable from layers 0 to 2: no server, no database, no EVM.
var heavy = []string{
	"net/http", "modernc.org/sqlite", "github.com/jackc/pgx",
	"github.com/ethereum/go-ethereum/core", "github.com/ethereum/go-ethereum/eth",
	"github.com/ethereum/go-ethereum/node", "github.com/ethereum/go-ethereum/rpc",
	"github.com/ethereum/go-ethereum/ethclient", "github.com/ethereum/go-ethereum/p2p",
}

// ethereumAllowed is all of go-ethereum that layers 0 to 3 may import themselves.
var ethereumAllowed = []string{"common", "common/hexutil", "common/math", "crypto", "rlp", "accounts/abi"}

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func TestImportsGoDownOnlyAndTheLibraryStaysLight(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(p.ImportPath, module)
		if name == "internal/guard" || strings.HasSuffix(name, "/browsertest") {
			continue
		}
		layer, ok := layers[name]
		if !ok {
			t.Errorf("package %s has no layer: add it to the table", name)
			continue
		}
		seen++
		checkDown(t, name, layer, p.Imports)
		if layer <= 3 {
			checkEthereum(t, name, p.Imports)
		}
		if layer <= 2 {
			checkLight(t, name, p.Deps)
		}
		if layer == 0 || name == "flow" {
			checkStandardLibrary(t, name, p.Deps)
		}
		if name == "flow" {
			checkOurs(t, name, p.Deps, "passkey")
		}
	}
	if seen != len(layers) {
		t.Errorf("the table lists %d packages, the module has %d", len(layers), seen)
	}
}

func checkDown(t *testing.T, name string, layer int, imports []string) {
	for _, imp := range imports {
		target, ours := strings.CutPrefix(imp, module)
		if !ours || layers[target] < layer || slices.Contains(sideways[name], target) {
			continue
		}
		t.Errorf("%s (layer %d) imports %s (layer %d)", name, layer, target, layers[target])
	}
}

func checkEthereum(t *testing.T, name string, imports []string) {
	for _, imp := range imports {
		sub, eth := strings.CutPrefix(imp, "github.com/ethereum/go-ethereum/")
		if eth && !slices.Contains(ethereumAllowed, sub) {
			t.Errorf("%s imports go-ethereum/%s", name, sub)
		}
	}
}

func checkLight(t *testing.T, name string, deps []string) {
	for _, dep := range deps {
		for _, h := range heavy {
			if dep == h || strings.HasPrefix(dep, h+"/") {
				t.Errorf("%s reaches %s", name, dep)
			}
		}
	}
}

// checkOurs is for packages that promise which of ours they need.
func checkOurs(t *testing.T, name string, deps []string, promised ...string) {
	for _, dep := range deps {
		if target, ours := strings.CutPrefix(dep, module); ours && !slices.Contains(promised, target) {
			t.Errorf("%s reaches %s, and promises to need only %v", name, target, promised)
		}
	}
}

func checkStandardLibrary(t *testing.T, name string, deps []string) {
	for _, dep := range deps {
		first, _, _ := strings.Cut(dep, "/")
		if strings.Contains(first, ".") && !strings.HasPrefix(dep, module) {
			t.Errorf("%s reaches %s, which is not the standard library", name, dep)
		}
	}
}
