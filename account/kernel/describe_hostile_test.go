package kernel_test

import (
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
)

// TestStepsBackAreWarnedOf: whoever proposes a call may know the faults of what it leads to.
func TestStepsBackAreWarnedOf(t *testing.T) {
	dev := newDevice(t, "back")
	old := must[*kernel.Account](t)(kernel.Attach(target, kernel.V024, kernel.ECDSA{Owner: target}))
	was := must[*kernel.Account](t)(kernel.Attach(target, kernel.V031, kernel.ECDSA{Owner: target}))
	now := must[*kernel.Account](t)(kernel.Attach(target, kernel.V033, kernel.ECDSA{Owner: target}))
	row := func(v kernel.Version) common.Address {
		return must[kernel.Deployment](t)(kernel.ForVersion(v, nil)).Implementation
	}
	template := must[[]account.Call](t)(was.Upgrade(kernel.V033))[0]
	upgrade := func(to kernel.Version) account.Call {
		data := append([]byte{}, template.Data...)
		copy(data[16:], row(to).Bytes())
		return account.Call{To: target, Data: data}
	}
	hole := kernel.WebAuthn{Key: dev.key, Version: kernel.WebAuthn002, DangerVulnerable: true}
	contract := must[common.Address](t)(hole.Contract(kernel.V033))
	several := kernel.MultiChainWebAuthn{Key: dev.key, Version: kernel.WebAuthn001, DangerVulnerable: true}
	one := func(calls []account.Call, err error) account.Call { return must[[]account.Call](t)(calls, err)[0] }
	for name, c := range map[string]struct {
		acct *kernel.Account
		call account.Call
		want string
	}{
		"an earlier version":        {now, upgrade(kernel.V031), "is not later than"},
		"the same version":          {now, upgrade(kernel.V033), "is not later than"},
		"another EntryPoint":        {now, upgrade(kernel.V024), "EntryPoint 0.6"},
		"another EntryPoint, later": {old, upgrade(kernel.V033), "EntryPoint 0.7"},
		"a later version":           {was, upgrade(kernel.V033), ""},
		"a root with a hole":        {now, one(now.ChangeRoot(hole)), "approves anything"},
		"a root of 0.2 with a hole": {old, one(old.ChangeRoot(kernel.WebAuthn{Key: dev.key, DangerVulnerable: true, Version: kernel.WebAuthn001})), "approves anything"},
		"a validator with a hole":   {now, one(now.InstallModule(kernel.ModuleValidator, contract, kernel.ValidatorModule(hole, [4]byte{}))), "approves anything"},
		"a second one with a hole":  {now, one(now.InstallValidator(several)), "approves anything"},
	} {
		got := c.acct.WarnCall(c.call)
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := now.WarnCall(one(now.ChangeRoot(dev.root()))); strings.Contains(got, "approves anything") {
		t.Errorf("a root without a hole: %q", got)
	}
}

// TestARootThatIsAPermissionSaysWhoseItIs: the id alone tells nobody who gets the account.
func TestARootThatIsAPermissionSaysWhoseItIs(t *testing.T) {
	thief := common.HexToAddress("0x7777777777777777777777777777777777777777")
	a := must[*kernel.Account](t)(kernel.Attach(target, kernel.V033, kernel.ECDSA{Owner: target}))
	p := kernel.Permission{Signer: kernel.ECDSASigner(thief)}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{"a key": {p.EnableData(), thief.Hex()}, "what cannot be read": {[]byte{1, 2, 3}, "0x010203"}} {
		call := account.Call{To: target, Data: kernel.ChangeRootTo(p.ID().Validation(), c.data)}
		words, ok := a.DescribeCall(call)
		if !ok || !strings.Contains(words, c.want) || !strings.Contains(words, p.ID().String()) || a.WarnCall(call) == "" {
			t.Errorf("%s: %q", name, words)
		}
	}
}
