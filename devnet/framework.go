package devnet

import (
	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/userop"
)

// frameworkContracts lists MetaMask's Delegation Framework: the code of public networks at the addresses of
// public networks. Its EIP-7702 code is there for EntryPoints 0.8 and 0.9 too, at addresses that only this
// chain and test stands know.
func frameworkContracts(set *artifacts.Set) ([]predeploy, error) {
	list, err := set.Framework()
	if err != nil {
		return nil, err
	}
	var found []predeploy
	for _, c := range list {
		name := c.Name
		if name == artifacts.StatelessDeleGator {
			name += " 0.7"
		}
		found = append(found, byCreate2(name, c))
	}
	for _, ep := range []userop.EntryPoint{userop.V08, userop.V09} {
		c, err := set.Stateless(ep.Address())
		if err != nil {
			return nil, err
		}
		found = append(found, byCreate2(c.Name+" "+ep.Version(), c))
	}
	return found, nil
}

func byCreate2(name string, c artifacts.Creation) predeploy {
	return predeploy{name: name, address: c.Address, create2: c.Calldata()}
}
