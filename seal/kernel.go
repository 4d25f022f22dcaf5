// ZeroDev's Kernel: what its WebAuthn validator and signer take. How Kernel 3
// wraps it is in kernel_modes.go.

package seal

import (
	"bytes"

	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/passkey"
)

// KernelSignature is a passkey's signature as Kernel's WebAuthn validator
// (0.0.3) and signer (0.0.4) take it.
type KernelSignature struct {
	Assertion *passkey.Assertion
	// UsePrecompiled has the contract ask P256VERIFY instead of the verifier in
	// Solidity at 0xc2b78104907F722DABAc4C69f826a522B2754De4. It is a claim of the
	// signer, not of the chain: where nothing answers at 0x100, a signature with it
	// is refused.
	UsePrecompiled bool
}

// KernelWebAuthn is abi.encode(bytes authenticatorData, string clientDataJSON,
// uint256 responseTypeLocation, uint256 r, uint256 s, bool usePrecompiled), flat.
// The challenge is the hash as it is, without the prefix of EIP-191.
//
// The contract reads the challenge at byte 23 of the client data, and looks for
// its type at the location: it takes clients that write the specification's own
// member order, and no others. Android's, which begins with androidPackageName,
// is refused here with [ErrIndex]. User verification is always asked for.
func KernelWebAuthn(s KernelSignature) ([]byte, error) {
	const where = "assertion"
	x, err := indexAssertion(where, s.Assertion)
	if err != nil {
		return nil, err
	}
	if err := checkKernel(where, s.Assertion); err != nil {
		return nil, err
	}
	var precompiled int
	if s.UsePrecompiled {
		precompiled = 1
	}
	return abituple.Encode(x.authData, x.clientData, x.typeIndex, x.r, x.s, abituple.Number(precompiled)), nil
}

// ParseKernelWebAuthn is the inverse of [KernelWebAuthn]. The contract is less
// strict about what lies around the fields.
func ParseKernelWebAuthn(b []byte) (KernelSignature, error) {
	const where = "signature"
	f, err := decodeTuple(where, abituple.Decode, b, "ddwwww")
	if err != nil {
		return KernelSignature{}, err
	}
	precompiled := f[5].Int()
	if precompiled > 1 {
		return KernelSignature{}, caused(ErrEncoding, where, "usePrecompiled is neither 0 nor 1")
	}
	a, err := rebuildAssertion(where, f[0].Data, f[1].Data, passkey.Signature{R: f[3].Word, S: f[4].Word})
	if err != nil {
		return KernelSignature{}, err
	}
	if at := f[2].Int(); at != a.ClientData.TypeOffset {
		return KernelSignature{}, caused(ErrIndex, where, "responseTypeLocation is %d; the type stands at %d", at, a.ClientData.TypeOffset)
	}
	return KernelSignature{a, precompiled == 1}, checkKernel(where, a)
}

// KernelWebAuthnShortfall is by how much gas, at most, a real signature costs the
// contract more than the stub. It compares the challenge character by character, and
// with the stub's it stops at the first: 44 characters at 360 gas, measured on
// validator 0.0.3. The verifier of chains without P256VERIFY also takes more or less
// for each signature: some 25,000 between the cheapest and the dearest of 400.
func KernelWebAuthnShortfall(usePrecompiled bool) uint64 {
	if usePrecompiled {
		return 17_000
	}
	return 40_000
}

// KernelWebAuthnStub is never shorter, nor cheaper as calldata, than a real
// signature within the limits. Clients that write another member order are
// refused whatever they sign, so PackageName has no effect. The contract goes on
// after a challenge that does not fit and verifies the signature too, so that the
// stub costs it nearly what a real one costs: see [KernelWebAuthnShortfall].
func KernelWebAuthnStub(usePrecompiled bool, limits StubLimits) ([]byte, error) {
	limits.PackageName = -1
	a, err := stubAssertion(limits, abiSlack)
	if err != nil {
		return nil, err
	}
	return KernelWebAuthn(KernelSignature{a, usePrecompiled})
}

// checkKernel refuses what the contracts refuse of an assertion that is good elsewhere.
func checkKernel(where string, a *passkey.Assertion) error {
	if !bytes.HasPrefix(a.ClientData.Raw, []byte(fixedPrefix)) {
		return caused(ErrIndex, where, "client data that does not begin with %s: Kernel reads the challenge at byte 23 and nowhere else", fixedPrefix[:23])
	}
	if !a.AuthData.Flags.UV() {
		return caused(passkey.ErrUserVerification, where, "user verification (UV) is missing, which Kernel always asks for")
	}
	return nil
}
