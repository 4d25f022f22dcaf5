package hybrid

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/internal/abiargs"
	"github.com/postern-dev/postern/passkey"
)

// DescribeCall implements [account.Describer] for the account's calls to itself
// and to its DelegationManager.
func (a *Account) DescribeCall(c account.Call) (string, bool) {
	return describer{a.address, a.deployment.DelegationManager, a}.describe(c)
}

// WarnCall implements [account.Warner]: what changes who controls the account.
func (a *Account) WarnCall(c account.Call) string {
	return describer{a.address, a.deployment.DelegationManager, a}.warn(c)
}

// DescribeCall implements [account.Describer] for the account's calls to itself
// and to its DelegationManager.
func (s *Stateless) DescribeCall(c account.Call) (string, bool) {
	return describer{self: s.address, manager: s.deployment.DelegationManager}.describe(c)
}

// WarnCall implements [account.Warner].
func (s *Stateless) WarnCall(c account.Call) string {
	return describer{self: s.address, manager: s.deployment.DelegationManager}.warn(c)
}

// describer puts calls of an account into words.
type describer struct {
	self, manager common.Address
	account       *Account // nil for an EIP-7702 account
}

// parse recognises a call by its function and reads its arguments strictly, so that
// words made of them say all that there is: what can be read in two ways is not
// described. The function's name it returns all the same.
func (d describer) parse(c account.Call) (method string, args []any, ok bool) {
	if len(c.Data) < 4 || c.To != d.self && c.To != d.manager {
		return "", nil, false
	}
	m, err := contractABI.MethodById(c.Data)
	if err != nil {
		return "", nil, false
	}
	method = m.Name
	if c.To == d.manager && method != "redeemDelegations" && method != "enableDelegation" && method != "disableDelegation" {
		return "", nil, false
	}
	args, err = abiargs.Method(m, c.Data)
	return method, args, err == nil
}

func (d describer) describe(c account.Call) (string, bool) {
	method, args, ok := d.parse(c)
	if !ok {
		return "", false
	}
	words := d.words(method, args, c)
	if words == "" {
		return "", false
	}
	if c.Value != nil && c.Value.Sign() > 0 && method != "addDeposit" {
		words += ", sending itself " + coins(c.Value)
	}
	return words, true
}

func (d describer) words(method string, args []any, c account.Call) string {
	switch method {
	case "addKey":
		return "let " + keyOf(args[0], args[1], args[2]) + " sign for this account, alone and for everything"
	case "removeKey":
		return "no longer let " + d.known(args[0].(string)) + " sign for this account"
	case "updateSigners":
		return "replace all signers of this account: " + signers(args)
	case "reinitialize":
		words := fmt.Sprintf("initialise this account again, as version %v, with ", args[0]) + signers(args[1:5])
		if args[5] == true {
			return words + ", in place of all present signers"
		}
		return words + ", and leave the present keys"
	case "transferOwnership":
		return fmt.Sprintf("make %s the owner of this account", args[0]) + d.insteadOf()
	case "renounceOwnership":
		return "leave this account without an owner, to its keys alone"
	case "upgradeToAndCall":
		return fmt.Sprintf("delete owner and keys and replace the code of this account by %s, whose author then controls it%s", args[0], with(args[1].([]byte)))
	case "upgradeToAndCallAndRetainStorage":
		return fmt.Sprintf("replace the code of this account by %s, whose author then controls it%s", args[0], with(args[1].([]byte)))
	case "redeemDelegations":
		return fmt.Sprintf("run calls by %d delegations, %s", len(args[0].([][]byte)), payload(c.Data))
	case "enableDelegation":
		return "let a delegation of this account be used again, " + payload(c.Data)
	case "disableDelegation":
		return "no longer let a delegation of this account be used, " + payload(c.Data)
	case "addDeposit":
		return "put " + coins(orZero(c.Value)) + " into this account's deposit for fees"
	case "withdrawDeposit":
		return fmt.Sprintf("send %s of this account's deposit for fees to %s", coins(args[1].(*big.Int)), args[0])
	}
	return ""
}

