// The gas snapshot: contracts/gas.json.

package contracts_test

import (
	"encoding/json"
	"flag"
	"maps"
	"math/big"
	"os"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

var update = flag.Bool("update", false, "write gas.json")

// figures are gas by name, by rules. They are the gas of a call as a transaction's only message:
// without the 21,000 and the calldata of a transaction, and before refunds.
type figures map[string]uint64

func measure(t *testing.T, f fork) figures {
	out := figures{}
	w := newWorld(t, f)
	w.installP256()
	d, err := contracts.ForEntryPoint(userop.V08)
	if err != nil {
		t.Fatal(err)
	}
	use := func(name string, from, to common.Address, data []byte) {
		t.Helper()
		_, used, err := w.send(from, to, nil, data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = used
	}
	implementation, factory := d.InitCodes()
	use("deploy.implementation", stranger, contracts.Deployer, implementation)
	use("deploy.factory", stranger, contracts.Deployer, factory)

	one, two := newPasskey(t, "gas 1", seal.RequireUV), newPasskey(t, "gas 2", seal.RequireUV)
	key := newECDSA(t, "gas 3")
	create := func(name string, p contracts.Params) *acct {
		t.Helper()
		data, err := d.CreateAccount(p)
		if err != nil {
			t.Fatal(err)
		}
		use(name, stranger, d.Factory, data)
		address, err := d.Address(p)
		if err != nil {
			t.Fatal(err)
		}
		w.fund(address, 10)
		return &acct{w, d, p, address}
	}
	a := create("create.passkey", equal(1, one.signer))
	use("create.again", stranger, d.Factory, mustData(t, d, a.params))
	both := create("create.passkey+secp256k1", equal(2, one.signer, addressSigner(t, key.address)))
	create("create.secp256k1", equal(1, addressSigner(t, key.address)))
	passkeys := create("create.passkey+passkey", equal(2, one.signer, two.signer))

	hash := opHash("gas")
	validate := func(name string, a *acct, sig []byte) {
		t.Helper()
		if !a.validates(hash, sig) {
			t.Fatalf("%s: refused", name)
		}
		use(name, a.entryPoint(), a.address, a.validateData(new(big.Int), hash, sig, new(big.Int)))
	}
	validate("validate.passkey", a, one.approve(hash))
	android := `{"androidPackageName":"com.android.chrome","type":"webauthn.get","challenge":"`
	text := string(standardClientData(hash)[36:79])
	validate("validate.passkey.general", a, one.general(authData(usualFlags),
		[]byte(android+text+`","origin":"https://wallet.example"}`), 43, len(android)))
	validate("validate.passkey+secp256k1", both, join(t, one.approve(hash), sealed(t, key.approval(hash))))
	validate("validate.passkey+passkey", passkeys, join(t, one.approve(hash), two.approve(hash)))

	target, targetABI := w.deploy("Target")
	add := pack(t, targetABI, "add", big.NewInt(1))
	w.must(a.address, target, nil, add) // what the target stores is not new
	w.fund(addr("friend"), 1)
	entry := func(name string, data []byte) {
		t.Helper()
		use(name, a.entryPoint(), a.address, data)
	}
	entry("execute.send", a.pack("execute", modeSingle, single(addr("friend"), big.NewInt(1), nil)))
	entry("execute.single", a.pack("execute", modeSingle, single(target, nil, add)))
	entry("execute.batch3", a.pack("execute", modeBatch, batch(t, execution{target, new(big.Int), add}, execution{target, new(big.Int), add}, execution{target, new(big.Int), add})))
	entry("signers.add", a.pack("addSigners", signerBytes(two.signer), []uint64{1}))
	entry("signers.remove", a.pack("removeSigners", signerBytes(two.signer)))
	entry("probe", a.pack("probePrecompile"))
	validate("validate.passkey.probed", a, one.approve(hash))
	maps.Copy(out, pathsGas(t, f))

	// A message's hash binds the account's address, and with it every byte of code. The stub costs
	// the same whatever the hash (and is refused, after the whole of the work).
	stub, err := seal.PosternPasskeyStub(one.signer, seal.StubLimits{Origin: 22, TopOrigin: -1, PackageName: -1}, seal.PathPrecompile)
	if err != nil {
		t.Fatal(err)
	}
	use("erc1271.passkey", stranger, a.address, a.pack("isValidSignature", hash, sealed(t, stub)))

	maps.Copy(out, tableGas(t, f))
	maps.Copy(out, p256Gas(t, f))
	maps.Copy(out, verifierGas(t, f))
	maps.Copy(out, recoveryGas(t, f))
	return out
}

func mustData(t *testing.T, d contracts.Deployment, p contracts.Params) []byte {
	t.Helper()
	data, err := d.CreateAccount(p)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestGasIsWhatTheSnapshotSays fails when a figure grows, and also when one shrinks, so that the
// snapshot is true. After a change that is meant:
//
//	go test ./contracts -run TestGas -update
func TestGasIsWhatTheSnapshotSays(t *testing.T) {
	got := map[string]figures{"cancun": measure(t, cancun), "osaka": measure(t, osaka)}
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("gas.json", append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	file, err := os.ReadFile("gas.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]figures
	if err := json.Unmarshal(file, &want); err != nil {
		t.Fatal(err)
	}
	for _, rules := range slices.Sorted(maps.Keys(got)) {
		for _, name := range slices.Sorted(maps.Keys(got[rules])) {
			g, w := got[rules][name], want[rules][name]
			switch {
			case g > w:
				t.Errorf("%s %s: %d gas, the snapshot says %d", rules, name, g, w)
			case g < w:
				t.Errorf("%s %s: %d gas, less than the snapshot's %d: run with -update", rules, name, g, w)
			}
		}
		if len(want[rules]) != len(got[rules]) {
			t.Errorf("%s: the snapshot has %d figures, not %d: run with -update", rules, len(want[rules]), len(got[rules]))
		}
	}
}
