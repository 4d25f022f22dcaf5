package devnet_test

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/userop"
)

func TestOperationsLandOnEveryEntryPoint(t *testing.T) {
	eachEntryPoint(t, devnet.Config{}, func(b *bench) {
		a := b.newAccount(ether(1))
		for i, what := range []string{"deploys the account", "uses it"} {
			op := b.ready(a, nil)
			b.Logf("%s: preVerificationGas %d, verificationGasLimit %d, callGasLimit %d", what, op.PreVerificationGas, op.VerificationGasLimit, op.CallGasLimit)
			hash, err := b.send(op)
			if err != nil {
				b.Fatal(what, err)
			}
			if want := b.sign(op.Clone(), a.key); hash != want {
				b.Errorf("hash %s, want %s", hash, want)
			}
			r := b.wait(hash)
			if !r.Success || r.UserOpHash != hash || r.EntryPoint != b.ep.Address() || r.Sender != a.address {
				b.Errorf("%s: receipt %+v", what, r)
			}
			b.Logf("gas used %d, transaction %d", r.ActualGasUsed.ToInt(), r.Receipt.GasUsed)
			if charged := r.ActualGasUsed.ToInt().Uint64(); charged < r.Receipt.GasUsed {
				b.Errorf("%s: the bundler pays for %d gas and is paid for %d", what, r.Receipt.GasUsed, charged)
			}
			if len(r.Logs) == 0 || r.Logs[len(r.Logs)-1].Topics[0] != userop.TopicUserOperationEvent {
				b.Errorf("%s: the last log is not the operation's event: %v", what, r.Logs)
			}
			if got := balance(t, b.net, common.HexToAddress("0xbeef")); got.Int64() != int64(i+1) {
				b.Errorf("%s: beneficiary has %v wei", what, got)
			}
			b.sameByHash(op, hash)
		}
	})
}

// sameByHash compares what eth_getUserOperationByHash returns with what was sent.
func (b *bench) sameByHash(op *userop.Op, hash common.Hash) {
	b.Helper()
	var found struct {
		UserOperation   json.RawMessage
		EntryPoint      common.Address
		BlockNumber     *hexutil.Big
		BlockHash       common.Hash
		TransactionHash common.Hash
	}
	if err := b.rpc.CallContext(b.Context(), &found, "eth_getUserOperationByHash", hash); err != nil {
		b.Fatal(err)
	}
	back, err := b.ep.UnmarshalOp(found.UserOperation)
	if err != nil {
		b.Fatal(err)
	}
	if got, err := b.ep.Hash(back, b.net.ChainID()); err != nil || got != hash || hexutil.Encode(back.Signature) != hexutil.Encode(op.Signature) {
		b.Errorf("by hash: %s (%v), want %s", got, err, hash)
	}
	if found.EntryPoint != b.ep.Address() || found.BlockNumber.ToInt().Sign() == 0 {
		b.Errorf("by hash: %+v", found)
	}
}

type status struct {
	Status          string
	TransactionHash *common.Hash
	Reason          string
}

func (b *bench) status(hash common.Hash) (s status) {
	b.Helper()
	if err := b.rpc.CallContext(b.Context(), &s, "pimlico_getUserOperationStatus", hash); err != nil {
		b.Fatal(err)
	}
	return s
}

func TestHashesAgreeWithTheEntryPoints(t *testing.T) {
	eachEntryPoint(t, devnet.Config{}, func(b *bench) {
		a := b.newAccount(new(big.Int))
		op := b.op(a).Normalize()
		data, err := userop.GetUserOpHash(b.ep, op)
		if err != nil {
			b.Fatal(err)
		}
		to := b.ep.Address()
		out, err := b.net.Client().CallContract(b.Context(), ethereum.CallMsg{To: &to, Data: data}, nil)
		if err != nil {
			b.Fatal(err)
		}
		if want, err := b.ep.Hash(op, b.net.ChainID()); err != nil || common.BytesToHash(out) != want {
			b.Errorf("EntryPoint says %x, userop %s, %v", out, want, err)
		}
	})
}

