// EIP-7702: accounts that are delegations of an ordinary key's address.

package userop

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rlp"
)

// EIP7702Marker in place of a factory says that the sender is an EIP-7702
// delegation: EntryPoints 0.8 and later then hash the delegate in its place, and
// call the sender with FactoryData when there is any.
var EIP7702Marker = common.Address{0x77, 0x02}

// Authorization is a signed EIP-7702 tuple.
type Authorization struct {
	ChainID *big.Int       // 0 = any chain
	Address common.Address // the delegate; zero removes the delegation
	Nonce   uint64         // of the authority, when the transaction runs
	YParity uint8          // 0 or 1
	R, S    *big.Int
}

// IsEIP7702 tells whether the factory is [EIP7702Marker].
func (op *Op) IsEIP7702() bool { return op.Factory != nil && *op.Factory == EIP7702Marker }

// SigHash is keccak256(0x05 ‖ rlp([chainId, address, nonce])).
func (a *Authorization) SigHash() (common.Hash, error) {
	id := a.ChainID
	if id == nil {
		id = new(big.Int)
	}
	if err := checkNumber("eip7702Auth.chainId", id, 256); err != nil {
		return common.Hash{}, err
	}
	b, err := rlp.EncodeToBytes([]any{id, a.Address, a.Nonce})
	if err != nil {
		return common.Hash{}, fmt.Errorf("encode authorization: %w", err)
	}
	return crypto.Keccak256Hash([]byte{0x05}, b), nil
}

// Authority recovers whose address delegates. A signature with high s is
// refused, as EIP-7702 does.
func (a *Authorization) Authority() (common.Address, error) {
	bad := func(why string) (common.Address, error) {
		return common.Address{}, fieldErrf("eip7702Auth", ErrFormat, "%s", why)
	}
	if a.R == nil || a.S == nil {
		return bad("not signed")
	}
	if !crypto.ValidateSignatureValues(a.YParity, a.R, a.S, true) {
		return bad("signature values out of range")
	}
	hash, err := a.SigHash()
	if err != nil {
		return common.Address{}, err
	}
	var sig [65]byte
	a.R.FillBytes(sig[:32])
	a.S.FillBytes(sig[32:64])
	sig[64] = a.YParity
	key, err := crypto.SigToPub(hash[:], sig[:])
	if err != nil {
		return bad("signature recovers no key")
	}
	return crypto.PubkeyToAddress(*key), nil
}

func (a *Authorization) clone() Authorization {
	c := *a
	for _, p := range []**big.Int{&c.ChainID, &c.R, &c.S} {
		if *p != nil {
			*p = new(big.Int).Set(*p)
		}
	}
	return c
}

// ParseDelegation reads the code 0xef0100 ‖ address of a delegated account.
func ParseDelegation(code []byte) (common.Address, bool) {
	if len(code) != 23 || code[0] != 0xef || code[1] != 0x01 || code[2] != 0x00 {
		return common.Address{}, false
	}
	return common.BytesToAddress(code[3:]), true
}

// hashedInitCode is the initCode whose keccak256 goes into the hash of
// EntryPoints 0.8 and later.
func hashedInitCode(op *Op) ([]byte, error) {
	if !op.IsEIP7702() {
		return op.InitCode(), nil
	}
	var delegate common.Address
	switch {
	case op.Authorization != nil:
		delegate = op.Authorization.Address
		if op.Delegate != nil && *op.Delegate != delegate {
			return nil, fieldErrf("eip7702Auth", ErrUnexpected, "it delegates to %s, the operation expects %s", delegate, op.Delegate)
		}
	case op.Delegate != nil:
		delegate = *op.Delegate
	default:
		return nil, fieldErrf("eip7702Auth", ErrMissing, "the hash needs the sender's delegate")
	}
	return append(delegate.Bytes(), op.FactoryData...), nil
}

// checkMarker refuses the marker where the EntryPoint would call it as a factory.
func checkMarker(op *Op, known bool) error {
	if !known && op.IsEIP7702() {
		return fieldErrf("factory", ErrUnsupported, "the EIP-7702 marker exists since 0.8")
	}
	return nil
}

// KnowsEIP7702 reports whether ep takes [EIP7702Marker] for a factory. Earlier
// versions carry delegated senders too, but know nothing of it.
func KnowsEIP7702(ep EntryPoint) bool { return ep != V06 && ep != V07 }
