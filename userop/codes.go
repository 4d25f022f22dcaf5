// The AAxx codes of all EntryPoint versions.

package userop

import "slices"

// Code is one of the EntryPoint's error codes: AA1x creating the account, AA2x
// the account's validation, AA3x the paymaster's, AA4x and AA5x gas and postOp
// of 0.6, AA9x the bundle itself.
type Code struct {
	ID       string // "AA24"
	Name     string // "AccountSignatureInvalid"
	Versions string // of EntryPoints that use it, "0.6 0.7"
	Cause    string // why it happens
	Hint     string // the way out
}

// LookupCode finds a code by its ID.
func LookupCode(id string) (Code, bool) {
	i, ok := slices.BinarySearchFunc(codes, id, func(c Code, id string) int {
		switch {
		case c.ID < id:
			return -1
		case c.ID > id:
			return 1
		}
		return 0
	})
	if !ok {
		return Code{}, false
	}
	return codes[i], true
}

// Codes returns all known codes in order.
func Codes() []Code { return slices.Clone(codes) }

const (
	all     = "0.6 0.7 0.8 0.9"
	packed  = "0.7 0.8 0.9"
	until08 = "0.6 0.7 0.8"
)

var codes = []Code{
	{"AA10", "AccountExists", until08,
		"the operation carries initCode, and the account exists already",
		"leave out the factory; another operation deployed the account in the meantime"},
	{"AA13", "AccountCreationFailed", all,
		"the factory (or the initialisation of an EIP-7702 account) reverted or ran out of gas",
		"raise verificationGasLimit; call the factory alone by eth_call to see its own error"},
	{"AA14", "WrongAccountAddress", all,
		"the factory created another address than the sender",
		"the sender was computed from other parameters: recompute it from this factory, salt and owners, or attach to the existing account by address"},
	{"AA15", "AccountNotCreated", all,
		"the factory returned the sender's address and left no code there",
		"check that this is the account's factory and that its implementation exists on this chain"},
	{"AA20", "AccountNotDeployed", all,
		"the sender has no code and the operation carries no factory",
		"add the factory and its data to the first operation, or check address and chain"},
	{"AA21", "PrefundNotPaid", all,
		"neither the account's balance nor its deposit covers the gas limits at maxFeePerGas",
		"send native currency to the account, lower the limits or the fee, or use a paymaster"},
	{"AA22", "ExpiredOrNotDue", all,
		"the approval's time range does not hold the block's time",
		"approve again; check validAfter, validUntil and the clock"},
	{"AA23", "AccountReverted", all,
		"the account's validateUserOp reverted or ran out of gas",
		"look at the inner error; without one, raise verificationGasLimit, and check that the account belongs to this EntryPoint version"},
	{"AA24", "AccountSignatureInvalid", all,
		"the account does not accept the signature for this operation",
		"check what was signed (the hash for this EntryPoint and chain id, after the last change of any field), the signer, and the account's rule for user verification and backup state"},
	{"AA25", "NonceInvalid", all,
		"the nonce is not the next one of its key: used already, or an earlier one is still pending",
		"read getNonce(sender, key) again, build the operation anew and have it approved again"},
	{"AA26", "OverVerificationGasLimit", packed,
		"validation took more gas than verificationGasLimit",
		"raise verificationGasLimit; estimate with a stub signature of full length that takes the real path"},
	{"AA27", "OutsideBlockRange", "0.9",
		"the approval's block range does not hold the current block",
		"approve again with a range that covers the next blocks"},
	{"AA30", "PaymasterNotDeployed", until08,
		"the paymaster has no code",
		"check the paymaster's address and chain"},
	{"AA31", "PaymasterDepositTooLow", all,
		"the paymaster's deposit at the EntryPoint does not cover the operation",
		"use another paymaster or pay from the account; the paymaster's operator has to deposit more"},
	{"AA32", "PaymasterExpiredOrNotDue", all,
		"the paymaster's approval is not valid at the block's time",
		"ask the paymaster for new data and have the operation approved again"},
	{"AA33", "PaymasterReverted", all,
		"the paymaster's validation reverted or ran out of gas",
		"look at the inner error; raise paymasterVerificationGasLimit or ask the paymaster for new data"},
	{"AA34", "PaymasterSignatureInvalid", all,
		"the paymaster does not accept the data it is said to have signed",
		"ask for paymaster data again: any field changed after the paymaster signed makes it invalid"},
	{"AA36", "OverPaymasterVerificationGasLimit", packed,
		"the paymaster's validation took more gas than paymasterVerificationGasLimit",
		"raise paymasterVerificationGasLimit"},
	{"AA37", "PaymasterOutsideBlockRange", "0.9",
		"the paymaster's block range does not hold the current block",
		"ask the paymaster for new data and have the operation approved again"},
	{"AA40", "OverVerificationGasLimit", "0.6",
		"validation and postOp together took more gas than verificationGasLimit",
		"raise verificationGasLimit"},
	{"AA41", "TooLittleVerificationGas", "0.6",
		"the account's validation left no verification gas for the paymaster",
		"raise verificationGasLimit"},
	{"AA50", "PostOpReverted", "0.6",
		"the paymaster's postOp reverted",
		"the paymaster could not settle, for instance a token allowance was too low; use another paymaster or raise verificationGasLimit"},
	{"AA51", "PrefundBelowCost", "0.6",
		"the operation cost more than was taken in advance",
		"raise the gas limits: postOp took more than was foreseen"},
	{"AA90", "InvalidBeneficiary", until08,
		"handleOps names the zero address as beneficiary",
		"name an address that collects the fees"},
	{"AA91", "BeneficiaryRefused", until08,
		"the beneficiary did not take the collected fees",
		"name a beneficiary that accepts native currency"},
	{"AA92", "InternalCallOnly", until08,
		"a function was called that the EntryPoint keeps for itself",
		"call handleOps"},
	{"AA93", "InvalidPaymasterAndData", until08,
		"paymasterAndData is too short for its fixed part",
		"give paymaster, its two gas limits (0.7 and later) and its data"},
	{"AA94", "GasValuesOverflow", all,
		"a gas value or fee has more than 120 bits",
		"check the units: gas in gas, fees in wei per gas"},
	{"AA95", "BundleOutOfGas", all,
		"the transaction that carries the bundle had too little gas for the operation's limits",
		"the bundler has to send the transaction with more gas; lower callGasLimit if it cannot"},
	{"AA96", "InvalidAggregator", "0.6 0.7",
		"the bundle names address 1 as signature aggregator",
		"send operations without an aggregator by handleOps"},
	{"AA97", "NotFromEntryPoint", "0.8",
		"SenderCreator was called by another contract than its EntryPoint",
		"do not call SenderCreator directly"},
	{"AA98", "InvalidPaymaster", "0.8",
		"paymasterAndData names the zero address as paymaster",
		"leave the paymaster out, or name one"},
	{"AA99", "InitCodeTooShort", "0.8 0.9",
		"initCode is shorter than an address",
		"give the factory's whole address, or 0x7702 for an EIP-7702 account"},
}
