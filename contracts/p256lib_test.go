// What P256.sol does beside verifying: points, tables and what is missing on a chain.

package contracts_test

import (
	"bytes"
	"crypto/elliptic"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/seal"
)

func TestPointsOnTheCurve(t *testing.T) {
	h := newHarness(t, prague)
	c := elliptic.P256().Params()
	gx, gy := c.Gx, c.Gy
	// The point with x = 0 has a y; x = p is the same modulo p.
	y0 := new(big.Int).ModSqrt(c.B, c.P)
	x5, _ := new(big.Int).SetString("d7325d7646cd60d80a92738ceb345f844cffaf35841022cab176f692de8de1d7", 16) // of y = 5
	plus := func(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) }
	max := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	for name, p := range map[string]struct {
		x, y *big.Int
		want bool
	}{
		"G": {gx, gy, true}, "-G": {gx, new(big.Int).Sub(c.P, gy), true}, "x = 0": {new(big.Int), y0, true},
		"x = p": {c.P, y0, false}, "off": {gx, plus(gy, big.NewInt(1)), false}, "infinity": {new(big.Int), new(big.Int), false},
		"p, p": {c.P, c.P, false}, "all ones": {max, max, false}, "swapped": {gy, gx, false}, "x = 5": {big.NewInt(5), yOf(t, 5), true},
		"x = 5 + p": {plus(c.P, big.NewInt(5)), yOf(t, 5), false}, "y = 5": {x5, big.NewInt(5), true}, "y = 5 + p": {x5, plus(c.P, big.NewInt(5)), false},
	} {
		ret := h.must(stranger, h.at, nil, pack(t, h.contract, "isOnCurve", word32(p.x), word32(p.y)))
		if got := ret[31] == 1; got != p.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// yOf is a y for a small x that has one.
func yOf(t *testing.T, x int64) *big.Int {
	t.Helper()
	c := elliptic.P256().Params()
	v := big.NewInt(x*x*x - 3*x)
	y := new(big.Int).ModSqrt(v.Add(v, c.B).Mod(v, c.P), c.P)
	if y == nil {
		t.Fatalf("no point with x = %d", x)
	}
	return y
}

func TestTheLibraryBuildsTables(t *testing.T) {
	w := newWorld(t, prague)
	at, contract := w.deploy("P256Harness")
	k := newPasskey(t, "table", seal.RequireUV).public()
	key, err := p256table.NewKey(k.X(), k.Y())
	if err != nil {
		t.Fatal(err)
	}
	build := func(f p256table.Format, x, y [32]byte) ([]byte, error) {
		ret, _, err := w.send(stranger, at, nil, pack(t, contract, "buildTable", uint8(f), x, y))
		return ret, err
	}
	_, err = build(p256table.Format1k, k.X(), k.Y())
	wantRevert(t, err, contract, "TableFactoryMissing")
	w.must(stranger, contracts.Deployer, nil, contracts.P256TableFactory.InitCode())
	for _, f := range []p256table.Format{0, 1, 0x10, 0x15, 0xff} {
		_, err = build(f, k.X(), k.Y())
		wantRevert(t, err, contract, "UnknownTableFormat")
	}
	off := k.Y()
	off[31] ^= 1
	_, err = build(p256table.Format1k, k.X(), off)
	wantRevert(t, err, contract, "KeyNotOnCurve")
	_, err = build(p256table.Format1k, [32]byte{}, [32]byte{})
	wantRevert(t, err, contract, "KeyNotOnCurve")

	// Too little gas builds nothing, and says so where it still can.
	said := false
	for gas := uint64(30_000); gas < 400_000; gas += 1_511 {
		keep := w.state.Copy()
		w.gas = gas
		_, err := build(p256table.Format1k, k.X(), k.Y())
		w.gas = 30_000_000
		table, _ := contracts.TableAddress(p256table.Format1k, key)
		if built := len(w.state.GetCode(table)) != 0; built != (err == nil) {
			t.Fatalf("%d gas: built %t, %v", gas, built, err)
		}
		if r, ok := err.(*revertError); ok && len(r.data) >= 4 && bytes.Equal(r.data[:4], crypto.Keccak256([]byte("TableNotBuilt(uint8,address)"))[:4]) {
			said = true
		}
		w.state = keep
	}
	if !said {
		t.Error("TableNotBuilt was never said")
	}
	for _, f := range []p256table.Format{p256table.Format512, p256table.Format1k, p256table.Format4k, p256table.Format16k} {
		want, err := p256table.Build(f, key)
		if err != nil {
			t.Fatal(err)
		}
		table, err := contracts.TableAddress(f, key)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time it is there
			ret, err := build(f, k.X(), k.Y())
			if err != nil || common.BytesToAddress(ret) != table || !bytes.Equal(w.state.GetCode(table), want) {
				t.Errorf("%s: %x, %v", f, ret, err)
			}
		}
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	w := newWorld(t, prague)
	at, contract := w.deploy("P256Harness")
	missing := func() common.Address {
		return common.BytesToAddress(w.must(stranger, at, nil, pack(t, contract, "missingEngine")))
	}
	left := map[common.Address]contracts.Contract{}
	for _, c := range contracts.P256Contracts() {
		if c.Address != contracts.P256Verifier {
			left[c.Address] = c
		}
	}
	for len(left) > 0 {
		c, ok := left[missing()]
		if !ok {
			t.Fatalf("%s is missing, of %d left", missing(), len(left))
		}
		w.must(stranger, contracts.Deployer, nil, c.Create)
		delete(left, c.Address)
	}
	if a := missing(); a != (common.Address{}) {
		t.Errorf("%s is still missing", a)
	}
}

// Whatever stands where an engine should be: a yes is one word with the value 1.
func TestOnlyAWordOfOneIsAYes(t *testing.T) {
	k := newPasskey(t, "yes", seal.RequireUV)
	h := [32]byte{1}
	sig := k.signDigest(h)
	for name, c := range map[string]struct {
		code string
		want bool
	}{
		"nothing": {"", false}, "stops": {"00", false}, "1": {"600160005260206000f3", true}, "2": {"600260005260206000f3", false},
		"0": {"600060005260206000f3", false}, "1 and a word": {"600160005260406000f3", false}, "1 and a byte": {"600160005260216000f3", false},
		"31 bytes": {"6001600052601f6000f3", false}, "1 on top": {"600160f81b60005260206000f3", false},
	} {
		w := newWorld(t, prague)
		at, contract := w.deploy("P256Harness")
		w.state.SetCode(contracts.P256Plain.Address, common.FromHex(c.code), tracing.CodeChangeUnspecified)
		ret := w.must(stranger, at, nil, pack(t, contract, "verify", uint8(0), h, [32]byte(sig), [32]byte(sig[32:]), k.public().X(), k.public().Y(), []byte{}))
		if got := ret[31] == 1; got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// Hints for another path are as good as none, and cost as much.
func TestHintsThatDoNotFitAreNotPassedOn(t *testing.T) {
	w := verifierWorld(t, prague, false)
	p, hash := newPasskey(t, "unfit", seal.RequireUV), opHash("unfit")
	w.putTableOf(p256table.Format4k, p.public())
	data, client := authData(usualFlags), standardClientData(hash)
	approval := p.fixed(data, client)
	for _, f := range []p256table.Format{0, p256table.Format4k} {
		other := p256table.Format4k
		if f != 0 {
			other = 0
		}
		key := append(p.public().Raw(), byte(seal.RequireUV), byte(f))
		cost := func(hints []byte) uint64 {
			ret, used, err := w.send(stranger, contracts.P256Verifier, nil, packedCall(hash, key, assertionOf(approval, hints)))
			if err != nil || !approves(t, ret) {
				t.Fatalf("%s: %x, %v", f, ret, err)
			}
			return used
		}
		hints := hintsOf(t, other, p.public(), digestOf(data, client), approval[66:130])
		if with, without := cost(hints), cost(nil); with > without+300 {
			t.Errorf("%s: %d gas with hints that do not fit, %d without", f, with, without)
		}
	}
}
