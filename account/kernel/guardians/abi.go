// The contracts' functions.

package guardians

import (
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/internal/abituple"
)

var contract = func() abi.ABI {
	const text = `[
{"type":"function","name":"install","inputs":[{"name":"guardians","type":"address[]"},{"name":"weights","type":"uint24[]"},{"name":"threshold","type":"uint24"},{"name":"delay","type":"uint48"}]},
{"type":"function","name":"renew","inputs":[{"name":"guardians","type":"address[]"},{"name":"weights","type":"uint24[]"},{"name":"threshold","type":"uint24"},{"name":"delay","type":"uint48"}]},
{"type":"function","name":"approveWithSig","inputs":[{"name":"hash","type":"bytes32"},{"name":"kernel","type":"address"},{"name":"sigs","type":"bytes"}]},
{"type":"function","name":"veto","inputs":[{"name":"hash","type":"bytes32"}]},
{"type":"function","name":"doRecovery","inputs":[{"name":"validator","type":"address"},{"name":"data","type":"bytes"}]},
{"type":"function","name":"weightedStorage","stateMutability":"view","inputs":[{"name":"kernel","type":"address"}],"outputs":[{"name":"totalWeight","type":"uint24"},{"name":"threshold","type":"uint24"},{"name":"delay","type":"uint48"},{"name":"first","type":"address"}]},
{"type":"function","name":"guardian","stateMutability":"view","inputs":[{"name":"guardian","type":"address"},{"name":"kernel","type":"address"}],"outputs":[{"name":"weight","type":"uint24"},{"name":"next","type":"address"}]},
{"type":"function","name":"proposalStatus","stateMutability":"view","inputs":[{"name":"hash","type":"bytes32"},{"name":"kernel","type":"address"}],"outputs":[{"name":"status","type":"uint8"},{"name":"validAfter","type":"uint48"}]},
{"type":"function","name":"voteStatus","stateMutability":"view","inputs":[{"name":"hash","type":"bytes32"},{"name":"guardian","type":"address"},{"name":"kernel","type":"address"}],"outputs":[{"name":"status","type":"uint8"}]}]`
	a, err := abi.JSON(strings.NewReader(text))
	if err != nil {
		panic(err) // the text above is wrong; every test would fail
	}
	return a
}()

// doRecovery is what the action is called by, and what guardians may call.
var doRecovery = contract.Methods["doRecovery"].ID

func toValidator(method string, args ...any) (account.Call, error) {
	data, err := contract.Pack(method, args...)
	if err != nil {
		return account.Call{}, fmt.Errorf("guardians: encode %s: %w", method, err)
	}
	return account.Call{To: Validator, Data: data}, nil
}

// installArguments is abi.encode of the validator's data.
func installArguments(s Setup) ([]byte, error) {
	who, weights, threshold, delay := s.arguments()
	data, err := contract.Methods["install"].Inputs.Pack(who, weights, threshold, delay)
	if err != nil {
		return nil, fmt.Errorf("guardians: encode the setup: %w", err)
	}
	return data, nil
}

// actionData is what Kernel's installModule takes for the action: its selector, no hook,
// and that its code runs as the account (delegatecall, 0xff).
func actionData() []byte {
	b := append([]byte{}, doRecovery...)
	b = append(b, make([]byte, common.AddressLength)...)
	return append(b, abituple.Encode(abituple.Bytes([]byte{0xff}), abituple.Bytes(nil))...)
}

// validatorData is what installModule takes for a validator that may call one function.
func validatorData(data []byte) []byte {
	b := make([]byte, common.AddressLength) // no hook
	return append(b, abituple.Encode(abituple.Bytes(data), abituple.Bytes(nil), abituple.Bytes(doRecovery))...)
}
