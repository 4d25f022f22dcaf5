// Solidity errors that EntryPoints, accounts and common libraries revert with.

package userop

import (
	"fmt"
	"math/big"
	"strings"
	"sync"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// signatures of all known errors. The names in parentheses are for the text.
var errorSignatures = []string{
	// Solidity
	"Error(string reason)",
	"Panic(uint256 code)",
	// EntryPoint, all versions
	"FailedOp(uint256 opIndex,string reason)",
	"FailedOpWithRevert(uint256 opIndex,string reason,bytes inner)",
	"SignatureValidationFailed(address aggregator)",
	"PostOpReverted(bytes inner)",
	"SenderAddressResult(address sender)",
	"DelegateAndRevert(bool success,bytes inner)",
	// EntryPoint 0.9
	"Reentrancy()",
	"InternalFunction()",
	"InvalidBeneficiary(address beneficiary)",
	"FailedSendToBeneficiary(address beneficiary,uint256 amount,bytes inner)",
	"InvalidPaymaster(address paymaster)",
	"InvalidPaymasterData(uint256 length)",
	"InvalidPaymasterSignatureLength(uint256 dataLength,uint256 signatureLength)",
	"PaymasterNotDeployed(address paymaster)",
	"Eip7702SenderWithoutCode(address sender)",
	"Eip7702SenderNotDelegate(address sender)",
	"InsufficientDeposit(uint256 deposit,uint256 amount)",
	"DepositWithdrawalFailed(address account,address to,uint256 amount,bytes inner)",
	"StakeWithdrawalFailed(address account,address to,uint256 amount,bytes inner)",
	"InvalidStake(uint256 value,uint256 stake)",
	"InvalidUnstakeDelay(uint256 delay,uint256 current)",
	"NotStaked(uint256 stake,uint256 delay,bool staked)",
	"StakeNotUnlocked(uint256 withdrawTime,uint256 now)",
	"WithdrawalNotDue(uint256 withdrawTime,uint256 now)",
	"NotFromEntryPoint(address caller,address entity,address entryPoint)",
	"NotSenderCreator(address caller,address entity,address senderCreator)",
	"NotOwner(address caller,address entity,address owner)",
	"NotOwnerOrEntryPoint(address caller,address entity,address entryPoint,address owner)",
	// accounts
	"ExecuteError(uint256 index,bytes inner)",
	"AccountUnauthorized(address caller)",
	"ERC7579UnsupportedCallType(bytes1 callType)",
	"ERC7579UnsupportedExecType(bytes1 execType)",
	"ERC7579DecodingError()",
	"ERC7579MismatchedModuleTypeId(uint256 moduleType,address module)",
	"ERC7579UninstalledModule(uint256 moduleType,address module)",
	"ERC7579AlreadyInstalledModule(uint256 moduleType,address module)",
	"ERC7579UnsupportedModuleType(uint256 moduleType)",
	"ERC7579MissingFallbackHandler(bytes4 selector)",
	"MultiSignerERC7913AlreadyExists(bytes signer)",
	"MultiSignerERC7913NonexistentSigner(bytes signer)",
	"MultiSignerERC7913InvalidSigner(bytes signer)",
	"MultiSignerERC7913ZeroThreshold()",
	"MultiSignerERC7913UnreachableThreshold(uint64 signers,uint64 threshold)",
	"MultiSignerERC7913WeightedInvalidWeight(bytes signer,uint64 weight)",
	"MultiSignerERC7913WeightedMismatchedLength()",
	"BadSigner(bytes signer,string reason)",
	"ProbeNeedsMoreGas(uint256 available,uint256 needed)",
	"NotAPasskey(bytes signer)",
	"TableNotLarger(uint8 inUse,uint8 asked)",
	"UnknownTableFormat(uint8 format)",
	"TableFactoryMissing(address factory)",
	"TableNotBuilt(uint8 format,address table)",
	"KeyNotOnCurve(bytes32 x,bytes32 y)",
	"EngineMissing(address engine)",
	// frozen accounts, and their recovery by guardians
	"FrozenBy(address module)",
	"FreezeTooLong(uint48 until)",
	"AlreadyASigner(bytes signer)",
	"BadAccountSignature()",
	"BadChangeDelay(uint32 changeDelay,uint256 least,uint256 most)",
	"BadConfigHash(bytes32 expected)",
	"BadDelay(uint256 tier,uint32 delay)",
	"BadExpiry(uint32 expiry)",
	"BadFreeze(uint32 freeze,uint256 least,uint256 most)",
	"BadGuardianCount(uint256 tier,uint256 count)",
	"BadInstallData()",
	"BadNonce(uint256 expected)",
	"BadReplaceCount(uint256 count)",
	"BadTable(uint8 table)",
	"BadThreshold(uint256 tier,uint64 threshold,uint256 weight)",
	"BadTierCount(uint256 count)",
	"DelaysNotAscending(uint256 tier)",
	"DuplicateGuardian(uint256 tier,uint256 guardian)",
	"DuplicateSigner(bytes signer)",
	"InvalidApproval(uint256 approval)",
	"FrozenSigner(uint256 approval)",
	"NoFreezing()",
	"NoPendingSetup()",
	"NoProposal()",
	"NoSetup()",
	"NoSuchGuardian(uint256 guardian)",
	"NoSuchTier(uint256 tier)",
	"NotASigner(bytes signer)",
	"NotEnoughWeight(uint256 weight,uint256 needed)",
	"NotFrozen()",
	"NotInstalled()",
	"NotRecovered()",
	"OneGuardianIsNotEnough()",
	"ProofTooLong(uint256 approval)",
	"ProposalStands(uint48 expiresAt)",
	"QuickerTier(uint8 tier,uint8 by)",
	"SetupStands()",
	"StillFrozen(uint48 until)",
	"TooEarly(uint48 readyAt)",
	"TooLate(uint48 expiredAt)",
	"UnsortedApproval(uint256 approval)",
	"UnsortedGuardian(uint256 tier,uint256 guardian)",
	"WeightTooLarge(uint256 weight)",
	"NoTableFactory()",
	"NoVerifier()",
	"SetupTooLarge(uint256 size)",
	"ZeroWeight(uint256 tier,uint256 guardian)",
	// the table factory
	"UnknownFormat()",
	"NotOnCurve()",
	"NotBuilding()",
	"BuildFailed()",
	"ERC7579CannotDecodeFallbackData()",
	"UnsupportedExecutionMode()",
	"InvalidInitialization()",
	"NotInitializing()",
	"UUPSUnauthorizedCallContext()",
	"UUPSUnsupportedProxiableUUID(bytes32 slot)",
	"ERC1967InvalidImplementation(address implementation)",
	"ERC1967NonPayable()",
	// libraries and tokens
	"SafeCastOverflowedUintDowncast(uint8 bits,uint256 value)",
	"FailedCall()",
	"FailedDeployment()",
	"MissingPrecompile(address precompile)",
	"InsufficientBalance(uint256 balance,uint256 needed)",
	"AddressEmptyCode(address target)",
	"OutOfRangeAccess()",
	"ReentrancyGuardReentrantCall()",
	"OwnableUnauthorizedAccount(address account)",
	"ERC20InsufficientBalance(address sender,uint256 balance,uint256 needed)",
	"ERC20InsufficientAllowance(address spender,uint256 allowance,uint256 needed)",
	"ERC20InvalidReceiver(address receiver)",
	"ERC20InvalidSpender(address spender)",
	"SafeERC20FailedOperation(address token)",
	"ERC721NonexistentToken(uint256 tokenId)",
	"ERC721InvalidReceiver(address receiver)",
	"ERC721InsufficientApproval(address operator,uint256 tokenId)",
}

type knownError struct {
	name   string
	params []errorParam
}

type errorParam struct{ typ, name string }

var knownErrors = sync.OnceValue(func() map[[4]byte]knownError {
	m := make(map[[4]byte]knownError, len(errorSignatures))
	for _, s := range errorSignatures {
		name, list, _ := strings.Cut(strings.TrimSuffix(s, ")"), "(")
		k := knownError{name: name}
		var types []string
		for p := range strings.SplitSeq(list, ",") {
			if p == "" {
				continue
			}
			typ, pname, _ := strings.Cut(p, " ")
			k.params = append(k.params, errorParam{typ, pname})
			types = append(types, typ)
		}
		m[[4]byte(crypto.Keccak256([]byte(name+"("+strings.Join(types, ",")+")")))] = k
	}
	return m
})

// decode reads the arguments into r; false when they are not what the
// signature says.
func (k knownError) decode(r *Revert, args []byte, depth int) bool {
	shape := make([]byte, len(k.params))
	for i, p := range k.params {
		shape[i] = 'w'
		if p.typ == "string" || p.typ == "bytes" {
			shape[i] = 'd'
		}
	}
	fields, _, err := decodeTuple(args, string(shape))
	if err != nil {
		return false
	}
	var words []string
	for i, p := range k.params {
		text, ok := k.argument(r, p, fields[i], depth)
		if !ok {
			return false
		}
		if text != "" {
			words = append(words, text)
		}
	}
	if r.Reason == "" {
		r.Reason = strings.Join(words, ", ")
	}
	return true
}

// argument stores what Revert has a field for, and returns the rest in words.
func (k knownError) argument(r *Revert, p errorParam, f field, depth int) (string, bool) {
	switch {
	case p.name == "opIndex":
		n := f.number()
		if !n.IsInt64() || n.Int64() > 1<<31-1 {
			return "", false
		}
		r.OpIndex = int(n.Int64())
		return "", true
	case p.typ == "string":
		r.Reason = printable(string(f.data))
		return "", true
	case p.name == "inner":
		if r.Success || len(f.data) == 0 || depth >= maxRevertDepth {
			return "", true
		}
		r.Inner = decodeRevert(f.data, depth+1)
		return "", true
	case p.typ == "bytes":
		return p.name + " " + shortHex(f.data), true
	case p.typ == "bool":
		n := f.number()
		if !n.IsUint64() || n.Uint64() > 1 {
			return "", false
		}
		if p.name == "success" {
			r.Success = n.Uint64() == 1
		}
		return fmt.Sprintf("%s %t", p.name, n.Uint64() == 1), true
	case p.typ == "address":
		a, err := f.address(p.name)
		if err != nil {
			return "", false
		}
		if p.name == "aggregator" || p.name == "sender" {
			r.Address = a
		}
		return p.name + " " + a.Hex(), true
	case k.name == "Panic":
		decodePanic(r, f.number())
		return "", true
	case strings.HasPrefix(p.typ, "uint"):
		return p.name + " " + f.number().String(), true
	}
	return p.name + " " + fixedBytes(p.typ, f), true
}

// fixedBytes shows bytesN, which stand at the left of their word.
func fixedBytes(typ string, f field) string {
	n, ok := new(big.Int).SetString(strings.TrimPrefix(typ, "bytes"), 10)
	if !ok || !n.IsUint64() || n.Uint64() > 32 {
		return common.Hash(f.word).Hex()
	}
	return shortHex(f.word[:n.Uint64()])
}
