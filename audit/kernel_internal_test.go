package audit

import (
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/grant"
)

// A limit that lets a session key change the account is none, and neither is one that nobody understands.
func TestWhichLimitsOfSessionKeysCount(t *testing.T) {
	account := common.HexToAddress("0x00000000000000000000000000000000000000aa")
	call := func(target common.Address, kind grant.CallType, signature string) grant.Policy {
		return &grant.Call{Permissions: []grant.Permission{{CallType: kind, Target: target, Selector: [4]byte(crypto.Keccak256([]byte(signature))[:4])}}}
	}
	of := func(policies ...grant.Policy) session.Permission {
		return session.Permission{Contents: &kernel.Permission{}, Grant: grant.Grant{Policies: policies}}
	}
	token := common.Address{19: 9}
	for name, test := range map[string]struct {
		p    session.Permission
		want bool
	}{
		"none":                      {of(), true},
		"of fees":                   {of(&grant.Gas{}), true},
		"of calls":                  {of(call(token, grant.CallSingle, "transfer(address,uint256)")), false},
		"of calls of the account":   {of(call(account, grant.CallSingle, "installModule(uint256,address,bytes)")), true},
		"of calls of any contract":  {of(call(common.Address{}, grant.CallSingle, "changeRootValidator(bytes21,address,bytes,bytes)")), true},
		"of delegatecalls":          {of(call(token, grant.CallDelegate, "transfer(address,uint256)")), true},
		"that nobody knows":         {of(&grant.Opaque{}), true},
		"of calls, and one unknown": {of(call(token, grant.CallSingle, "transfer(address,uint256)"), &grant.Opaque{}), false},
		"that were not found":       {session.Permission{Policies: make([][22]byte, 1)}, true},
	} {
		if got := unlimited(test.p, account); got != test.want {
			t.Errorf("limits %s: unlimited %v", name, got)
		}
	}
}
