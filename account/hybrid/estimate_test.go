package hybrid_test

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/accounttest"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/userop"
)

// overridden is a chain in which other code is pretended.
type overridden struct {
	accounttest.NodeChain
	overrides account.Overrides
}

// run calls and returns the EntryPoint's error code, "" for success.
func (c overridden) run(t testing.TB, to common.Address, data []byte) string {
	t.Helper()
	set := map[common.Address]map[string]any{}
	for addr, o := range c.overrides {
		set[addr] = map[string]any{"code": hexutil.Bytes(o.Code)}
	}
	var out hexutil.Bytes
	err := c.CallContext(t.Context(), &out, "eth_call", map[string]any{"to": to, "input": hexutil.Bytes(data), "gas": hexutil.Uint64(20_000_000)}, "latest", set)
	if err == nil {
		return ""
	}
	d, ok := err.(interface{ ErrorData() any })
	if !ok {
		t.Fatal(err)
	}
	s, _ := d.ErrorData().(string)
	b, herr := hexutil.Decode(s)
	if herr != nil {
		t.Fatal(err)
	}
	if r := userop.DecodeRevert(b); r != nil && r.Code != "" {
		return r.Code
	}
	return "?"
}

// verificationGas is the least limit with which op gets through its validation,
// as far as its signature.
func verificationGas(t testing.TB, c overridden, op *userop.Op) uint64 {
	t.Helper()
	lo, hi := uint64(0), uint64(2_000_000)
	for hi-lo > 50 {
		mid := (lo + hi) / 2
		p := op.Clone()
		p.VerificationGasLimit = new(big.Int).SetUint64(mid)
		switch c.run(t, userop.V07.Address(), must[[]byte](t)(userop.V07.HandleOps([]*userop.Op{p}, target))) {
		case "", "AA24":
			hi = mid
		default:
			lo = mid
		}
	}
	return hi
}

// TestTheStubCostsWhatARealSignatureCosts: an estimate with the overrides is never
// below what real signatures take and at most 15 % above, with and without
// P256VERIFY; without them the excess is at most what StubExcess says.
func TestTheStubCostsWhatARealSignatureCosts(t *testing.T) {
	for _, rules := range []devnet.Rules{devnet.Osaka, devnet.Prague} {
		b := newBench(t, rules)
		p256 := rules == devnet.Osaka
		owner, dev := newKey("estimate"), newDevice(t, "estimate")
		raw, rawKey := newRaw(t, "module 1")
		there := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: addressOf(owner), Keys: []hybrid.Key{dev.key, rawKey}}))
		deploy(t, b, there)
		fresh := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: addressOf(owner), Keys: []hybrid.Key{dev.key, rawKey}, Salt: [32]byte{1}}))
		for _, c := range []struct {
			name    string
			by      hybrid.Approver
			approve approve
		}{
			{"passkey", dev.approver(), dev.approve},
			{"raw P-256", hybrid.P256Approver{Key: rawKey}, approveP256(raw)},
			{"owner", hybrid.OwnerApprover{Address: addressOf(owner)}, approveECDSA(owner)},
		} {
			for name, acct := range map[string]*hybrid.Account{"there": there, "created": fresh} {
				t.Run(fmt.Sprintf("%s/%s/%s", rules, c.name, name), func(t *testing.T) {
					auth := must[*hybrid.Authority](t)(acct.Authority(c.by))
					op := func(i int64) *userop.Op {
						o := &userop.Op{Sender: acct.Address(), Nonce: must[*big.Int](t)(userop.MakeNonce(big.NewInt(i), 0)),
							CallData:     must[[]byte](t)(acct.EncodeCalls([]account.Call{{To: target, Data: []byte{byte(i), 1, 2, 3}}})),
							CallGasLimit: big.NewInt(100_000), VerificationGasLimit: new(big.Int), PreVerificationGas: big.NewInt(60_000), MaxFeePerGas: new(big.Int), MaxPriorityFeePerGas: new(big.Int)}
						if acct == fresh {
							factory, data := acct.Factory()
							o.Factory, o.FactoryData = &factory, data
						}
						return o
					}
					stub := op(99)
					stub.Signature = auth.Stub()
					estimate := verificationGas(t, overridden{b.chain, auth.Overrides(p256)}, stub)
					plain := verificationGas(t, overridden{b.chain, nil}, stub)
					low, high := ^uint64(0), uint64(0)
					for i := range int64(realSignatures) {
						o := op(i)
						o.VerificationGasLimit = new(big.Int) // signed, but the search sets it: so does each approval
						gas := realGas(t, b, auth, c.approve, o)
						low, high = min(low, gas), max(high, gas)
					}
					t.Logf("real %d to %d, estimate %d (+%.1f %%), without overrides %d (excess %d)", low, high, estimate, 100*float64(estimate)/float64(low)-100, plain, int(plain)-int(low))
					if estimate < high {
						t.Errorf("the estimate %d is below the %d of a real signature", estimate, high)
					}
					if estimate*100 > low*115 {
						t.Errorf("the estimate %d is more than 15 %% above the %d of a real signature", estimate, low)
					}
					if excess := auth.StubExcess(p256); plain > estimate+excess || excess > 0 && plain < estimate+excess*3/4 {
						t.Errorf("the plain estimate is %d above, StubExcess says %d", plain-estimate, excess)
					}
				})
			}
		}
	}
}

