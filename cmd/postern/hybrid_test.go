package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/passkey"
)

func TestASaltIsTheKitsDeploySalt(t *testing.T) {
	for text, want := range map[string]common.Hash{
		"": {}, "0x": {}, "0x01": common.BytesToHash([]byte{1}), "0x0000000000000000000000000000000000000000000000000000000000000102": common.BytesToHash([]byte{1, 2}),
	} {
		if got, err := parseSalt(text); err != nil || got != want {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"01", "0x1", "0xzz", "AQ", "0x" + strings.Repeat("00", 33)} {
		if got, err := parseSalt(text); err == nil {
			t.Errorf("%q is taken as %s", text, got)
		}
	}
}

func TestAnAccountFileHoldsWhatItsAddressFollowsFrom(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "account.json")
	made := &hybridCreation{Owner: common.HexToAddress("0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"), Keys: []hybridKey{}}
	acct, err := made.account()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is there, of the same account
		if err := hybridFiles.save(path, acct.Address(), made); err != nil {
			t.Fatal(err)
		}
	}
	addr, read, err := hybridFiles.parse("--account", path)
	if err != nil || addr != acct.Address() || read.Owner != made.Owner || read.checkIs(addr) != nil {
		t.Fatalf("%s, %+v, %v", addr, read, err)
	}
	if err := hybridFiles.save(path, common.Address{1}, nil); explain(err).Code != "exists" {
		t.Errorf("the file of another account is overwritten: %v", err)
	}
	if err := read.checkMeant(path); err != nil {
		t.Errorf("its own file: %v", err)
	}
	read.Salt[31] = 1
	var different *hybrid.DifferentAccountError
	if err := read.checkMeant(path); !errors.As(err, &different) || len(different.Differs) != 1 || !strings.Contains(different.Differs[0], "salt") {
		t.Errorf("another salt: %v", err)
	}
	if err := read.checkMeant(addr.Hex()); !errors.As(err, &different) || different.Meant != addr {
		t.Errorf("another salt, compared with an address: %v", err)
	}

	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(){
		"format":  func() { file["format"] = "x" },
		"address": func() { file["account"] = common.Address{9}.Hex() },
		"member":  func() { file["more"] = 1 },
	} {
		if err := json.Unmarshal(text, &file); err != nil {
			t.Fatal(err)
		}
		delete(file, "more")
		change()
		changed, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		other := filepath.Join(dir, name)
		if err := os.WriteFile(other, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := hybridFiles.parse("--account", other); explain(err).Code != "bad-file" {
			t.Errorf("%s changed: %v", name, err)
		}
	}
	if _, _, err := hybridFiles.parse("--account", filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestOnlyATerminalIsAsked(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for name, in := range map[string]any{"null device": null, "reader": strings.NewReader("")} {
		if c := (&call{stdin: in.(interface{ Read([]byte) (int, error) })}); isTerminal(c.stdin) {
			t.Errorf("the %s is taken for a person", name)
		} else if err := c.askBefore(t.Context(), approvalFlags{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnAnswerOtherThanYesSignsNothing(t *testing.T) {
	for answer, yes := range map[string]bool{"y\n": true, "YES\n": true, "y": true, "\n": false, "n\n": false, "": false, "yep\n": false, strings.Repeat("y", 1000) + "\n": false} {
		var out strings.Builder
		err := ask(t.Context(), strings.NewReader(answer), &out, "Do it?")
		if (err == nil) != yes || !yes && explain(err).Code != "declined" {
			t.Errorf("%.10q: %v", answer, err)
		}
		if !strings.Contains(out.String(), "[y/N]") {
			t.Errorf("asked %q", out.String())
		}
	}
	silent, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	defer w.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := ask(ctx, silent, &strings.Builder{}, "Do it?"); explain(err).Code != "declined" {
		t.Errorf("nobody answers: %v", err)
	}
}

// A credential id of 24 bytes makes a text of 66 characters, as long as a hash.
func TestATextAsLongAsAHashIsFoundAsText(t *testing.T) {
	ref, err := passkeyOf(strings.Repeat("A", 32), "0xd65a93977caa3d1b081852ff57a79e465f1660577304baead505dd3a48589cf350185e895372df6221ea3a137557e473fddb6755f05bd507c3c533fce9c91285")
	if err != nil {
		t.Fatal(err)
	}
	made := &hybridCreation{}
	made.add(ref)
	acct, err := made.account()
	if err != nil {
		t.Fatal(err)
	}
	want := ref.key()
	for _, arg := range []string{want.ID, want.Hash.Hex()} {
		if len(arg) != 66 {
			t.Fatalf("%s has %d characters", arg, len(arg))
		}
		if got, err := namedKey(acct, arg); err != nil || got.Hash != want.Hash {
			t.Errorf("%s is taken for %s, %v", arg, got.Hash, err)
		}
	}
}

func TestACredentialIDMayBeginLikeHex(t *testing.T) {
	id := "0xlooksLikeHexToo_A"
	credential, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := namedKey(nil, id); err != nil || got.Hash != hybrid.PasskeyKey(credential, passkey.PublicKey{}).Hash {
		t.Errorf("%s is taken for %s, %v", id, got.Hash, err)
	}
}

func TestAnOperationReplacesNothingButOperations(t *testing.T) {
	dir := t.TempDir()
	op := &opFile{Format: opFormat}
	for _, name := range []string{"new", "empty"} {
		path := filepath.Join(dir, name)
		if name == "empty" {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if err := op.write(path); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	key := filepath.Join(dir, "key")
	if _, err := createOwnerFile(key); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{key, dir, os.DevNull} {
		if err := op.write(path); explain(err).Code != "exists" {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := readOwnerFile(key); err != nil {
		t.Error(err)
	}
}
