// The policy contracts of ZeroDev Kernel, and what is known to be wrong with them.

package grant

import (
	"slices"

	"github.com/ethereum/go-ethereum/common"
)

// Contract is a policy contract whose behaviour is known.
type Contract struct {
	Kind    Kind
	Version string // "" where there is only one; "reset" for the rate limit with reset
	Address common.Address
	Faults  []string // what it does that its name does not say
}

var (
	gasContract       = common.HexToAddress("0xaeFC5AbC67FfD258abD0A3E54f65E70326F84b23")
	timestampContract = common.HexToAddress("0xB9f8f524bE6EcD8C945b1b87f9ae5C192FdCE20F")
	signatureContract = common.HexToAddress("0xF6A936c88D97E6fad13b98d2FD731Ff17eeD591d")
	sudoContract      = common.HexToAddress("0x67b436caD8a6D025DF6C82C5BB43fbF11fC5B9B7")
	rateOnceContract  = common.HexToAddress("0xf63d4139B25c836334edD76641356c6b74C86873")
	rateResetContract = common.HexToAddress("0x6a06358e6b283921deceabe7e8a3741d506cca9b")
)

const (
	faultMessages     = "says yes to every message (ERC-1271), whatever it limits for operations"
	faultPerCall      = "its value limit is per call: a batch may spend it many times"
	faultUnsigned     = "compares words as unsigned numbers"
	faultDelegate     = "reads a delegatecall's data 32 bytes too far on: what it checks is not what is called"
	faultStorage      = "its storage breaks the rules of some bundlers (ERC-7562)"
	faultNoAnyTarget  = "knows neither calls without data, nor any target, nor one-of"
	faultNoSlices     = "knows no slices of dynamic values"
	faultOnce         = "once revoked it cannot be installed again for the same permission id"
	faultPaymasterGas = "does not count gas that a paymaster uses, and counts limits at the highest fee, not what was used"
)

var kernelContracts = []Contract{
	{KindCall, string(Call001), common.HexToAddress("0xe4Fec84B7B002273ecC86baa65a831ddB92d30a8"),
		[]string{faultMessages, faultPerCall, faultUnsigned, faultDelegate, faultStorage, faultNoAnyTarget, faultOnce}},
	{KindCall, string(Call002), common.HexToAddress("0x67Fa43ca2D689beA4d10b9F2C96828828A2Ab275"),
		[]string{faultMessages, faultPerCall, faultUnsigned, faultDelegate, faultStorage, faultNoSlices, faultOnce}},
	{KindCall, string(Call003), common.HexToAddress("0xB3CB5f502250360335614df1421f2AAbE98CE503"),
		[]string{faultMessages, faultPerCall, faultUnsigned, faultStorage, faultNoSlices, faultOnce}},
	{KindCall, string(Call004), common.HexToAddress("0x9a52283276A0ec8740DF50bF01B28A80D880eaf2"),
		[]string{faultMessages, faultPerCall, faultUnsigned, faultNoSlices, faultOnce}},
	{KindCall, string(Call005), common.HexToAddress("0x85770b902D1e503D5f5141d9eaC16d0d08eEaDd2"),
		[]string{faultMessages, faultPerCall, faultUnsigned, faultOnce}},
	{KindGas, "", gasContract, []string{faultMessages, faultPaymasterGas, faultOnce,
		"names a paymaster only when it is enforced as well, and enforces one only when it is named"}},
	{KindRateLimit, "", rateOnceContract, []string{faultMessages, faultOnce,
		"its count is a total for life; without a start its interval limits nothing; unused intervals add up"}},
	{KindRateLimit, "reset", rateResetContract, []string{faultMessages,
		"reads the clock during validation, which public bundlers refuse (ERC-7562)"}},
	{KindSignatureCaller, "", signatureContract, []string{faultOnce, "says yes to every operation"}},
	{KindTimestamp, "", timestampContract, []string{faultMessages, faultOnce}},
	{KindSudo, "", sudoContract, []string{"says yes to everything"}},
}

// KernelContracts is the table of policy contracts.
func KernelContracts() []Contract {
	out := slices.Clone(kernelContracts)
	for i := range out {
		out[i].Faults = slices.Clone(out[i].Faults)
	}
	return out
}

func lookup(address common.Address) (Contract, bool) {
	i := slices.IndexFunc(kernelContracts, func(c Contract) bool { return c.Address == address })
	if i < 0 {
		return Contract{}, false
	}
	return kernelContracts[i], true
}

// understood reports whether the policy's contract is in the table, and reads what
// is written as the policy of this kind and version that it says it is.
func understood(p Policy) (Contract, bool) {
	c, ok := lookup(p.Contract())
	switch p := p.(type) {
	case *Call:
		ok = ok && c.Version == string(p.version())
	case *RateLimit:
		ok = ok && p.Reset == (c.Version == "reset")
	}
	return c, ok && c.Kind == p.Kind()
}

// callContract is zero for a version that does not exist.
func callContract(v CallVersion) common.Address {
	for _, c := range kernelContracts {
		if c.Kind == KindCall && c.Version == string(v) {
			return c.Address
		}
	}
	return common.Address{}
}

func rateContract(reset bool) common.Address {
	if reset {
		return rateResetContract
	}
	return rateOnceContract
}
