// Who can sign when calls have run.

package hybrid

import (
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/passkey"
)

// checkLeft refuses calls that leave nobody who can sign, all of them together. The
// contract counts an owner as a signer also where it is known that no key belongs to
// it, and then lets the last key go.
func (a *Account) checkLeft(calls []account.Call) error {
	d := describer{self: a.address}
	owner, keys, changed := a.owner, a.hashes(), false
	for _, c := range calls {
		if c.To != a.address {
			continue
		}
		method, args, ok := d.parse(c)
		if !ok {
			continue
		}
		switch method {
		case "addKey":
			keys[TextKey(args[0].(string), passkey.PublicKey{}).Hash] = true
		case "removeKey":
			delete(keys, TextKey(args[0].(string), passkey.PublicKey{}).Hash)
		case "updateSigners", "reinitialize":
			if method == "reinitialize" {
				if args[5] == true {
					clear(keys)
				}
				args = args[1:]
			} else {
				clear(keys)
			}
			owner = args[0].(common.Address)
			for _, id := range args[1].([]string) {
				keys[TextKey(id, passkey.PublicKey{}).Hash] = true
			}
		case "transferOwnership":
			owner = args[0].(common.Address)
		case "renounceOwnership":
			owner = common.Address{}
		case "upgradeToAndCall", "upgradeToAndCallAndRetainStorage":
			return nil // another code's business
		default:
			continue
		}
		changed = true
	}
	if !changed || len(keys) > 0 {
		return nil
	}
	why := a.whyDead(owner, a.keys)
	if owner == a.owner {
		why = a.deadOwner
	}
	if owner == (common.Address{}) || why != "" {
		return &LastSignerError{Owner: owner, Why: why}
	}
	return nil
}

func (a *Account) hashes() map[common.Hash]bool {
	out := make(map[common.Hash]bool, len(a.keys))
	for _, k := range a.keys {
		out[k.Hash] = true
	}
	return out
}
