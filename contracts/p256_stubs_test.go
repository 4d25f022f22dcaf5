// Stubs on the engines: what they cost beside real signatures. And the golden vectors of hints, judged by the engines.

package contracts_test

import (
	"crypto/elliptic"
	"encoding/json"
	"math/big"
	"os"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256hint"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// asked is the call by which a contract on this path asks an engine about an approval.
func asked(t *testing.T, w *world, path seal.P256Path, a seal.PosternApproval, hash common.Hash) engineCall {
	t.Helper()
	key, _, ok := a.Signer.Passkey()
	if !ok {
		t.Fatal("no passkey")
	}
	digest, x, y := a.Digest(hash), key.X(), key.Y()
	words := slices.Concat(digest[:], a.Signature.P1363())
	hints := a.Hints
	if len(hints) != path.HintsLen() {
		hints = nil
	}
	if format, ok := path.Table(); ok {
		s := ecdsaInput{x: new(big.Int).SetBytes(x[:]), y: new(big.Int).SetBytes(y[:])}
		table := common.LeftPadBytes(putTable(t, w, format, s).Bytes(), 32)
		return engineCall{tableEngines[format].Address, slices.Concat(words, table, hints)}
	}
	e := contracts.P256Plain
	if hints != nil {
		e = contracts.P256NoTable
	}
	return engineCall{e.Address, slices.Concat(words, x[:], y[:], hints)}
}

func TestStubsCostTheEnginesWhatRealSignaturesCost(t *testing.T) {
	browser := seal.StubLimits{Origin: len("https://wallet.example"), TopOrigin: -1, PackageName: -1}
	for _, f := range []fork{cancun, osaka} {
		w := engineWorld(t, f)
		for _, path := range []seal.P256Path{seal.PathNone, 0x11, 0x12, 0x13, 0x14} {
			used := func(a seal.PosternApproval, hash common.Hash, want int64) uint64 {
				c := asked(t, w, path, a, hash)
				ret, gas, err := w.send(stranger, c.to, nil, c.data)
				if err != nil || len(ret) != 32 || new(big.Int).SetBytes(ret).Cmp(big.NewInt(want)) != 0 {
					t.Fatalf("%s, %s: %x, %v", f, path, ret, err)
				}
				return gas
			}
			var real, unhinted, stubs []uint64
			for _, label := range []string{"stub a", "stub b", "stub c", "stub d"} {
				p := newPasskey(t, label, seal.RequireUV)
				stub, err := seal.PosternPasskeyStub(p.signer, browser, path)
				if err != nil {
					t.Fatal(err)
				}
				for i := range 10 {
					hash := common.BigToHash(big.NewInt(int64(i)))
					parsed, err := seal.ParsePostern(p.approve(hash))
					if err != nil {
						t.Fatal(err)
					}
					a := parsed[0]
					unhinted = append(unhinted, used(a, hash, 1))
					real = append(real, used(a.WithHints(path, hash), hash, 1))
					stubs = append(stubs, used(stub, hash, 0))
				}
			}
			least, most := slices.Min(stubs), slices.Max(stubs)
			t.Logf("%s, %s: real %d to %d, without hints %d, stub %d to %d", f, path,
				slices.Min(real), slices.Max(real), slices.Max(unhinted), least, most)
			// Without a table a stub costs what a signature without hints costs: see seal.PosternPasskeyStub.
			beside := real
			if path == seal.PathNone {
				beside = unhinted
			}
			if least < slices.Max(real) || least < slices.Max(beside) || 100*most > 103*slices.Min(beside) {
				t.Errorf("%s, %s: a stub costs %d to %d, a signature %d to %d", f, path, least, most, slices.Min(beside), slices.Max(beside))
			}
		}
	}
}

// What is said of the verifier with hints in seal.PosternPasskeyStub: a signature that it does not accept costs the slow
// verifier besides, so no stub with hints can cost what a real signature costs.
func TestTheEngineWithHintsRefusesNothingByItself(t *testing.T) {
	w := engineWorld(t, osaka)
	for _, s := range signedInputs(11, 10) {
		hints, err := p256hint.For(word32(s.h), word32(s.r), word32(s.s), word32(s.x), word32(s.y))
		if err != nil {
			t.Fatal(err)
		}
		s.h = new(big.Int).Add(s.h, big.NewInt(1)) // the hints still check out: none depends on h
		_, plain, err := w.send(stranger, contracts.P256Plain.Address, nil, s.bytes())
		if err != nil {
			t.Fatal(err)
		}
		for name, h := range map[string][]byte{"right": hints.Bytes(), "zero": make([]byte, 128)} {
			ret, used, err := w.send(stranger, contracts.P256NoTable.Address, nil, append(s.bytes(), h...))
			if err != nil || new(big.Int).SetBytes(ret).Sign() != 0 || used < plain*3/2 {
				t.Errorf("%s hints: %x for %d gas, %d by the verifier without hints (%v)", name, ret, used, plain, err)
			}
		}
	}
}

func TestGoldenHintsAreAcceptedByTheEngines(t *testing.T) {
	file, err := os.ReadFile("../p256hint/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Vectors []struct {
			Name, Reason           string
			Valid                  bool
			H, R, S, X, Y          hexutil.Bytes
			Inverse, W, YR, I1, I2 hexutil.Bytes
		}
	}
	if err := json.Unmarshal(file, &golden); err != nil || len(golden.Vectors) < 50 {
		t.Fatalf("%d vectors, %v", len(golden.Vectors), err)
	}
	w := engineWorld(t, osaka)
	for _, v := range golden.Vectors {
		answer := func(name string, c engineCall, most uint64) {
			t.Helper()
			ret, used, err := w.send(stranger, c.to, nil, c.data)
			if err != nil || len(ret) != 32 || (new(big.Int).SetBytes(ret).Cmp(big.NewInt(1)) == 0) != v.Valid || used > most {
				t.Errorf("%s, %s: %x for %d gas, %v", v.Name, name, ret, used, err)
			}
		}
		words := slices.Concat(v.H, v.R, v.S, v.X, v.Y)
		answer("plain", engineCall{contracts.P256Plain.Address, words}, 500_000)
		if hints := slices.Concat(v.W, v.YR, v.I1, v.I2); len(hints) > 0 {
			answer("no table", engineCall{contracts.P256NoTable.Address, append(words[:160:160], hints...)}, 68_000)
		} else if v.Reason == "" {
			t.Errorf("%s: no hints, and no reason", v.Name)
		}
		_, err := passkey.ParseRaw(slices.Concat(v.X, v.Y))
		if err != nil || len(v.Inverse) == 0 { // no table, or nothing to invert
			continue
		}
		s := ecdsaInput{x: new(big.Int).SetBytes(v.X), y: new(big.Int).SetBytes(v.Y)}
		table := common.LeftPadBytes(putTable(t, w, 0x13, s).Bytes(), 32)
		answer("4k", engineCall{tableEngines[0x13].Address, slices.Concat(v.H, v.R, v.S, table, v.Inverse)}, 35_000)
	}
}

