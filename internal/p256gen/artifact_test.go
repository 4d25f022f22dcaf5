package p256gen

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/ethereum/go-ethereum/common"
)

// slowOnChain is the address the committed engines are written for: zero until there is a slow verifier.
func slowOnChain(t *testing.T) common.Address {
	t.Helper()
	file, err := os.ReadFile("../../contracts/out/P256Slow.json")
	if errors.Is(err, fs.ErrNotExist) {
		return common.Address{}
	}
	if err != nil {
		t.Fatal(err)
	}
	slow, err := SlowAddress(file)
	if err != nil {
		t.Fatal(err)
	}
	return slow
}

func TestCommittedEnginesAreWhatTheGeneratorWrites(t *testing.T) {
	slow := slowOnChain(t)
	for pass := range 2 { // writing twice shows that chance has no part in it
		for _, a := range Engines(slow) {
			committed, err := os.ReadFile("../../contracts/p256/" + a.Name + ".json")
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(committed, a.JSON()) {
				t.Errorf("pass %d: %s is another program now: go run ./internal/p256gen/cmd", pass, a.Name)
			}
		}
	}
}

func TestWhatIsTooLongForAContractIsNotWritten(t *testing.T) {
	NewArtifact("as long as may be", make([]byte, 24_576)) // EIP-170
	defer func() {
		if recover() == nil {
			t.Error("a byte more is written")
		}
	}()
	NewArtifact("longer", make([]byte, 24_577))
}
