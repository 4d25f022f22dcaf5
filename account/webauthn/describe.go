package webauthn

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/internal/abiargs"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/seal"
)

// DescribeCall implements [account.Describer] for the account's calls to itself.
func (a *Account) DescribeCall(c account.Call) (string, bool) {
	if c.To != a.address || len(c.Data) < 4 || (c.Value != nil && c.Value.Sign() != 0) {
		return "", false
	}
	m, err := contracts.AccountABI.MethodById(c.Data)
	if err != nil {
		return "", false
	}
	args, err := abiargs.Method(m, c.Data)
	if err != nil {
		return "", false
	}
	switch m.Name {
	case "addSigners":
		return weighted("let", " sign for this account", args)
	case "setSignerWeights":
		return weighted("change the weight of", "", args)
	case "removeSigners":
		names, ok := namesOf(args[0])
		if !ok {
			return "", false
		}
		return "no longer let " + strings.Join(names, " and ") + " sign for this account", true
	case "setThreshold":
		return fmt.Sprintf("require approvals of weight %v together", args[0]), true
	case "probePrecompile":
		return "find out whether this chain verifies passkeys natively", true
	case "useTable":
		return describeTable(args)
	case "upgradeToAndCall":
		to, ok := args[0].(common.Address)
		if !ok {
			return "", false
		}
		words := fmt.Sprintf("replace the code of this account by %s, whose author then controls it", to)
		if data, _ := args[1].([]byte); len(data) > 0 {
			words += fmt.Sprintf(", and run %d bytes of data 0x%x with it (a delegatecall)", len(data), data[:min(len(data), 64)])
		}
		return words, true
	}
	return "", false
}

// cancelRecoveries stops what guardians have proposed, and nothing else.
var cancelRecoveries = contracts.RecoveryABI.Methods["cancel"].ID

// WarnCall implements [account.Warner]: what changes who controls the account.
func (a *Account) WarnCall(c account.Call) string {
	if c.To == contracts.WebAuthnAccountRecovery && !bytes.HasPrefix(c.Data, cancelRecoveries) { // package guardian says more
		return "this can change who brings the account back, and so who can take it"
	}
	if c.To != a.address || len(c.Data) < 4 {
		return ""
	}
	m, err := contracts.AccountABI.MethodById(c.Data)
	switch {
	case err != nil:
		return "a call of the account to itself can change who controls it"
	case m.Name == "probePrecompile", m.Name == "useTable":
		return ""
	case m.Name == "upgradeToAndCall":
		return "the new code can take everything of this account and lock you out"
	case m.Name == "addSigners":
		return "who is added can approve for this account: be sure whose key it is"
	}
	return "this changes who controls the account"
}

func describeTable(args []any) (string, bool) {
	b, ok := args[0].([]byte)
	f, ok2 := args[1].(uint8)
	if !ok || !ok2 {
		return "", false
	}
	s, err := seal.ParseSigner(b)
	t := Table{s, p256table.Format(f)}
	if err != nil || t.check() != nil {
		return "", false
	}
	if f == 0 {
		return "verify signatures of " + Name(s) + " without a table", true
	}
	return fmt.Sprintf("verify signatures of %s by its table of %s, and build that if it is not there", Name(s), t.Format), true
}

func weighted(verb, after string, args []any) (string, bool) {
	names, ok := namesOf(args[0])
	weights, ok2 := args[1].([]uint64)
	if !ok || !ok2 || len(weights) != len(names) {
		return "", false
	}
	for i, w := range weights {
		if verb != "let" {
			names[i] += fmt.Sprintf(" to %d", w)
		} else if w != 1 {
			names[i] += fmt.Sprintf(" with weight %d", w)
		}
	}
	return verb + " " + strings.Join(names, " and ") + after, true
}

func namesOf(arg any) ([]string, bool) {
	list, ok := arg.([][]byte)
	if !ok || len(list) == 0 {
		return nil, false
	}
	names := make([]string, len(list))
	for i, b := range list {
		s, err := seal.ParseSigner(b)
		if err != nil {
			return nil, false
		}
		names[i] = Name(s)
	}
	return names, true
}
