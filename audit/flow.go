// Accounts of Flow: keys with weights.

package audit

import (
	"context"
	"fmt"
	"math"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/recovery"
)

const kindFlow = "Flow account"

// TooManyKeysError says that an account has more keys than an audit is exact for.
type TooManyKeysError struct {
	Address flow.Address
	Keys    int // that are not revoked and weigh something
}

func (e *TooManyKeysError) Error() string {
	return fmt.Sprintf("audit: the Flow account %s has %d keys that count, more than %d", e.Address, e.Keys, recovery.MaxSigners)
}

// Hint implements [account.Hinter].
func (e *TooManyKeysError) Hint() string {
	return "revoke keys that nobody uses, or describe those that matter in a file (docs/recovery.md)"
}

var _ account.Hinter = (*TooManyKeysError)(nil)

// ReadFlow describes a Flow account as of the latest sealed block: its keys that are not
// revoked, their weights, and the weight of 1000 that signatures must have together. Nobody
// stands between a signer and the chain: any access node takes a transaction, and anybody
// may pay for it.
func ReadFlow(ctx context.Context, c *access.Client, a flow.Address) (recovery.Account, error) {
	got, err := c.Account(ctx, a)
	if err != nil {
		return recovery.Account{}, fmt.Errorf("audit: read the keys of %s: %w", a, err)
	}
	return describeFlow(got)
}

func describeFlow(a access.Account) (recovery.Account, error) {
	d := &description{kind: kindFlow, quorum: recovery.Quorum{Threshold: flow.WeightThreshold}}
	seen := map[uint32]bool{}
	for _, k := range a.Keys {
		if seen[k.Index] {
			return recovery.Account{}, fmt.Errorf("audit: the node lists key %d of %s twice", k.Index, a.Address)
		}
		seen[k.Index] = true
		if !k.Revoked && k.Weight > 0 { // a key without weight may propose a transaction and approves none
			d.add(flowSigner(k), uint64(k.Weight))
		}
	}
	if n := len(d.signers); n > recovery.MaxSigners {
		return recovery.Account{}, &TooManyKeysError{a.Address, n}
	}
	d.can = []recovery.Ability{recovery.CanAddPasskey, recovery.CanAddKey, recovery.CanThreshold}
	out := d.account()
	out.Address = a.Address.String()
	out.Domains = []recovery.Domain{{ID: "chain", Name: "the chain", Kind: recovery.DomainChain}}
	out.Ways = []recovery.Way{{Needs: []string{"chain"}}}
	return out, nil
}

// flowSigner describes a key. One that a passkey may be is described as a passkey, since
// that depends on the most; the chain does not tell, and its owner may say otherwise.
func flowSigner(k flow.AccountKey) recovery.Signer {
	if k.Fits() == nil {
		if key, err := passkey.ParseRaw(k.Public[:]); err == nil {
			s := PasskeySigner(key)
			s.AnyKind = true
			return s
		}
	}
	curve := map[flow.Curve]string{flow.P256: "P-256", flow.Secp256k1: "secp256k1"}[k.Curve]
	if curve == "" {
		curve = "of a curve that is not known"
	}
	return recovery.Signer{
		ID: fmt.Sprintf("flow-key-%x", k.Public[:12]), Name: fmt.Sprintf("Key %x… (%s)", k.Public[:6], curve),
		Kind: recovery.KindHot, Key: fmt.Sprintf("0x%x", k.Public[:32]),
	}
}

// lockedFlow says that the keys of an account do not weigh enough, as contracts' accounts
// have it whose keys were revoked for good.
func lockedFlow(q recovery.Quorum) bool {
	sum := uint64(0)
	for _, m := range q.Members {
		sum += min(m.Weight, math.MaxUint16)
	}
	return sum < q.Threshold
}
