package userop_test

import (
	"fmt"
	"log"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

func Example() {
	op := (&userop.Op{
		Sender:               common.HexToAddress("0x00000000000000000000000000000000000000aa"),
		CallData:             common.FromHex("0xdeadbeef"),
		CallGasLimit:         big.NewInt(50_000),
		VerificationGasLimit: big.NewInt(150_000),
		MaxFeePerGas:         big.NewInt(2_000_000_000),
		MaxPriorityFeePerGas: big.NewInt(1_000_000_000),
		Signature:            make([]byte, 65), // a stub of the final length
	}).Normalize()
	op.PreVerificationGas = userop.PreVerificationGas(op, userop.V08)

	hash, err := userop.V08.Hash(op, big.NewInt(31337))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("to approve:", hash)
	wire, err := userop.V08.MarshalOp(op)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(wire) > 0)
	// Output:
	// to approve: 0xe245648a5e7c4194b9caa8da3cfb012cfd7410722bc1dc156e5bdcc51d6c7f87
	// true
}

func ExampleDecodeRevert() {
	data := failedOp(0, "AA25 invalid account nonce") // from a failed eth_call of handleOps
	r := userop.DecodeRevert(data)
	fmt.Println(r.Code, "of operation", r.OpIndex)
	fmt.Println(r.Reason)
	fmt.Println("hint:", r.Hint)
	// Output:
	// AA25 of operation 0
	// AA25 invalid account nonce
	// hint: read getNonce(sender, key) again, build the operation anew and have it approved again
}

func ExampleDecodeHandleOps() {
	op := (&userop.Op{Sender: common.Address{19: 0xaa}, Nonce: big.NewInt(7)}).Normalize()
	calldata, err := userop.V07.HandleOps([]*userop.Op{op}, common.Address{19: 0xbe})
	if err != nil {
		log.Fatal(err)
	}
	ops, beneficiary, err := userop.DecodeHandleOps(userop.V07, calldata)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(ops), "operation, nonce", ops[0].Nonce, "fees to", beneficiary)
	// Output: 1 operation, nonce 7 fees to 0x00000000000000000000000000000000000000Be
}

// A key splits an account's nonces into independent sequences.
func ExampleMakeNonce() {
	nonce, err := userop.MakeNonce(big.NewInt(1), 42)
	if err != nil {
		log.Fatal(err)
	}
	key, sequence, err := userop.SplitNonce(nonce)
	fmt.Println(nonce, key, sequence, err)
	// Output: 18446744073709551658 1 42 <nil>
}
