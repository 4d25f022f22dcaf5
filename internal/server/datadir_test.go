package server

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheSecretIsMadeOnceAndPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "data")
	if err := makeDataDir(dir); err != nil {
		t.Fatal(err)
	}
	a, err := secretIn(dir)
	if err != nil || len(a) != secretSize {
		t.Fatalf("%x, %v", a, err)
	}
	b, err := secretIn(dir)
	if err != nil || !bytes.Equal(a, b) {
		t.Fatalf("%x, then %x, %v", a, b, err)
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, secretFile): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestABadSecretIsNamedAndLeftAlone(t *testing.T) {
	good := strings.Repeat("ab", secretSize)
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
	}{
		"empty": {"", 0o600}, "short": {good[2:], 0o600}, "long": {good + "00", 0o600}, "no hex": {strings.Repeat("xy", secretSize), 0o600},
		"two lines": {good + "\n\n", 0o600}, "readable by the group": {good, 0o640}, "readable by all": {good, 0o604},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, secretFile)
			if err := errors.Join(os.WriteFile(path, []byte(c.text), c.mode), os.Chmod(path, c.mode)); err != nil {
				t.Fatal(err)
			}
			_, err := secretIn(dir)
			var e *Error
			if !errors.As(err, &e) || e.Code() != "bad-data" || e.Hint() == "" || !strings.Contains(e.Error(), path) {
				t.Fatalf("got %v", err)
			}
			if strings.Contains(err.Error(), good[:16]) {
				t.Fatal("the error holds the secret")
			}
			if now, err := os.ReadFile(path); err != nil || string(now) != c.text {
				t.Fatal("the file was changed")
			}
		})
	}
}

func TestADataDirectoryThatCannotBeMadeIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var e *Error
	if err := makeDataDir(filepath.Join(file, "data")); !errors.As(err, &e) || e.Code() != "bad-data" {
		t.Fatalf("got %v", err)
	}
}
