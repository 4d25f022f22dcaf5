package wallet_test

import (
	"bytes"
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/userop"
)

// What the rescue page writes beside the wallet: bundles, the transactions that carry them, and MetaMask's calls.
const rescueVectorFile = "testdata/rescue.json"

type rescueVectors struct {
	Generator    string              `json:"generator"`
	Bundles      []bundleVector      `json:"bundles"`
	Transactions []transactionVector `json:"transactions"`
	Calls        []hybridCallVector  `json:"calls"`
}

type bundleVector struct {
	Version     string          `json:"version"`
	Op          json.RawMessage `json:"op"`
	Beneficiary common.Address  `json:"beneficiary"`
	Data        hexutil.Bytes   `json:"data"`
}

type transactionVector struct {
	Key      hexutil.Bytes  `json:"key"`
	ChainID  *hexutil.Big   `json:"chainId"`
	Nonce    hexutil.Uint64 `json:"nonce"`
	Priority *hexutil.Big   `json:"maxPriorityFeePerGas"`
	MaxFee   *hexutil.Big   `json:"maxFeePerGas"`
	Gas      hexutil.Uint64 `json:"gas"`
	To       common.Address `json:"to"`
	Data     hexutil.Bytes  `json:"data"`
	Raw      hexutil.Bytes  `json:"raw"`
	Hash     common.Hash    `json:"hash"`
}

type hybridCallVector struct {
	To       common.Address `json:"to"`
	Value    *hexutil.Big   `json:"value"`
	Data     hexutil.Bytes  `json:"data"`
	CallData hexutil.Bytes  `json:"callData"` // of a Hybrid account's operation
}

func TestRescueVectorsAreWhatGoSays(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 2026))
	out := rescueVectors{Generator: "wallet/rescue_vectors_test.go"}
	for i, ep := range []userop.EntryPoint{userop.V07, userop.V08, userop.V09, userop.V07, userop.V08, userop.V09} {
		v := randomOp(t, r, ep, i%3)
		op, err := ep.UnmarshalOp(v.Op)
		if err != nil {
			t.Fatal(err)
		}
		to := address(r)
		data, err := ep.HandleOps([]*userop.Op{op}, to)
		if err != nil {
			t.Fatal(err)
		}
		out.Bundles = append(out.Bundles, bundleVector{ep.Version(), v.Op, to, data})
	}
	for _, size := range []int{0, 1, 54, 55, 56, 255, 256, 3000} {
		out.Transactions = append(out.Transactions, randomTransaction(t, r, size))
	}
	for range 8 {
		out.Calls = append(out.Calls, randomHybridCall(t, r))
	}
	got, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(rescueVectorFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(rescueVectorFile)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%s is not what Go says (%v); write it anew with -update", rescueVectorFile, err)
	}
}

func randomTransaction(t *testing.T, r *rand.Rand, size int) transactionVector {
	t.Helper()
	secret := crypto.Keccak256(some(r, 32))
	key, err := crypto.ToECDSA(secret)
	if err != nil {
		t.Fatal(err)
	}
	v := transactionVector{Key: secret, ChainID: (*hexutil.Big)(big.NewInt(1 + r.Int64N(1<<40))), Nonce: hexutil.Uint64(r.Uint64N(1 << uint(r.IntN(40)))),
		Priority: (*hexutil.Big)(number(r, 6)), MaxFee: (*hexutil.Big)(number(r, 7)), Gas: hexutil.Uint64(r.Uint64N(1 << 24)), To: address(r), Data: some(r, size)}
	tx, err := types.SignNewTx(key, types.NewLondonSigner(v.ChainID.ToInt()), &types.DynamicFeeTx{ChainID: v.ChainID.ToInt(), Nonce: uint64(v.Nonce),
		GasTipCap: v.Priority.ToInt(), GasFeeCap: v.MaxFee.ToInt(), Gas: uint64(v.Gas), To: &v.To, Data: v.Data})
	if err != nil {
		t.Fatal(err)
	}
	if v.Raw, err = tx.MarshalBinary(); err != nil {
		t.Fatal(err)
	}
	v.Hash = tx.Hash()
	return v
}

func randomHybridCall(t *testing.T, r *rand.Rand) hybridCallVector {
	t.Helper()
	a, err := hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: address(r)})
	if err != nil {
		t.Fatal(err)
	}
	c := account.Call{To: address(r), Value: number(r, 12), Data: some(r, r.IntN(100))}
	data, err := a.EncodeCalls([]account.Call{c})
	if err != nil {
		t.Fatal(err)
	}
	return hybridCallVector{c.To, (*hexutil.Big)(c.Value), c.Data, data}
}
