package contracts_test

import (
	"bytes"
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

func TestDeploymentsAreWhereTheyWereComputed(t *testing.T) {
	seen := map[common.Address]string{}
	for _, ep := range []userop.EntryPoint{userop.V07, userop.V08, userop.V09} {
		w := newWorld(t, osaka)
		d := w.install(ep)
		for name, a := range map[string]common.Address{"implementation": d.Implementation, "factory": d.Factory} {
			code := w.state.GetCode(a)
			if len(code) == 0 {
				t.Errorf("%s: no code at %s %s", ep, name, a)
			}
			if len(code) > 24_576 {
				t.Errorf("%s: %s has %d bytes of code", ep, name, len(code))
			}
			if was, ok := seen[a]; ok {
				t.Errorf("%s: %s is also that of %s", ep, name, was)
			}
			seen[a] = ep.Version()
		}
		ret := w.must(stranger, d.Implementation, nil, pack(t, contracts.AccountABI, "entryPoint"))
		if got := common.BytesToAddress(ret); got != ep.Address() {
			t.Errorf("%s: implementation serves %s", ep, got)
		}
		ret = w.must(stranger, d.Factory, nil, pack(t, contracts.FactoryABI, "implementation"))
		if got := common.BytesToAddress(ret); got != d.Implementation {
			t.Errorf("%s: factory points to %s", ep, got)
		}
	}
}

func TestOldEntryPointsAreRefused(t *testing.T) {
	for _, ep := range []userop.EntryPoint{userop.V06, nil} {
		var unsupported *contracts.UnsupportedEntryPointError
		if d, err := contracts.ForEntryPoint(ep); !errors.As(err, &unsupported) || d != (contracts.Deployment{}) {
			t.Errorf("%v: %v, %v", ep, d, err)
		}
	}
}

func TestAccountAddressIsWhatFactoryComputesAndDeploys(t *testing.T) {
	w := newWorld(t, osaka)
	d := w.install(userop.V09)
	p := newPasskey(t, "address", seal.RequireUV)
	key := addressSigner(t, addr("key"))
	for name, params := range map[string]contracts.Params{
		"one passkey":    equal(1, p.signer),
		"one key":        equal(1, key),
		"both":           equal(1, p.signer, key),
		"both in turn":   equal(1, key, p.signer),
		"both needed":    equal(2, p.signer, key),
		"another salt":   {Signers: signerBytes(p.signer), Weights: []uint64{1}, Threshold: 1, Salt: [32]byte{31: 1}},
		"another weight": {Signers: signerBytes(p.signer), Weights: []uint64{7}, Threshold: 1},
	} {
		a := w.create(d, params) // compares the deployed address with the computed one
		ret := w.must(stranger, d.Factory, nil, pack(t, contracts.FactoryABI, "getAddress", params.Signers, params.Weights, params.Threshold, params.Salt))
		if got := common.BytesToAddress(ret); got != a.address {
			t.Errorf("%s: getAddress says %s, deployed at %s", name, got, a.address)
		}
		code := w.state.GetCode(a.address)
		if len(code) != 61 {
			t.Errorf("%s: proxy of %d bytes", name, len(code))
		}
		if slot := w.state.GetState(a.address, implementationSlot); common.BytesToAddress(slot[:]) != d.Implementation {
			t.Errorf("%s: proxy points to %s", name, slot)
		}
	}
}

// implementationSlot is ERC-1967's.
var implementationSlot = common.HexToHash("0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc")

func TestCreatingTwiceChangesNothingAndForwardsValue(t *testing.T) {
	w := newWorld(t, osaka)
	d := w.install(userop.V08)
	p := newPasskey(t, "twice", seal.RequireUV)
	params := equal(1, p.signer)
	data, err := d.CreateAccount(params)
	if err != nil {
		t.Fatal(err)
	}
	account, err := d.Address(params)
	if err != nil {
		t.Fatal(err)
	}
	// 1. Somebody sends value to the address before there is an account.
	w.fund(account, 3)
	// 2. Somebody else creates the account, and gives it value.
	if got := common.BytesToAddress(w.must(addr("somebody"), d.Factory, nil, data)); got != account {
		t.Fatalf("created %s", got)
	}
	a := &acct{w, d, params, account}
	// 3. The owner does the same, with value.
	if got := common.BytesToAddress(w.must(stranger, d.Factory, ether(2), data)); got != account {
		t.Errorf("second creation returned %s", got)
	}
	if got := w.balance(account); got.Cmp(ether(5)) != 0 {
		t.Errorf("balance %s", got)
	}
	// 4. The owner's key works, nobody else's.
	hash := opHash("twice")
	if !a.validates(hash, p.approve(hash)) {
		t.Error("the owner's approval is refused")
	}
	if a.validates(hash, newPasskey(t, "thief", seal.RequireUV).approve(hash)) {
		t.Error("somebody else's approval is accepted")
	}
	// 5. Value at creation arrives too.
	params.Salt[0] = 1
	data, _ = d.CreateAccount(params)
	made := common.BytesToAddress(w.must(stranger, d.Factory, ether(1), data))
	if got := w.balance(made); got.Cmp(ether(1)) != 0 {
		t.Errorf("balance after creation with value: %s", got)
	}
}

func TestTheFactoryRefusesAccountsThatNobodyCouldUse(t *testing.T) {
	w := newWorld(t, osaka)
	d := w.install(userop.V08)
	p := newPasskey(t, "unusable", seal.RequireUV)
	good := p.signer.Bytes()
	change := func(at int, v byte) []byte {
		b := bytes.Clone(good)
		b[at] = v
		return b
	}
	var self common.Address // the address commits to the signers, so it cannot be one of them
	one := func(signer []byte) contracts.Params {
		return contracts.Params{Signers: [][]byte{signer}, Weights: []uint64{1}, Threshold: 1}
	}
	prime := common.FromHex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff")
	cases := map[string]struct {
		params contracts.Params
		revert string
	}{
		"no signers":              {contracts.Params{Threshold: 1}, "MultiSignerERC7913UnreachableThreshold"},
		"threshold 0":             {contracts.Params{Signers: [][]byte{good}, Weights: []uint64{1}}, "MultiSignerERC7913ZeroThreshold"},
		"threshold out of reach":  {contracts.Params{Signers: [][]byte{good}, Weights: []uint64{1}, Threshold: 2}, "MultiSignerERC7913UnreachableThreshold"},
		"weight 0":                {contracts.Params{Signers: [][]byte{good}, Weights: []uint64{0}, Threshold: 1}, "MultiSignerERC7913WeightedInvalidWeight"},
		"no weight":               {contracts.Params{Signers: [][]byte{good}, Threshold: 1}, "MultiSignerERC7913WeightedMismatchedLength"},
		"a weight too many":       {contracts.Params{Signers: [][]byte{good}, Weights: []uint64{1, 1}, Threshold: 1}, "MultiSignerERC7913WeightedMismatchedLength"},
		"the same signer twice":   {contracts.Params{Signers: [][]byte{good, good}, Weights: []uint64{1, 1}, Threshold: 1}, "MultiSignerERC7913AlreadyExists"},
		"empty signer":            {one(nil), "BadSigner"},
		"short signer":            {one(make([]byte, 19)), "BadSigner"},
		"address zero":            {one(self[:]), "BadSigner"},
		"a precompile's address":  {one(common.BytesToAddress([]byte{4}).Bytes()), "BadSigner"},
		"P256VERIFY alone":        {one(good[:20]), "BadSigner"},
		"passkey without rule":    {one(good[:84]), "BadSigner"},
		"passkey with more":       {one(append(bytes.Clone(good), 0)), "BadSigner"},
		"key off the curve":       {one(change(83, good[83]^1)), "BadSigner"},
		"key at infinity":         {one(append(append(bytes.Clone(good[:20]), make([]byte, 64)...), 1)), "BadSigner"},
		"x = p":                   {one(append(append(append(bytes.Clone(good[:20]), prime...), good[52:84]...), 1)), "BadSigner"},
		"rule 3":                  {one(change(84, 0x03)), "BadSigner"},
		"rule 0x0c":               {one(change(84, 0x0c)), "BadSigner"},
		"rule 0x30":               {one(change(84, 0x30)), "BadSigner"},
		"rule with high bits":     {one(change(84, 0x41)), "BadSigner"},
		"rule nobody can satisfy": {one(change(84, 0x18)), "BadSigner"},
		"verifier without code":   {one(append(addr("nothing here").Bytes(), 1)), "BadSigner"},
	}
	for name, c := range cases {
		data, err := d.CreateAccount(c.params)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = w.send(stranger, d.Factory, nil, data)
		if err == nil {
			t.Errorf("%s: created", name)
			continue
		}
		t.Run(name, func(t *testing.T) { wantRevert(t, err, contracts.AccountABI, c.revert) })
	}
	// The parser of signer bytes agrees, except where only the chain can tell.
	for name, c := range cases {
		if c.revert != "BadSigner" || name == "verifier without code" {
			continue
		}
		if _, err := seal.ParseSigner(c.params.Signers[0]); err == nil {
			t.Errorf("%s: ParseSigner accepts it", name)
		}
	}
}

func TestProxyInitCodeHashIsTheProxysOwn(t *testing.T) {
	w := newWorld(t, osaka)
	implementation := addr("implementation")
	// The creation code run as it is leaves the proxy's runtime and the slot.
	code := append(append(common.FromHex("603d3d8160223d3973"), implementation[:]...),
		common.FromHex("60095155f3363d3d373d3d363d7f360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc545af43d6000803e6038573d6000fd5b3d6000f3")...)
	if crypto.Keccak256Hash(code) != contracts.ProxyInitCodeHash(implementation) {
		t.Error("hash of another code")
	}
	ret := w.must(stranger, contracts.Deployer, nil, append(make([]byte, 32), code...))
	proxy := common.BytesToAddress(ret)
	if slot := w.state.GetState(proxy, implementationSlot); new(big.Int).SetBytes(slot[:]).Cmp(implementation.Big()) != 0 {
		t.Errorf("slot %s", slot)
	}
}
