package kernelstand_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/internal/kernelstand"
)

// TestStandInsStandWhereTheOriginalsDo: what account/kernel and grant name is there, and
// the implementation is the one that takes more room than a transaction may create.
func TestStandInsStandWhereTheOriginalsDo(t *testing.T) {
	set, err := artifacts.Open(t.Context(), artifacts.Options{Tests: true})
	if err != nil {
		t.Fatal(err)
	}
	s, err := kernelstand.StandIns(set)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Versions) != 1 || s.Versions[0] != kernel.V031 || s.Real {
		t.Errorf("versions %v, real %v", s.Versions, s.Real)
	}
	alloc, err := s.Alloc(devnet.Config{ChainID: 7})
	if err != nil {
		t.Fatal(err)
	}
	d, err := kernel.ForVersion(kernel.V031, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []common.Address{d.Factory, d.MetaFactory, d.ECDSA, kernel.ECDSASigner(common.Address{}).Contract}
	for _, c := range grant.KernelContracts() {
		want = append(want, c.Address)
	}
	for _, a := range want {
		if len(alloc[a].Code) == 0 || !s.Has(a) {
			t.Errorf("nothing is at %s", a)
		}
	}
	if n := len(alloc[d.Implementation].Code); n <= 24_576 {
		t.Errorf("the implementation has %d bytes", n)
	}
	if s.Has(common.Address{1}) {
		t.Error("there is something at an address of nobody")
	}
}

// TestDirectoriesOfOtherFormAreRefused: what lacks a part, and two contracts at one place.
func TestDirectoriesOfOtherFormAreRefused(t *testing.T) {
	const at = `"0x00000000000000000000000000000000000000aa"`
	for name, files := range map[string][]string{
		"nothing":      {},
		"no JSON":      {`{`},
		"no name":      {`{"address":` + at + `,"runtime":"0x00"}`},
		"no address":   {`{"name":"a","runtime":"0x00"}`},
		"no code":      {`{"name":"a","address":` + at + `}`},
		"only a salt":  {`{"name":"a","address":` + at + `,"create2":"0x0000000000000000000000000000000000000000000000000000000000000000"}`},
		"odd hex":      {`{"name":"a","address":` + at + `,"runtime":"0x0"}`},
		"at one place": {`{"name":"a","address":` + at + `,"runtime":"0x00"}`, `{"name":"b","address":` + at + `,"runtime":"0x00"}`},
	} {
		if _, err := kernelstand.Load(write(t, files)); !errors.Is(err, kernelstand.ErrDirectory) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestConstructorsFindEachOther: in whatever order the files come; and one that finds
// nothing is named.
func TestConstructorsFindEachOther(t *testing.T) {
	// "a" returns the code of 0x…bb, which "b" is to have made; it reverts if there is none.
	a := `{"name":"a","address":"0x00000000000000000000000000000000000000aa","creation":"0x60bb3b8015600d575f5f60bb3c60bb3b5ff35b5f5ffd"}`
	b := `{"name":"b","address":"0x00000000000000000000000000000000000000bb","create2":"0x000000000000000000000000000000000000000000000000000000000000000060015f5360015ff3","runtime":"0x99","storage":{"0x0000000000000000000000000000000000000000000000000000000000000001":"0x0000000000000000000000000000000000000000000000000000000000000002"}}`
	s, err := kernelstand.Load(write(t, []string{a, b}))
	if err != nil {
		t.Fatal(err)
	}
	alloc, err := s.Alloc(devnet.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []string{"0xaa", "0xbb"} {
		if got := alloc[common.HexToAddress(x)].Code; len(got) != 1 || got[0] != 1 {
			t.Errorf("%s has the code %x", x, got)
		}
	}
	if got := alloc[common.HexToAddress("0xbb")].Storage[common.HexToHash("0x1")]; got != common.HexToHash("0x2") || !s.Real {
		t.Errorf("storage %s", got)
	}
	if s, err = kernelstand.Load(write(t, []string{a})); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Alloc(devnet.Config{}); err == nil {
		t.Error("a contract whose constructor reverts is there")
	}
}

func write(t *testing.T, files []string) string {
	dir := t.TempDir()
	for i, f := range files {
		if err := os.WriteFile(filepath.Join(dir, string(rune('a'+i))+".json"), []byte(f), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
