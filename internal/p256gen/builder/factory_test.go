package builder

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/postern-dev/postern/internal/p256gen"
)

var update = flag.Bool("update", false, "write contracts/p256/P256TableFactory.json")

// TestCommittedFactoryIsWhatTheGeneratorWrites compares, or with -update writes, the artifact.
func TestCommittedFactoryIsWhatTheGeneratorWrites(t *testing.T) {
	const path = "../../../contracts/p256/" + Name + ".json"
	want := p256gen.NewArtifact(Name, Factory()).JSON()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	committed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, want) {
		t.Error("it is another program now: go test ./internal/p256gen/builder -run Committed -update")
	}
}
