package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/userop"
)

// An environment names the framework's contracts where they are not at MetaMask's own
// addresses, in the form of the kit's SmartAccountsEnvironment, which its
// deploySmartAccountsEnvironment returns. Nil: MetaMask's own.
type environment struct {
	DelegationManager common.Address
	EntryPoint        common.Address
	SimpleFactory     common.Address
	Implementations   struct {
		HybridDeleGatorImpl           common.Address
		EIP7702StatelessDeleGatorImpl common.Address
	} `json:"implementations"`
	// P256 is the library that verifies P-256. The kit leaves it out.
	P256 common.Address `json:"p256,omitzero"`
}

func environmentFlag(fs *flag.FlagSet, path *string) {
	fs.StringVar(path, "environment", "", "the framework's contracts, where they are not MetaMask's own: JSON `file` of the kit's environment")
}

// readEnvironment reads the kit's JSON; its other members, the enforcers, do not matter here.
func readEnvironment(path string) (*environment, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := readBounded(f)
	if err != nil {
		return nil, err
	}
	var e environment
	if err := json.Unmarshal(text, &e); err != nil || e.SimpleFactory == (common.Address{}) || e.DelegationManager == (common.Address{}) {
		return nil, failf("bad-file", "it is JSON with SimpleFactory, DelegationManager, EntryPoint and implementations, as deploySmartAccountsEnvironment returns it",
			"%s is no environment of MetaMask's kit", clip(path))
	}
	_, err = e.deployment()
	return &e, err
}

func (e *environment) deployment() (hybrid.Deployment, error) {
	d := hybrid.V130()
	if e == nil {
		return d, nil
	}
	ep, ok := userop.EntryPointByAddress(e.EntryPoint)
	if !ok {
		return d, failf("no-deployment", "the EntryPoint is one of the canonical ones; for these accounts that of 0.7", "the environment names %s as EntryPoint, which is none", e.EntryPoint)
	}
	d.EntryPoint, d.Factory, d.DelegationManager = ep, e.SimpleFactory, e.DelegationManager
	d.Implementation, d.Stateless = e.Implementations.HybridDeleGatorImpl, e.Implementations.EIP7702StatelessDeleGatorImpl
	d.P256 = e.P256
	return d, nil
}

// callsLibrary follows the library's address in the implementation's code: SWAP1, PUSH4
// and the selector of its function.
var callsLibrary = []byte{0x90, 0x63, 0xa1, 0xf3, 0x12, 0x81}

// findLibrary reads the library's address out of the code that calls it. It may be
// anything: [hybrid.Deployment.Check] compares both with the known code.
func (e *environment) findLibrary(ctx context.Context, chain account.Chain) error {
	if e == nil || e.P256 != (common.Address{}) {
		return nil
	}
	code, err := chain.Code(ctx, e.Implementations.HybridDeleGatorImpl)
	if err != nil {
		return fmt.Errorf("read the code of the implementation: %w", err)
	}
	const push20 = 0x73
	if i := bytes.Index(code, callsLibrary); i > common.AddressLength && code[i-common.AddressLength-1] == push20 {
		e.P256 = common.BytesToAddress(code[i-common.AddressLength : i])
	}
	return nil
}
