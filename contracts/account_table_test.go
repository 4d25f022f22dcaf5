package contracts_test

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

func TestAnybodyMayGiveAPasskeyALargerTable(t *testing.T) {
	p := newPasskey(t, "table", seal.RequireUV)
	a := onPath(t, seal.PathNone, p)
	signer, hash := p.signer.Bytes(), opHash("table")
	key, err := p256table.NewKey(p.public().X(), p.public().Y())
	if err != nil {
		t.Fatal(err)
	}
	use := func(from common.Address, f p256table.Format) error {
		_, _, err := a.send(from, a.address, nil, contracts.UseTable(signer, f))
		return err
	}
	is := func(want seal.P256Path) {
		t.Helper()
		if got := a.path(p); got != want {
			t.Errorf("path %s, not %s", got, want)
		}
		if !a.validates(hash, p.approve(hash)) || a.validates(opHash("another"), p.approve(hash)) {
			t.Errorf("%s: wrong verdict", want)
		}
	}
	// 1. A stranger has a table built and used; it is the key's.
	if err := use(stranger, p256table.Format512); err != nil {
		t.Fatal(err)
	}
	is(0x11)
	at, err := contracts.TableAddress(p256table.Format512, key)
	if err != nil {
		t.Fatal(err)
	}
	want, err := p256table.Build(p256table.Format512, key)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.state.GetCode(at), want) {
		t.Error("no table where the account looks for it")
	}
	logs := a.state.Logs()
	event := logs[len(logs)-1]
	values, err := contracts.AccountABI.Unpack("TableUsed", event.Data)
	if err != nil || event.Address != a.address || event.Topics[0] != contracts.AccountABI.Events["TableUsed"].ID ||
		!bytes.Equal(values[0].([]byte), signer) || values[1].(uint8) != 0x11 {
		t.Errorf("event %v %v, %v", event, values, err)
	}
	// 2. A larger one, which somebody built before.
	data, err := contracts.BuildTable(p256table.Format4k, key)
	if err != nil {
		t.Fatal(err)
	}
	a.must(addr("builder"), contracts.P256TableFactory.Address, nil, data)
	if err := use(stranger, p256table.Format4k); err != nil {
		t.Fatal(err)
	}
	is(0x13)
	// 3. Not a smaller one, nor the same, nor none.
	for _, f := range []p256table.Format{0x13, 0x12, 0x11, 0} {
		wantRevert(t, use(stranger, f), contracts.AccountABI, "TableNotLarger")
	}
	// 4. Nor what is no table.
	for _, f := range []p256table.Format{0x15, 0x80, p256table.FCL, 0xff} {
		wantRevert(t, use(stranger, f), contracts.AccountABI, "UnknownTableFormat")
		wantRevert(t, use(a.entryPoint(), f), contracts.AccountABI, "UnknownTableFormat")
	}
	wantRevert(t, use(a.entryPoint(), 0x01), contracts.AccountABI, "UnknownTableFormat")
	is(0x13)
	// 5. The account itself may choose any: by its EntryPoint, or by a call to itself.
	if err := use(a.entryPoint(), p256table.Format512); err != nil {
		t.Fatal(err)
	}
	is(0x11)
	if err := a.do("execute", modeSingle, single(a.address, nil, contracts.UseTable(signer, 0))); err != nil {
		t.Fatal(err)
	}
	is(seal.PathNone)
	// 6. Starved of gas, nothing has changed.
	a.gas = 300_000
	wantRevert(t, use(stranger, p256table.Format1k), contracts.AccountABI, "TableNotBuilt")
	a.gas = 30_000_000
	is(seal.PathNone)
}