func TestRefusalsNameTheirCause(t *testing.T) {
	cases := []struct {
		name   string
		poor   bool
		change func(b *bench, op *userop.Op)
		forge  bool // sign with another key
		code   int
		text   string
	}{
		{name: "wrong signature", forge: true, code: -32507, text: "AA24"},
		{name: "no funds", poor: true, code: -32500, text: "AA21"},
		{name: "nonce from the future", change: func(_ *bench, op *userop.Op) { op.Nonce = big.NewInt(5) }, code: -32500, text: "AA25"},
		{name: "factory makes another account", change: func(b *bench, op *userop.Op) {
			op.FactoryData = b.pack(b.fabi, "createAccount", common.HexToAddress("0xabcd"), big.NewInt(3))
		}, code: -32500, text: "AA14"},
		{name: "factory reverts", change: func(_ *bench, op *userop.Op) { op.FactoryData = []byte{1, 2, 3, 4} }, code: -32500, text: "AA13"},
		{name: "no factory, no account", change: func(_ *bench, op *userop.Op) { op.Factory, op.FactoryData = nil, nil }, code: -32500, text: "AA20"},
		{name: "too little verification gas", change: func(_ *bench, op *userop.Op) { op.VerificationGasLimit = big.NewInt(20_000) }, code: -32500, text: "AA13"},
		{name: "too little preVerificationGas", change: func(_ *bench, op *userop.Op) { op.PreVerificationGas = big.NewInt(21_000) }, code: -32602, text: "preVerificationGas"},
		{name: "fee below the base fee", change: func(_ *bench, op *userop.Op) { op.MaxFeePerGas, op.MaxPriorityFeePerGas = big.NewInt(1), big.NewInt(1) }, code: -32602, text: "base fee"},
		{name: "priority above the fee", change: func(_ *bench, op *userop.Op) { op.MaxPriorityFeePerGas = big.NewInt(9e9) }, code: -32602, text: "maxPriorityFeePerGas"},
		{name: "more gas than a transaction has", change: func(_ *bench, op *userop.Op) { op.CallGasLimit = big.NewInt(17_000_000) }, code: -32602, text: "gas limits"},
		{name: "absurd gas", change: func(_ *bench, op *userop.Op) { op.CallGasLimit = new(big.Int).Lsh(big.NewInt(1), 119) }, code: -32602, text: "gas limits"},
	}
	eachEntryPoint(t, devnet.Config{}, func(b *bench) {
		for _, c := range cases {
			b.TB.(*testing.T).Run(c.name, func(t *testing.T) {
				b := *b
				b.TB = t
				wei := ether(1)
				if c.poor {
					wei = new(big.Int)
				}
				a := b.newAccount(wei)
				op := b.ready(a, func(op *userop.Op) {
					if c.change != nil {
						c.change(&b, op)
					}
				})
				if c.forge {
					op.Signature = b.stub()
				}
				_, err := b.send(op)
				if code(err) != c.code || !strings.Contains(err.Error(), c.text) {
					t.Errorf("got %d %v, want %d with %s", code(err), err, c.code, c.text)
				}
			})
		}
		var hash common.Hash
		err := b.rpc.CallContext(b.Context(), &hash, "eth_sendUserOperation", b.wire(b.op(b.newAccount(new(big.Int))).Normalize()), common.HexToAddress("0x1234"))
		if code(err) != -32602 {
			b.Errorf("foreign EntryPoint: %v", err)
		}
	})
}

func TestRevertingCallsAreReported(t *testing.T) {
	eachEntryPoint(t, devnet.Config{}, func(b *bench) {
		a := b.newAccount(ether(1))
		op := b.op(a)
		// More value than the account has: the inner call fails.
		op.CallData = b.pack(b.abi, "execute", b.factory, new(big.Int), []byte{1, 2, 3, 4})
		if err := b.estimate(op); code(err) != -32521 {
			b.Errorf("estimation of a reverting call: %d %v", code(err), err)
		}
		// With limits given it is accepted, executed, paid, and reported as failed.
		good := b.ready(a, nil)
		op.PreVerificationGas, op.VerificationGasLimit, op.CallGasLimit = good.PreVerificationGas, good.VerificationGasLimit, good.CallGasLimit
		b.sign(op, a.key)
		hash, err := b.send(op)
		if err != nil {
			b.Fatal(err)
		}
		if r := b.wait(hash); r.Success {
			b.Errorf("receipt %+v", r)
		}
		if s := b.status(hash); s.Status != "failed" {
			b.Errorf("status %+v", s)
		}
	})
}
