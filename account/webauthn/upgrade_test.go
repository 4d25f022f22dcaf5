package webauthn_test

import (
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/userop"
)

// An account moves to the next EntryPoint at the same address, with its signers.
func TestUpgradeToTheNextEntryPoint(t *testing.T) {
	b := newBench(t)
	d := newDevice(t, "upgrade")
	acct := must[*webauthn.Account](t)(webauthn.ForPasskey(deployment(t, userop.V08), d.key, [32]byte{5}))
	auth := must[*webauthn.Authority](t)(acct.Authority(d.approver(acct.Members()[0].Signer)))
	b.fund(t, acct.Address())
	next := deployment(t, userop.V09)

	up := must[account.Call](t)(acct.Upgrade(next.Implementation, nil))
	if r := b.do(t, acct, auth, d.approve, up); !r.Success {
		t.Fatalf("the upgrade reverted: %s", r.Reason)
	}
	now := must[*webauthn.Account](t)(acct.With(t.Context(), b.chain))
	if now.EntryPoint() != userop.V09 || now.Address() != acct.Address() || len(now.Members()) != 1 {
		t.Fatalf("it answers to v%s with %d signers", now.EntryPoint().Version(), len(now.Members()))
	}
	auth = must[*webauthn.Authority](t)(now.Authority(d.approver(now.Members()[0].Signer)))
	if r := b.do(t, now, auth, d.approve, account.Call{To: common.Address{1}}); !r.Success || r.EntryPoint != userop.V09.Address() {
		t.Errorf("after the upgrade: %+v", r)
	}

	// And back, further than it came from.
	down := must[account.Call](t)(now.Upgrade(deployment(t, userop.V07).Implementation, nil))
	if r := b.do(t, now, auth, d.approve, down); !r.Success {
		t.Fatalf("the upgrade reverted: %s", r.Reason)
	}
	back := must[*webauthn.Account](t)(webauthn.At(t.Context(), b.chain, now.Address()))
	if back.EntryPoint() != userop.V07 {
		t.Errorf("it answers to v%s", back.EntryPoint().Version())
	}
}
