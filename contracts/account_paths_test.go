// The ways to verify a passkey's signature, as the account takes them.

package contracts_test

import (
	"bytes"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// paths are all there are.
var paths = []seal.P256Path{seal.PathPrecompile, seal.PathNone, 0x11, 0x12, 0x13, 0x14}

// onPath is an account whose passkeys are verified on a path.
func onPath(t testing.TB, path seal.P256Path, keys ...*rawPasskey) *acct {
	t.Helper()
	f := prague
	if path == seal.PathPrecompile {
		f = osaka
	}
	params := contracts.Params{Threshold: 1}
	for _, p := range keys {
		params.Signers, params.Weights = append(params.Signers, p.signer.Bytes()), append(params.Weights, 1)
	}
	a := newAccount(t, f, params)
	for _, p := range keys {
		if format, ok := path.Table(); ok {
			a.must(stranger, a.address, nil, contracts.UseTable(p.signer.Bytes(), format))
		}
		if got := a.path(p); got != path {
			t.Fatalf("on path %s, not %s", got, path)
		}
	}
	return a
}

func (a *acct) path(p *rawPasskey) seal.P256Path {
	a.t.Helper()
	path, err := contracts.ParseP256Path(a.must(stranger, a.address, nil, contracts.P256Path(p.signer.Bytes())))
	if err != nil {
		a.t.Fatal(err)
	}
	return seal.P256Path(path)
}

// hinted is a passkey's approval with other hints, which may be any bytes.
func hinted(t testing.TB, sig, hints []byte) []byte {
	t.Helper()
	if sig[0] != byte(seal.PosternKindPasskey) && sig[0] != byte(seal.PosternKindPasskeyGeneral) {
		t.Fatalf("approval of kind %d", sig[0])
	}
	out := append(bytes.Clone(sig), byte(len(hints)))
	out[0] += 3
	return append(out, hints...)
}

// rightHints are those that fit a path.
func rightHints(t testing.TB, sig []byte, path seal.P256Path, hash common.Hash) []byte {
	t.Helper()
	a, err := seal.ParsePostern(sig)
	if err != nil || len(a) != 1 {
		t.Fatalf("%x: %v", sig, err)
	}
	hints := a[0].WithHints(path, hash).Hints
	if len(hints) != path.HintsLen() {
		t.Fatalf("%d bytes of hints for path %s", len(hints), path)
	}
	return hints
}

// bothForms are approvals of a hash, in the fixed form and in the general one.
func bothForms(p *rawPasskey, hash common.Hash, flags passkey.Flags) map[string][]byte {
	text := string(standardClientData(hash)[36 : 36+43])
	head := `{"androidPackageName":"com.android.chrome","type":"webauthn.get","challenge":"`
	return map[string][]byte{
		"fixed":   p.fixed(authData(flags), standardClientData(hash)),
		"general": p.general(authData(flags), []byte(head+text+`","origin":"https://wallet.example"}`), 43, len(head)),
	}
}

func TestEveryPathGivesEverySignatureTheSameVerdict(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	noise := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.UintN(256))
		}
		return b
	}
	p, q := newPasskey(t, "paths", seal.RequireUV), newPasskey(t, "paths, other", seal.RequireUV)
	for _, path := range paths {
		a := onPath(t, path, p)
		for i := range count(3, 40) {
			hash := opHash(fmt.Sprint(path, i))
			for form, good := range bothForms(p, hash, usualFlags) {
				bad := bytes.Clone(good)
				copy(bad[66:], q.sign(authData(usualFlags), standardClientData(hash)))
				sets := map[string][]byte{
					"inverse":         rightHints(t, good, 0x11, hash),
					"four":            rightHints(t, good, seal.PathNone, hash),
					"inverse, random": noise(32), "four, random": noise(128),
					"inverse, zero": make([]byte, 32), "four, zero": make([]byte, 128),
					"four, ones": bytes.Repeat([]byte{0xff}, 128),
				}
				check := func(name string, sig []byte, h common.Hash, want bool) {
					t.Helper()
					if a.validates(h, sig) != want {
						t.Errorf("%s, %s, %s: accepted %t", path, form, name, !want)
					}
				}
				check("no hints", good, hash, true)
				check("another's signature", bad, hash, false)
				for name, hints := range sets {
					check(name, hinted(t, good, hints), hash, true)
					check(name+", another's signature", hinted(t, bad, hints), hash, false)
					check(name+", another hash", hinted(t, good, hints), opHash("another"), false)
				}
				for _, n := range []int{0, 1, 31, 33, 64, 127, 129, 255} {
					check(fmt.Sprintf("%d bytes of hints", n), hinted(t, good, noise(n)), hash, false)
				}
			}
			for form, sig := range bothForms(p, hash, passkey.FlagUP) {
				if a.validates(hash, hinted(t, sig, rightHints(t, sig, 0x11, hash))) {
					t.Errorf("%s, %s: accepted without user verification", path, form)
				}
			}
		}
	}
}

