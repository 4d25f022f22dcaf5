package contracts_test

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

func TestTheImplementationFindsOutWhetherThePrecompileAnswers(t *testing.T) {
	for f, want := range map[fork]bool{osaka: true, prague: false, cancun: false} {
		p := newPasskey(t, "probe", seal.RequireUV)
		a := newAccount(t, f, equal(1, p.signer))
		if got := a.ask("hasPrecompile").(bool); got != want {
			t.Errorf("%s: hasPrecompile %t", f, got)
		}
		// Anybody may ask again; the chain's answer is the same.
		ret := a.must(stranger, a.address, nil, a.pack("probePrecompile"))
		if got := new(big.Int).SetBytes(ret).Sign() != 0; got != want || a.ask("hasPrecompile").(bool) != want {
			t.Errorf("%s: probed %t", f, got)
		}
		hash := opHash("probe")
		if !a.validates(hash, p.approve(hash)) {
			t.Errorf("%s: refused after probing", f)
		}
	}
}

func TestAnAccountFollowsTheChain(t *testing.T) {
	p := newPasskey(t, "follow", seal.RequireUV)
	a := newAccount(t, prague, equal(1, p.signer))
	hash := opHash("follow")
	usesPrecompile := func() bool {
		var ok bool
		trace := a.watch(a.entryPoint(), common.Address{}, func() { ok = a.validates(hash, p.approve(hash)) })
		if !ok {
			t.Fatal("refused")
		}
		return trace.called(p256Verify)
	}
	// 1. No precompile: plain arithmetic.
	if usesPrecompile() {
		t.Error("0x100 called on a chain without it")
	}
	// 2. The chain gets it; the account does not know yet.
	a.fork = osaka
	if usesPrecompile() {
		t.Error("0x100 called before anybody asked")
	}
	// 3. A stranger asks.
	a.must(stranger, a.address, nil, a.pack("probePrecompile"))
	if !usesPrecompile() {
		t.Error("0x100 not called although it answers")
	}
	// 4. The chain loses it: the account is stuck until anybody asks again, which anybody can.
	a.fork = prague
	if a.validates(hash, p.approve(hash)) {
		t.Error("accepted by a precompile that is not there")
	}
	a.must(stranger, a.address, nil, a.pack("probePrecompile"))
	if usesPrecompile() {
		t.Error("0x100 still called")
	}
}

func TestProbingCannotBeStarvedIntoAFalseAnswer(t *testing.T) {
	for f, truth := range map[fork]bool{osaka: true, prague: false} {
		p := newPasskey(t, "starve", seal.RequireUV)
		a := newAccount(t, f, equal(1, p.signer))
		data := a.pack("probePrecompile")
		reverted, answered := 0, 0
		for gas := uint64(2_000); gas < 200_000; gas += 97 {
			a.gas = gas
			_, _, err := a.send(stranger, a.address, nil, data)
			a.gas = 30_000_000
			if err != nil {
				reverted++
			} else {
				answered++
			}
			if a.ask("hasPrecompile").(bool) != truth {
				t.Fatalf("%s: %d gas made the account believe %t", f, gas, !truth)
			}
		}
		if reverted == 0 || answered == 0 {
			t.Errorf("%s: %d reverted, %d answered: the sweep misses the border", f, reverted, answered)
		}
	}
}

func TestDeployingTheImplementationCannotBeStarved(t *testing.T) {
	d, err := contracts.ForEntryPoint(userop.V08)
	if err != nil {
		t.Fatal(err)
	}
	implementation, _ := d.InitCodes()
	deployed := 0
	for gas := uint64(20_000); gas < 6_000_000; gas += 3_001 {
		w := newWorld(t, osaka)
		w.gas = gas
		if _, _, err := w.send(stranger, contracts.Deployer, nil, implementation); err != nil {
			continue
		}
		w.gas = 30_000_000
		deployed++
		ret := w.must(stranger, d.Implementation, nil, pack(t, contracts.AccountABI, "hasPrecompile"))
		if new(big.Int).SetBytes(ret).Sign() == 0 {
			t.Fatalf("deployed with %d gas, the implementation takes the chain for one without P256VERIFY", gas)
		}
	}
	if deployed == 0 {
		t.Error("never deployed")
	}
}

func TestOnlyAnHonestPrecompileAnswers(t *testing.T) {
	// What might stand at 0x100 on a strange chain, as code (no precompile in Prague's rules).
	for name, code := range map[string]string{
		"yes to everything":   "600160005260206000f3",
		"no to everything":    "600060005260206000f3",
		"two":                 "600260005260206000f3",
		"echo":                "366000600037366000f3",
		"reverts":             "60006000fd",
		"burns":               "fe",
		"one byte":            "600160005360016000f3",
		"64 bytes":            "600160005260406000f3",
		"nothing":             "00",
		"1 in too many bytes": "600160005260216000f3",
		"64 bytes when good":  onlyForTheGood + "600160005260406000f3",
		"33 bytes when good":  onlyForTheGood + "600160005260216000f3",
	} {
		w := newWorld(t, prague)
		w.state.SetCode(p256Verify, common.FromHex(code), 0)
		harness, harnessABI := w.deploy("P256Harness")
		ret := w.must(stranger, harness, nil, pack(t, harnessABI, "probe"))
		if new(big.Int).SetBytes(ret).Sign() != 0 {
			t.Errorf("%s: passes for P256VERIFY", name)
		}
	}
	// The same with 32 bytes is what a precompile answers.
	w := newWorld(t, prague)
	w.state.SetCode(p256Verify, common.FromHex(onlyForTheGood+"600160005260206000f3"), 0)
	harness, harnessABI := w.deploy("P256Harness")
	ret := w.must(stranger, harness, nil, pack(t, harnessABI, "probe"))
	if new(big.Int).SetBytes(ret).Sign() == 0 {
		t.Error("an honest answer does not pass")
	}
}

// onlyForTheGood is code that ends without an answer unless the digest is that of the probe's good
// signature: PUSH32 h, CALLDATALOAD(0), EQ, JUMPI to the JUMPDEST at its end.
const onlyForTheGood = "7faf2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf" + "600035146029" + "57005b"