func TestOnlyPasskeysHaveTables(t *testing.T) {
	p, unknown := newPasskey(t, "has", seal.RequireUV), newPasskey(t, "unknown", seal.RequireUV)
	key := newECDSA(t, "has none")
	w := newWorld(t, prague)
	d := w.install(userop.V08)
	verifier, _ := w.deploy("HashVerifier")
	other, err := seal.ParseSigner(append(verifier.Bytes(), "key"...))
	if err != nil {
		t.Fatal(err)
	}
	a := w.create(d, equal(1, p.signer, addressSigner(t, key.address), other))
	for signer, want := range map[string]string{
		string(key.address[:]):               "NotAPasskey",
		string(other.Bytes()):                "NotAPasskey",
		string(unknown.signer.Bytes()):       "MultiSignerERC7913NonexistentSigner",
		string(p.withRule(0).signer.Bytes()): "MultiSignerERC7913NonexistentSigner", // another signer
		string(p.signer.Bytes()[:84]):        "MultiSignerERC7913NonexistentSigner",
		string(append(p.signer.Bytes(), 0)):  "MultiSignerERC7913NonexistentSigner",
		"":                                   "MultiSignerERC7913NonexistentSigner",
	} {
		for _, from := range []common.Address{stranger, a.entryPoint()} {
			for _, data := range [][]byte{contracts.UseTable([]byte(signer), p256table.Format512), contracts.P256Path([]byte(signer))} {
				_, _, err := a.send(from, a.address, nil, data)
				wantRevert(t, err, contracts.AccountABI, want)
			}
		}
	}
}

func TestKeyAndTableChangeInOneStep(t *testing.T) {
	old, next, beside := newPasskey(t, "old", seal.RequireUV), newPasskey(t, "next", seal.RequireUV), newPasskey(t, "beside", seal.RequireUV)
	a := onPath(t, 0x12, old, beside)
	hash := opHash("rotate with table")
	// 1. One operation: the old key goes, the new one comes, with a table of its own.
	call := func(data []byte) execution { return execution{a.address, new(big.Int), data} }
	err := a.do("execute", modeBatch, batch(t,
		call(a.pack("removeSigners", signerBytes(old.signer))),
		call(a.pack("addSigners", signerBytes(next.signer), []uint64{1})),
		call(contracts.UseTable(next.signer.Bytes(), p256table.Format1k))))
	if err != nil {
		t.Fatal(err)
	}
	for p, want := range map[*rawPasskey]bool{old: false, next: true, beside: true} {
		if a.validates(hash, p.approve(hash)) != want {
			t.Errorf("accepted %t", !want)
		}
		if want && a.path(p) != 0x12 {
			t.Errorf("path %s", a.path(p))
		}
	}
	// 2. The old key comes back: its table is still on the chain, and is not used until somebody asks for it.
	if err := a.do("addSigners", signerBytes(old.signer), []uint64{1}); err != nil {
		t.Fatal(err)
	}
	if a.path(old) != seal.PathNone || !a.validates(hash, old.approve(hash)) {
		t.Errorf("path %s", a.path(old))
	}
	// 3. The same key under another rule is another signer, with a table to be chosen for itself.
	lax := old.withRule(0)
	if err := a.do("addSigners", signerBytes(lax.signer), []uint64{1}); err != nil {
		t.Fatal(err)
	}
	a.must(stranger, a.address, nil, contracts.UseTable(old.signer.Bytes(), p256table.Format1k))
	if a.path(old) != 0x12 || a.path(lax) != seal.PathNone {
		t.Errorf("paths %s and %s", a.path(old), a.path(lax))
	}
}

func TestPathsFollowTheChain(t *testing.T) {
	p := newPasskey(t, "migrate", seal.RequireUV)
	hash := opHash("migrate")
	for _, path := range []seal.P256Path{seal.PathNone, 0x12} {
		a := onPath(t, path, p)
		plain := p.approve(hash)
		right := hinted(t, plain, rightHints(t, plain, path, hash))
		is := func(want seal.P256Path) {
			t.Helper()
			if got := a.path(p); got != want {
				t.Errorf("%s: path %s, not %s", path, got, want)
			}
			// What was signed before the change holds after it, hints and all.
			if !a.validates(hash, plain) || !a.validates(hash, right) {
				t.Errorf("%s: refused on path %s", path, want)
			}
		}
		is(path)
		a.fork = osaka // 1. The chain gets P256VERIFY, and somebody says so.
		is(path)
		a.must(stranger, a.address, nil, contracts.ProbePrecompile())
		is(seal.PathPrecompile)
		a.fork = prague // 2. It loses it again. The table is remembered.
		a.must(stranger, a.address, nil, contracts.ProbePrecompile())
		is(path)
	}
}

