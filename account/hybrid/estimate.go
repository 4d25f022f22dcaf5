// What a stub costs beside a real signature.

package hybrid

import (
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
)

// Where the chain has P256VERIFY, the contract asks it first and believes a
// "valid" only: after any other answer it verifies once more in Solidity, by a
// delegatecall of the library SCL_RIP7212. A real signature never gets there, a stub
// always does, at fallbackGas more. Where the chain has none, both take the same
// road.
//
// noLibrary stands for the library in a simulation: it returns one word of
// zeros, "invalid", at once.
//
//	PUSH1 32 PUSH0 RETURN
var noLibrary = hexutil.MustDecode("0x60205ff3")

// Overrides implements [account.Overrider].
func (a *Authority) Overrides(p256 bool) account.Overrides {
	if !p256 || !a.approver.usesP256() || a.library == (common.Address{}) {
		return nil
	}
	return account.Overrides{a.library: {Code: noLibrary}}
}

// fallbackGas is the most that the library takes for a stub, measured in the tests
// of this package.
const fallbackGas = 214_000

// StubExcess implements [account.StubExcesser].
func (a *Authority) StubExcess(p256 bool) uint64 {
	if !p256 || !a.approver.usesP256() {
		return 0
	}
	return fallbackGas
}
