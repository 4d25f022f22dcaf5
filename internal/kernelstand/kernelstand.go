// Package kernelstand gives tests a chain with ZeroDev's Kernel on it.
//
// Start with [Open], and give the chain [Stand.Alloc] as devnet.Config.Alloc. Without further ado the contracts are the one
// build of Kernel that a registry carries, 0.3.1, with stand-ins of our own for its modules, all at the addresses of the
// originals: what account/kernel makes runs on them unchanged. With the environment variable KERNEL_ARTIFACTS they are what
// that directory holds, which can be the originals; see [Load].
//
// Promised of the stand-ins: they take and refuse signatures as the originals must, and emit what they were asked. Not
// promised: limits other than a number of uses, a time and fees, and gas.
package kernelstand

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"os"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/internal/artifacts"
)

// Variable is the environment variable that names a directory of contracts.
const Variable = "KERNEL_ARTIFACTS"

// Contract is code and where it belongs.
type Contract struct {
	Name    string
	Address common.Address
	// Creation is creation code with its arguments, which is run at Address. Runtime is the code itself; it counts where
	// there is no Creation.
	Creation, Runtime []byte
	// Storage is written after the constructor has run.
	Storage map[common.Hash]common.Hash
}

// Stand is what a chain needs for Kernel accounts.
type Stand struct {
	// Real says that the contracts come from [Variable]'s directory.
	Real      bool
	Contracts []Contract
	// Versions of Kernel whose factory, implementation and ECDSA validator are there, oldest first.
	Versions []kernel.Version
}

// Open returns the contracts of the directory that [Variable] names, the stand-ins if it names none.
func Open(ctx context.Context) (Stand, error) {
	if dir := os.Getenv(Variable); dir != "" {
		return Load(dir)
	}
	set, err := artifacts.Open(ctx, artifacts.Options{Tests: true})
	if err != nil {
		return Stand{}, err
	}
	return StandIns(set)
}

func newStand(real bool, list []Contract) Stand {
	s := Stand{Real: real, Contracts: list}
	for _, d := range kernel.Deployments() {
		if s.Has(d.Factory) && s.Has(d.Implementation) && s.Has(d.ECDSA) {
			s.Versions = append(s.Versions, d.Version)
		}
	}
	return s
}

// Has reports whether there is a contract at the address.
func (s Stand) Has(a common.Address) bool {
	return slices.ContainsFunc(s.Contracts, func(c Contract) bool { return c.Address == a })
}

// Alloc are the contracts as they stand on a chain of that configuration, for its Alloc. Constructors find the other
// contracts: those that look for one that is not there yet are run again when others have been made.
func (s Stand) Alloc(config devnet.Config) (types.GenesisAlloc, error) {
	config.Alloc = types.GenesisAlloc{}
	pending := s.Contracts
	for len(pending) > 0 {
		var failed []Contract
		var failure error
		for _, c := range pending {
			account, err := c.account(config)
			if err != nil {
				failed, failure = append(failed, c), fmt.Errorf("kernelstand: %s: %w", c.Name, err)
				continue
			}
			config.Alloc[c.Address] = account
		}
		if len(failed) == len(pending) {
			return nil, failure
		}
		pending = failed
	}
	return config.Alloc, nil
}

func (c Contract) account(config devnet.Config) (types.Account, error) {
	account := types.Account{Nonce: 1, Balance: new(big.Int), Code: c.Runtime}
	if len(c.Creation) > 0 {
		var err error
		if account, err = devnet.Construct(config, c.Address, c.Creation); err != nil {
			return types.Account{}, err
		}
	}
	storage := map[common.Hash]common.Hash{}
	maps.Copy(storage, account.Storage)
	maps.Copy(storage, c.Storage)
	account.Storage = storage
	return account, nil
}

// Start starts a chain of the configuration with the contracts on it.
func (s Stand) Start(ctx context.Context, config devnet.Config) (*devnet.Net, error) {
	alloc, err := s.Alloc(config)
	if err != nil {
		return nil, err
	}
	maps.Copy(alloc, config.Alloc)
	config.Alloc = alloc
	return devnet.Start(ctx, config)
}