func TestWithoutThePrecompileTheEnginesMustBeThere(t *testing.T) {
	d, err := contracts.ForEntryPoint(userop.V08)
	if err != nil {
		t.Fatal(err)
	}
	implementation, _ := d.InitCodes()
	p := newPasskey(t, "missing", seal.RequireUV)
	needed := []common.Address{contracts.P256Slow, contracts.P256TableFactory.Address}
	for _, e := range contracts.P256Engines() {
		needed = append(needed, e.Address)
	}
	a := newAccount(t, osaka, equal(1, p.signer))
	a.fork = prague
	for _, missing := range needed {
		// 1. The implementation is not deployed.
		w := newWorld(t, prague)
		w.installP256()
		w.state.SetCode(missing, nil, 0)
		if _, _, err := w.send(stranger, contracts.Deployer, nil, implementation); err == nil || len(w.state.GetCode(d.Implementation)) != 0 {
			t.Errorf("deployed without %s", missing)
		}
		// 2. An account of a chain that has lost P256VERIFY does not rely on them.
		code := a.state.GetCode(missing)
		a.state.SetCode(missing, nil, 0)
		_, _, err := a.send(stranger, a.address, nil, contracts.ProbePrecompile())
		wantRevert(t, err, contracts.AccountABI, "EngineMissing")
		if r := err.(*revertError); common.BytesToAddress(r.data[4:]) != missing {
			t.Errorf("names %x instead of %s", r.data[4:], missing)
		}
		a.state.SetCode(missing, code, 0)
	}
	if a.path(p) != seal.PathPrecompile {
		t.Error("believes what it could not find out")
	}
	a.must(stranger, a.address, nil, contracts.ProbePrecompile())
	if a.path(p) != seal.PathNone {
		t.Error("does not know that P256VERIFY is gone")
	}
}

func TestCalldataIsWhatTheABISays(t *testing.T) {
	for _, signer := range [][]byte{nil, {1}, make([]byte, 32), newPasskey(t, "abi", 0).signer.Bytes(), make([]byte, 1000)} {
		for name, c := range map[string]struct{ got, want []byte }{
			"useTable":        {contracts.UseTable(signer, p256table.Format4k), pack(t, contracts.AccountABI, "useTable", signer, uint8(0x13))},
			"p256Path":        {contracts.P256Path(signer), pack(t, contracts.AccountABI, "p256Path", signer)},
			"probePrecompile": {contracts.ProbePrecompile(), pack(t, contracts.AccountABI, "probePrecompile")},
		} {
			if !bytes.Equal(c.got, c.want) {
				t.Errorf("%s: %x instead of %x", name, c.got, c.want)
			}
		}
	}
}

func TestParseP256Path(t *testing.T) {
	for b := range 256 {
		ret := append(make([]byte, 31), byte(b))
		got, err := contracts.ParseP256Path(ret)
		known := b <= 1 || b >= 0x11 && b <= 0x14
		if (err == nil) != known || known && int(got) != b {
			t.Errorf("%#x: %#x, %v", b, got, err)
		}
	}
	for _, ret := range [][]byte{nil, {1}, make([]byte, 31), make([]byte, 33), append([]byte{1}, make([]byte, 31)...)} {
		if _, err := contracts.ParseP256Path(ret); err == nil {
			t.Errorf("%x is a path", ret)
		}
	}
}
