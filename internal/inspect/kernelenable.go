package inspect

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/seal"
)

// enabled explains the parts of an enable-mode signature: who is installed, what it may
// call, and how the owner approved.
func (in *inspector) enabled(r *Reading, k seal.KernelEnable) {
	first := *in // the operation is signed by the key that is enabled
	if k.Hook != (common.Address{}) {
		r.fact("hook", k.Hook.Hex())
	}
	if sel := k.SelectorData; len(sel) >= 4 {
		text := hexOf(sel[:4])
		if [4]byte(sel[:4]) == executeSelector {
			text += " = execute"
		} else {
			r.warn("other-function", "it is enabled for another function than execute: the key may call it, and its policies were not made for it", "", "")
		}
		r.fact("enabled for", text)
	} else {
		r.wrong("selector-data", "the selector data has no selector", "hand-made data", "it is selector ‖ module (20) ‖ hook (20) ‖ abi.encode(bytes, bytes)")
	}
	p, err := kernel.ParseEnableData(k.EnableData)
	if err != nil {
		r.note("enable-data", "the enable data is not a permission's: a validator is installed, or it is not written as the SDK writes it")
		r.fact("enable data", hexOf(k.EnableData))
	} else {
		r.Parts = append(r.Parts, in.permission(p))
		in.checkEnabledNonce(r, p.ID())
		if key, _, ok := p.Signer.WebAuthn(); ok && in.opt.Key.IsZero() {
			first.opt.Key = key
		}
	}
	r.Parts = append(r.Parts, in.ownerApproval(k.Approval))
	if inner, ok := first.part(k.Signature); ok {
		r.Parts = append(r.Parts, inner)
	}
}

var executeSelector = [4]byte{0xe9, 0xae, 0x5c, 0x53}

// checkEnabledNonce compares the permission with the one that the operation's nonce names.
func (in *inspector) checkEnabledNonce(r *Reading, id kernel.PermissionID) {
	if in.op == nil || in.op.op.Nonce == nil {
		return
	}
	k, err := kernel.ParseNonceKey(bigOf(in.op.op.Nonce.FillBytes(make([]byte, 32))[:24]))
	switch {
	case err != nil:
		return
	case k.Mode != kernel.ModeEnable:
		r.wrong("nonce-mode", "the signature enables, and the nonce does not say so", "the nonce key of another mode", "begin the nonce key with 01")
	case k.Type == kernel.TypePermission && k.Validation().Permission() != id:
		r.wrong("nonce-permission", fmt.Sprintf("the nonce names the permission %s, the signature enables %s", k.Validation().Permission(), id),
			"policies or signer were changed after the nonce was made", "make the nonce key from the permission that is enabled")
	}
}

// ownerApproval explains the root validator's signature, bare or of a Merkle root. It is not
// over the operation, so that whoever that would be the signer of is nobody.
func (in *inspector) ownerApproval(b []byte) Reading {
	apart := *in
	apart.op = nil
	in = &apart
	if r, ok := in.merkleApproval(b); ok {
		return r
	}
	if r, ok := in.part(b); ok {
		r.Title = "owner's approval: " + r.Title
		return r
	}
	r := Reading{Kind: "kernel-approval", Title: "owner's approval, of a form that is not known here", Likelihood: Possible}
	r.fact("bytes", hexOf(b))
	return r
}

// merkleApproval: signature (65) ‖ root (32) ‖ abi.encode(bytes32[] proof), or
// abi.encode(bytes root ‖ abi.encode(bytes32[] proof), bytes signature) of a passkey.
func (in *inspector) merkleApproval(b []byte) (Reading, bool) {
	r := Reading{Kind: "kernel-merkle-approval", Title: "owner's approval of several chains at once (Merkle root)", Likelihood: Certain}
	if len(b) > 65 && merkleData(&r, b[65:]) {
		if sig, ok := in.ecdsaSignature(b[:65]); ok {
			r.Parts = append(r.Parts, sig)
			return r, true
		}
	}
	f, err := abituple.Decode(b, "dd")
	if err != nil || !merkleData(&r, f[0].Data) {
		return Reading{}, false
	}
	inner, ok := in.kernelSigner(f[1].Data)
	r.Parts = append(r.Parts, inner)
	return r, ok
}

// merkleData reads root (32) ‖ abi.encode(bytes32[] proof).
func merkleData(r *Reading, b []byte) bool {
	if len(b) < 96 || len(b)%32 != 0 {
		return false
	}
	offset, ok1 := smallUint(b[32:64])
	n, ok2 := smallUint(b[64:96])
	if !ok1 || !ok2 || offset != 32 || n != len(b)/32-3 {
		return false
	}
	r.Facts = nil
	r.fact("root", hexOf(b[:32]))
	r.fact("proof", proofText(n))
	return true
}

func proofText(n int) string {
	if n == 0 {
		return "none: it is the only one"
	}
	return fmt.Sprintf("%d hashes, so it is one of %d to %d", n, 1<<min(n-1, 30)+1, 1<<min(n, 30))
}
