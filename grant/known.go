// Functions that every wallet knows, and those that must never be open.

package grant

import "slices"

// wellKnown give words to selectors that are read from the chain, and say which
// functions move or give away tokens.
var wellKnown = func() map[[4]byte]*Function {
	out := map[[4]byte]*Function{}
	for _, text := range []string{
		"transfer(address to, uint256 amount)",
		"approve(address spender, uint256 amount)",
		"increaseAllowance(address spender, uint256 amount)",
		"decreaseAllowance(address spender, uint256 amount)",
		"increaseApproval(address spender, uint256 amount)",
		"approveAndCall(address spender, uint256 amount)",
		"approveAndCall(address spender, uint256 amount, bytes data)",
		"approve(address token, address spender, uint160 amount, uint48 expiration)",
		"authorizeOperator(address operator)",
		"transferFrom(address from, address to, uint256 amount)",
		"setApprovalForAll(address operator, bool approved)",
		"safeTransferFrom(address from, address to, uint256 tokenId)",
		"safeTransferFrom(address from, address to, uint256 tokenId, bytes data)",
		"permit(address owner, address spender, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)",
		"deposit()",
		"withdraw(uint256 amount)",
	} {
		f, err := ParseFunction(text)
		if err != nil {
			panic("grant: " + text + ": " + err.Error())
		}
		out[f.Selector()] = f
	}
	return out
}()

// amountOffset says where the functions of a token have an amount of it.
var amountOffset = map[string]uint64{
	"transfer(address,uint256)":             32,
	"approve(address,uint256)":              32,
	"increaseAllowance(address,uint256)":    32,
	"decreaseAllowance(address,uint256)":    32,
	"increaseApproval(address,uint256)":     32,
	"approveAndCall(address,uint256)":       32,
	"approveAndCall(address,uint256,bytes)": 32,
	"transferFrom(address,address,uint256)": 64,
	"withdraw(uint256)":                     0,
}

// approvals are the functions that let a spender take an amount, and where both stand.
var approvals = []struct {
	function        string
	spender, amount uint64
}{
	{"approve(address,uint256)", 0, 32},
	{"increaseAllowance(address,uint256)", 0, 32},
	{"increaseApproval(address,uint256)", 0, 32},
	{"approveAndCall(address,uint256)", 0, 32},
	{"approveAndCall(address,uint256,bytes)", 0, 32},
	{"permit(address,address,uint256,uint256,uint8,bytes32,bytes32)", 32, 64},
	{"approve(address,address,uint160,uint48)", 32, 64}, // of Permit2
}

// function is the one that everybody knows by the selector, under the names that
// everybody knows, or else the permission's own. That one may come from a hostile
// document: it is read again, and must have the selector.
func (p *Permission) function() *Function {
	if f := wellKnown[p.Selector]; f != nil {
		return f
	}
	if p.Function == nil {
		return nil
	}
	f, err := ParseFunction(p.Function.String())
	if err != nil || f.Selector() != p.Selector {
		return nil
	}
	return f
}

// is says whether the permission is for one of the functions.
func (p *Permission) is(signatures ...string) bool {
	return slices.ContainsFunc(signatures, func(s string) bool { return [4]byte(selector(s)) == p.Selector })
}

// ownerFunctions change a Kernel account; with any target they are open for the
// account itself too.
var ownerFunctions = []string{
	"execute(bytes32,bytes)",
	"executeFromExecutor(bytes32,bytes)",
	"executeUserOp((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes),bytes32)",
	"initialize(bytes21,address,bytes,bytes,bytes[])",
	"initialize(bytes21,address,bytes,bytes)",
	"changeRootValidator(bytes21,address,bytes,bytes)",
	"upgradeTo(address)",
	"upgradeToAndCall(address,bytes)",
	"installModule(uint256,address,bytes)",
	"uninstallModule(uint256,address,bytes)",
	"installValidations(bytes21[],(uint32,address)[],bytes[],bytes[])",
	"uninstallValidation(bytes21,bytes,bytes)",
	"invalidateNonce(uint32)",
	"grantAccess(bytes21,bytes4,bool)",
	"setRoot(bytes21)",
}

// moduleFunctions change what a validator or a policy keeps of the account that
// calls it, such as who its owner is. Nothing else has them.
var moduleFunctions = []string{
	"onInstall(bytes)",
	"onUninstall(bytes)",
}

// entryPointFunctions change what the EntryPoint keeps of the account that calls
// it; with any target they are open for it too.
var entryPointFunctions = []string{
	"withdrawTo(address,uint256)",
	"withdrawStake(address)",
	"unlockStake()",
	"addStake(uint32)",
	"incrementNonce(uint192)",
}
