package devnet_test

import (
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/userop"
)

// contractNamed is the address of one of the chain's contracts.
func contractNamed(t testing.TB, n *devnet.Net, name string) common.Address {
	t.Helper()
	for _, c := range n.Info().Contracts {
		if c.Name == name {
			return c.Address
		}
	}
	t.Fatalf("no contract %q among %v", name, n.Info().Contracts)
	return common.Address{}
}

func TestTheFrameworkIsWiredTogetherUnderBothRules(t *testing.T) {
	for _, rules := range []devnet.Rules{devnet.Osaka, devnet.Prague} {
		n := start(t, devnet.Config{Rules: rules})
		for _, c := range n.Info().Contracts {
			if code, err := n.Client().CodeAt(t.Context(), c.Address, nil); err != nil || len(code) == 0 {
				t.Errorf("%s: %s has no code at %s (%v)", rules, c.Name, c.Address, err)
			}
		}
		manager := contractNamed(t, n, "DelegationManager")
		for name, ep := range map[string]userop.EntryPoint{
			"HybridDeleGator":               userop.V07,
			"EIP7702StatelessDeleGator 0.7": userop.V07,
			"EIP7702StatelessDeleGator 0.8": userop.V08,
			"EIP7702StatelessDeleGator 0.9": userop.V09,
		} {
			address := contractNamed(t, n, name)
			if got := common.BytesToAddress(call(t, n, address, "entryPoint()")); got != ep.Address() {
				t.Errorf("%s: %s has EntryPoint %s, want %s", rules, name, got, ep.Address())
			}
			if got := common.BytesToAddress(call(t, n, address, "delegationManager()")); got != manager {
				t.Errorf("%s: %s has DelegationManager %s", rules, name, got)
			}
		}
		url, err := n.Listen("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		chain, err := bundler.NewChain(url, bundler.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := hybrid.V130().Check(t.Context(), chain); err != nil {
			t.Errorf("%s: package hybrid does not know these contracts: %v", rules, err)
		}
		for _, ep := range []userop.EntryPoint{userop.V07, userop.V08, userop.V09} {
			d, err := hybrid.V130For(ep)
			if err == nil {
				err = d.CheckStateless(t.Context(), chain)
			}
			if err != nil || d.Stateless != contractNamed(t, n, "EIP7702StatelessDeleGator "+ep.Version()) {
				t.Errorf("%s: package hybrid has %s, %v", rules, d.Stateless, err)
			}
		}
		library := contractNamed(t, n, "SCL_RIP7212")
		code, err := n.Client().CodeAt(t.Context(), contractNamed(t, n, "HybridDeleGator"), nil)
		if err != nil || !strings.Contains(string(code), string(library[:])) {
			t.Errorf("%s: HybridDeleGator does not call the library at %s (%v)", rules, library, err)
		}
		if got := call(t, n, manager, "owner()"); common.BytesToAddress(got) != common.HexToAddress("0xB0403B32f54d0Bd752113f4009e8B534C6669f44") {
			t.Errorf("%s: DelegationManager has owner %x", rules, got)
		}
	}
}
