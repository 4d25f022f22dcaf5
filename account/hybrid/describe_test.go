package hybrid_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/devnet"
)

func TestEveryCallThatChangesTheAccountIsSaidInWordsWithAWarning(t *testing.T) {
	owner, heir := addressOf(newKey("owner")), addressOf(newKey("heir"))
	one, two := newDevice(t, "one").key, newDevice(t, "two").key
	acct := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: owner, Keys: []hybrid.Key{one}}))
	x := func(k hybrid.Key) *big.Int { b := k.Public.X(); return new(big.Int).SetBytes(b[:]) }
	y := func(k hybrid.Key) *big.Int { b := k.Public.Y(); return new(big.Int).SetBytes(b[:]) }
	pack := func(method string, args ...any) []byte { return must[[]byte](t)(hybrid.Pack(method, args...)) }
	inner := must[[]byte](t)(hybrid.EncodeCallsOf(common.Address{}, []account.Call{{To: acct.Address(), Data: pack("transferOwnership", heir)}, {To: target, Value: big.NewInt(1e18)}}))
	delegation := common.FromHex("0x12") // arguments of no shape
	for _, c := range []struct {
		name  string
		data  []byte
		words []string // "" for none
		warns string   // a part of it
	}{
		{"addKey", pack("addKey", two.ID, x(two), y(two)), []string{"let", two.String(), "alone"}, "be sure whose"},
		{"addKey under a text the kit does not write", pack("addKey", "0x1234", x(two), y(two)), []string{"0x1234"}, "no credential id"},
		{"addKey off the curve", pack("addKey", "k", big.NewInt(1), big.NewInt(2)), []string{"no point of the curve"}, "be sure whose"},
		{"removeKey", pack("removeKey", one.ID), []string{"no longer let", one.String()}, "who controls"},
		{"removeKey of another", pack("removeKey", "x"), []string{`the key named "x"`}, "who controls"},
		{"updateSigners", pack("updateSigners", heir, []string{two.ID}, []*big.Int{x(two)}, []*big.Int{y(two)}), []string{"replace all signers", heir.Hex(), two.String()}, "who controls"},
		{"updateSigners that do not fit", pack("updateSigners", heir, []string{two.ID}, []*big.Int{}, []*big.Int{}), []string{"do not fit together"}, "who controls"},
		{"transferOwnership", pack("transferOwnership", heir), []string{heir.Hex(), "instead of " + owner.Hex()}, "any address"},
		{"renounceOwnership", pack("renounceOwnership"), []string{"without an owner"}, "who controls"},
		{"reinitialize", pack("reinitialize", uint8(2), heir, []string{}, []*big.Int{}, []*big.Int{}, true), []string{"version 2", heir.Hex(), "in place of all"}, "who controls"},
		{"reinitialize, keys kept", pack("reinitialize", uint8(2), heir, []string{}, []*big.Int{}, []*big.Int{}, false), []string{"leave the present keys"}, "who controls"},
		{"upgradeToAndCall", pack("upgradeToAndCall", heir, []byte{1, 2}), []string{"delete owner and keys", heir.Hex(), "0x0102"}, "nobody or anybody"},
		{"upgradeToAndCallAndRetainStorage", pack("upgradeToAndCallAndRetainStorage", heir, []byte{}), []string{"replace the code", heir.Hex()}, "lock you out"},
		{"redeemDelegations", pack("redeemDelegations", [][]byte{{1}}, [][32]byte{{}}, [][]byte{{2}}), []string{"run calls by 1 delegations"}, "any of this account's own"},
		{"addDeposit", pack("addDeposit"), []string{"deposit for fees"}, ""},
		{"withdrawDeposit", pack("withdrawDeposit", heir, big.NewInt(5e17)), []string{"send 0.5", heir.Hex()}, ""},
		{"execute", inner, nil, "can change who controls"},
		{"something unknown", []byte{1, 2, 3, 4}, nil, "can change who controls"},
		{"validateUserOp", hybrid.MethodID("validateUserOp"), nil, "can change who controls"},
		{"addKey with trailing bytes", append(pack("addKey", two.ID, x(two), y(two)), 0), nil, "can change who controls"},
		{"enableDelegation of no shape", append(hybrid.MethodID("enableDelegation"), delegation...), nil, "can change who controls"},
	} {
		call := account.Call{To: acct.Address(), Data: c.data}
		words, ok := acct.DescribeCall(call)
		if ok != (c.words != nil) {
			t.Errorf("%s: described as %q (%v)", c.name, words, ok)
		}
		for _, w := range c.words {
			if !strings.Contains(words, w) {
				t.Errorf("%s: %q does not say %q", c.name, words, w)
			}
		}
		if warning := acct.WarnCall(call); (warning == "") != (c.warns == "") || !strings.Contains(warning, c.warns) {
			t.Errorf("%s: the warning is %q, want %q", c.name, warning, c.warns)
		}
		call.To = target
		if words, ok := acct.DescribeCall(call); ok || acct.WarnCall(call) != "" {
			t.Errorf("%s on another contract: %q, %q", c.name, words, acct.WarnCall(call))
		}
	}
	// To the DelegationManager the account can speak itself.
	manager := account.Call{To: hybrid.V130().DelegationManager, Data: pack("redeemDelegations", [][]byte{{1}}, [][32]byte{{}}, [][]byte{{2}})}
	if words, ok := acct.DescribeCall(manager); !ok || !strings.Contains(words, "run calls by 1 delegations") || !strings.Contains(acct.WarnCall(manager), "this account's own") {
		t.Errorf("%q", words)
	}
	// A byte more hides nothing: the contract does not mind it.
	manager.Data = append(manager.Data, 0)
	if words, ok := acct.DescribeCall(manager); ok || !strings.Contains(acct.WarnCall(manager), "this account's own") {
		t.Errorf("followed by a byte: %q, %q", words, acct.WarnCall(manager))
	}
	manager.Data = pack("addKey", two.ID, x(two), y(two))
	if words, ok := acct.DescribeCall(manager); ok {
		t.Errorf("the DelegationManager has no addKey, but %q", words)
	}
	withValue := account.Call{To: acct.Address(), Value: big.NewInt(1e18), Data: pack("removeKey", one.ID)}
	if words, _ := acct.DescribeCall(withValue); !strings.Contains(words, "sending itself 1 ") {
		t.Errorf("the value is not said: %q", words)
	}
}

