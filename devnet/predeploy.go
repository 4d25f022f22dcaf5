package devnet

import (
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/params"

	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/userop"
)

// predeploy is a contract that is on the chain from the start.
type predeploy struct {
	name    string
	address common.Address
	// create2 is calldata for the deployment factory: salt‖creation code. Nil for a contract that
	// is constructed in place, which only a genesis block can do.
	create2  []byte
	creation []byte
	// deposit is the EntryPoint where it has money, nil for none.
	deposit userop.EntryPoint
}

func (p *predeploy) build(w *workshop) error {
	if p.create2 == nil {
		return w.construct(p.address, p.creation, params.MaxCodeSize)
	}
	if err := w.deploy(p.create2, p.address); err != nil || p.deposit == nil {
		return err
	}
	_, err := w.pay(p.deposit.Address(), deposited, userop.DepositTo(p.address))
	return err
}

// predeploys lists the EntryPoints, Postern's own contracts, MetaMask's, and the paymasters with their token.
func predeploys(set *artifacts.Set, keys devKeys) ([]predeploy, error) {
	var list []predeploy
	for _, r := range artifacts.Releases() {
		code, err := set.EntryPoint(r.Version)
		if err != nil {
			return nil, err
		}
		p := predeploy{name: "EntryPoint " + r.Version, address: r.Address}
		if r.Candidate {
			p.creation = code
		} else {
			p.create2 = append(r.Salt.Bytes(), code...)
		}
		list = append(list, p)
	}
	metamask, err := frameworkContracts(set)
	if err != nil {
		return nil, err
	}
	paying, err := sponsors(set, keys)
	if err != nil {
		return nil, err
	}
	return slices.Concat(list, ownContracts(), metamask, paying), nil
}

func entryPoints() []EntryPoint {
	var list []EntryPoint
	for _, r := range artifacts.Releases() {
		list = append(list, EntryPoint{Version: r.Version, Address: r.Address, Package: r.Package, Candidate: r.Candidate})
	}
	return list
}
