package contracts_test

import (
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/userop"
)

func TestTheSharedContractsAreDeployedInTheirOrderAndKnownByTheirCode(t *testing.T) {
	for _, f := range []fork{cancun, prague, osaka} {
		w := newWorld(t, f)
		seen := map[common.Address]string{}
		for _, c := range contracts.All() {
			if was := seen[c.Address]; was != "" || seen[common.Address{}] != "" {
				t.Errorf("%s and %s are both at %s", c.Name, was, c.Address)
			}
			seen[c.Address] = c.Name
			salt, init := [32]byte(c.Create[:32]), c.Create[32:]
			if at := crypto.CreateAddress2(contracts.Deployer, salt, crypto.Keccak256(init)); at != c.Address {
				t.Errorf("%s: CREATE2 leads to %s, not to %s", c.Name, at, c.Address)
			}
			if _, gas, err := w.send(stranger, contracts.Deployer, nil, c.Create); err != nil || gas > 1<<24 {
				t.Fatalf("%s %s: %d gas, %v", f, c.Name, gas, err)
			}
			code := w.state.GetCode(c.Address)
			if !c.Is(code) || len(code) != c.Size() {
				t.Errorf("%s %s: %d bytes, not known again", f, c.Name, len(code))
			}
			if _, _, err := w.send(stranger, contracts.Deployer, nil, c.Create); err == nil {
				t.Errorf("%s %s: deployed twice", f, c.Name)
			}
			for _, i := range []int{0, len(code) / 2, len(code) - 1} {
				code[i] ^= 1
				if c.Is(code) {
					t.Errorf("%s %s: a changed byte %d goes unnoticed", f, c.Name, i)
				}
				code[i] ^= 1
			}
			if c.Is(nil) || c.Is(code[:len(code)-1]) || c.Is(append(code[:len(code):len(code)], 0)) {
				t.Errorf("%s %s: code of another length goes unnoticed", f, c.Name)
			}
		}
	}
}

func TestADeploymentOfOneEntryPointIsNotKnownAsAnothers(t *testing.T) {
	w := newWorld(t, prague)
	for _, c := range contracts.All() {
		w.must(stranger, contracts.Deployer, nil, c.Create)
	}
	old, err := contracts.ForEntryPoint(userop.V07)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range old.Contracts() {
		for _, other := range contracts.P256Contracts() {
			if other.Is(w.state.GetCode(c.Address)) {
				t.Errorf("%s is known as %s", c.Name, other.Name)
			}
		}
	}
}