// TestTheContractRefusesWhatIsRefusedHere hands the contract what this package
// would not write.
func TestTheContractRefusesWhatIsRefusedHere(t *testing.T) {
	b := newBench(t, devnet.Prague)
	owner, one, two := addressOf(newKey("owner")), newDevice(t, "one").key, newDevice(t, "two").key
	both := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: owner, Keys: []hybrid.Key{one}}))
	keyOnly := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Keys: []hybrid.Key{one}}))
	deploy(t, b, both)
	deploy(t, b, keyOnly)
	x, y := one.Public.X(), one.Public.Y()
	bigX, bigY := new(big.Int).SetBytes(x[:]), new(big.Int).SetBytes(y[:])
	for _, c := range []struct {
		name   string
		acct   *hybrid.Account
		revert string // "" if the contract takes it
		method string
		args   []any
	}{
		{"addKey of a key that is there", both, "KeyAlreadyExists", "addKey", []any{one.ID, bigX, bigY}},
		{"addKey without a text", both, "InvalidEmptyKey", "addKey", []any{"", bigX, bigY}},
		{"addKey off the curve", both, "KeyNotOnCurve", "addKey", []any{two.ID, bigX, bigX}},
		{"addKey", both, "", "addKey", []any{two.ID, bigX, bigY}},
		{"removeKey of no key", both, "KeyDoesNotExist", "removeKey", []any{two.ID}},
		{"removeKey of the only signer", keyOnly, "CannotRemoveLastSigner", "removeKey", []any{one.ID}},
		{"removeKey", both, "", "removeKey", []any{one.ID}},
		{"renounceOwnership", both, "", "renounceOwnership", nil},
		{"updateSigners to nobody", both, "SignersCannotBeEmpty", "updateSigners", []any{common.Address{}, []string{}, []*big.Int{}, []*big.Int{}}},
		{"transferOwnership to the account itself", both, "", "transferOwnership", []any{both.Address()}}, // only the check here protects
	} {
		data := must[[]byte](t)(hybrid.Pack(c.method, c.args...))
		reverted := simulate(t, b, c.acct.Address(), data)
		if want := hybrid.ErrorID(c.revert); string(reverted) != string(want) {
			t.Errorf("%s: reverts with %x, want %s %x", c.name, reverted, c.revert, want)
		}
	}
}
