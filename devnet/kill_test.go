package devnet_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/userop"
)

// TestKilledProcessLosesNothing runs itself as another process, kills that after it has
// acknowledged an operation, and goes on with its data directory.
func TestKilledProcessLosesNothing(t *testing.T) {
	if dir := os.Getenv("DEVNET_TEST_DIR"); dir != "" {
		n := open(t, devnet.Config{DataDir: dir, BlockTime: -1})
		b := newBench(t, n, userop.V07)
		a := b.newAccount(ether(1))
		hash, err := b.send(b.ready(a, nil))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("ACKNOWLEDGED", hash, a.address)
		select {}
	}
	openPackages(t)
	dir := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run=^TestKilledProcessLosesNothing$")
	child.Env = append(os.Environ(), "DEVNET_TEST_DIR="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var hash, sender string
	for lines := bufio.NewScanner(out); hash == "" && lines.Scan(); {
		fmt.Sscanf(lines.Text(), "ACKNOWLEDGED %s %s", &hash, &sender)
	}
	child.Process.Kill()
	child.Wait()
	if hash == "" {
		t.Fatal("the other process acknowledged nothing")
	}
	for round := range 2 {
		n := open(t, devnet.Config{DataDir: dir})
		b := (&bench{TB: t, ep: userop.V07}).on(n)
		if r := b.wait(common.HexToHash(hash)); !r.Success {
			t.Errorf("round %d: receipt %+v", round, r)
		}
		if got := balance(t, n, common.HexToAddress("0xbeef")); got.Int64() != 1 {
			t.Errorf("round %d: beneficiary has %v wei, want 1", round, got)
		}
		if code, err := n.Client().CodeAt(t.Context(), common.HexToAddress(sender), nil); err != nil || len(code) == 0 {
			t.Errorf("round %d: the account is not deployed, %v", round, err)
		}
		closeNet(t, n)
	}
}
