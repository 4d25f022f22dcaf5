package kernel_test

import (
	"bytes"
	"math/big"
	"reflect"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"

	"github.com/postern-dev/postern/account/accounttest"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/devnet"
)

// TestConformance runs on Kernel's own code: 0.3.1 always, every version whose
// contracts KERNEL_ARTIFACTS holds.
func TestConformance(t *testing.T) {
	for _, rules := range []devnet.Rules{devnet.Osaka, devnet.Prague} {
		b := newBench(t, devnet.Config{Rules: rules})
		for i, v := range b.stand.Versions {
			for _, o := range b.owners(t, v) {
				t.Run(rules.String()+"/"+string(v)+"/"+o.name, func(t *testing.T) {
					acct := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: v, Root: o.root, Direct: (i+len(o.name))%2 == 0}))
					accounttest.Run(t, accounttest.Plug{
						Chain: b.chain, Account: acct, Authority: must[*kernel.Authority](t)(acct.Authority(o.by, kernel.WithLane(3))),
						Approve: o.ask, Stranger: o.stranger, Same: sameToContract(o, b.stand.Real, !b.stand.Real || rules == devnet.Osaka),
					})
				})
			}
		}
	}
}

var (
	assertionForm = abi.Arguments{{Type: abiType("bytes")}, {Type: abiType("string")}, {Type: abiType("uint256")}, {Type: abiType("uint256")}, {Type: abiType("uint256")}, {Type: abiType("bool")}}
	merkleForm    = abi.Arguments{{Type: abiType("bytes")}, {Type: abiType("bytes")}}
)

func abiType(name string) abi.Type {
	typ, err := abi.NewType(name, "", nil)
	if err != nil {
		panic(err)
	}
	return typ
}

// sameToContract: of a passkey's signature the contracts read neither the padding nor
// what follows, and which verifier is asked makes no difference where both are there.
// None of it is part of what the EntryPoint hashes, so none of it makes another
// operation.
func sameToContract(o owner, real, bothVerifiers bool) func(sealed, changed []byte) bool {
	unpack := func(b []byte) []any {
		if _, several := o.root.(kernel.MultiChainWebAuthn); several {
			if b = withoutMerkleData(b, real); b == nil {
				return nil
			}
		}
		values, err := assertionForm.Unpack(b)
		if err != nil {
			return nil
		}
		if bothVerifiers {
			values[5] = nil
		}
		return values
	}
	return func(sealed, changed []byte) bool {
		if _, passkey := o.by.(kernel.PasskeyApprover); !passkey {
			// Solady's library takes r ‖ s, without v, for 27 (ERC-2098).
			_, several := o.root.(kernel.MultiChainECDSA)
			return real && !several && len(sealed) == 65 && sealed[64] == 27 && bytes.Equal(changed, sealed[:64])
		}
		a, b := unpack(sealed), unpack(changed)
		return a != nil && reflect.DeepEqual(a, b)
	}
}

// withoutMerkleData is the signature beside empty Merkle data. The original reads both
// without looking where they end, and takes data that begin behind the end for empty.
func withoutMerkleData(b []byte, real bool) []byte {
	if !real {
		outer, err := merkleForm.Unpack(b)
		if err != nil || len(outer[0].([]byte)) > 0 {
			return nil
		}
		return outer[1].([]byte)
	}
	word := func(at *big.Int) *big.Int {
		out := make([]byte, 32)
		if at.IsInt64() && at.Int64() < int64(len(b)) {
			copy(out, b[at.Int64():])
		}
		return new(big.Int).SetBytes(out)
	}
	merkle, signature := word(new(big.Int)), word(big.NewInt(32))
	if word(merkle).Sign() != 0 || !signature.IsInt64() || signature.Int64() > int64(len(b)-32) {
		return nil
	}
	length, rest := word(signature), b[signature.Int64()+32:]
	if length.IsInt64() && length.Int64() < int64(len(rest)) {
		return rest[:length.Int64()]
	}
	return append(slices.Clone(rest), make([]byte, 64)...)
}
