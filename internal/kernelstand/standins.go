package kernelstand

import (
	"embed"
	"encoding/json"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/guardians"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/passkey"
)

// data is written by contracts/build.mjs, from contracts/test-src/kernel.
//
//go:embed data/*.json
var data embed.FS

// StandIns are Kernel 0.3.1 and its factory as @rhinestone/modulekit has them, and stand-ins for the meta factory, the
// validators, the signers and all policies. The set must have been opened with its packages for tests.
func StandIns(set *artifacts.Set) (Stand, error) {
	d, err := kernel.ForVersion(kernel.V031, nil)
	if err != nil {
		return Stand{}, err
	}
	implementation, factory, err := set.Kernel(d.EntryPoint.Address(), d.Implementation)
	if err != nil {
		return Stand{}, err
	}
	list := []Contract{
		{Name: "Kernel 0.3.1", Address: d.Implementation, Creation: implementation},
		{Name: "KernelFactory 0.3.1", Address: d.Factory, Creation: factory},
	}
	for _, p := range placements(d) {
		code, err := standIn(p.source)
		if err != nil {
			return Stand{}, err
		}
		list = append(list, Contract{Name: p.source, Address: p.at, Creation: code})
	}
	return newStand(false, list), nil
}

// placement says in whose place a stand-in stands.
type placement struct {
	source string
	at     common.Address
}

func placements(d kernel.Deployment) []placement {
	list := []placement{
		{"StandMetaFactory", d.MetaFactory},
		{"StandECDSASigner", kernel.ECDSASigner(common.Address{}).Contract},
		{"StandWebAuthnSigner", kernel.WebAuthnSigner(passkey.PublicKey{}, common.Hash{}).Contract},
		{"StandWeightedValidator", guardians.Validator},
		{"StandRecoveryAction", guardians.Action},
	}
	for _, v := range []struct {
		source    string
		validator kernel.Validator
	}{
		{"StandECDSAValidator", kernel.ECDSA{}},
		{"StandECDSAValidator", kernel.MultiChainECDSA{}},
		{"StandWebAuthnValidator", kernel.WebAuthn{}},
		{"StandMultiChainWebAuthnValidator", kernel.MultiChainWebAuthn{}},
		{"StandMultiChainWebAuthnValidator", kernel.MultiChainWebAuthn{Version: kernel.WebAuthn001, DangerVulnerable: true}},
	} {
		at, err := v.validator.Contract(d.Version)
		if err != nil {
			panic(err) // the table of account/kernel is wrong
		}
		list = append(list, placement{v.source, at})
	}
	for _, c := range grant.KernelContracts() {
		source := "StandPolicy"
		switch c.Kind {
		case grant.KindRateLimit:
			source = "StandRateLimitPolicy"
		case grant.KindGas:
			source = "StandGasPolicy"
		case grant.KindTimestamp:
			source = "StandTimestampPolicy"
		}
		list = append(list, placement{source, c.Address})
	}
	return list
}

// standIn is the creation code of a stand-in.
func standIn(name string) ([]byte, error) {
	file, err := data.ReadFile("data/" + name + ".json")
	if err != nil {
		return nil, fmt.Errorf("kernelstand: %w", err)
	}
	var a struct{ Bytecode hexutil.Bytes }
	if err := json.Unmarshal(file, &a); err != nil {
		return nil, fmt.Errorf("kernelstand: %s: %w", name, err)
	}
	return a.Bytecode, nil
}
