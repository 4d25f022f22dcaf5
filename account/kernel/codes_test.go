package kernel_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/internal/kernelstand"
)

// deployer is the deterministic deployment factory.
var deployer = common.HexToAddress("0x4e59b44847b379578588920cA78FbF26c0B4956C")

// TestCodesAreThoseThatLeadToTheAddresses makes the table again: code whose creation code
// leads to its address by CREATE2, on two chains.
func TestCodesAreThoseThatLeadToTheAddresses(t *testing.T) {
	dir := os.Getenv(kernelstand.Variable)
	if dir == "" {
		t.Skip("needs the real contracts: set " + kernelstand.Variable)
	}
	proven := map[common.Address]bool{}
	for _, name := range must[[]string](t)(filepath.Glob(filepath.Join(dir, "*.json"))) {
		var f struct {
			Address common.Address
			Create2 hexutil.Bytes
		}
		if err := json.Unmarshal(must[[]byte](t)(os.ReadFile(name)), &f); err != nil {
			t.Fatal(err)
		}
		if len(f.Create2) > 32 {
			proven[f.Address] = crypto.CreateAddress2(deployer, [32]byte(f.Create2), crypto.Keccak256(f.Create2[32:])) == f.Address
		}
	}
	stand := must[kernelstand.Stand](t)(kernelstand.Load(dir))
	for _, id := range []uint64{5, 31337} {
		alloc := must[types.GenesisAlloc](t)(stand.Alloc(devnet.Config{ChainID: id}))
		for _, c := range kernel.Codes() {
			placed, there := alloc[c.Address]
			switch hash := kernel.MaskedHash(c, new(big.Int).SetUint64(id), placed.Code); {
			case !there:
				t.Errorf("%s is not in the directory", c.Name)
			case c.Hash == (common.Hash{}) && proven[c.Address]:
				t.Logf("the table could know the %s, whose address follows from this directory's code: %s", c.Name, hash)
			case c.Hash != (common.Hash{}) && (hash != c.Hash || !proven[c.Address]):
				t.Errorf("%s on chain %d: %s, proven %v", c.Name, id, hash, proven[c.Address])
			}
		}
	}
	b := newBench(t, devnet.Config{ChainID: 4242})
	for _, c := range kernel.Codes() {
		if err := kernel.CheckCode(t.Context(), b.chain, c.Address); err != nil {
			t.Error(err)
		}
	}
}

// TestTheTableOfCodesHasWhatIsUsed: every contract that accounts and grants come to name.
func TestTheTableOfCodesHasWhatIsUsed(t *testing.T) {
	table, seen := map[common.Address]kernel.Code{}, map[common.Hash]bool{}
	for _, c := range kernel.Codes() {
		if table[c.Address].Name != "" || c.Name == "" || c.Hash != (common.Hash{}) && seen[c.Hash] {
			t.Errorf("%s twice", c.Name)
		}
		if c.Hash != (common.Hash{}) != kernel.CodeProven(c.Address) {
			t.Errorf("%s is proven or not", c.Name)
		}
		table[c.Address], seen[c.Hash] = c, true
	}
	var used []common.Address
	for _, d := range kernel.Deployments() {
		if d.Version == kernel.V002 {
			continue // in no public repository
		}
		used = append(used, d.Implementation, d.Factory, d.ECDSA)
		if d.Version.V3() {
			used = append(used, d.MetaFactory)
		}
		if c := table[d.Implementation]; c.Version != d.Version || c.Hash == (common.Hash{}) {
			t.Errorf("the code of Kernel %s is not known", d.Version)
		}
	}
	for _, v := range []kernel.Validator{kernel.MultiChainECDSA{}, kernel.WebAuthn{}, kernel.MultiChainWebAuthn{}} {
		used = append(used, must[common.Address](t)(v.Contract(kernel.V033)))
	}
	dev := newDevice(t, "codes")
	used = append(used, kernel.ECDSASigner(target).Contract, kernel.WebAuthnSigner(dev.key, dev.hash).Contract)
	for _, c := range grant.KernelContracts() {
		used = append(used, c.Address)
	}
	for _, a := range used {
		if table[a].Name == "" {
			t.Errorf("%s is not in the table", a)
		}
	}
}

// TestOtherCodeIsRefused: the stand-ins are not the originals, and an empty address is no
// contract.
func TestOtherCodeIsRefused(t *testing.T) {
	set := must[kernelstand.Stand](t)(kernelstand.Open(t.Context()))
	if set.Real {
		t.Skip("is about the stand-ins, and KERNEL_ARTIFACTS is set")
	}
	b := newBench(t, devnet.Config{})
	o := b.owners(t, kernel.V031)[0]
	acct := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: kernel.V031, Root: o.root}))
	refused[*kernel.CodeError](t, "an account on stand-ins", acct.CheckCode(t.Context(), b.chain))
	for _, c := range kernel.Codes() {
		err := kernel.CheckCode(t.Context(), b.chain, c.Address)
		if b.stand.Has(c.Address) && c.Hash == (common.Hash{}) {
			if err != nil {
				t.Errorf("%s, of which only the address is known: %v", c.Name, err)
			}
			continue
		}
		e, ok := errors.AsType[*kernel.CodeError](err)
		if !ok || e.Missing == b.stand.Has(c.Address) || e.Name != c.Name {
			t.Errorf("%s: %v", c.Name, err)
		}
		refused[*kernel.CodeError](t, c.Name, err)
	}
	refused[*kernel.CodeError](t, "a contract that nobody knows", kernel.CheckCode(t.Context(), b.chain, target))
}

// TestMaskLooksAtOneChain: a word of another chain, or of another contract, stays.
func TestMaskLooksAtOneChain(t *testing.T) {
	c := kernel.Codes()[0]
	for _, c = range kernel.Codes() {
		if c.Version == kernel.V033 {
			break
		}
	}
	code := append([]byte{0x7f}, common.LeftPadBytes([]byte{5}, 32)...)
	zeros := append([]byte{0x7f}, make([]byte, 32)...)
	if kernel.MaskedHash(c, big.NewInt(5), code) != crypto.Keccak256Hash(zeros) || kernel.MaskedHash(c, big.NewInt(6), code) != crypto.Keccak256Hash(code) {
		t.Error("another chain's id is masked, or this one's is not")
	}
}
