// Approvals of the layout "postern v1" for gas estimation.

package seal

import (
	"bytes"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/p256hint"
	"github.com/postern-dev/postern/passkey"
)

// PosternPasskeyStub is an approval that is never shorter nor cheaper than a real
// one by this signer within the limits, when the account verifies on this path,
// and takes the account through the whole of its verification, which it fails.
// signer must be a passkey.
//
// On [PathNone] it costs as much as a signature without hints (p256.notable of
// contracts/gas.json), which is some 35,000 gas above one with hints: the
// verifier with hints refuses nothing by itself, it asks the slow verifier
// first, and that is dearer still. A stub without fitting hints also covers
// signatures whose hints were left out.
func PosternPasskeyStub(signer Signer, limits StubLimits, path P256Path) (PosternApproval, error) {
	_, rule, ok := signer.Passkey()
	if !ok {
		return PosternApproval{}, malformed("stub", "the signer is no passkey")
	}
	authData, err := stubAuthData(limits, stubFlags(rule))
	if err != nil {
		return PosternApproval{}, err
	}
	signature, hints := stubHints(path)
	limits.Origin = limit(limits.Origin, 128) + path.HintsLen() - len(hints)
	prefix, suffix, typeIndex, err := stubClientData(limits)
	if err != nil {
		return PosternApproval{}, err
	}
	a := PosternApproval{
		Kind:      PosternKindPasskey,
		Signer:    signer,
		Signature: signature,
		AuthData:  authData,
		TypeIndex: typeIndex,
		Prefix:    []byte(prefix),
		Suffix:    []byte(suffix),
		Hints:     hints,
	}
	if prefix != fixedPrefix {
		a.Kind = PosternKindPasskeyGeneral
	}
	a.Kind = a.Kind.withHints(hints != nil)
	if err := a.check("stub"); err != nil {
		return PosternApproval{}, err
	}
	return a, nil
}

// stubHints are right for a path through a table: 1/s, of an s such that neither has
// a zero byte. Without a table they are of the other length, which the account
// ignores: it verifies without hints then, and refuses by itself. See
// [PosternPasskeyStub].
func stubHints(path P256Path) (passkey.Signature, []byte) {
	if path.HintsLen() == 0 {
		return stubSignature, nil
	}
	s := passkey.Signature{R: stubSignature.R, S: [32]byte(bytes.Repeat([]byte{0x56}, 32))}
	inverse, err := p256hint.Inverse(s.S)
	if err != nil {
		panic(err) // s is in range
	}
	return s, inverse[:]
}

// PosternECDSAStub is a secp256k1 approval in range that does not verify.
func PosternECDSAStub(signer common.Address) (PosternApproval, error) {
	return PosternECDSA(signer, append(bytes.Repeat([]byte{0x55}, 64), 27))
}

// stubFlags satisfies a rule, with as many bits set as it can.
func stubFlags(r Rule) passkey.Flags {
	f := passkey.FlagUP
	if r.UV() != passkey.Forbidden {
		f |= passkey.FlagUV
	}
	if r.BE() != passkey.Forbidden {
		f |= passkey.FlagBE
		if r.BS() != passkey.Forbidden {
			f |= passkey.FlagBS
		}
	}
	return f
}
