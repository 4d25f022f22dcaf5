package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/postern-dev/postern/wallet"
)

// The page is public: a web server that runs under another name reads it, whether it is new
// or replaces one that was not readable.
func TestEverybodyReadsTheRescuePage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rescue.html")
	for range 2 {
		if err := writePage(path, wallet.RescueHTML()); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o644 || info.Size() != int64(len(wallet.RescueHTML())) {
			t.Errorf("mode %04o, %d bytes", info.Mode().Perm(), info.Size())
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	private := filepath.Join(t.TempDir(), "op.json")
	if err := replaceFile(private, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(private); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("other files: %v, %v", info, err)
	}
}
