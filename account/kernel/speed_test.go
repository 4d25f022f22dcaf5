package kernel_test

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// BenchmarkNew computes an address.
func BenchmarkNew(b *testing.B) {
	dev := newDevice(b, "bench")
	b.ReportAllocs()
	for b.Loop() {
		must[*kernel.Account](b)(kernel.New(kernel.Config{Root: dev.root()}))
	}
}

// BenchmarkCallsToSealed is what this package does for one operation of a passkey owner:
// calls, challenge, check of the assertion, seal.
func BenchmarkCallsToSealed(b *testing.B) {
	dev := newDevice(b, "bench")
	acct := must[*kernel.Account](b)(kernel.New(kernel.Config{Root: dev.root()}))
	auth := must[*kernel.Authority](b)(acct.Authority(dev.approver()))
	calls := []account.Call{{To: target, Value: big.NewInt(1)}, {To: target, Data: make([]byte, 68)}}
	op := (&userop.Op{Sender: acct.Address()}).Normalize()
	op.CallData = must[[]byte](b)(acct.EncodeCalls(calls))
	c := must[account.Challenge](b)(auth.Challenge(op, big.NewInt(1)))
	approval := must[account.Approval](b)(dev.approve(c))
	b.ReportAllocs()
	for b.Loop() {
		op.CallData = must[[]byte](b)(acct.EncodeCalls(calls))
		c = must[account.Challenge](b)(auth.Challenge(op, big.NewInt(1)))
		if err := c.Verify(approval); err != nil {
			b.Fatal(err)
		}
		op.Signature = must[[]byte](b)(auth.Seal(op, approval))
	}
}

// fivePolicies is a permission as large as those that are used.
func fivePolicies() kernel.Permission {
	p := kernel.Permission{Signer: kernel.ECDSASigner(target)}
	for i := range 5 {
		p.Policies = append(p.Policies, append(append([]byte{0, 0}, common.BigToAddress(big.NewInt(int64(i+1))).Bytes()...), make([]byte, 160*i)...))
	}
	return p
}

// BenchmarkEnableSignature is from a permission of five policies to the signature of the
// operation that enables it: id, enable data, typed data, the owner's secp256k1 signature
// and the check of it, enable-mode signature.
func BenchmarkEnableSignature(b *testing.B) {
	key := newKey("bench")
	acct := must[*kernel.Account](b)(kernel.New(kernel.Config{Root: kernel.ECDSA{Owner: addressOfKey(key)}}))
	auth := must[*kernel.Authority](b)(acct.Authority(kernel.OwnerApprover{}))
	p, stub := fivePolicies(), seal.KernelUse(seal.KernelECDSAStub())
	b.ReportAllocs()
	for b.Loop() {
		e := kernel.Enable{Version: acct.Version(), Account: acct.Address(), ChainID: big.NewInt(1), ID: p.ID().Validation(), Nonce: 1, Data: p.EnableData()}
		r := must[*kernel.Request](b)(auth.SignEnable(e))
		digest := r.Challenge().Digest
		sig := must[[][]byte](b)(r.Finish(account.Approval{ECDSA: must[[]byte](b)(crypto.Sign(digest[:], key))}))
		e.Seal(sig[0], stub)
	}
}

// BenchmarkParseEnableData reads what a permission is installed with.
func BenchmarkParseEnableData(b *testing.B) {
	data := fivePolicies().EnableData()
	b.ReportAllocs()
	for b.Loop() {
		must[kernel.Permission](b)(kernel.ParseEnableData(data))
	}
}