func TestEveryPathAsksTheVerifierMeantForIt(t *testing.T) {
	p := newPasskey(t, "engines", seal.RequireUV)
	hash := opHash("engines")
	sig := p.approve(hash)
	all := []common.Address{p256Verify, contracts.P256Slow}
	for _, e := range contracts.P256Engines() {
		all = append(all, e.Address)
	}
	for _, path := range paths {
		a := onPath(t, path, p)
		for name, c := range map[string]struct {
			sig    []byte
			engine common.Address // without a table and the precompile
		}{
			"no hints": {sig, contracts.P256Plain.Address},
			"inverse":  {hinted(t, sig, rightHints(t, sig, 0x11, hash)), contracts.P256Plain.Address},
			"four":     {hinted(t, sig, rightHints(t, sig, seal.PathNone, hash)), contracts.P256NoTable.Address},
		} {
			want := c.engine
			if format, ok := path.Table(); ok {
				want = tableEngines[format].Address
			} else if path == seal.PathPrecompile {
				want = p256Verify
			}
			trace := a.watch(a.entryPoint(), common.Address{}, func() {
				if !a.validates(hash, c.sig) {
					t.Errorf("%s, %s: refused", path, name)
				}
			})
			for _, e := range all {
				if trace.called(e) != (e == want) {
					t.Errorf("%s, %s: %s called: %t", path, name, e, trace.called(e))
				}
			}
			for _, fault := range trace.faults {
				t.Errorf("%s, %s: %s", path, name, fault)
			}
			// Two slots of the account, beside the proxy's own, each perhaps more than once.
			got := slices.Compact(slices.Sorted(slices.Values(trace.storage[a.address])))
			if len(got) != 3 || len(trace.storage) != 1 || slices.ContainsFunc(got, func(s string) bool { return s[0] != 'r' }) {
				t.Errorf("%s, %s: storage %s", path, name, trace.storage)
			}
		}
	}
}

// Whoever carries an operation may spoil its hints. He gains nothing: the verdict is the same.
func TestFlippedBitsOfHintsChangeNothing(t *testing.T) {
	p := newPasskey(t, "flipped hints", seal.RequireUV)
	hash := opHash("flipped hints")
	sig := p.approve(hash)
	for _, path := range []seal.P256Path{seal.PathNone, 0x11, 0x13} {
		a := onPath(t, path, p)
		hints := rightHints(t, sig, path, hash)
		for bit := 0; bit < len(hints)*8; bit += count(37, 1) {
			bad := bytes.Clone(hints)
			bad[bit/8] ^= 1 << (bit % 8)
			if !a.validates(hash, hinted(t, sig, bad)) {
				t.Errorf("%s: refused with bit %d of byte %d flipped", path, bit%8, bit/8)
			}
			if a.validates(opHash("another"), hinted(t, sig, bad)) {
				t.Errorf("%s: accepted for another hash", path)
			}
		}
	}
}

func TestEveryFlippedBitMakesAHintedSignatureInvalid(t *testing.T) {
	p := newPasskey(t, "flipped", seal.RequireUV)
	hash := opHash("flipped")
	for _, path := range []seal.P256Path{seal.PathPrecompile, seal.PathNone, 0x12} {
		a := onPath(t, path, p)
		for form, sig := range bothForms(p, hash, usualFlags) {
			fit := path
			if path == seal.PathPrecompile {
				fit = 0x11
			}
			full := hinted(t, sig, rightHints(t, sig, fit, hash))
			if !a.validates(hash, full) {
				t.Fatalf("%s, %s: refused", path, form)
			}
			step := 1
			if path != seal.PathPrecompile {
				step = count(19, 1)
			}
			for bit := 0; bit <= len(sig)*8+7; bit += step { // up to the length of the hints, which stands behind sig
				bad := bytes.Clone(full)
				bad[bit/8] ^= 1 << (bit % 8)
				if a.validates(hash, bad) {
					t.Errorf("%s, %s: accepted with bit %d of byte %d flipped", path, form, bit%8, bit/8)
				}
			}
			for n := range full {
				if step == 1 || n%7 == 0 {
					if a.validates(hash, full[:n]) {
						t.Errorf("%s, %s: accepted with %d of %d bytes", path, form, n, len(full))
					}
				}
			}
			for _, tail := range [][]byte{{0}, {32}, make([]byte, 33), full} {
				if a.validates(hash, append(bytes.Clone(full), tail...)) {
					t.Errorf("%s, %s: accepted with %x after it", path, form, tail)
				}
			}
		}
	}
}

