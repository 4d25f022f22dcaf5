// What calls to the module mean, for the person who approves them.

package guardian

import (
	"bytes"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/internal/abiargs"
)

// Account is a WebAuthnAccount whose summaries say in words what calls about its guardians
// mean, too.
type Account struct{ *webauthn.Account }

var (
	_ account.Account   = Account{}
	_ account.Describer = Account{}
	_ account.Warner    = Account{}
)

// DescribeCall implements [account.Describer].
func (a Account) DescribeCall(c account.Call) (string, bool) {
	if words, ok := DescribeCall(a.Address(), c); ok {
		return words, true
	}
	return a.Account.DescribeCall(c)
}

// WarnCall implements [account.Warner].
func (a Account) WarnCall(c account.Call) string {
	if _, _, ours := call(a.Address(), c); ours || c.To == Module {
		return WarnCall(a.Address(), c)
	}
	return a.Account.WarnCall(c)
}

// call reads a call of the module, or one of the account that installs or removes it.
func call(acct common.Address, c account.Call) (m *abi.Method, args []any, ok bool) {
	contract := moduleABI
	switch c.To {
	case Module:
	case acct:
		contract = contracts.AccountABI
	default:
		return nil, nil, false
	}
	if len(c.Data) < 4 {
		return nil, nil, false
	}
	m, err := contract.MethodById(c.Data)
	if err != nil {
		return nil, nil, false
	}
	if args, err = abiargs.Method(m, c.Data); err != nil {
		return nil, nil, false
	}
	if c.To == Module {
		return m, args, true
	}
	if m.Name != "installModule" && m.Name != "uninstallModule" {
		return nil, nil, false
	}
	kind, ok1 := args[0].(*big.Int)
	module, ok2 := args[1].(common.Address)
	return m, args, ok1 && ok2 && kind.Cmp(moduleTypeExecutor) == 0 && module == Module
}

// setupOf is the setup of an installation or a schedule.
func setupOf(m *abi.Method, args []any) (s Setup, err error) {
	if m.Name == "installModule" {
		data, _ := args[2].([]byte)
		return ParseSetup(data)
	}
	return toSetup(args[0])
}

// DescribeCall says what a call to the module means, or a call of the account that
// installs or removes it. What cannot be read to its last byte is not described.
func DescribeCall(acct common.Address, c account.Call) (string, bool) {
	m, args, ok := call(acct, c)
	if !ok || c.Value != nil && c.Value.Sign() != 0 {
		return "", false
	}
	switch m.Name {
	case "installModule", "scheduleSetup":
		s, err := setupOf(m, args)
		if err != nil {
			return "", false
		}
		switch {
		case m.Name == "installModule":
			return "let guardians recover this account from now on: " + strings.Join(s.Words(), " "), true
		case s.Empty():
			return "announce that this account leaves its guardians", true
		}
		return "announce other guardians for this account: " + strings.Join(s.Words(), " "), true
	case "uninstallModule":
		return "remove the recovery module from this account", true
	case "cancelSetup":
		return "drop the change of guardians that was announced", true
	case "cancel":
		return "stop every recovery of this account that was proposed", true
	}
	return describeOthers(m, args)
}

// describeOthers is for transactions that anyone may send.
func describeOthers(m *abi.Method, args []any) (string, bool) {
	switch m.Name {
	case "applySetup":
		return fmt.Sprintf("put the change of guardians that the account %s announced into force", args[0]), true
	case "cancelBySignature":
		return fmt.Sprintf("stop every recovery of the account %s by its signature", args[0]), true
	case "cancelByGuardians":
		tierOf, ok1 := args[1].(uint8)
		by, ok2 := args[2].(uint8)
		return fmt.Sprintf("stop the recovery of the account %s that %s proposed, by the guardians of %s", args[0], tier(tierOf), tier(by)), ok1 && ok2
	case "freeze":
		return fmt.Sprintf("freeze the account %s by its guardians", args[0]), true
	case "unfreeze":
		return fmt.Sprintf("end the freeze of the account %s by its guardians", args[0]), true
	case "thaw":
		return fmt.Sprintf("have the account %s forget a freeze that has ended", args[0]), true
	case "propose", "execute":
		r, err := toRecovery(args[0])
		if err != nil {
			return "", false
		}
		verb := "propose"
		if m.Name == "execute" {
			verb = "carry out"
		}
		return fmt.Sprintf("%s the recovery of the account %s by its guardians of %s: the new signer %s in the place of %s",
			verb, r.Account, tier(r.Tier), Name(r.NewSigner), names(r.Replaces)), true
	}
	return "", false
}

// warnHidden is about guardians whose encoding is not the usual one, which contracts read all
// the same: nobody has seen whose keys they are.
const warnHidden = "the guardians in this call cannot be read here, but the contract may take them: enough of them together could take the account"

// WarnCall says what is dangerous about such a call, "" if nothing is.
func WarnCall(acct common.Address, c account.Call) string {
	m, args, ok := call(acct, c)
	if !ok {
		switch {
		case c.To != Module:
			return ""
		case bytes.HasPrefix(c.Data, moduleABI.Methods["scheduleSetup"].ID):
			return warnHidden
		}
		return "this is no call that the recovery module knows, or it is written in an unusual way: nobody has seen what it does"
	}
	switch m.Name {
	case "installModule", "scheduleSetup":
		s, err := setupOf(m, args)
		if err != nil {
			return warnHidden
		}
		if m.Name == "scheduleSetup" && s.Empty() {
			return "afterwards nobody can bring you back in when your own keys are lost"
		}
		if err := s.Check(acct, nil); err != nil {
			return "the contract refuses these guardians: " + strings.TrimPrefix(err.Error(), "guardian: ")
		}
		return fmt.Sprintf("enough of these guardians together can take the account if nobody objects within %s: be sure whose keys they are", duration(s.Tiers[0].Delay))
	case "uninstallModule":
		return "afterwards nobody can bring you back in when your own keys are lost"
	case "propose":
		return "after the delay the new signer controls the account: be sure that its owner wants it"
	case "execute":
		return "the signers that are replaced lose the account: be sure that its owner wants it"
	}
	return ""
}
