package webauthn_test

import (
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/seal"
)

// Anybody may have the implementation itself ask for P256VERIFY, which changes what it says and nothing of the accounts:
// new ones begin with what it found when it was deployed.
func TestNobodyChangesHowNewAccountsBegin(t *testing.T) {
	b := newBenchOn(t, fork())
	u := b.user(t, "unborn")
	if err := b.net.BecomeOsaka(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := u.acct.FirstPath(t.Context(), b.chain); got != seal.PathNone {
		t.Errorf("%s before the probe", got)
	}
	b.stranger(t, webauthn.ProbeCall(u.acct.Deployment().Implementation))
	if got := u.acct.FirstPath(t.Context(), b.chain); got != seal.PathNone {
		t.Errorf("%s after a stranger had the implementation ask", got)
	}
	// A probe asks for more gas than it takes: the limit has to be enough all the same.
	if r := b.do(t, u.acct, u.auth(t), u.approve, webauthn.ProbeCall(u.acct.Address())); !r.Success || b.now(t, u) != seal.PathPrecompile {
		t.Fatal(r.Reason)
	}
	other := b.user(t, "next")
	if r := b.do(t, other.acct, other.auth(t), other.approve, account.Call{To: common.Address{1}}); !r.Success || b.now(t, other) != seal.PathNone {
		t.Errorf("the next account verifies by %s", b.now(t, other))
	}

	native := newBench(t)
	v := native.user(t, "native")
	native.stranger(t, webauthn.ProbeCall(v.acct.Deployment().Implementation))
	if got := v.acct.FirstPath(t.Context(), native.chain); got != seal.PathPrecompile {
		t.Errorf("%s on a chain that had P256VERIFY from the start", got)
	}
}
