package rescuepage_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/postern-dev/postern/internal/rescuepage"
)

const root = "../.."

func TestTheCommittedPageIsWhatTheSourcesMake(t *testing.T) {
	made, err := rescuepage.Build(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(root + "/" + rescuepage.File)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made, kept) {
		t.Errorf("%s is another page than its sources make: run go run ./internal/rescuepage/cmd", rescuepage.File)
	}
	t.Logf("%d bytes", len(made))
}

// The bundler is a tool: what people run has none of it.
func TestTheBundlerIsInNoProgramOfOurs(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", root+"/cmd/postern").Output()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "evanw/esbuild") {
		t.Error("cmd/postern reaches esbuild")
	}
}
