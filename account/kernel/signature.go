// Asking an account about a signature: ERC-1271, and ERC-6492 before there is one.

package kernel

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/internal/abiargs"
	"github.com/postern-dev/postern/userop"
)

// magic is what isValidSignature answers for a valid signature (ERC-1271).
var magic = [4]byte{0x16, 0x26, 0xba, 0x7e}

var isValidSignature = function("isValidSignature", mustType("bytes32"), mustType("bytes"))

// maxSignature bounds a signature that a chain is asked about, its wrapping included.
const maxSignature = 24_000

var (
	// ErrWrapped is returned for a signature that ends as ERC-6492 has it, but is not
	// wrapped so.
	ErrWrapped = errors.New("kernel: the signature ends like one of an account that is not deployed (ERC-6492), but cannot be read as one")
	// ErrNoDeployment says that a signature of an account that is not deployed cannot
	// be checked: it does not say what would deploy the account, or the chain cannot try.
	ErrNoDeployment = errors.New("kernel: the account is not deployed, and what would deploy it is not known or cannot be tried here")
)

// IsValidSignature asks the contract of any account whether a signature of an
// application's hash is valid (ERC-1271). What it says holds for now, and for a question
// from the zero address: a permission that answers named callers only says no.
//
// Of an account that is not deployed the signature must say how it would be (ERC-6492,
// [Account.Undeployed]), and the chain must be an [account.Node], which runs that without
// keeping it. The question is then from an address of no meaning.
func IsValidSignature(ctx context.Context, ch account.Chain, addr common.Address, hash common.Hash, sig []byte) (bool, error) {
	if len(sig) > maxSignature {
		return false, fmt.Errorf("kernel: a signature of %d bytes", len(sig))
	}
	factory, deploy, inner, err := unwrap(sig)
	if err != nil {
		return false, err
	}
	question, err := pack(isValidSignature, hash, inner)
	if err != nil {
		return false, err
	}
	code, err := reader{ctx, ch, addr}.code(addr)
	if err != nil {
		return false, err
	}
	if len(code) == 0 {
		return askUndeployed(ctx, ch, addr, factory, deploy, question)
	}
	out, err := ch.Call(ctx, addr, question)
	if err != nil {
		if _, reverted := errors.AsType[*userop.Revert](err); reverted {
			return false, nil // malformed signatures make the contract revert
		}
		return false, fmt.Errorf("kernel: ask %s about a signature: %w", addr, err)
	}
	return isMagic(out), nil
}

// IsValidSignature is the function of the same name for this account. A signature that is
// not wrapped is wrapped if the account can be deployed from here.
func (a *Account) IsValidSignature(ctx context.Context, ch account.Chain, hash common.Hash, sig []byte) (bool, error) {
	if a.data != nil && !bytes.HasSuffix(sig, erc6492[:]) {
		var err error
		if sig, err = a.Undeployed(sig); err != nil {
			return false, err
		}
	}
	return IsValidSignature(ctx, ch, a.address, hash, sig)
}

// isMagic takes the one word of ERC-1271 and nothing else.
func isMagic(out []byte) bool {
	return bytes.Equal(out, common.RightPadBytes(magic[:], 32))
}

// unwrap reads a signature of ERC-6492; any other is returned as it is.
func unwrap(sig []byte) (factory common.Address, deploy, inner []byte, err error) {
	body, wrapped := bytes.CutSuffix(sig, erc6492[:])
	if !wrapped {
		return factory, nil, sig, nil
	}
	values, err := abiargs.Unpack(erc6492Arguments, body)
	if err != nil {
		return factory, nil, nil, fmt.Errorf("%w: %w", ErrWrapped, err)
	}
	return values[0].(common.Address), values[1].([]byte), values[2].([]byte), nil
}

// askUndeployed runs the factory's call and then the question, in one creation of a
// contract that is not kept.
func askUndeployed(ctx context.Context, ch account.Chain, addr, factory common.Address, deploy, question []byte) (bool, error) {
	node, ok := ch.(account.Node)
	if !ok || factory == (common.Address{}) {
		return false, fmt.Errorf("%w: %s", ErrNoDeployment, addr)
	}
	var out hexutil.Bytes
	err := node.CallContext(ctx, &out, "eth_call", map[string]any{"input": hexutil.Bytes(deployAndAsk(factory, deploy, addr, question))}, "latest")
	if err != nil {
		return false, fmt.Errorf("kernel: try the deployment of %s: %w", addr, err)
	}
	if len(out) != 96 {
		return false, fmt.Errorf("kernel: the node answers with %d bytes to a call that returns 96", len(out))
	}
	success, size, answer := common.Hash(out), common.Hash(out[32:]), out[64:]
	one, word := common.Hash{31: 1}, common.Hash{31: 32}
	return success == one && size == word && isMagic(answer), nil
}

// deployAndAsk is creation code that calls the factory, asks the account, and returns
// whether the account answered (32), how many bytes (32), and the first word of them. That
// the factory fails is no matter: there may be an account by then, or none that answers.
func deployAndAsk(factory common.Address, deploy []byte, addr common.Address, question []byte) []byte {
	size := func(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }
	const prefix = 128 // bytes of code before the data
	code := slices.Concat(
		// codecopy(0, prefix, len(deploy)); call(gas, factory, 0, 0, len(deploy), 0, 0)
		[]byte{0x63}, size(len(deploy)), []byte{0x63}, size(prefix), []byte{0x5f, 0x39},
		[]byte{0x5f, 0x5f, 0x63}, size(len(deploy)), []byte{0x5f, 0x5f, 0x73}, factory[:], []byte{0x5a, 0xf1, 0x50},
		// codecopy(0, prefix+len(deploy), len(question)); staticcall(gas, addr, 0, len(question), 0, 0)
		[]byte{0x63}, size(len(question)), []byte{0x63}, size(prefix+len(deploy)), []byte{0x5f, 0x39},
		[]byte{0x5f, 0x5f, 0x63}, size(len(question)), []byte{0x5f, 0x73}, addr[:], []byte{0x5a, 0xfa},
		// mstore(0, success); mstore(32, returndatasize); mstore(64, 0)
		[]byte{0x5f, 0x52, 0x3d, 0x60, 0x20, 0x52, 0x5f, 0x60, 0x40, 0x52},
		// if the answer has a word or more: returndatacopy(64, 0, 32)
		[]byte{0x60, 0x1f, 0x3d, 0x11, 0x15}, // iszero(gt(returndatasize, 31))
	)
	end := len(code) + 2 + 1 + 6 // PUSH1 end JUMPI, and the six bytes of the copy
	code = append(code, 0x60, byte(end), 0x57, 0x60, 0x20, 0x5f, 0x60, 0x40, 0x3e)
	code = append(code, 0x5b, 0x60, 0x60, 0x5f, 0xf3)
	if len(code) > prefix {
		panic("kernel: the code is longer than its place")
	}
	code = append(code, make([]byte, prefix-len(code))...)
	return slices.Concat(code, deploy, question)
}