// What a person has to know before approving.
const (
	warnControl  = "this changes who controls the account"
	warnKey      = "whoever has this key can then do everything with the account, without any other: be sure whose it is"
	warnOwner    = "whoever has the new owner's key can then do everything with the account, and the contract takes any address: be sure that somebody can sign for it"
	warnUpgrade  = "the new code can take everything of this account and lock you out"
	warnCleared  = "; unless the new code is given signers in the same call, nobody or anybody controls the account afterwards"
	warnUnknown  = "a call of the account to itself can change who controls it"
	warnDelegate = "whoever holds a delegation of this account can act for it within that delegation's limits, without asking again"
	// An empty delegation in redeemDelegations stands for the account itself.
	warnRedeem = "the calls that this runs are not shown here, and may be any of this account's own: they could take everything"
)

func (d describer) warn(c account.Call) string {
	if len(c.Data) < 4 || c.To != d.self && c.To != d.manager {
		return ""
	}
	method, args, ok := d.parse(c)
	switch {
	case c.To == d.self && !ok:
		return warnUnknown
	case c.To == d.manager && method == "":
		return ""
	}
	switch method {
	case "addKey":
		if k := TextKey(args[0].(string), passkey.PublicKey{}); strings.HasPrefix(k.ID, "0x") {
			if _, ok := k.Credential(); !ok {
				return warnKey + "; its name looks like a passkey's but stands for no credential id as MetaMask's kit writes it"
			}
		}
		return warnKey
	case "transferOwnership":
		return warnOwner
	case "removeKey", "updateSigners", "reinitialize", "renounceOwnership":
		return warnControl
	case "upgradeToAndCall":
		return warnUpgrade + warnCleared
	case "upgradeToAndCallAndRetainStorage":
		return warnUpgrade
	case "enableDelegation":
		return warnDelegate
	case "redeemDelegations":
		return warnRedeem
	case "disableDelegation", "addDeposit", "withdrawDeposit":
		return ""
	}
	return warnUnknown
}

// keyOf names a key by its text and coordinates.
func keyOf(id, x, y any) string {
	pub, err := passkey.ParseRaw(append(common.BigToHash(x.(*big.Int)).Bytes(), common.BigToHash(y.(*big.Int)).Bytes()...))
	if err != nil {
		return fmt.Sprintf("a key named %.80q that is no point of the curve (the contract will refuse it)", id)
	}
	return TextKey(id.(string), pub).String()
}

// known names a key of the account by its text.
func (d describer) known(id string) string {
	k := TextKey(id, passkey.PublicKey{})
	if d.account != nil {
		if known, ok := d.account.Key(k.Hash); ok {
			k.Public = known.Public
			return k.String()
		}
	}
	return fmt.Sprintf("the key named %.80q", id)
}

func (d describer) insteadOf() string {
	if d.account == nil || d.account.owner == (common.Address{}) {
		return ""
	}
	return " instead of " + d.account.owner.Hex()
}

// signers names the owner and keys of updateSigners, initialize and reinitialize.
func signers(args []any) string {
	ids, xs, ys := args[1].([]string), args[2].([]*big.Int), args[3].([]*big.Int)
	words := []string{"no owner"}
	if owner := args[0].(common.Address); owner != (common.Address{}) {
		words[0] = "the owner " + owner.Hex()
	}
	if len(ids) != len(xs) || len(ids) != len(ys) {
		return words[0] + " and keys that do not fit together (the contract will refuse them)"
	}
	for i := range ids {
		words = append(words, keyOf(ids[i], xs[i], ys[i]))
	}
	return strings.Join(words, ", ")
}

func with(data []byte) string {
	if len(data) == 0 {
		return ""
	}
	return ", and run " + payload(data) + " with it (a delegatecall)"
}

func payload(data []byte) string {
	return fmt.Sprintf("%d bytes of data 0x%x", len(data), data[:min(len(data), 64)])
}

func coins(wei *big.Int) string { return account.Ether(wei) + " of the chain's coin" }
