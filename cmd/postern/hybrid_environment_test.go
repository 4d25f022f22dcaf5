package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/internal/artifacts"
)

// The golden accounts stand on contracts that the kit's deploySmartAccountsEnvironment made.
func TestAnEnvironmentIsTheKits(t *testing.T) {
	text, err := os.ReadFile("../../account/hybrid/testdata/metamask-hybrid-geth-osaka.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Env     json.RawMessage
		Account struct{ Address, Owner common.Address }
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	env := write("env.json", string(golden.Env))
	f := &hybridFlags{contracts: env}
	f.owner = golden.Account.Owner.Hex()
	spec := &hybridSpec{}
	made, err := f.creation(spec)
	if err != nil {
		t.Fatal(err)
	}
	acct, err := made.account()
	if err != nil || acct.Address() != golden.Account.Address || spec.Environment == nil {
		t.Fatalf("%v is not the kit's %s: %v", acct, golden.Account.Address, err)
	}
	// The file of --save remembers it.
	saved := filepath.Join(dir, "account.json")
	if err := hybridFiles.save(saved, acct.Address(), made); err != nil {
		t.Fatal(err)
	}
	if _, again, err := hybridFiles.parse("--account", saved); err != nil || again.Environment == nil || *again.Environment != *made.Environment {
		t.Errorf("%+v, %v", again, err)
	}
	for name, text := range map[string]string{"text": "0x", "empty": "{}", "list": "[]", "entry point": `{"SimpleFactory":"` + golden.Account.Owner.Hex() + `","DelegationManager":"` + golden.Account.Owner.Hex() + `"}`} {
		if e, err := readEnvironment(write("bad.json", text)); err == nil {
			t.Errorf("%s: %+v", name, e)
		} else if f := explain(err); f.Hint == "" || f.Code == "failed" {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// onlyCode is a chain that knows the code of every address.
type onlyCode struct {
	account.Chain
	code []byte
}

func (c onlyCode) Code(context.Context, common.Address) ([]byte, error) { return c.code, nil }

// The kit leaves the library out; MetaMask's own code calls it where it is looked for.
func TestTheLibraryIsReadOutOfTheCodeThatCallsIt(t *testing.T) {
	set, err := artifacts.Open(t.Context(), artifacts.Options{})
	if err != nil {
		t.Skipf("SKIPPED: MetaMask's contracts are not to be had here: %v", err)
	}
	framework, err := set.Framework()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range framework {
		want := common.Address{}
		if c.Name == artifacts.HybridDeleGator {
			want = hybrid.V130().P256
		}
		for _, code := range [][]byte{c.Code, append(callsLibrary[:6:6], c.Code...)[:6+len(c.Code)/4], nil} {
			e := &environment{}
			if err := e.findLibrary(t.Context(), onlyCode{code: code}); err != nil || len(code) == len(c.Code) && e.P256 != want || len(code) != len(c.Code) && e.P256 != (common.Address{}) {
				t.Errorf("%s: %s, %v", c.Name, e.P256, err)
			}
		}
	}
	if err := (*environment)(nil).findLibrary(t.Context(), nil); err != nil {
		t.Error(err)
	}
}
