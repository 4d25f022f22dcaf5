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
	if testing.Short() {
		t.Skip("starts node four times")
	}
	js := filepath.Join("..", "interop", "js")
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("SKIPPED: node is not installed")
	}
	if _, err := os.Stat(filepath.Join(js, "node_modules", "viem")); err != nil {
		t.Skip("SKIPPED: run `npm ci` in interop/js")
	}
	n := start(t, devnet.Config{})
	for _, ep := range userop.EntryPoints() {
		b := newBench(t, n, ep)
		out, err := exec.CommandContext(t.Context(), node, filepath.Join(js, "devnet", "smoke.mjs"), n.URL(), b.factory.Hex(), ep.Version()).CombinedOutput()
		var result struct {
			Gas     []int
			Refused []string
		}
		if err != nil || json.Unmarshal(out, &result) != nil || len(result.Gas) != 2 || len(result.Refused) != 3 {
			t.Errorf("EntryPoint %s: %v\n%s", ep.Version(), err, out)
		}
	}
}
