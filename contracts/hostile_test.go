// What others may do to an account and its pending operations, and where a caller of the verifier has to take care.

package contracts_test

import (
	"bytes"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// A stranger may give a passkey a larger table, and have the account ask for P256VERIFY, while an operation is on its way
// whose hints and gas limit were made for what was before. It must not run out of gas for that.
func TestAStrangerMakesNoPendingOperationDearer(t *testing.T) {
	p, hash := newPasskey(t, "pending", seal.RequireUV), opHash("pending")
	sig := p.approve(hash)
	cost := func(a *acct, sig []byte) uint64 {
		ret, used, err := a.send(a.entryPoint(), a.address, nil, a.validateData(new(big.Int), hash, sig, new(big.Int)))
		if err != nil || new(big.Int).SetBytes(ret).Sign() != 0 {
			t.Fatalf("refused: %x, %v", ret, err)
		}
		return used
	}
	for _, before := range []seal.P256Path{seal.PathNone, 0x11, 0x12, 0x13} {
		made := [][]byte{sig, hinted(t, sig, rightHints(t, sig, before, hash))}
		for _, after := range []seal.P256Path{0x11, 0x12, 0x13, 0x14, seal.PathPrecompile} {
			if after != seal.PathPrecompile && after <= before {
				continue
			}
			a := onPath(t, before, p)
			var planned []uint64
			for _, s := range made {
				planned = append(planned, cost(a, s))
			}
			if format, ok := after.Table(); ok {
				a.must(stranger, a.address, nil, contracts.UseTable(p.signer.Bytes(), format))
			} else {
				a.fork = osaka
				a.must(stranger, a.address, nil, contracts.ProbePrecompile())
			}
			if got := a.path(p); got != after {
				t.Fatalf("on path %s, not %s", got, after)
			}
			for i, s := range made {
				if now := cost(a, s); now > planned[i] {
					t.Errorf("%s, then %s, signature %d: %d gas, planned with %d", before, after, i, now, planned[i])
				}
			}
		}
	}
}

// The verifier stands in for P256VERIFY for calldata of 160 bytes. Who hands it a signature of any length that others choose
// must not ask one of its other functions, whose key would then be another's choice too: these begin with 28 zero bytes or a
// selector, and are answered by 1 in the first case only. No hash begins with 28 zero bytes.
func TestASignatureOfAnyLengthIsNotAnotherCall(t *testing.T) {
	w := verifierWorld(t, osaka, true)
	owner, thief := newPasskey(t, "owner", 0), newPasskey(t, "thief", 0)
	h := opHash("theft")
	h[0] = 0 // who may choose what is approved finds such a hash soon
	sloppy := func(signature []byte) []byte {
		return w.must(stranger, contracts.P256Verifier, nil, slices.Concat(h[:], signature, owner.public().Raw()))
	}
	if !bytes.Equal(sloppy(owner.signDigest(h)), one) || !bytes.Equal(sloppy(thief.signDigest(h)), zero) {
		t.Fatal("with 64 bytes of signature it is no drop-in")
	}
	// All but the zeros: what is in front of the caller's hash is what the thief cannot choose.
	hash := opHash("anything")
	call := packedCall(hash, append(thief.public().Raw(), 0, 0), assertionOf(thief.fixed(authData(usualFlags), append(standardClientData(hash), owner.public().Raw()...)), nil))
	signature := call[32 : len(call)-64] // what the caller adds ends the JSON
	if !bytes.Equal(w.must(stranger, contracts.P256Verifier, nil, call), one) {
		t.Fatal("with zeros in front it is not the thief's approval")
	}
	if ret := sloppy(signature); !bytes.Equal(ret, zero) {
		t.Errorf("the thief's key was taken: %x", ret)
	}
	for _, n := range []int{63, 65, 96, 192} {
		if ret := sloppy(make([]byte, n)); !bytes.Equal(ret, zero) {
			t.Errorf("%d bytes of signature: %x", n, ret)
		}
	}
}

// Signers are told apart by their bytes. One key under two rules is two signers, and one assertion may count for both:
// package account/webauthn makes no such account, and docs/formats.md says why.
func TestOneKeyUnderTwoRulesIsTwoSigners(t *testing.T) {
	strict := newPasskey(t, "twice", seal.RequireUV)
	lax := strict.withRule(0)
	a := newAccount(t, osaka, equal(2, strict.signer, lax.signer))
	hash := opHash("twice")
	assertion := strict.approve(hash)
	again := slices.Clone(assertion)
	copy(again[1:], lax.signer.Bytes()[20:])
	if !a.validates(hash, join(t, assertion, again)) {
		t.Error("not so any more: take the warning out of docs/formats.md")
	}
	if a.validates(hash, slices.Concat(assertion, assertion)) || a.validates(hash, slices.Concat(again, again)) {
		t.Error("one signer counts twice")
	}
}

// Of a contract that signs nobody knows why it did not answer, and ERC-7562 lets nobody count gas: starved, its approval
// counts as refused, and there may be gas left to say so. docs/formats.md has it. Passkeys and keys: see
// TestTooLittleGasIsNoVerdictOnAnyPath.
func TestAContractThatIsStarvedIsRefusedAndNeverBelieved(t *testing.T) {
	w := newWorld(t, cancun)
	d := w.install(userop.V08)
	p, hash := newPasskey(t, "inner", seal.RequireUV), opHash("nested")
	inner := w.create(d, equal(1, p.signer))
	outer := w.create(d, equal(1, addressSigner(t, inner.address)))
	approve := func(hash common.Hash) []byte {
		sig := p.approve(seal.PersonalSign(seal.PosternDomain(inner.address, chainID), hash))
		b := append([]byte{4, 0, 20}, inner.address[:]...)
		return append(append(b, byte(len(sig)>>8), byte(len(sig))), sig...)
	}
	if !outer.validates(hash, approve(hash)) || outer.validates(hash, approve(opHash("other"))) {
		t.Fatal("the contract's word does not count, or counts too much")
	}
	refused := 0
	for gas := uint64(2_000); gas < 400_000; gas += 500 {
		outer.gas = gas
		if ret, _, err := outer.send(outer.entryPoint(), outer.address, nil, outer.validateData(new(big.Int), hash, approve(hash), new(big.Int))); err == nil && new(big.Int).SetBytes(ret).Sign() != 0 {
			refused++
		}
		if ret, _, err := outer.send(outer.entryPoint(), outer.address, nil, outer.validateData(new(big.Int), hash, approve(opHash("other")), new(big.Int))); err == nil && new(big.Int).SetBytes(ret).Sign() == 0 {
			t.Fatalf("accepted with %d gas", gas)
		}
	}
	t.Logf("refused for want of gas at %d of 796 limits", refused)
}
