package sqlite

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/storetest"
)

const crashEnv = "POSTERN_TEST_CRASH_DB"

// TestAcknowledgedCommitsSurviveAKill runs itself as a process that registers without
// end, kills it, and looks for everything it had been told was written.
func TestAcknowledgedCommitsSurviveAKill(t *testing.T) {
	if path := os.Getenv(crashEnv); path != "" {
		registerForever(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "passkeys.db")
	var epochs []string
	var ids [][]byte
	for range 3 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestAcknowledgedCommitsSurviveAKill$")
		cmd.Env = append(os.Environ(), crashEnv+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			if n == 0 {
				epochs = append(epochs, lines.Text())
				continue
			}
			id, err := hex.DecodeString(lines.Text())
			if err != nil {
				t.Fatalf("%q", lines.Text())
			}
			ids = append(ids, id)
			if n == 25 {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				break
			}
		}
		_ = cmd.Wait() // killed
	}
	s := open(t, path)
	for i, id := range ids {
		if _, err := s.Credential(t.Context(), "example.org", id); err != nil {
			t.Fatalf("registration %d of %d: %v", i+1, len(ids), err)
		}
	}
	epochs = append(epochs, hex.EncodeToString(s.epoch[:]))
	for i, a := range epochs {
		for _, b := range epochs[:i] {
			if a == b {
				t.Fatal("an epoch survived a kill")
			}
		}
	}
	if len(ids) < 75 {
		t.Fatalf("only %d registrations", len(ids))
	}
}

func registerForever(t *testing.T, path string) {
	s := open(t, path)
	fmt.Printf("%x\n", s.epoch)
	for {
		c := storetest.NewCredential(t)
		what := relyingparty.Commit{Token: storetest.NewToken(), Expires: time.Now().Add(time.Minute), Create: c}
		if err := s.Commit(t.Context(), what); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("%x\n", c.ID)
	}
}
