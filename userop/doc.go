// Package userop knows ERC-4337 user operations: what they contain, how each
// EntryPoint version hashes and packs them, how they travel as JSON, and what
// an EntryPoint means when it refuses one.
//
// Start with [Op], the one operation type, and the EntryPoint values [V06],
// [V07], [V08] and [V09]:
//
//	hash, err := userop.V08.Hash(op, chainID)          // what the account approves
//	data, err := userop.V08.HandleOps([]*userop.Op{op}, beneficiary)
//	wire, err := userop.V08.MarshalOp(op)              // eth_sendUserOperation
//	fmt.Println(userop.DecodeRevert(revertData))       // "AA24 signature error: …"
//
// Promised: hashes equal those of the deployed contracts' getUserOpHash for
// every operation that this package accepts; every parser is strict, bounded
// and never panics; a failed parse returns nothing but an error.
//
// Not promised: that an operation will be accepted. [Op.Validate] finds only
// what can be known without a chain; signatures are opaque bytes here.
//
// The package reaches no network.
package userop
