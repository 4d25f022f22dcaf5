package contracts_test

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// pathsGas are the figures of an account that verifies without P256VERIFY. What Osaka changes besides is the price of
// MODEXP: there, the account was created when the chain was without, and nobody has told it since.
func pathsGas(t *testing.T, f fork) figures {
	t.Helper()
	out := figures{}
	w := newWorld(t, cancun)
	d := w.install(userop.V08)
	p := newPasskey(t, "gas 1", seal.RequireUV)
	a := w.create(d, equal(1, p.signer))
	w.fork = f
	hash := opHash("gas")
	sig := p.approve(hash)
	use := func(name string, from common.Address, data []byte) {
		t.Helper()
		_, used, err := w.send(from, a.address, nil, data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = used
	}
	validate := func(name string, sig []byte) {
		t.Helper()
		if !a.validates(hash, sig) {
			t.Fatalf("%s: refused", name)
		}
		use(name, a.entryPoint(), a.validateData(new(big.Int), hash, sig, new(big.Int)))
	}
	validate("validate.passkey.plain", sig)
	validate("validate.passkey.notable.hint", hinted(t, sig, rightHints(t, sig, seal.PathNone, hash)))
	inverse := hinted(t, sig, rightHints(t, sig, 0x11, hash))
	key, err := p256table.NewKey(p.public().X(), p.public().Y())
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []p256table.Format{p256table.Format512, p256table.Format1k, p256table.Format4k, p256table.Format16k} {
		data, err := contracts.BuildTable(format, key)
		if err != nil {
			t.Fatal(err)
		}
		w.must(stranger, contracts.P256TableFactory.Address, nil, data)
		use("table.use", stranger, contracts.UseTable(p.signer.Bytes(), format))
		validate("validate.passkey.table"+format.String(), sig)
		validate("validate.passkey.table"+format.String()+".hint", inverse)
	}
	return out
}
