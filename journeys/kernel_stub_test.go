package journeys_test

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/vm/runtime"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/params"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// Kernel's contracts compare a passkey's challenge by characters and stop at the first
// that differs: the stub costs them less than a signature. By how much at most, the
// authority must know, and Prepare adds it.
func TestAPasskeysSignatureCostsAtMostTheShortfallMore(t *testing.T) {
	k := passkeyKey(t, 20)
	by := k.by.(kernel.PasskeyApprover)
	for _, precompiled := range []bool{true, false} {
		by.UsePrecompiled = precompiled
		for _, signer := range []bool{false, true} {
			a, err := kernel.New(kernel.Config{Version: kernel.V033, Root: k.root})
			if err != nil {
				t.Fatal(err)
			}
			auth, err := a.Authority(by)
			if err != nil {
				t.Fatal(err)
			}
			added := auth.StubShortfall()
			if added == 0 {
				t.Fatal("nothing is added to what the stub costs")
			}
			l := newLaboratory(t, kernelContracts(t), kernel.V033)
			key, wrap := auth.NonceKey(), func(sig []byte) []byte { return sig }
			if signer {
				p := kernel.Permission{Signer: k.signer}
				if err := l.install(p); err != nil {
					t.Fatal(err)
				}
				key, wrap = kernel.KeyOf(kernel.ModeDefault, p.ID().Validation(), 0).Int(), seal.KernelUse
			} else {
				factory, data := a.Factory()
				if _, err := l.call(friend, factory, data); err != nil {
					t.Fatal(err)
				}
				l.account = a
			}
			op := &userop.Op{
				Sender: l.account.Address(), CallData: common.FromHex("0xe9ae5c53"),
				PreVerificationGas: big.NewInt(1), VerificationGasLimit: big.NewInt(1), CallGasLimit: big.NewInt(1), MaxFeePerGas: big.NewInt(1), MaxPriorityFeePerGas: new(big.Int),
			}
			if op.Nonce, err = userop.MakeNonce(key, 0); err != nil {
				t.Fatal(err)
			}
			as, err := kernel.Attach(op.Sender, kernel.V033, k.root)
			if err != nil {
				t.Fatal(err)
			}
			if auth, err = as.Authority(by); err != nil {
				t.Fatal(err)
			}
			op.Signature = wrap(auth.Stub())
			stub, out := l.cost(op)
			if out[31] != 1 {
				t.Fatalf("the stub is taken for a signature: %x", out)
			}
			least, most := uint64(1<<63), uint64(0)
			for i := range 40 { // what one costs depends on its numbers
				op.CallGasLimit = big.NewInt(int64(i + 1))
				op.Signature = wrap(l.sealed(op, auth, k))
				real, out := l.cost(op)
				if out[31] != 0 {
					t.Fatalf("the signature is refused: %x", out)
				}
				least, most = min(least, real), max(most, real)
			}
			t.Logf("precompiled %t, signer of a permission %t: the stub costs %d, signatures %d to %d, %d more", precompiled, signer, stub, least, most, int(most)-int(stub))
			if most > stub+added || precompiled && most < stub+added*2/3 {
				t.Errorf("%d more, %d are added", int(most)-int(stub), added)
			}
		}
	}
}

// sealed is a signature of an operation.
func (l *laboratory) sealed(op *userop.Op, auth *kernel.Authority, k theirKey) []byte {
	l.t.Helper()
	c, err := auth.Challenge(op, params.MergedTestChainConfig.ChainID)
	if err != nil {
		l.t.Fatal(err)
	}
	approved, err := k.approve(c)
	if err != nil {
		l.t.Fatal(err)
	}
	sig, err := auth.Seal(op, approved)
	if err != nil {
		l.t.Fatal(err)
	}
	return sig
}

// cost is the gas of validateUserOp on a chain with P256VERIFY, and its answer.
func (l *laboratory) cost(op *userop.Op) (uint64, []byte) {
	l.t.Helper()
	hash, err := userop.V07.Hash(op, params.MergedTestChainConfig.ChainID)
	if err != nil {
		l.t.Fatal(err)
	}
	config := *params.MergedTestChainConfig
	config.OsakaTime = new(uint64)
	const limit = 10_000_000
	before := l.state.Snapshot()
	out, left, err := runtime.Call(op.Sender, validateCall(l.t, op, hash), &runtime.Config{
		ChainConfig: &config, State: l.state, Origin: entryPoint, Time: l.now, GasLimit: limit,
		BlockNumber: big.NewInt(1), Value: new(big.Int), Random: &common.Hash{},
	})
	l.state.RevertToSnapshot(before)
	if err != nil || len(out) != 32 {
		l.t.Fatalf("%x, %v", out, err)
	}
	return limit - left, out
}

// validateCall is validateUserOp(op, hash, 0): three heads, then the operation.
func validateCall(t *testing.T, op *userop.Op, hash common.Hash) []byte {
	t.Helper()
	packed, err := userop.EncodeOp(userop.V07, op)
	if err != nil {
		t.Fatal(err)
	}
	data := append(crypto.Keccak256([]byte("validateUserOp((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes),bytes32,uint256)"))[:4], numberWord(96)...)
	data = append(append(data, hash[:]...), numberWord(0)...)
	return append(data, packed[32:]...)
}

var _ account.StubShortfaller = (*kernel.Authority)(nil)
