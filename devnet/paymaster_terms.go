package devnet

import (
	"encoding/binary"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// Price of the token: one ether is 2,000 of it, and it is as if it were a dollar each.
var (
	tokenRate    = new(big.Int).Mul(big.NewInt(2000), big.NewInt(1e18)) // units for 10^18 wei
	tokenUSDRate = big.NewInt(2000_000_000)                             // millionths of a dollar for 10^18 wei
)

// Gas of the paymaster contracts, more than the most that tests see.
const (
	gasOfValidation = 50_000 // validatePaymasterUserOp
	gasOfWord       = 25     // of hashing the operation, for each of its words
	gasOfPostOp     = 80_000 // postOp, which takes the token
	gasOfTransfer   = 60_000 // what postOp and all around it take, for which the sender pays too
)

// validationGas is what the contract's validation may take.
func validationGas(op *userop.Op) uint64 {
	return gasOfValidation + gasOfWord*uint64((len(op.CallData)+len(op.FactoryData)+31)/32)
}

// terms is on what a paymaster pays: for nothing, or for a token.
type terms struct{ token *common.Address }

// mode is how the contract numbers them.
func (t terms) mode() byte {
	if t.token != nil {
		return 1
	}
	return 0
}

// postOpGas is what postOp may take. For nothing, there is no postOp.
func (t terms) postOpGas() uint64 {
	if t.token != nil {
		return gasOfPostOp
	}
	return 1
}

// encode is the contract's part of paymasterAndData up to the signature: mode and "any bundler" in one byte,
// the times, and for a token what it costs and who gets it.
//
//	mode‖1  [flags]  validUntil(6) validAfter(6)  [token(20) postOpGas(16) exchangeRate(32) validationGas(16) treasury(20)]
//
// Until is in seconds, good from the beginning of time.
func (t terms) encode(until uint64, treasury common.Address) []byte {
	b := []byte{t.mode()<<1 | 1}
	if t.token != nil {
		b = append(b, 0) // no constant fee, no recipient, nothing in advance
	}
	b = append(b, binary.BigEndian.AppendUint64(nil, until)[2:]...)
	b = append(b, make([]byte, 6)...)
	if t.token == nil {
		return b
	}
	b = append(b, t.token[:]...)
	b = append(b, common.LeftPadBytes(big.NewInt(gasOfTransfer).Bytes(), 16)...)
	b = append(b, common.LeftPadBytes(tokenRate.Bytes(), 32)...)
	b = append(b, common.LeftPadBytes(big.NewInt(gasOfValidation).Bytes(), 16)...)
	return append(b, treasury[:]...)
}

// paymasterFor returns an EntryPoint's paymaster contract.
func (p *paymaster) paymasterFor(entryPoint common.Address) (userop.EntryPoint, common.Address, error) {
	ep, ok := userop.EntryPointByAddress(entryPoint)
	if !ok {
		return nil, common.Address{}, invalidf("EntryPoint %s is not supported, see eth_supportedEntryPoints", entryPoint)
	}
	return ep, p.at[ep.Version()], nil
}
