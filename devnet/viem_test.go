package devnet_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/userop"
)

// TestViemsBundlerClientWorks lets viem, unmodified, run accounts on the bundler.
func TestViemsBundlerClientWorks(t *testing.T) {
	n := start(t, devnet.Config{})
	for _, ep := range userop.EntryPoints() {
		var result struct {
			Gas     []int
			Refused []string
		}
		node(t, "smoke.mjs", &result, n.URL, newBench(t, n, ep).factory.Hex(), ep.Version())
		if len(result.Gas) != 2 || len(result.Refused) != 3 {
			t.Errorf("EntryPoint %s: %+v", ep.Version(), result)
		}
	}
}

// TestViemsPaymasterClientWorks lets viem, unmodified, run accounts that have no coins.
func TestViemsPaymasterClientWorks(t *testing.T) {
	n := start(t, devnet.Config{})
	for _, ep := range userop.EntryPoints() {
		var result struct{ Gas []int }
		node(t, "paymaster.mjs", &result, n.URL, newBench(t, n, ep).factory.Hex(), ep.Version(), n.Info().Token.Hex())
		if len(result.Gas) != 2 {
			t.Errorf("EntryPoint %s: %+v", ep.Version(), result)
		}
	}
}

// node runs a script of interop/js/devnet on a chain and reads what it prints.
func node(t *testing.T, script string, result any, url func() string, args ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts node four times")
	}
	js := filepath.Join("..", "interop", "js")
	path, err := exec.LookPath("node")
	if err != nil {
		t.Skip("SKIPPED: node is not installed")
	}
	if _, err := os.Stat(filepath.Join(js, "node_modules", "viem")); err != nil {
		t.Skip("SKIPPED: run `npm ci` in interop/js")
	}
	out, err := exec.CommandContext(t.Context(), path, append([]string{filepath.Join(js, "devnet", script), url()}, args...)...).CombinedOutput()
	if err != nil || json.Unmarshal(out, result) != nil {
		t.Errorf("%s %v: %v\n%s", script, args, err, out)
	}
}
