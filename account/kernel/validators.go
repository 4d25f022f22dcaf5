// The validators that an account has beside its root.

package kernel

import (
	"context"
	"errors"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
)

// Further is a validator that an account has installed beside its root, and that counts.
type Further struct {
	Name     string // "ECDSA validator"
	Contract common.Address
	// Validator has the owner or the passkey that it obeys. One with a known hole is here
	// too, with DangerVulnerable set: it obeys others as well.
	Validator Validator
	Installed
}

// ReadFurther asks the chain which of the known validators an account of Kernel 3 has
// beside its root. Each signs messages for the account, and those that may execute control
// it. Validators that this package does not know cannot be listed; before Kernel 3 there is
// one per function, and none is found.
func ReadFurther(ctx context.Context, ch account.Chain, addr common.Address) ([]Further, error) {
	s, err := Read(ctx, ch, addr)
	if err != nil || !s.Version.V3() {
		return nil, err
	}
	r := reader{ctx, ch, addr}
	var out []Further
	for _, k := range knownValidators(s.Version) {
		id := ValidatorID(k.contract)
		if id == s.Root {
			continue
		}
		installed, err := ReadInstalled(ctx, ch, addr, id)
		if err != nil {
			return nil, err
		}
		if !installed.Valid {
			continue
		}
		v, err := r.root(s.Version, k.contract)
		if errors.Is(err, ErrNoOwner) {
			continue // it obeys nobody yet
		}
		if err != nil {
			return nil, err
		}
		out = append(out, Further{Name: k.name, Contract: k.contract, Validator: v, Installed: installed})
	}
	return out, nil
}
