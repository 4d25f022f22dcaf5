package contracts_test

import (
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// Whatever code a strange chain puts at P256VERIFY's address, it does not become the verifier of the
// passkeys, whose signer bytes start with that address.
func TestCodeAtThePrecompilesAddressApprovesOfNothing(t *testing.T) {
	w := newWorld(t, prague)
	d := w.install(userop.V08)
	p := newPasskey(t, "x", seal.RequireUV)
	a := w.create(d, equal(1, p.signer))
	// Answers every call with the selector it was called by: ERC-7913's yes.
	code := "60003560e01c60e01b60005260206000f3" + strings.Repeat("00", 20)
	w.state.SetCode(p256Verify, common.FromHex(code), 0)

	signer := p.signer.Bytes()
	approval := append([]byte{4, 0, byte(len(signer))}, signer...)
	approval = append(approval, 0, 0)
	if a.validates(opHash("x"), approval) {
		t.Error("an empty signature is valid")
	}
}

// A verifier that is an EOA's delegation is refused when it is added: approvals by it are never read.
func TestADelegationIsNoVerifier(t *testing.T) {
	w := newWorld(t, prague)
	d := w.install(userop.V08)
	verifier, _ := w.deploy("HashVerifier")
	delegating := addr("delegating")
	w.state.SetCode(delegating, append(common.FromHex("ef0100"), verifier[:]...), 0)
	signer, err := seal.ParseSigner(append(delegating.Bytes(), "key"...))
	if err != nil {
		t.Fatal(err)
	}
	data, err := d.CreateAccount(equal(1, signer))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.send(stranger, d.Factory, nil, data); err == nil {
		t.Error("an account was created that nobody can ever use")
	}
}
