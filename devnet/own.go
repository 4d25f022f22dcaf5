package devnet

import (
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/userop"
)

// ownContracts lists Postern's account implementation and factory for each EntryPoint they exist
// for, implementation before factory.
func ownContracts() ([]predeploy, error) {
	var list []predeploy
	for _, ep := range []userop.EntryPoint{userop.V07, userop.V08, userop.V09} {
		d, err := contracts.ForEntryPoint(ep)
		if err != nil {
			return nil, err
		}
		implementation, factory := d.InitCodes()
		list = append(list,
			predeploy{name: "implementation " + ep.Version(), address: d.Implementation, create2: implementation},
			predeploy{name: "factory " + ep.Version(), address: d.Factory, create2: factory})
	}
	return list, nil
}