const realSignatures = 4

// realGas searches for the least limit as verificationGas does, with a signature
// for each limit, as the limit is part of what is signed.
func realGas(t testing.TB, b *bench, auth *hybrid.Authority, approve approve, op *userop.Op) uint64 {
	t.Helper()
	lo, hi := uint64(0), uint64(2_000_000)
	for hi-lo > 50 {
		mid := (lo + hi) / 2
		p := op.Clone()
		p.VerificationGasLimit = new(big.Int).SetUint64(mid)
		c := must[account.Challenge](t)(auth.Challenge(p, b.id))
		p.Signature = must[[]byte](t)(auth.Seal(p, must[account.Approval](t)(approve(c))))
		switch code := (overridden{b.chain, nil}).run(t, userop.V07.Address(), must[[]byte](t)(userop.V07.HandleOps([]*userop.Op{p}, target))); code {
		case "":
			hi = mid
		case "AA24":
			t.Fatal("a real signature is refused")
		default:
			lo = mid
		}
	}
	return hi
}

// TestNoRealSignatureCostsMoreThanTheStub has the contract verify many signatures
// in Solidity, where the cost depends on their bits.
func TestNoRealSignatureCostsMoreThanTheStub(t *testing.T) {
	b := newBench(t, devnet.Prague)
	raw, rawKey := newRaw(t, "module 1")
	acct := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Keys: []hybrid.Key{rawKey}}))
	deploy(t, b, acct)
	auth := must[*hybrid.Authority](t)(acct.Authority(hybrid.P256Approver{Key: rawKey}))
	cost := func(hash common.Hash, sig []byte) uint64 {
		data := must[[]byte](t)(hybrid.Pack("isValidSignature", hash, sig))
		var blocks []struct {
			Calls []struct {
				GasUsed hexutil.Uint64 `json:"gasUsed"`
			} `json:"calls"`
		}
		call := map[string]any{"to": acct.Address(), "input": hexutil.Bytes(data)}
		if err := b.chain.CallContext(t.Context(), &blocks, "eth_simulateV1", map[string]any{"blockStateCalls": []any{map[string]any{"calls": []any{call}}}}, "latest"); err != nil {
			t.Fatal(err)
		}
		gas := uint64(blocks[0].Calls[0].GasUsed)
		for _, x := range data { // what the bytes themselves cost is not the contract's arithmetic
			if x == 0 {
				gas -= 4
			} else {
				gas -= 16
			}
		}
		return gas
	}
	low, high, stub := ^uint64(0), uint64(0), ^uint64(0)
	for i := range manySignatures {
		hash := crypto.Keccak256Hash([]byte{byte(i), byte(i >> 8)})
		m := auth.DangerSignHash(hash)
		gas := cost(hash, must[[]byte](t)(m.Finish(must[account.Approval](t)(approveP256(raw)(m.Challenge())))))
		low, high = min(low, gas), max(high, gas)
		stub = min(stub, cost(hash, auth.Stub()))
	}
	t.Logf("%d real signatures cost %d to %d, the stub at least %d", manySignatures, low, high, stub)
	if high > stub {
		t.Errorf("a real signature costs %d, the stub only %d", high, stub)
	}
}

const manySignatures = 40
