package devnet

import "github.com/postern-dev/postern/contracts"

// ownContracts lists Postern's shared contracts. Those that verify P-256 signatures come first: an account
// implementation looks for them while it is constructed.
func ownContracts() []predeploy {
	var list []predeploy
	for _, c := range contracts.All() {
		list = append(list, predeploy{name: c.Name, address: c.Address, create2: c.Create})
	}
	return list
}