// What p256hint.Check says of hints, and what they cost: the engine goes its short way with right ones only. The verdict
// is the same with any.
func TestTheEngineAndCheckAgreeOnHints(t *testing.T) {
	w := engineWorld(t, osaka)
	p := elliptic.P256().Params().P
	for _, s := range signedInputs(12, 4) {
		h, r, ss, x, y := word32(s.h), word32(s.r), word32(s.s), word32(s.x), word32(s.y)
		good, err := p256hint.For(h, r, ss, x, y)
		if err != nil {
			t.Fatal(err)
		}
		short := func(hints p256hint.Hints) bool {
			t.Helper()
			ret, used, err := w.send(stranger, contracts.P256NoTable.Address, nil, append(s.bytes(), hints.Bytes()...))
			if err != nil || new(big.Int).SetBytes(ret).Cmp(big.NewInt(1)) != 0 {
				t.Fatalf("%x with hints %x: %x, %v", s.bytes(), hints.Bytes(), ret, err)
			}
			return used < 68_000
		}
		if !short(good) {
			t.Error("good hints cost more")
		}
		for bit := 0; bit < 1024; bit += 13 {
			b := good.Bytes()
			b[bit/8] ^= 1 << (bit % 8)
			hints, err := p256hint.Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			if right := hints.Check(r, ss, x, y) == nil; right != short(hints) || right {
				t.Errorf("bit %d flipped: right %t", bit, right)
			}
		}
		opposite := good
		opposite.RY = word32(new(big.Int).Sub(p, new(big.Int).SetBytes(good.RY[:])))
		opposite.I1 = word32(new(big.Int).Sub(p, new(big.Int).SetBytes(good.I1[:])))
		if err := opposite.Check(r, ss, x, y); err != nil || short(opposite) {
			t.Errorf("hints of the opposite point: %v", err)
		}
	}
}