func TestHighSIsRefusedOnEveryPath(t *testing.T) {
	p := newPasskey(t, "high s", seal.RequireUV)
	hash := opHash("high s")
	low := p.approve(hash)
	s := new(big.Int).SetBytes(low[98:130])
	high := bytes.Clone(low)
	s.Sub(p.key.Params().N, s).FillBytes(high[98:130])
	for _, path := range paths {
		a := onPath(t, path, p)
		if !a.validates(hash, low) || a.validates(hash, high) {
			t.Errorf("%s: low s refused or high s accepted", path)
		}
		for _, like := range []seal.P256Path{0x11, seal.PathNone} {
			if a.validates(hash, hinted(t, high, rightHints(t, low, like, hash))) {
				t.Errorf("%s: high s accepted with hints", path)
			}
		}
	}
}

// Starved, a signature ends without an answer rather than with a wrong one, whatever the path and the hints.
func TestTooLittleGasIsNoVerdictOnAnyPath(t *testing.T) {
	p := newPasskey(t, "starved", seal.RequireUV)
	hash := opHash("starved")
	sig := p.approve(hash)
	for _, path := range paths {
		a := onPath(t, path, p)
		sigs := [][]byte{sig, hinted(t, sig, rightHints(t, sig, 0x11, hash)), hinted(t, sig, rightHints(t, sig, seal.PathNone, hash)), hinted(t, sig, make([]byte, 128))}
		for i, sig := range sigs {
			good := a.validateData(new(big.Int), hash, sig, new(big.Int))
			bad := a.validateData(new(big.Int), opHash("another"), sig, new(big.Int))
			answered, starved := 0, 0
			for gas := uint64(2_000); gas < 400_000; gas += gas / uint64(count(24, 120)) {
				a.gas = gas
				if ret, _, err := a.send(a.entryPoint(), a.address, nil, bad); err == nil && new(big.Int).SetBytes(ret).Sign() == 0 {
					t.Fatalf("%s, %d: accepted with %d gas", path, i, gas)
				}
				ret, _, err := a.send(a.entryPoint(), a.address, nil, good)
				if err != nil {
					starved++
				} else if answered++; new(big.Int).SetBytes(ret).Sign() != 0 {
					t.Fatalf("%s, %d: refused with %d gas", path, i, gas)
				}
			}
			if answered == 0 || starved == 0 {
				t.Errorf("%s, %d: %d answered, %d starved: the sweep misses the border", path, i, answered, starved)
			}
			a.gas = 30_000_000
		}
	}
}

// A chain with P256VERIFY needs nothing else, and too little gas is no verdict there either.
func TestPrecompileAloneSuffices(t *testing.T) {
	w := newWorld(t, osaka)
	d, err := contracts.ForEntryPoint(userop.V08)
	if err != nil {
		t.Fatal(err)
	}
	implementation, factory := d.InitCodes()
	w.must(stranger, contracts.Deployer, nil, implementation)
	w.must(stranger, contracts.Deployer, nil, factory)
	w.fund(d.EntryPoint.Address(), 1)
	p := newPasskey(t, "alone", seal.RequireUV)
	a := w.create(d, equal(1, p.signer))
	hash := opHash("alone")
	good := a.validateData(new(big.Int), hash, p.approve(hash), new(big.Int))
	answered := 0
	for gas := uint64(9_000); gas < 40_000; gas += 41 {
		a.gas = gas
		if ret, _, err := a.send(a.entryPoint(), a.address, nil, good); err == nil {
			if answered++; new(big.Int).SetBytes(ret).Sign() != 0 {
				t.Fatalf("refused with %d gas", gas)
			}
		}
	}
	a.gas = 30_000_000
	if answered == 0 {
		t.Error("never answered")
	}
	if a.validates(hash, p.approve(opHash("another"))) {
		t.Error("another hash's approval is accepted")
	}
	// There is nothing to build a table with.
	_, _, err = a.send(stranger, a.address, nil, contracts.UseTable(p.signer.Bytes(), p256table.Format1k))
	wantRevert(t, err, contracts.AccountABI, "TableFactoryMissing")
	if a.path(p) != seal.PathPrecompile {
		t.Error("not on the precompile's path")
	}
}
