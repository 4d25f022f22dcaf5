package inspect

import (
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/internal/abiargs"
	"github.com/postern-dev/postern/seal"
)

// posternCall recognises calls of our account and our factory by their ABI.
func (in *inspector) posternCall(b []byte) (Reading, bool) {
	for _, contract := range []struct {
		name string
		abi  abi.ABI
	}{{"Postern account", contracts.AccountABI}, {"Postern factory", contracts.FactoryABI}} {
		m, err := contract.abi.MethodById(b)
		if err != nil {
			continue
		}
		r := Reading{Kind: "contract-call", Title: contract.name + ": " + m.Name, Likelihood: Certain}
		args, err := abiargs.Method(m, b)
		if err != nil {
			r.wrong("malformed", "the arguments do not decode, or are not in the one canonical encoding", "cut, or encoded for another function", "")
			return r, true
		}
		for i, input := range m.Inputs {
			name := input.Name
			if name == "" {
				name = fmt.Sprintf("argument %d", i+1)
			}
			if b, ok := args[i].(uint8); ok && name == "format" {
				r.fact(name, fmt.Sprintf("0x%02x = %s", b, seal.P256Path(b)))
				continue
			}
			r.fact(name, argument(args[i]))
		}
		if words, ok := guardian.DescribeCall(anyAccount, account.Call{To: anyAccount, Data: b}); ok {
			r.fact("does", words)
		}
		return r, true
	}
	return Reading{}, false
}

// anyAccount stands for the account that calls itself, where it is not known.
var anyAccount = common.Address{1}

// argument shows one ABI value; signer bytes in words.
func argument(v any) string {
	switch v := v.(type) {
	case []byte:
		if s, err := seal.ParseSigner(v); err == nil {
			if key, rule, ok := s.Passkey(); ok {
				x := key.X()
				return fmt.Sprintf("passkey x %s… (%s)", hexOf(x[:8]), rule)
			}
			if s.IsAddress() {
				return s.Address().Hex()
			}
		}
		return hexOf(v)
	case [][]byte:
		var list []string
		for i, b := range v {
			if i == maxParts {
				list = append(list, fmt.Sprintf("and %d more", len(v)-i))
				break
			}
			list = append(list, argument(b))
		}
		return strings.Join(list, ", ")
	case [32]byte:
		return hexOf(v[:])
	case [4]byte:
		return hexOf(v[:])
	case common.Address:
		return v.Hex()
	}
	text := fmt.Sprint(v)
	if len(text) > 4*maxShown {
		text = text[:4*maxShown] + "…"
	}
	return shown(text)
}
