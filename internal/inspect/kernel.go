package inspect

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/seal"
)

// kernelSignature: Kernel v3 wraps what a signer made. Use mode is 0xff ‖ signer's
// signature; enable mode is hook ‖ (enableData, hookData, selectorData, enableSig,
// 0xff ‖ signer's signature); ERC-1271 is 0x01 ‖ validator ‖ signature or 0x02 ‖
// permission id ‖ 0xff ‖ signature. The root validator takes the bare signature.
func (in *inspector) kernelSignature(b []byte) (Reading, bool) {
	for _, form := range []func([]byte) (Reading, bool){in.kernelSigner, in.kernelUse, in.kernelEnable, in.kernelERC1271} {
		if r, ok := form(b); ok {
			return r, true
		}
	}
	return Reading{}, false
}

// kernelSigner: (authenticatorData, clientDataJSON, responseTypeLocation, r, s, usePrecompiled).
func (in *inspector) kernelSigner(b []byte) (Reading, bool) {
	f, err := abituple.Decode(b, "ddwwww")
	if err != nil {
		return Reading{}, false
	}
	precompiled, ok := boolWord(f[5].Word)
	if !ok {
		// The same shape with r and s last is the webauthn-sol struct without its offset.
		r := Reading{Kind: layoutWebAuthnSol.kind, Title: layoutWebAuthnSol.title, Likelihood: Certain}
		r.wrong("no-leading-offset", "the leading word 0x20 is missing, so abi.decode reads it one word too early",
			"the six fields were encoded as a flat tuple", "encode it as one struct: abi.encode(WebAuthnAuth(…))")
		in.webAuthnAuth(&r, f, layoutWebAuthnSol)
		return r, true
	}
	r := Reading{Kind: layoutKernel.kind, Title: layoutKernel.title, Likelihood: Certain}
	p := assertionParts{layout: layoutKernel, authData: f[0].Data, clientData: f[1].Data, r: f[3].Word, s: f[4].Word, challengeIndex: -1}
	var text string
	p.typeIndex, text = index(f[2].Word)
	r.fact("type index", text)
	r.fact("uses the precompile", fmt.Sprint(precompiled))
	in.explainSigned(&r, p)
	return r, true
}

func (in *inspector) kernelUse(b []byte) (Reading, bool) {
	if b[0] != 0xff {
		return Reading{}, false
	}
	inner, ok := in.kernelSigner(b[1:])
	if !ok {
		if len(b) != 66 {
			return Reading{}, false
		}
		if inner, ok = in.ecdsaSignature(b[1:]); !ok {
			return Reading{}, false
		}
	}
	r := Reading{Kind: "kernel-use", Title: "ZeroDev Kernel: signature of a session key in use", Likelihood: Certain, Parts: []Reading{inner}}
	r.fact("prefix", "0xff (the signer's part follows; the policies bring none)")
	return r, true
}

func (in *inspector) kernelEnable(b []byte) (Reading, bool) {
	if len(b) < 20+5*32 {
		return Reading{}, false
	}
	f, err := abituple.Decode(b[20:], "ddddd")
	if err != nil {
		return Reading{}, false
	}
	r := Reading{Kind: "kernel-enable", Title: "ZeroDev Kernel: approval of a session key and its first use", Likelihood: Certain}
	in.enabled(&r, seal.KernelEnable{Hook: common.Address(b[:20]), EnableData: f[0].Data, HookData: f[1].Data, SelectorData: f[2].Data, Approval: f[3].Data, Signature: f[4].Data})
	return r, true
}

func (in *inspector) kernelERC1271(b []byte) (Reading, bool) {
	switch {
	case b[0] == 0x01 && len(b) > 21:
		inner, ok := in.kernelSigner(b[21:])
		if !ok && len(b) == 21+65 {
			inner, ok = in.ecdsaSignature(b[21:])
		}
		if !ok {
			return Reading{}, false
		}
		r := Reading{Kind: "kernel-1271", Title: "ZeroDev Kernel: ERC-1271 signature by a validator", Likelihood: Likely, Parts: []Reading{inner}}
		validator := common.Address(b[1:21])
		if name, ok := kernelValidator(validator); ok {
			r.fact("validator", fmt.Sprintf("%s = %s", validator, name))
		} else {
			r.fact("validator", validator.Hex())
		}
		return r, true
	case b[0] == 0x02 && len(b) > 6 && b[5] == 0xff:
		inner, ok := in.kernelUse(b[5:])
		if !ok {
			return Reading{}, false
		}
		r := Reading{Kind: "kernel-1271", Title: "ZeroDev Kernel: ERC-1271 signature by a permission", Likelihood: Certain, Parts: []Reading{inner}}
		r.fact("permission id", hexOf(b[1:5]))
		return r, true
	}
	return Reading{}, false
}
